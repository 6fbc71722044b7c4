/*
 * socket_options.c: getsockopt and setsockopt, of the level SOL_SOCKET; AF_UNIX has no others.
 */
#include "proc.h"
#include "socket.h"

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
    if ((uint32_t)level != LINUX_SOL_SOCKET)
        return -EOPNOTSUPP;
    if ((uint32_t)option == SO_RCVTIMEO)
        return set_wait(thread, address, (uint32_t)length, &socket->receive_wait);
    if ((uint32_t)option == SO_SNDTIMEO)
        return set_wait(thread, address, (uint32_t)length, &socket->send_wait);
    if ((uint32_t)length < sizeof value)
        return -EINVAL;
    error = client_read(thread, address, &value, sizeof value);
    if (error)
        return error;
    switch ((uint32_t)option) {
    case SO_PASSCRED:
        socket->pass_credentials = value != 0;
        return 0;
    case SO_DEBUG: /* about networks, or sizes that are as they are */
    case SO_REUSEADDR:
    case SO_DONTROUTE:
    case SO_BROADCAST:
    case SO_SNDBUF:
    case SO_RCVBUF:
    case SO_KEEPALIVE:
    case SO_OOBINLINE:
    case SO_PRIORITY:
    case SO_LINGER:
    case SO_REUSEPORT:
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
        *value = LINUX_AF_UNIX;
        return 0;
    case SO_DEBUG:
    case SO_REUSEADDR:
    case SO_DONTROUTE:
    case SO_BROADCAST:
    case SO_KEEPALIVE:
    case SO_OOBINLINE:
    case SO_PRIORITY:
    case SO_REUSEPORT:
    case SO_PROTOCOL:
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
    if ((uint32_t)level != LINUX_SOL_SOCKET)
        return -EOPNOTSUPP;
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
