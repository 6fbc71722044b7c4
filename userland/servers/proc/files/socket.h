/*
 * socket.h: sockets of the family AF_UNIX: bytes and messages between processes, and names for
 * those who want to be found. Messages wait at the receiver.
 */
#pragma once
#include "open_file.h"

#define LINUX_AF_UNIX          1
#define LINUX_SOCK_STREAM      1
#define LINUX_SOCK_DGRAM       2
#define LINUX_SOCK_SEQPACKET   5
#define LINUX_MSG_OOB          0x1
#define LINUX_MSG_PEEK         0x2
#define LINUX_MSG_CTRUNC       0x8
#define LINUX_MSG_TRUNC        0x20
#define LINUX_MSG_DONTWAIT     0x40
#define LINUX_MSG_WAITALL      0x100
#define LINUX_MSG_NOSIGNAL     0x4000
#define LINUX_MSG_CMSG_CLOEXEC 0x40000000
#define ADDRESS_MOST           110    /* sizeof(struct sockaddr_un) */
#define QUEUE_MOST             212992 /* bytes that may wait; Linux's net.core.wmem_default */
#define RIGHTS_MOST            253    /* descriptors in one message, as Linux */

struct linux_unix_address {
    uint16_t family;
    char path[ADDRESS_MOST - 2];
};

/* Who is at the other end, as SO_PEERCRED tells. */
struct linux_credentials {
    int32_t pid;
    uint32_t user, group;
};

/* Descriptors on their way. */
struct rights {
    uint32_t count;
    struct open_file *files[];
};

/* A message, or a part of a stream. */
struct packet {
    struct packet *next;
    uint32_t start, end, room; /* bytes that are left; the size of `bytes` */
    struct rights *rights;     /* or NULL */
    uint32_t address_length;   /* of the sender; 0: it has no name */
    struct linux_unix_address *address;
    struct linux_credentials sender;
    uint8_t bytes[];
};

struct socket {
    uint32_t type; /* LINUX_SOCK_* */
    bool listening, connected, receives_no_more, sends_no_more;
    bool hung;    /* the peer was closed */
    bool refused; /* a pending connection that nobody accepted: ECONNRESET */
    bool pass_credentials;
    int32_t error;       /* SO_ERROR: positive */
    struct socket *peer; /* stream: each other's; dgram: where sends go; NULL: nobody */
    struct socket *first_caller, *next_caller; /* who is connected to this one (dgram) */
    struct packet *first, *last;
    uint64_t queued;                 /* bytes in them */
    struct wait_queue readers, room; /* room: senders of this end, or callers of a listening one */
    struct socket *backlog, *backlog_next; /* connections not accepted yet */
    uint32_t waiting, backlog_most;
    struct entry *entry;       /* of the name, or NULL */
    struct socket *bound_next; /* of those with abstract names */
    uint32_t address_length;
    struct linux_unix_address address; /* its own */
    struct linux_credentials own, other;
    uint64_t receive_wait, send_wait; /* SO_RCVTIMEO, SO_SNDTIMEO in ns; 0: as long as it takes */
};

extern const struct file_operations socket_operations;

/* The socket of a descriptor; NULL: *error is -EBADF or -ENOTSOCK. */
struct socket *socket_of(struct thread *thread, uint64_t descriptor, struct open_file **file,
                         int64_t *error);

/* Reads and finds an address: the socket bound to it. NULL: *error. */
struct socket *socket_find(struct thread *thread, uint64_t address, uint64_t length, uint32_t type,
                           int64_t *error);

/* Gives up its name. */
void socket_unbind(struct socket *socket);

/* Writes an address and its length as getsockname(2) does: cut to the room there is. `length` 0: it
 * has no name. */
int64_t socket_tell_address(struct thread *thread, const struct linux_unix_address *address,
                            uint32_t length, uint64_t to, uint64_t length_address);

/* Is the receiver of this socket's sends gone, or full? */
bool socket_full(const struct socket *receiver);

/* What a message brings along beside its bytes, and what comes with one. */
struct extras {
    uint32_t flags;        /* LINUX_MSG_*: asked for; told by a receive */
    struct socket *target; /* send: to this one instead of the peer */
    struct rights *rights; /* send: taken over when the bytes go; receive: to be delivered */
    struct linux_credentials sender;
    uint32_t address_length;
    struct linux_unix_address address; /* of the sender */
};

/* Both as handlers answer. */
int64_t socket_send(struct thread *thread, struct open_file *file, const struct linux_iovec *vector,
                    uint64_t total, struct extras *extras);
int64_t socket_receive(struct thread *thread, struct open_file *file,
                       const struct linux_iovec *vector, uint64_t total, struct extras *extras);

/* Throws away what waits for it. */
void socket_drain(struct socket *socket);
void rights_drop(struct rights *rights);
