/*
 * socket.c: sockets come, get names, find each other and go.
 */
#include "inet.h"
#include "lib/format.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "poll.h"
#include "proc.h"

#define LINUX_SHUT_RD   0
#define LINUX_SHUT_WR   1
#define LINUX_SHUT_RDWR 2
#define LINUX_AF_MOST   46 /* families Linux has numbers for */
#define BACKLOG_MOST    4096

static struct file_system socket_system = {
    .type = "sockfs", .source = "sockfs", .magic = LINUX_SOCKFS_MAGIC, .device = 0x103};

/* ---- Making and ending ---- */

static struct open_file *socket_file(struct socket *socket, uint64_t flags)
{
    char name[32];
    struct node *node = node_new(&socket_system, LINUX_S_IFSOCK | 0777);
    if (!node)
        return NULL;
    format_text(name, sizeof name, "socket:[%lu]", node->inode);
    struct open_file *file =
        file_new_unnamed(node, name, LINUX_O_RDWR | ((uint32_t)flags & LINUX_O_NONBLOCK));
    if (!file)
        return NULL;
    file->operations = &socket_operations;
    file->state = socket;
    return file;
}

static struct socket *socket_new(const struct thread *thread, uint16_t family, uint32_t type)
{
    struct socket *socket = wired_alloc(sizeof *socket);
    if (!socket)
        return NULL;
    socket->family = family;
    socket->type = type;
    socket->own = (struct linux_credentials){(int32_t)thread->process->pid, files_user(thread),
                                             files_group(thread)};
    return socket;
}

static void forget_caller(struct socket *socket)
{
    struct socket **link = &socket->peer->first_caller;
    while (*link && *link != socket)
        link = &(*link)->next_caller;
    if (*link)
        *link = socket->next_caller;
    socket->next_caller = NULL;
}

/* The other end, or all that send here, learn that this one is gone. */
static void leave_peers(struct socket *socket)
{
    struct socket *peer = socket->peer;
    if (socket->type == LINUX_SOCK_DGRAM) {
        if (peer)
            forget_caller(socket);
        while ((peer = socket->first_caller)) {
            socket->first_caller = peer->next_caller;
            peer->peer = NULL;
            peer->next_caller = NULL;
            peer->hung = true;
        }
        wait_wake(&socket->room);
        return;
    }
    if (!peer)
        return;
    peer->peer = NULL;
    peer->hung = true;
    if (socket->first && !socket->error)
        peer->error = ECONNRESET; /* it sent what nobody will read */
    wait_wake(&peer->readers);
    wait_wake(&peer->room);
}

static void socket_free(struct socket *socket)
{
    while (socket->backlog) {
        struct socket *pending = socket->backlog;
        socket->backlog = pending->backlog_next;
        if (pending->peer)
            pending->peer->error = ECONNRESET;
        socket_free(pending);
    }
    socket_unbind(socket);
    leave_peers(socket);
    wait_wake(&socket->readers);
    wait_wake(&socket->room);
    socket_drain(socket);
    wired_free(socket);
}

static void socket_release(struct open_file *file)
{
    socket_free(file->state);
}

static int64_t check_kind(uint64_t family, uint64_t type64, uint64_t protocol)
{
    uint32_t type = (uint32_t)type64 & 0xf;
    if (type64 & ~(uint64_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK | 0xf))
        return -EINVAL;
    if ((uint32_t)family == LINUX_AF_INET || (uint32_t)family == LINUX_AF_INET6)
        return inet_check(type, protocol);
    if ((uint32_t)family >= LINUX_AF_MOST || (uint32_t)family != LINUX_AF_UNIX)
        return -EAFNOSUPPORT;
    if (protocol && protocol != LINUX_AF_UNIX)
        return -EPROTONOSUPPORT;
    return type == LINUX_SOCK_STREAM || type == LINUX_SOCK_DGRAM || type == LINUX_SOCK_SEQPACKET
               ? 0
               : -ESOCKTNOSUPPORT;
}

int64_t linux_socket(struct thread *thread, uint64_t family, uint64_t type, uint64_t protocol)
{
    int64_t error = check_kind(family, type, (uint32_t)protocol);
    if (error)
        return error;
    struct socket *socket = socket_new(thread, (uint16_t)family, (uint32_t)type & 0xf);
    struct open_file *file = socket ? socket_file(socket, type) : NULL;
    if (!file) {
        wired_free(socket);
        return -ENOMEM;
    }
    return descriptor_add(thread->process, file, type & LINUX_O_CLOEXEC);
}

/* Two sockets are each other's. */
static void join(struct socket *a, struct socket *b)
{
    a->peer = b;
    b->peer = a;
    a->connected = b->connected = true;
    a->other = b->own;
    b->other = a->own;
    if (a->type == LINUX_SOCK_DGRAM) {
        a->first_caller = b;
        b->first_caller = a;
    }
}

int64_t linux_socketpair(struct thread *thread, uint64_t family, uint64_t type, uint64_t protocol,
                         uint64_t address)
{
    int64_t error = check_kind(family, type, (uint32_t)protocol);
    if (error)
        return error;
    if ((uint32_t)family != LINUX_AF_UNIX)
        return -EOPNOTSUPP;
    struct socket *sockets[2] = {socket_new(thread, LINUX_AF_UNIX, (uint32_t)type & 0xf),
                                 socket_new(thread, LINUX_AF_UNIX, (uint32_t)type & 0xf)};
    struct open_file *files[2] = {NULL, NULL};
    for (unsigned i = 0; i < 2; i++)
        if (sockets[i])
            files[i] = socket_file(sockets[i], type);
    if (!files[0] || !files[1]) {
        for (unsigned i = 0; i < 2; i++)
            if (files[i])
                file_drop(files[i]);
            else
                wired_free(sockets[i]);
        return -ENOMEM;
    }
    join(sockets[0], sockets[1]);
    return descriptors_add_pair(thread, files[0], files[1], address, type & LINUX_O_CLOEXEC);
}

/* ---- Connecting ---- */

int64_t linux_listen(struct thread *thread, uint64_t descriptor, uint64_t backlog)
{
    int64_t error;
    struct socket *socket = socket_of(thread, descriptor, NULL, &error);
    if (!socket)
        return error;
    if (socket->type == LINUX_SOCK_DGRAM)
        return -EOPNOTSUPP;
    if (socket->family != LINUX_AF_UNIX && !socket->connected && (error = inet_choose(socket)))
        return error;
    if (!socket->address_length || socket->connected)
        return -EINVAL;
    socket->listening = true;
    socket->backlog_most = (uint32_t)backlog > BACKLOG_MOST ? BACKLOG_MOST : (uint32_t)backlog;
    socket->own.pid = (int32_t)thread->process->pid;
    wait_wake(&socket->room);
    return 0;
}

static int64_t connect_message(struct socket *socket, struct socket *target)
{
    if (socket->peer)
        forget_caller(socket);
    socket->peer = target;
    socket->next_caller = target->first_caller;
    target->first_caller = socket;
    socket->connected = true;
    socket->hung = false;
    return 0;
}

int64_t socket_connect(struct thread *thread, const struct open_file *file, struct socket *socket,
                       struct socket *target)
{
    bool never_waits = file->flags & LINUX_O_NONBLOCK;
    if (!target->listening)
        return -ECONNREFUSED;
    if (socket->connected || socket->listening)
        return socket->connected ? -EISCONN : -EINVAL;
    if (target->waiting > target->backlog_most) {
        if (!never_waits)
            return wait_for(thread, &target->room);
        if (socket->family == LINUX_AF_UNIX || target->waiting > BACKLOG_MOST)
            return -EAGAIN;
    }
    struct socket *other = socket_new(thread, target->family, socket->type);
    if (!other)
        return -ENOMEM;
    other->own = target->own;
    other->address = target->address;
    other->address_length = target->address_length;
    join(socket, other);
    struct socket **end = &target->backlog;
    while (*end)
        end = &(*end)->backlog_next;
    *end = other;
    target->waiting++;
    wait_wake(&target->readers);
    return 0;
}

int64_t linux_connect(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t length)
{
    struct open_file *file;
    uint16_t family = LINUX_AF_UNIX;
    int64_t error;
    struct socket *socket = socket_of(thread, descriptor, &file, &error);
    if (!socket)
        return error;
    if ((uint32_t)length >= 2 && (error = client_read(thread, address, &family, sizeof family)))
        return error;
    if (family == 0 && socket->type == LINUX_SOCK_DGRAM) { /* AF_UNSPEC: connected no more */
        if (socket->peer)
            forget_caller(socket);
        socket->peer = NULL;
        socket->connected = socket->hung = false;
        return 0;
    }
    if (socket->family != LINUX_AF_UNIX)
        return inet_connect(thread, file, socket, address, length);
    struct socket *target = socket_find(thread, address, length, socket->type, &error);
    if (socket->type == LINUX_SOCK_DGRAM)
        return target ? connect_message(socket, target) : error;
    return target ? socket_connect(thread, file, socket, target) : error;
}

int64_t linux_accept4(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t length,
                      uint64_t flags)
{
    struct open_file *file;
    int64_t error;
    if (flags & ~(uint64_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK))
        return -EINVAL;
    struct socket *socket = socket_of(thread, descriptor, &file, &error);
    if (!socket)
        return error;
    if (socket->type == LINUX_SOCK_DGRAM)
        return -EOPNOTSUPP;
    if (!socket->listening)
        return -EINVAL;
    struct socket *made = socket->backlog;
    if (!made)
        return file->flags & LINUX_O_NONBLOCK ? -EAGAIN : wait_for(thread, &socket->readers);
    if (address) {
        error = socket_tell_peer(thread, made, address, length);
        if (error)
            return error;
    }
    error = descriptor_room(thread->process);
    struct open_file *accepted = error ? NULL : socket_file(made, flags);
    if (!accepted)
        return error ? error : -ENOMEM;
    socket->backlog = made->backlog_next;
    socket->waiting--;
    wait_wake(&socket->room);
    return descriptor_add(thread->process, accepted, flags & LINUX_O_CLOEXEC);
}

int64_t linux_accept(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t length)
{
    return linux_accept4(thread, descriptor, address, length, 0);
}

int64_t linux_shutdown(struct thread *thread, uint64_t descriptor, uint64_t how)
{
    int64_t error;
    struct socket *socket = socket_of(thread, descriptor, NULL, &error);
    if (!socket)
        return error;
    if ((uint32_t)how > LINUX_SHUT_RDWR)
        return -EINVAL;
    if (!socket->connected && socket->type != LINUX_SOCK_DGRAM && !socket->listening)
        return -ENOTCONN;
    socket->receives_no_more |= (uint32_t)how != LINUX_SHUT_WR;
    socket->sends_no_more |= (uint32_t)how != LINUX_SHUT_RD;
    wait_wake(&socket->readers);
    wait_wake(&socket->room);
    if (socket->peer && socket->type != LINUX_SOCK_DGRAM) {
        wait_wake(&socket->peer->readers);
        wait_wake(&socket->peer->room);
    }
    return 0;
}

/* ---- As a file ---- */

static int64_t file_read(struct thread *thread, struct open_file *file,
                         const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    struct extras extras = {0};
    (void)offset;
    int64_t result = socket_receive(thread, file, vector, total, &extras);
    rights_drop(extras.rights);
    return result;
}

static int64_t file_write(struct thread *thread, struct open_file *file,
                          const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    struct extras extras = {0};
    (void)offset;
    return socket_send(thread, file, vector, total, &extras);
}

static uint32_t socket_poll(struct open_file *file, struct poller *poller)
{
    struct socket *socket = file->state;
    const struct socket *peer = socket->peer;
    bool connection = socket->type != LINUX_SOCK_DGRAM;
    uint32_t events = socket->error ? LINUX_POLLERR : 0;
    poll_on(poller, &socket->readers);
    poll_on(poller, &socket->room);
    bool ended = connection && (socket->hung || (peer && peer->sends_no_more));
    if (socket->first || socket->backlog || socket->receives_no_more || ended)
        events |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if (socket->receives_no_more || ended)
        events |= LINUX_POLLRDHUP;
    bool gone = socket->family == LINUX_AF_UNIX ? socket->hung || !peer : !socket->connected;
    bool silent = socket->sends_no_more && (socket->receives_no_more || ended);
    if (connection && !socket->listening && (gone || silent))
        events |= LINUX_POLLHUP;
    if (!connection || (socket->connected && (!peer || !socket_full(peer))))
        events |= LINUX_POLLOUT | LINUX_POLLWRNORM;
    return events;
}

static int64_t socket_ioctl(struct thread *thread, struct open_file *file, uint64_t request,
                            uint64_t argument)
{
    const struct socket *socket = file->state;
    int32_t bytes = (int32_t)socket->queued;
    if (request != LINUX_FIONREAD)
        return -ENOTTY;
    if (socket->type == LINUX_SOCK_DGRAM)
        bytes = socket->first ? (int32_t)(socket->first->end - socket->first->start) : 0;
    return socket->listening ? -EINVAL : client_write(thread, argument, &bytes, sizeof bytes);
}

const struct file_operations socket_operations = {.stream = true,
                                                  .read = file_read,
                                                  .write = file_write,
                                                  .ioctl = socket_ioctl,
                                                  .poll = socket_poll,
                                                  .release = socket_release};
