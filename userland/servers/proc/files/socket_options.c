/*
 * socket_options.c: getsockopt and setsockopt: of the level SOL_SOCKET, and what programs set of
 * TCP and IP, most of which has no effect inside one machine.
 */
#include "inet.h"
#include "proc.h"

#define NANOSECONDS      1000000000UL
#define LINUX_SOL_SOCKET 1

enum linux_option {
    SO_DEBUG = 1,
    SO_REUSEADDR = 2,
    SO_TYPE = 3,
    SO_ERROR = 4,
    SO_DONTROUTE = 5,
    SO_BROADCAST = 6,
    SO_SNDBUF = 7,
    SO_RCVBUF = 8,
    SO_KEEPALIVE = 9,
    SO_OOBINLINE = 10,
    SO_PRIORITY = 12,
    SO_LINGER = 13,
    SO_REUSEPORT = 15,
    SO_PASSCRED = 16,
    SO_PEERCRED = 17,
    SO_RCVLOWAT = 18,
    SO_SNDLOWAT = 19,
    SO_RCVTIMEO = 20,
    SO_SNDTIMEO = 21,
    SO_ACCEPTCONN = 30,
    SO_SNDBUFFORCE = 32,
    SO_RCVBUFFORCE = 33,
    SO_PROTOCOL = 38,
    SO_DOMAIN = 39,
};

#define TCP_NODELAY 1
#define IPV6_V6ONLY 26
#define TCP_LAST    37 /* TCP_TX_DELAY */
#define IP_LAST     51 /* IP_LOCAL_PORT_RANGE */
#define IPV6_LAST   80

/* The bit that keeps an option that is on or off; 0: it is no such option. */
static uint32_t option_bit(uint32_t level, uint32_t option)
{
    if (level == LINUX_IPPROTO_TCP)
        return option == TCP_NODELAY ? SOCKET_NO_DELAY : 0;
    if (level == LINUX_IPPROTO_IPV6)
        return option == IPV6_V6ONLY ? SOCKET_V6_ONLY : 0;
    if (level != LINUX_SOL_SOCKET)
        return 0;
    switch (option) {
    case SO_REUSEADDR:
        return SOCKET_REUSE_ADDRESS;
    case SO_REUSEPORT:
        return SOCKET_REUSE_PORT;
    case SO_KEEPALIVE:
        return SOCKET_KEEP_ALIVE;
    case SO_BROADCAST:
        return SOCKET_BROADCAST;
    default:
        return 0;
    }
}

/* Options of the protocols. 0: it is one, of no effect; or what to answer. */
static int64_t check_level(const struct socket *socket, uint32_t level, uint32_t option)
{
    uint32_t last = 0;
    if (socket->family == LINUX_AF_UNIX)
        return -EOPNOTSUPP;
    if (level == LINUX_IPPROTO_TCP && socket->type == LINUX_SOCK_STREAM)
        last = TCP_LAST;
    else if (level == LINUX_IPPROTO_IP)
        last = IP_LAST;
    else if (level == LINUX_IPPROTO_IPV6 && socket->family == LINUX_AF_INET6)
        last = IPV6_LAST;
    return option && option <= last ? 0 : -ENOPROTOOPT;
}

struct linux_timeval {
    int64_t seconds, microseconds;
};

static int64_t set_wait(struct thread *thread, uint64_t address, uint64_t length, uint64_t *wait)
{
    struct linux_timeval time;
    if (length < sizeof time)
        return -EINVAL;
    int64_t error = client_read(thread, address, &time, sizeof time);
    if (error)
        return error;
    if (time.microseconds < 0 || time.microseconds >= 1000000)
        return -EDOM;
    *wait = 0;
    if (time.seconds >= 0 && (uint64_t)time.seconds < UINT64_MAX / NANOSECONDS / 4)
        *wait = (uint64_t)time.seconds * NANOSECONDS + (uint64_t)time.microseconds * 1000;
    return 0;
}

int64_t linux_setsockopt(struct thread *thread, uint64_t descriptor, uint64_t level,
                         uint64_t option, uint64_t address, uint64_t length)
{
    int32_t value;
    int64_t error;
    struct socket *socket = socket_of(thread, descriptor, NULL, &error);
    if (!socket)
        return error;
    if ((int32_t)length < 0)
        return -EINVAL;
    bool own = (uint32_t)level == LINUX_SOL_SOCKET;
    if (!own && (error = check_level(socket, (uint32_t)level, (uint32_t)option)))
        return error;
    if (own && (uint32_t)option == SO_RCVTIMEO)
        return set_wait(thread, address, (uint32_t)length, &socket->receive_wait);
    if (own && (uint32_t)option == SO_SNDTIMEO)
        return set_wait(thread, address, (uint32_t)length, &socket->send_wait);
    if ((uint32_t)length < sizeof value)
        return -EINVAL;
    error = client_read(thread, address, &value, sizeof value);
    if (error)
        return error;
    uint32_t bit = option_bit((uint32_t)level, (uint32_t)option);
    if (bit)
        socket->options = value ? socket->options | bit : socket->options & ~bit;
    if (bit || !own)
        return 0;
    switch ((uint32_t)option) {
    case SO_PASSCRED:
        socket->pass_credentials = value != 0;
        return 0;
    case SO_DEBUG: /* about networks, or sizes that are as they are */
    case SO_DONTROUTE:
    case SO_SNDBUF:
    case SO_RCVBUF:
    case SO_OOBINLINE:
    case SO_PRIORITY:
    case SO_LINGER:
    case SO_RCVLOWAT:
    case SO_SNDBUFFORCE:
    case SO_RCVBUFFORCE:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

/* Writes a value cut to the room there is, and its length. */
static int64_t tell(struct thread *thread, uint64_t address, uint64_t length_address,
                    const void *value, int32_t bytes)
{
    int32_t room;
    int64_t error = client_read(thread, length_address, &room, sizeof room);
    if (error)
        return error;
    if (room < 0)
        return -EINVAL;
    if (bytes > room)
        bytes = room;
    error = client_write(thread, address, value, (size_t)bytes);
    return error ? error : client_write(thread, length_address, &bytes, sizeof bytes);
}

static struct linux_timeval timeval_of(uint64_t wait)
{
    return (struct linux_timeval){(int64_t)(wait / NANOSECONDS),
                                  (int64_t)(wait % NANOSECONDS / 1000)};
}

/* Options that are a number. */
static int64_t number_of(const struct socket *socket, uint32_t option, int32_t *value)
{
    *value = 0;
    switch (option) {
    case SO_TYPE:
        *value = (int32_t)socket->type;
        return 0;
    case SO_ERROR:
        *value = socket->error;
        return 0;
    case SO_SNDBUF:
    case SO_RCVBUF:
        *value = QUEUE_MOST;
        return 0;
    case SO_PASSCRED:
        *value = socket->pass_credentials;
        return 0;
    case SO_RCVLOWAT:
    case SO_SNDLOWAT:
        *value = 1;
        return 0;
    case SO_ACCEPTCONN:
        *value = socket->listening;
        return 0;
    case SO_DOMAIN:
        *value = socket->family;
        return 0;
    case SO_PROTOCOL:
        if (socket->family != LINUX_AF_UNIX)
            *value = socket->type == LINUX_SOCK_STREAM ? LINUX_IPPROTO_TCP : LINUX_IPPROTO_UDP;
        return 0;
    case SO_DEBUG:
    case SO_DONTROUTE:
    case SO_OOBINLINE:
    case SO_PRIORITY:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int64_t linux_getsockopt(struct thread *thread, uint64_t descriptor, uint64_t level,
                         uint64_t option, uint64_t address, uint64_t length)
{
    static const struct linux_credentials nobody = {0, UINT32_MAX, UINT32_MAX};
    static const int32_t no_linger[2];
    struct linux_timeval time;
    int32_t value;
    int64_t error;
    struct socket *socket = socket_of(thread, descriptor, NULL, &error);
    if (!socket)
        return error;
    bool own = (uint32_t)level == LINUX_SOL_SOCKET;
    if (!own && (error = check_level(socket, (uint32_t)level, (uint32_t)option)))
        return error;
    uint32_t bit = option_bit((uint32_t)level, (uint32_t)option);
    value = bit && socket->options & bit ? 1 : 0;
    if (bit || !own)
        return tell(thread, address, length, &value, sizeof value);
    switch ((uint32_t)option) {
    case SO_PEERCRED:
        return tell(thread, address, length, socket->connected ? &socket->other : &nobody,
                    sizeof socket->other);
    case SO_LINGER:
        return tell(thread, address, length, no_linger, sizeof no_linger);
    case SO_RCVTIMEO:
    case SO_SNDTIMEO:
        time =
            timeval_of((uint32_t)option == SO_RCVTIMEO ? socket->receive_wait : socket->send_wait);
        return tell(thread, address, length, &time, sizeof time);
    }
    error = number_of(socket, (uint32_t)option, &value);
    if (!error)
        error = tell(thread, address, length, &value, sizeof value);
    if (!error && (uint32_t)option == SO_ERROR)
        socket->error = 0; /* told once */
    return error;
}
