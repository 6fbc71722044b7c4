/*
 * packets.c: what travels between sockets. A stream is cut into packets as it comes, a message is
 * one; each waits in wired memory at its receiver.
 */
#include "inet.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

#define DATAGRAM_MOST 65507                          /* of UDP over IPv4 */
#define STREAM_ROOM   (2016 - sizeof(struct packet)) /* with its head a size of the allocator */

void rights_drop(struct rights *rights)
{
    for (uint32_t i = 0; rights && i < rights->count; i++)
        file_drop(rights->files[i]);
    wired_free(rights);
}

static void packet_free(struct packet *packet)
{
    rights_drop(packet->rights);
    wired_free(packet->address);
    wired_free(packet);
}

static struct packet *packet_new(uint64_t room)
{
    struct packet *packet = wired_alloc(sizeof *packet + room);
    if (packet)
        packet->room = (uint32_t)room;
    return packet;
}

void socket_drain(struct socket *socket)
{
    while (socket->first) {
        struct packet *packet = socket->first;
        socket->first = packet->next;
        packet_free(packet);
    }
    socket->last = NULL;
    socket->queued = 0;
}

static void enqueue(struct socket *receiver, struct packet *packet)
{
    if (receiver->last)
        receiver->last->next = packet;
    else
        receiver->first = packet;
    receiver->last = packet;
    receiver->queued += packet->end - packet->start;
}

static void dequeue(struct socket *receiver)
{
    struct packet *packet = receiver->first;
    receiver->first = packet->next;
    if (!receiver->first)
        receiver->last = NULL;
    receiver->queued -= packet->end - packet->start;
    packet_free(packet);
}

bool socket_full(const struct socket *receiver)
{
    return receiver->queued >= QUEUE_MOST;
}

/* There is room again for those who send to this one. */
static void tell_senders(struct socket *socket)
{
    if (socket->type != LINUX_SOCK_DGRAM && socket->peer)
        wait_wake(&socket->peer->room);
    else
        wait_wake(&socket->room);
}

/* ---- Waiting ---- */

/* For at most the socket's own time-out; *over: that has passed. */
static int64_t wait_here(struct thread *thread, struct wait_queue *queue, uint64_t most)
{
    if (thread->wait.timed_out)
        return thread->progress ? (int64_t)thread->progress : -EAGAIN;
    if (most && !thread->wait.deadline)
        thread->wait.deadline = time_now() + most;
    if (most)
        thread->wait.restart = RESTART_NEVER;
    return wait_for(thread, queue);
}

static bool may_wait(const struct open_file *file, const struct extras *extras)
{
    return !(file->flags & LINUX_O_NONBLOCK) && !(extras->flags & LINUX_MSG_DONTWAIT);
}

/* ---- Sending ---- */

static int64_t broken(struct thread *thread, const struct extras *extras)
{
    if (!(extras->flags & LINUX_MSG_NOSIGNAL))
        files_signal(thread, LINUX_SIGPIPE); /* may end the process: nothing is looked at again */
    return thread->progress ? (int64_t)thread->progress : -EPIPE;
}

/* Bytes from thread->progress on, as many as fit, to one packet. */
static int64_t fill(struct thread *thread, struct packet *packet, uint64_t room,
                    const struct linux_iovec *vector, uint64_t total)
{
    uint64_t address, bytes;
    while (room && vector_piece(vector, total, thread->progress, &address, &bytes)) {
        uint64_t done = 0;
        int64_t error = client_read_part(thread, address, packet->bytes + packet->end,
                                         bytes < room ? bytes : room, &done);
        packet->end += (uint32_t)done;
        thread->progress += done;
        room -= done;
        if (error)
            return error;
    }
    return 0;
}

/* One packet more for a stream; small ones are put together. */
static int64_t send_part(struct thread *thread, struct socket *receiver,
                         const struct linux_iovec *vector, uint64_t total, struct extras *extras)
{
    struct packet *packet = receiver->last;
    uint64_t room = QUEUE_MOST - receiver->queued;
    bool joined = packet && packet->end < packet->room && !extras->rights && !packet->rights &&
                  packet->sender.pid == extras->sender.pid;
    if (!joined)
        packet = packet_new(STREAM_ROOM);
    if (!packet)
        return -ENOMEM;
    if (room > packet->room - packet->end)
        room = packet->room - packet->end;
    uint32_t before = packet->end;
    int64_t error = fill(thread, packet, room, vector, total);
    if (joined) {
        receiver->queued += packet->end - before;
    } else if (packet->end) {
        packet->sender = extras->sender;
        packet->rights = extras->rights;
        extras->rights = NULL;
        enqueue(receiver, packet);
    } else {
        packet_free(packet);
    }
    return error;
}

static int64_t send_stream(struct thread *thread, struct open_file *file,
                           const struct linux_iovec *vector, uint64_t total, struct extras *extras)
{
    struct socket *socket = file->state;
    int64_t error = 0;
    if (!socket->peer && !socket->hung)
        return socket->family == LINUX_AF_UNIX ? -ENOTCONN : broken(thread, extras);
    if (total == 0)
        return 0;
    while (thread->progress < total && !error) {
        if (socket->hung || socket->sends_no_more || socket->peer->receives_no_more)
            return broken(thread, extras);
        struct socket *receiver = socket->peer;
        if (socket_full(receiver)) {
            if (may_wait(file, extras))
                return wait_here(thread, &socket->room, socket->send_wait);
            return thread->progress ? (int64_t)thread->progress : -EAGAIN;
        }
        error = send_part(thread, receiver, vector, total, extras);
        wait_wake(&receiver->readers);
    }
    return error ? transfer_stopped(thread, error) : (int64_t)total;
}

/* Who gets a message: the one named, or the peer. NULL: *error. */
static struct socket *target_of(const struct socket *socket, const struct extras *extras,
                                int64_t *error)
{
    struct socket *target = extras->target ? extras->target : socket->peer;
    *error = socket->hung ? -ECONNREFUSED : -ENOTCONN;
    if (socket->type == LINUX_SOCK_SEQPACKET && socket->hung)
        *error = -EPIPE;
    if (target && target->peer && target->peer != socket && socket->type == LINUX_SOCK_DGRAM) {
        *error = -EPERM; /* it is connected, and to somebody else */
        return NULL;
    }
    return target;
}

/* The same for datagrams, of a socket that has a port from now on. NULL and no error: nobody hears
 * it. */
static struct socket *network_target(struct socket *socket, const struct extras *extras,
                                     int64_t *error)
{
    *error = inet_choose(socket);
    if (!*error && !extras->target && !extras->lost && !socket->connected)
        *error = -EDESTADDRREQ;
    if (*error || extras->target || extras->lost)
        return extras->target;
    struct socket *peer = inet_peer(socket);
    if (!peer)
        socket->error = ECONNREFUSED; /* what ICMP would tell, at the next call */
    return peer;
}

static int64_t send_message(struct thread *thread, struct open_file *file,
                            const struct linux_iovec *vector, uint64_t total, struct extras *extras)
{
    struct socket *socket = file->state;
    int64_t error;
    bool network = socket->family != LINUX_AF_UNIX;
    struct socket *target =
        network ? network_target(socket, extras, &error) : target_of(socket, extras, &error);
    if (!target && error != -EPIPE)
        return error ? error : (int64_t)total;
    if (!target || socket->sends_no_more || target->receives_no_more)
        return broken(thread, extras);
    if (total > QUEUE_MOST - 32)
        return -EMSGSIZE;
    if (network && total > DATAGRAM_MOST)
        return -EMSGSIZE;
    if (target->queued + total > QUEUE_MOST && network)
        return (int64_t)total; /* lost, as datagrams are */
    if (target->queued + total > QUEUE_MOST) {
        if (!may_wait(file, extras))
            return -EAGAIN;
        return wait_here(thread, socket->type == LINUX_SOCK_DGRAM ? &target->room : &socket->room,
                         socket->send_wait);
    }
    struct packet *packet = packet_new(total);
    if (packet && socket->address_length)
        packet->address = wired_alloc(sizeof *packet->address);
    if (!packet || (socket->address_length && !packet->address)) {
        wired_free(packet);
        return -ENOMEM;
    }
    thread->progress = 0; /* all of it, or nothing */
    error = fill(thread, packet, total, vector, total);
    thread->progress = 0;
    if (error) {
        packet_free(packet);
        return error;
    }
    packet->address_length = socket->address_length;
    if (packet->address && network)
        packet->address_length = inet_address(&socket->name, target->family, packet->address);
    else if (packet->address)
        *packet->address = socket->address;
    packet->sender = extras->sender;
    packet->rights = extras->rights;
    extras->rights = NULL;
    enqueue(target, packet);
    wait_wake(&target->readers);
    return (int64_t)total;
}

int64_t socket_send(struct thread *thread, struct open_file *file, const struct linux_iovec *vector,
                    uint64_t total, struct extras *extras)
{
    struct socket *socket = file->state;
    extras->sender = (struct linux_credentials){(int32_t)thread->process->pid, files_user(thread),
                                                files_group(thread)};
    if (extras->flags & LINUX_MSG_OOB)
        return -EOPNOTSUPP;
    if (socket->error) {
        int64_t error = -socket->error;
        socket->error = 0;
        return error;
    }
    if (socket->type == LINUX_SOCK_STREAM)
        return send_stream(thread, file, vector, total, extras);
    return send_message(thread, file, vector, total, extras);
}

/* ---- Receiving ---- */

/* Nothing is there: the end, or a wait. */
static int64_t nothing_there(struct thread *thread, struct open_file *file,
                             const struct extras *extras)
{
    struct socket *socket = file->state;
    bool connection = socket->type != LINUX_SOCK_DGRAM;
    if (thread->progress && !(extras->flags & LINUX_MSG_WAITALL))
        return (int64_t)thread->progress;
    if (socket->error) {
        int64_t error = -socket->error;
        socket->error = 0;
        return error;
    }
    if (socket->receives_no_more || (connection && socket->hung) ||
        (connection && socket->peer && socket->peer->sends_no_more))
        return (int64_t)thread->progress;
    if (connection && !socket->peer)
        return socket->type == LINUX_SOCK_STREAM && socket->family == LINUX_AF_UNIX ? -EINVAL
                                                                                    : -ENOTCONN;
    if (!may_wait(file, extras))
        return thread->progress ? (int64_t)thread->progress : -EAGAIN;
    return wait_here(thread, &socket->readers, socket->receive_wait);
}

/* What comes with the bytes; descriptors go to the receiver, unless it only looks. */
static void take_along(struct packet *packet, struct extras *extras, bool peek)
{
    extras->sender = packet->sender;
    extras->address_length = packet->address_length;
    if (packet->address)
        extras->address = *packet->address;
    if (peek)
        return;
    extras->rights = packet->rights;
    packet->rights = NULL;
}

/* Copies bytes of a packet, from `skip` on, to where the receive stands. */
static int64_t copy_out(struct thread *thread, const struct packet *packet, uint64_t skip,
                        const struct linux_iovec *vector, uint64_t total)
{
    uint64_t address, bytes;
    while (packet->start + skip < packet->end &&
           vector_piece(vector, total, thread->progress, &address, &bytes)) {
        uint64_t done = 0, left = packet->end - packet->start - skip;
        int64_t error = client_write_part(thread, address, packet->bytes + packet->start + skip,
                                          bytes < left ? bytes : left, &done);
        thread->progress += done;
        skip += done;
        if (error)
            return error;
    }
    return 0;
}

static int64_t receive_stream(struct thread *thread, struct open_file *file,
                              const struct linux_iovec *vector, uint64_t total,
                              struct extras *extras)
{
    struct socket *socket = file->state;
    bool peek = extras->flags & LINUX_MSG_PEEK;
    struct packet *packet = socket->first;
    int64_t error = 0;
    if (peek)
        thread->progress = 0;
    if (total == 0)
        return 0;
    while (packet && !error && thread->progress < total) {
        uint64_t before = thread->progress;
        if (packet->rights && before && packet->start == 0)
            break; /* descriptors come with the first byte after them */
        error = copy_out(thread, packet, 0, vector, total);
        uint32_t done = (uint32_t)(thread->progress - before);
        if (done && error != ANSWER_RETRY)
            take_along(packet, extras, peek);
        bool stop = extras->rights != NULL;
        if (peek) {
            packet = packet->next;
        } else {
            packet->start += done;
            socket->queued -= done;
            if (packet->start == packet->end)
                dequeue(socket);
            packet = socket->first;
        }
        if (stop)
            break;
    }
    if (!peek && thread->progress)
        tell_senders(socket);
    if (error)
        return peek && error == ANSWER_RETRY ? error : transfer_stopped(thread, error);
    if (thread->progress == total || (thread->progress && extras->rights))
        return (int64_t)thread->progress;
    if (peek && thread->progress)
        return (int64_t)thread->progress;
    return nothing_there(thread, file, extras);
}

static int64_t receive_message(struct thread *thread, struct open_file *file,
                               const struct linux_iovec *vector, uint64_t total,
                               struct extras *extras)
{
    struct socket *socket = file->state;
    struct packet *packet = socket->first;
    bool whole_length = extras->flags & LINUX_MSG_TRUNC, peek = extras->flags & LINUX_MSG_PEEK;
    if (!packet) {
        thread->progress = 0;
        return nothing_there(thread, file, extras);
    }
    uint64_t length = packet->end - packet->start;
    thread->progress = 0;
    int64_t error = copy_out(thread, packet, 0, vector, total);
    uint64_t moved = thread->progress;
    thread->progress = 0;
    if (error)
        return error;
    take_along(packet, extras, peek);
    extras->flags = length > moved ? LINUX_MSG_TRUNC : 0;
    if (!peek) {
        dequeue(socket);
        tell_senders(socket);
    }
    return (int64_t)(whole_length ? length : moved);
}

int64_t socket_receive(struct thread *thread, struct open_file *file,
                       const struct linux_iovec *vector, uint64_t total, struct extras *extras)
{
    const struct socket *socket = file->state;
    if (extras->flags & LINUX_MSG_OOB)
        return socket->type == LINUX_SOCK_STREAM ? -EINVAL : -EOPNOTSUPP; /* there is none */
    if (socket->type != LINUX_SOCK_STREAM)
        return receive_message(thread, file, vector, total, extras);
    int64_t result = receive_stream(thread, file, vector, total, extras);
    if (result >= 0)
        extras->flags = 0;
    return result;
}
