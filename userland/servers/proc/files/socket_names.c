/*
 * socket_names.c: names of AF_UNIX sockets: paths, where the file is a socket, and abstract ones.
 */
#include "inet.h"
#include "lib/format.h"
#include "lib/memory.h"
#include "proc.h"

static struct socket *bound; /* with abstract names */

void socket_unbind(struct socket *socket)
{
    if (socket->family != LINUX_AF_UNIX) {
        inet_unbind(socket);
        return;
    }
    if (socket->entry) {
        socket->entry->node->socket = NULL;
        entry_drop(socket->entry);
    }
    for (struct socket **link = &bound; *link; link = &(*link)->bound_next)
        if (*link == socket) {
            *link = socket->bound_next;
            break;
        }
}

struct socket *socket_of(struct thread *thread, uint64_t descriptor, struct open_file **file,
                         int64_t *error)
{
    struct open_file *found = file_of(thread->process, descriptor);
    *error = found ? -ENOTSOCK : -EBADF;
    if (!found || found->operations != &socket_operations)
        return NULL;
    if (file)
        *file = found;
    return found->state;
}

/* An address out of the program: *length without what follows a path's end. */
static int64_t read_address(struct thread *thread, uint64_t address, uint64_t length,
                            struct socket_address *own, uint32_t *own_length)
{
    if ((int32_t)length < 0 || (uint32_t)length > 128)
        return -EINVAL;
    if ((uint32_t)length < 2 || (uint32_t)length > ADDRESS_MOST)
        return -EINVAL;
    memset(own, 0, sizeof *own);
    int64_t error = client_read(thread, address, own, (uint32_t)length);
    if (error)
        return error;
    if (own->family != LINUX_AF_UNIX)
        return -EINVAL;
    *own_length = (uint32_t)length;
    if (own->path[0])
        *own_length = 2 + (uint32_t)strnlen(own->path, length - 2) + 1;
    return 0;
}

static struct socket *find_abstract(const struct socket_address *address, uint32_t length)
{
    struct socket *socket = bound;
    while (socket && (socket->address_length != length ||
                      memcmp(socket->address.path, address->path, length - 2) != 0))
        socket = socket->bound_next;
    return socket;
}

struct socket *socket_find(struct thread *thread, uint64_t address, uint64_t length, uint32_t type,
                           int64_t *error)
{
    struct socket_address wanted;
    uint32_t wanted_length;
    *error = read_address(thread, address, length, &wanted, &wanted_length);
    if (*error)
        return NULL;
    struct socket *socket = NULL;
    if (wanted_length > 2 && wanted.path[0]) {
        struct entry *entry = path_walk(thread, thread->process->place->directory, wanted.path,
                                        strnlen(wanted.path, sizeof wanted.path), true, error);
        if (!entry)
            return NULL;
        *error = node_permits(thread, entry->node, 2);
        if (!*error && node_type(entry->node) == LINUX_S_IFSOCK)
            socket = entry->node->socket;
        entry_drop(entry);
        if (*error)
            return NULL;
    } else {
        socket = find_abstract(&wanted, wanted_length);
    }
    *error = !socket ? -ECONNREFUSED : socket->type != type ? -EPROTOTYPE : 0;
    return *error ? NULL : socket;
}

static int64_t bind_path(struct thread *thread, struct socket *socket,
                         const struct socket_address *address)
{
    struct last_name last;
    int64_t error;
    size_t length = strnlen(address->path, sizeof address->path);
    struct entry *directory = path_parent(thread, thread->process->place->directory, address->path,
                                          length, &last, &error);
    if (!directory)
        return error;
    struct entry *there = last_is_dots(&last) ? NULL : path_child(thread, directory, &last, &error);
    if (there || last_is_dots(&last))
        error = -EADDRINUSE;
    else if (error == -ENOENT && socket->address_length)
        error = -EINVAL;
    else if (error == -ENOENT && !last.slash)
        socket->entry = files_make(thread, directory, &last, LINUX_S_IFSOCK | 0777, &error);
    if (socket->entry)
        socket->entry->node->socket = socket;
    entry_drop(there);
    entry_drop(directory);
    return error;
}

/* A name of the kernel's choice, for bind without one. */
static void choose_name(struct socket *socket)
{
    static uint32_t last;
    do {
        socket->address_length = 2 + 6;
        format_text(socket->address.path + 1, 6, "%05x", ++last & 0xfffff);
    } while (find_abstract(&socket->address, socket->address_length));
}

int64_t linux_bind(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t length)
{
    struct socket_address wanted;
    uint32_t wanted_length;
    int64_t error;
    struct socket *socket = socket_of(thread, descriptor, NULL, &error);
    if (!socket)
        return error;
    if (socket->family != LINUX_AF_UNIX)
        return inet_bind(thread, socket, address, length);
    error = read_address(thread, address, length, &wanted, &wanted_length);
    if (error)
        return error;
    if (wanted_length > 2 && wanted.path[0]) {
        error = bind_path(thread, socket, &wanted);
        if (error)
            return error;
        socket->address = wanted;
        socket->address_length = wanted_length;
        return 0;
    }
    if (socket->address_length)
        return -EINVAL;
    if (wanted_length > 2 && find_abstract(&wanted, wanted_length))
        return -EADDRINUSE;
    socket->address = wanted;
    socket->address_length = wanted_length;
    if (wanted_length == 2)
        choose_name(socket);
    socket->bound_next = bound;
    bound = socket;
    return 0;
}

/* Writes an address and its length as getsockname(2) does: cut to the room there is. */
int64_t socket_tell_address(struct thread *thread, const struct socket_address *address,
                            uint32_t length, uint64_t to, uint64_t length_address)
{
    static const struct socket_address unnamed = {.family = LINUX_AF_UNIX};
    int32_t room, told = length ? (int32_t)length : 2;
    int64_t error = client_read(thread, length_address, &room, sizeof room);
    if (error)
        return error;
    if (room < 0)
        return -EINVAL;
    error =
        client_write(thread, to, length ? address : &unnamed, (size_t)(room < told ? room : told));
    return error ? error : client_write(thread, length_address, &told, sizeof told);
}

int64_t socket_tell_peer(struct thread *thread, const struct socket *socket, uint64_t to,
                         uint64_t length_address)
{
    struct socket_address remote;
    const struct socket *peer = socket->peer;
    if (socket->family == LINUX_AF_UNIX)
        return socket_tell_address(thread, peer ? &peer->address : NULL,
                                   peer ? peer->address_length : 0, to, length_address);
    uint32_t length = inet_address(&socket->remote, socket->family, &remote);
    return socket_tell_address(thread, &remote, length, to, length_address);
}

int64_t linux_getsockname(struct thread *thread, uint64_t descriptor, uint64_t address,
                          uint64_t length)
{
    struct socket_address own;
    int64_t error;
    struct socket *socket = socket_of(thread, descriptor, NULL, &error);
    if (!socket)
        return error;
    if (socket->family == LINUX_AF_UNIX)
        return socket_tell_address(thread, &socket->address, socket->address_length, address,
                                   length);
    uint32_t told = inet_address(&socket->name, socket->family, &own);
    return socket_tell_address(thread, &own, told, address, length);
}

int64_t linux_getpeername(struct thread *thread, uint64_t descriptor, uint64_t address,
                          uint64_t length)
{
    int64_t error;
    struct socket *socket = socket_of(thread, descriptor, NULL, &error);
    if (!socket)
        return error;
    if (socket->family == LINUX_AF_UNIX ? !socket->peer : !socket->connected)
        return -ENOTCONN;
    return socket_tell_peer(thread, socket, address, length);
}
