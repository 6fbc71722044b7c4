/*
 * socket.h: sockets: bytes and messages between processes, and names for those who want to be
 * found: paths and words (AF_UNIX), or ports of this machine (inet.h). Messages wait at the
 * receiver.
 */
#pragma once
#include "open_file.h"

#define LINUX_AF_UNIX          1
#define LINUX_AF_INET          2
#define LINUX_AF_INET6         10
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

/* As the program sees it; of all families AF_UNIX's is the longest. */
struct socket_address {
    uint16_t family;
    char path[ADDRESS_MOST - 2];
};

/* An internet address, IPv4's as ::ffff:a.b.c.d; port 0: none. */
struct inet_name {
    uint8_t address[16];
    uint16_t port;
};

/* What setsockopt(2) said, where it has an effect or is to be told again. */
#define SOCKET_REUSE_ADDRESS 0x1
#define SOCKET_REUSE_PORT    0x2
#define SOCKET_KEEP_ALIVE    0x4
#define SOCKET_BROADCAST     0x8
#define SOCKET_V6_ONLY       0x10
#define SOCKET_NO_DELAY      0x20

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
    struct socket_address *address;
    struct linux_credentials sender;
    uint8_t bytes[];
};

struct socket {
    uint32_t type; /* LINUX_SOCK_* */
    uint16_t family;
    uint32_t options;              /* SOCKET_* */
    struct inet_name name, remote; /* AF_INET and AF_INET6: its own, and who it is connected to */
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
    struct socket *bound_next; /* of those with abstract names, or with ports */
    uint32_t address_length;
    struct socket_address address; /* its own */
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

/* Connects a stream to one that listens: the answers of connect(2). */
int64_t socket_connect(struct thread *thread, const struct open_file *file, struct socket *socket,
                       struct socket *target);

/* Gives up its name. */
void socket_unbind(struct socket *socket);

/* Writes an address and its length as getsockname(2) does: cut to the room there is. `length` 0: it
 * has no name. */
int64_t socket_tell_address(struct thread *thread, const struct socket_address *address,
                            uint32_t length, uint64_t to, uint64_t length_address);

/* The same for who it is connected to; nobody: no name. */
int64_t socket_tell_peer(struct thread *thread, const struct socket *socket, uint64_t to,
                         uint64_t length_address);

/* Is the receiver of this socket's sends gone, or full? */
bool socket_full(const struct socket *receiver);

/* What a message brings along beside its bytes, and what comes with one. */
struct extras {
    uint32_t flags;        /* LINUX_MSG_*: asked for; told by a receive */
    struct socket *target; /* send: to this one instead of the peer */
    bool lost;             /* send: to an address where nobody is */
    struct rights *rights; /* send: taken over when the bytes go; receive: to be delivered */
    struct linux_credentials sender;
    uint32_t address_length;
    struct socket_address address; /* of the sender */
};

/* Both as handlers answer. */
int64_t socket_send(struct thread *thread, struct open_file *file, const struct linux_iovec *vector,
                    uint64_t total, struct extras *extras);
int64_t socket_receive(struct thread *thread, struct open_file *file,
                       const struct linux_iovec *vector, uint64_t total, struct extras *extras);

/* Throws away what waits for it. */
void socket_drain(struct socket *socket);
void rights_drop(struct rights *rights);
