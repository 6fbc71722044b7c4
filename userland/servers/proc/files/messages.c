/*
 * messages.c: sendto, recvfrom, sendmsg, recvmsg: bytes with addresses and descriptors beside them.
 */
#include "inet.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

#define LINUX_SOL_SOCKET      1
#define LINUX_SCM_RIGHTS      1
#define LINUX_SCM_CREDENTIALS 2
#define ETOOMANYREFS          109
#define CONTROL_MOST          4096

struct linux_msghdr {
    uint64_t name;
    uint32_t name_length, padding;
    uint64_t vector, vector_length, control, control_length;
    uint32_t flags, padding2;
};

struct linux_cmsghdr {
    uint64_t length;
    int32_t level, type;
};

#define ALIGNED(bytes) (((bytes) + 7) & ~7UL)

/* ---- sendto, recvfrom ---- */

/* Who is to get a message with an address. 0, or an error. */
static int64_t find_target(struct thread *thread, struct socket *socket, uint64_t address,
                           uint64_t length, struct extras *extras)
{
    int64_t error;
    if (socket->family == LINUX_AF_UNIX)
        extras->target = socket_find(thread, address, length, socket->type, &error);
    else
        extras->target = inet_target(thread, socket, address, length, &error);
    extras->lost = !extras->target;
    return error;
}

/* An address where none may be; internet streams pass over it. */
static int64_t refuse_address(const struct socket *socket)
{
    if (socket->type == LINUX_SOCK_DGRAM || socket->family != LINUX_AF_UNIX)
        return 0;
    return socket->connected ? -EISCONN : -EOPNOTSUPP;
}

int64_t linux_sendto(struct thread *thread, uint64_t descriptor, uint64_t buffer, uint64_t bytes,
                     uint64_t flags, uint64_t address, uint64_t length)
{
    struct open_file *file;
    struct extras extras = {.flags = (uint32_t)flags};
    int64_t error;
    struct socket *socket = socket_of(thread, descriptor, &file, &error);
    if (!socket)
        return error;
    if (address) {
        error = refuse_address(socket);
        if (!error && socket->type == LINUX_SOCK_DGRAM)
            error = find_target(thread, socket, address, length, &extras);
        if (error)
            return error;
    }
    struct linux_iovec piece = {buffer, bytes > LINUX_MAX_RW_COUNT ? LINUX_MAX_RW_COUNT : bytes};
    return socket_send(thread, file, &piece, piece.length, &extras);
}

int64_t linux_recvfrom(struct thread *thread, uint64_t descriptor, uint64_t buffer, uint64_t bytes,
                       uint64_t flags, uint64_t address, uint64_t length)
{
    struct open_file *file;
    struct extras extras = {.flags = (uint32_t)flags};
    int64_t error;
    struct socket *socket = socket_of(thread, descriptor, &file, &error);
    if (!socket)
        return error;
    struct linux_iovec piece = {buffer, bytes > LINUX_MAX_RW_COUNT ? LINUX_MAX_RW_COUNT : bytes};
    int64_t result = socket_receive(thread, file, &piece, piece.length, &extras);
    rights_drop(extras.rights);
    if (result < 0 || !address)
        return result;
    if (!extras.address_length) { /* the sender has no name: its length is 0 */
        static const uint32_t none;
        error = client_write(thread, length, &none, sizeof none);
    } else {
        error =
            socket_tell_address(thread, &extras.address, extras.address_length, address, length);
    }
    return error == -EFAULT || error == -EINVAL ? error : result; /* the bytes are taken already */
}

/* ---- sendmsg ---- */

/* The open files that one SCM_RIGHTS names; sockets are refused, so that no circle of sockets in
 * each other's queues can keep itself alive. */
static int64_t read_rights(struct thread *thread, const int32_t *descriptors, uint32_t count,
                           struct rights **rights)
{
    if (count > RIGHTS_MOST || *rights)
        return -EINVAL;
    struct rights *made = wired_alloc(sizeof *made + count * sizeof made->files[0]);
    if (!made)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        struct open_file *file = file_of_any(thread->process, (uint32_t)descriptors[i]);
        if (!file || file->operations == &socket_operations) {
            rights_drop(made);
            return file ? -ETOOMANYREFS : -EBADF;
        }
        file_hold(file);
        made->files[made->count++] = file;
    }
    *rights = made;
    return 0;
}

/* All that comes beside the bytes, `length` bytes of it. */
static int64_t read_control(struct thread *thread, const char *control, uint64_t length,
                            struct extras *extras)
{
    for (uint64_t at = 0; at + sizeof(struct linux_cmsghdr) <= length;) {
        struct linux_cmsghdr head;
        memcpy(&head, control + at, sizeof head);
        if (head.length < sizeof head || head.length > length - at)
            return -EINVAL;
        uint64_t bytes = head.length - sizeof head;
        int64_t error = 0;
        if (head.level != LINUX_SOL_SOCKET)
            error = 0; /* for another protocol */
        else if (head.type == LINUX_SCM_RIGHTS)
            error = read_rights(thread, (const int32_t *)(control + at + sizeof head),
                                (uint32_t)(bytes / 4), &extras->rights);
        else if (head.type != LINUX_SCM_CREDENTIALS || bytes != sizeof(struct linux_credentials))
            error = -EINVAL;
        if (error)
            return error;
        at += ALIGNED(head.length);
    }
    return 0;
}

static int64_t read_extras(struct thread *thread, const struct linux_msghdr *message,
                           struct extras *extras)
{
    if (message->control_length > CONTROL_MOST)
        return -ENOBUFS;
    if (!message->control || !message->control_length)
        return 0;
    char *control = wired_alloc(message->control_length);
    if (!control)
        return -ENOMEM;
    int64_t error = client_read(thread, message->control, control, message->control_length);
    if (!error)
        error = read_control(thread, control, message->control_length, extras);
    wired_free(control);
    return error;
}

int64_t linux_sendmsg(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t flags)
{
    struct open_file *file;
    struct linux_msghdr message;
    struct extras extras = {.flags = (uint32_t)flags};
    const struct linux_iovec *vector;
    int64_t error;
    struct socket *socket = socket_of(thread, descriptor, &file, &error);
    if (!socket)
        return error;
    error = client_read(thread, address, &message, sizeof message);
    if (error)
        return error;
    if (message.vector_length > LINUX_IOV_MAX)
        return -EMSGSIZE;
    int64_t total = transfer_vector(thread, message.vector, message.vector_length, &vector);
    if (total < 0)
        return total;
    if (message.name && message.name_length) {
        error = refuse_address(socket);
        if (!error && socket->type == LINUX_SOCK_DGRAM)
            error = find_target(thread, socket, message.name, message.name_length, &extras);
        if (error)
            return error;
    }
    error = read_extras(thread, &message, &extras);
    if (!error)
        error = socket_send(thread, file, vector, (uint64_t)total, &extras);
    rights_drop(extras.rights); /* those that did not go */
    return error;
}

/* ---- recvmsg ---- */

/* One piece beside the bytes, if there is room. False: there is none. */
static bool put_control(struct thread *thread, const struct linux_msghdr *message, uint64_t *used,
                        int32_t type, const void *contents, uint64_t bytes)
{
    struct linux_cmsghdr head = {sizeof head + bytes, LINUX_SOL_SOCKET, type};
    char piece[sizeof head + 4 * RIGHTS_MOST];
    if (!message->control || *used + head.length > message->control_length)
        return false;
    memcpy(piece, &head, sizeof head);
    memcpy(piece + sizeof head, contents, bytes);
    if (client_write(thread, message->control + *used, piece, head.length))
        return false;
    *used += ALIGNED(head.length);
    if (*used > message->control_length)
        *used = message->control_length;
    return true;
}

/* Descriptors for the files that came along, as many as there is room for. False: not all. */
static bool deliver(struct thread *thread, const struct linux_msghdr *message, uint64_t *used,
                    struct rights *rights, bool close_on_exec)
{
    int32_t numbers[RIGHTS_MOST];
    uint64_t room = message->control_length > *used + sizeof(struct linux_cmsghdr)
                        ? (message->control_length - *used - sizeof(struct linux_cmsghdr)) / 4
                        : 0;
    uint32_t count = 0;
    while (message->control && count < rights->count && count < room) {
        int64_t number =
            descriptor_duplicate(thread->process, rights->files[count], 0, close_on_exec);
        if (number < 0)
            break;
        numbers[count++] = (int32_t)number;
    }
    bool put = count && put_control(thread, message, used, LINUX_SCM_RIGHTS, numbers, 4UL * count);
    return put && count == rights->count;
}

/* The address and what came beside the bytes. Errors come too late to be told. */
static void write_extras(struct thread *thread, uint64_t address, struct linux_msghdr *message,
                         struct socket *socket, struct extras *extras, bool close_on_exec)
{
    uint64_t used = 0;
    uint32_t name_length = 0;
    bool complete = true;
    if (message->name && extras->address_length) {
        name_length = extras->address_length;
        client_write(thread, message->name, &extras->address,
                     name_length < message->name_length ? name_length : message->name_length);
    }
    if (socket->pass_credentials)
        complete = put_control(thread, message, &used, LINUX_SCM_CREDENTIALS, &extras->sender,
                               sizeof extras->sender);
    if (extras->rights)
        complete = deliver(thread, message, &used, extras->rights, close_on_exec) && complete;
    message->name_length = name_length;
    message->control_length = used;
    message->flags = extras->flags | (complete ? 0 : LINUX_MSG_CTRUNC) |
                     (close_on_exec ? LINUX_MSG_CMSG_CLOEXEC : 0);
    client_write(thread, address, message, sizeof *message);
}

/* Every page that is written to when the bytes are taken must be there before. */
static int64_t make_writable(struct thread *thread, uint64_t address,
                             const struct linux_msghdr *message)
{
    static const char zeros[CONTROL_MOST];
    int64_t error = client_write(thread, address, message, sizeof *message);
    if (!error && message->name && message->name_length)
        error =
            client_write(thread, message->name, zeros,
                         message->name_length < ADDRESS_MOST ? message->name_length : ADDRESS_MOST);
    if (!error && message->control && message->control_length)
        error = client_write(thread, message->control, zeros,
                             message->control_length < CONTROL_MOST ? message->control_length
                                                                    : CONTROL_MOST);
    return error;
}

int64_t linux_recvmsg(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t flags)
{
    struct open_file *file;
    struct linux_msghdr message;
    struct extras extras = {.flags = (uint32_t)flags};
    const struct linux_iovec *vector;
    int64_t error;
    struct socket *socket = socket_of(thread, descriptor, &file, &error);
    if (!socket)
        return error;
    error = client_read(thread, address, &message, sizeof message);
    if (!error && message.vector_length > LINUX_IOV_MAX)
        return -EMSGSIZE;
    if (!error)
        error = make_writable(thread, address, &message);
    if (error)
        return error;
    int64_t total = transfer_vector(thread, message.vector, message.vector_length, &vector);
    if (total < 0)
        return total;
    int64_t result = socket_receive(thread, file, vector, (uint64_t)total, &extras);
    if (result >= 0)
        write_extras(thread, address, &message, socket, &extras, flags & LINUX_MSG_CMSG_CLOEXEC);
    rights_drop(extras.rights);
    return result;
}
