/*
 * inet.c: names of internet sockets: addresses and ports, who has which, who finds whom.
 */
#include "inet.h"
#include "lib/memory.h"
#include "proc.h"

#define PORT_FIRST    32768 /* of those that the system chooses: Linux's ip_local_port_range */
#define PORT_END      61000
#define PORT_USERS    1024 /* below: the super-user's */
#define PORT_CHAINS   256
#define LENGTH_4      16
#define LENGTH_6      28
#define LENGTH_6_LESS 24 /* without the scope, as RFC 2133 had it */

struct linux_address_4 {
    uint16_t family, port;
    uint8_t address[4], zeros[8];
};

struct linux_address_6 {
    uint16_t family, port;
    uint32_t flow;
    uint8_t address[16];
    uint32_t scope;
};

static struct socket *ports[PORT_CHAINS]; /* all that have a port and were not accepted, by port */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* RFC 4291 2.5.5.2 */
static const uint8_t zeros[16];

static bool is_mapped(const struct inet_name *name)
{
    return memcmp(name->address, mapped, sizeof mapped) == 0;
}

static bool is_any(const struct inet_name *name)
{
    return memcmp(name->address + 12, zeros, 4) == 0 &&
           (is_mapped(name) || memcmp(name->address, zeros, 12) == 0);
}

static bool is_loopback(const struct inet_name *name)
{
    static const uint8_t one[16] = {[15] = 1};
    return is_mapped(name) ? name->address[12] == 127 : memcmp(name->address, one, 16) == 0;
}

static uint16_t swapped(uint16_t value)
{
    return (uint16_t)(value << 8 | value >> 8);
}

uint32_t inet_address(const struct inet_name *name, uint16_t family, struct socket_address *address)
{
    memset(address, 0, sizeof *address);
    if (family == LINUX_AF_INET) {
        struct linux_address_4 own = {.family = family, .port = swapped(name->port)};
        memcpy(own.address, name->address + 12, 4);
        memcpy(address, &own, sizeof own);
        return LENGTH_4;
    }
    struct linux_address_6 own = {.family = family, .port = swapped(name->port)};
    memcpy(own.address, name->address, 16);
    memcpy(address, &own, sizeof own);
    return LENGTH_6;
}

/* An address out of the program, for a socket of `family`. */
static int64_t read_name(struct thread *thread, uint64_t address, uint64_t length, uint16_t family,
                         struct inet_name *name)
{
    union {
        struct linux_address_4 four;
        struct linux_address_6 six;
    } own = {0};
    uint32_t least = family == LINUX_AF_INET ? LENGTH_4 : LENGTH_6_LESS;
    if ((int32_t)length < (int32_t)least)
        return -EINVAL;
    int64_t error = client_read(thread, address, &own, least);
    if (error)
        return error;
    if (own.four.family != family)
        return -EAFNOSUPPORT;
    name->port = swapped(own.four.port);
    if (family == LINUX_AF_INET6) {
        memcpy(name->address, own.six.address, 16);
        return 0;
    }
    memcpy(name->address, mapped, sizeof mapped);
    memcpy(name->address + 12, own.four.address, 4);
    return 0;
}

int64_t inet_check(uint32_t type, uint64_t protocol)
{
    if (type == LINUX_SOCK_STREAM)
        return protocol == 0 || protocol == LINUX_IPPROTO_TCP ? 0 : -EPROTONOSUPPORT;
    if (type == LINUX_SOCK_DGRAM)
        return protocol == 0 || protocol == LINUX_IPPROTO_UDP ? 0 : -EPROTONOSUPPORT;
    return -ESOCKTNOSUPPORT;
}

/* ---- Ports ---- */

static struct socket **chain_of(uint16_t port)
{
    return &ports[port % PORT_CHAINS];
}

static void take_port(struct socket *socket)
{
    struct socket **chain = chain_of(socket->name.port);
    socket->address_length = inet_address(&socket->name, socket->family, &socket->address);
    socket->bound_next = *chain;
    *chain = socket;
}

void inet_unbind(struct socket *socket)
{
    struct socket **link = chain_of(socket->name.port);
    while (*link && *link != socket)
        link = &(*link)->bound_next;
    if (*link)
        *link = socket->bound_next;
}

/* Would both get the same messages? */
static bool overlap(const struct socket *a, const struct socket *b)
{
    bool both = a->family == b->family || !((a->options | b->options) & SOCKET_V6_ONLY);
    if (a->type != b->type || a->name.port != b->name.port || !both)
        return false;
    return is_any(&a->name) || is_any(&b->name) ||
           memcmp(a->name.address, b->name.address, sizeof a->name.address) == 0;
}

static bool may_share(const struct socket *a, const struct socket *b)
{
    uint32_t both = a->options & b->options;
    if (both & SOCKET_REUSE_PORT)
        return true;
    return both & SOCKET_REUSE_ADDRESS &&
           (a->type == LINUX_SOCK_DGRAM || (!a->listening && !b->listening));
}

static bool is_taken(const struct socket *socket)
{
    for (const struct socket *other = *chain_of(socket->name.port); other;
         other = other->bound_next)
        if (overlap(socket, other) && !may_share(socket, other))
            return true;
    return false;
}

static int64_t choose_port(struct socket *socket)
{
    static uint16_t last = PORT_FIRST;
    uint32_t keep = socket->options, tries = PORT_END - PORT_FIRST;
    socket->options &= ~(uint32_t)(SOCKET_REUSE_ADDRESS | SOCKET_REUSE_PORT);
    do
        socket->name.port = last = last + 1 < PORT_END ? last + 1 : PORT_FIRST;
    while (is_taken(socket) && --tries);
    socket->options = keep;
    if (!tries)
        socket->name.port = 0;
    return tries ? 0 : -EAGAIN;
}

int64_t inet_choose(struct socket *socket)
{
    if (socket->name.port)
        return 0;
    if (socket->family == LINUX_AF_INET)
        memcpy(socket->name.address, mapped, sizeof mapped);
    int64_t error = choose_port(socket);
    if (!error)
        take_port(socket);
    return error;
}

int64_t inet_bind(struct thread *thread, struct socket *socket, uint64_t address, uint64_t length)
{
    struct inet_name name, before = socket->name;
    int64_t error = read_name(thread, address, length, socket->family, &name);
    if (error)
        return error;
    if (before.port || socket->connected)
        return -EINVAL;
    if (!is_any(&name) && !is_loopback(&name))
        return -EADDRNOTAVAIL;
    if (name.port && name.port < PORT_USERS && files_user(thread) != 0)
        return -EACCES;
    socket->name = name;
    if (name.port)
        error = is_taken(socket) ? -EADDRINUSE : 0;
    else
        error = choose_port(socket) ? -EADDRINUSE : 0;
    if (error)
        socket->name = before;
    else
        take_port(socket);
    return error;
}

/* ---- Finding each other ---- */

/* How well a socket answers to a name: 0 not at all. */
static unsigned fit(const struct socket *socket, const struct inet_name *name, uint32_t type)
{
    if (socket->type != type || socket->name.port != name->port)
        return 0;
    if (memcmp(socket->name.address, name->address, sizeof name->address) == 0)
        return 3;
    if (!is_any(&socket->name))
        return 0;
    if (is_mapped(&socket->name) == is_mapped(name))
        return 2;
    return socket->family == LINUX_AF_INET6 && !(socket->options & SOCKET_V6_ONLY);
}

static struct socket *find(const struct inet_name *name, uint32_t type, const struct socket *caller)
{
    struct socket *best = NULL;
    unsigned best_fit = 0;
    for (struct socket *socket = *chain_of(name->port); socket; socket = socket->bound_next) {
        unsigned how = fit(socket, name, type);
        if (type == LINUX_SOCK_STREAM && !socket->listening)
            how = 0;
        if (how && type == LINUX_SOCK_DGRAM)
            how = inet_hears(socket, caller) ? how * 2 + socket->connected : 0;
        if (how > best_fit) {
            best = socket;
            best_fit = how;
        }
    }
    return best;
}

/* Reads where to; what stands for "this machine" becomes its address. */
static int64_t read_target(struct thread *thread, const struct socket *socket, uint64_t address,
                           uint64_t length, struct inet_name *name)
{
    int64_t error = read_name(thread, address, length, socket->family, name);
    if (error)
        return error;
    if (is_any(name)) {
        name->address[12] = is_mapped(name) ? 127 : 0;
        name->address[15] = 1;
    }
    if (socket->options & SOCKET_V6_ONLY && is_mapped(name))
        return -ENETUNREACH;
    return is_loopback(name) ? 0 : -ENETUNREACH;
}

bool inet_hears(const struct socket *receiver, const struct socket *sender)
{
    return !receiver->connected || (sender && receiver->remote.port == sender->name.port);
}

struct socket *inet_peer(const struct socket *socket)
{
    return find(&socket->remote, socket->type, socket);
}

struct socket *inet_target(struct thread *thread, struct socket *socket, uint64_t address,
                           uint64_t length, int64_t *error)
{
    struct inet_name name;
    *error = read_target(thread, socket, address, length, &name);
    if (!*error && !name.port)
        *error = -EINVAL;
    if (!*error)
        *error = inet_choose(socket);
    return *error ? NULL : find(&name, socket->type, socket);
}

/* The address it speaks from, when it bound to any. */
static void settle(struct socket *socket, const struct inet_name *to)
{
    if (!is_any(&socket->name))
        return;
    memcpy(socket->name.address, to->address, sizeof to->address);
    socket->address_length = inet_address(&socket->name, socket->family, &socket->address);
}

static int64_t connect_message(struct thread *thread, struct socket *socket, uint64_t address,
                               uint64_t length)
{
    uint16_t family;
    struct inet_name name;
    if ((uint32_t)length < sizeof family)
        return -EINVAL;
    int64_t error = client_read(thread, address, &family, sizeof family);
    if (error)
        return error;
    if (family == 0) { /* AF_UNSPEC: connected no more */
        socket->connected = false;
        return 0;
    }
    error = read_target(thread, socket, address, length, &name);
    if (!error)
        error = inet_choose(socket);
    if (error)
        return error;
    settle(socket, &name);
    socket->remote = name;
    socket->connected = true;
    return 0;
}

int64_t inet_connect(struct thread *thread, const struct open_file *file, struct socket *socket,
                     uint64_t address, uint64_t length)
{
    struct inet_name name;
    if (socket->type == LINUX_SOCK_DGRAM)
        return connect_message(thread, socket, address, length);
    int64_t error = read_target(thread, socket, address, length, &name);
    if (error)
        return error;
    if (socket->connected || socket->listening)
        return -EISCONN;
    struct socket *target = find(&name, socket->type, socket);
    if (!target)
        return -ECONNREFUSED;
    error = inet_choose(socket);
    if (!error)
        error = socket_connect(thread, file, socket, target);
    if (error)
        return error;
    settle(socket, &name);
    socket->remote = name;
    struct socket *other = socket->peer;
    other->name = name;
    other->address_length = inet_address(&name, other->family, &other->address);
    other->remote = socket->name;
    return 0;
}
