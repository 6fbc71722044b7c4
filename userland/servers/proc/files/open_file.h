/*
 * open_file.h: what is open: files as programs hold them, the tables of descriptors, and where a
 * process stands in the tree.
 */
#pragma once
#include "files/node.h"
#include "wait.h"

struct linux_iovec;
struct open_file;
struct poller;

/*
 * What can be done with an open file. Each answers as a system call handler does (ANSWER_* too);
 * NULL: not this. `vector` was checked: its lengths add up to `total`, at most LINUX_MAX_RW_COUNT;
 * vector_piece() goes through it. Bytes moved before an ANSWER_RETRY stand in thread->progress.
 * `offset`: where in the file, for those that have positions; the caller keeps it and moves it on
 * by what is answered.
 */
struct file_operations {
    bool stream; /* has no position: lseek and pread are ESPIPE */
    int64_t (*read)(struct thread *thread, struct open_file *file, const struct linux_iovec *vector,
                    uint64_t total, uint64_t offset);
    int64_t (*write)(struct thread *thread, struct open_file *file,
                     const struct linux_iovec *vector, uint64_t total, uint64_t offset);
    int64_t (*ioctl)(struct thread *thread, struct open_file *file, uint64_t request,
                     uint64_t argument);
    /* The LINUX_POLL* that hold now. `poller`, unless NULL, is put on the queues that tell of more:
     * poll_on(poller, &queue) for each. NULL: always ready to read and write. */
    uint32_t (*poll)(struct open_file *file, struct poller *poller);
    /* After it was opened by name: may set file->state, and even file->node and ->operations
     * (/dev/tty, /dev/ptmx); may refuse, then file->state stays NULL. NULL: nothing to do. */
    int64_t (*open)(struct thread *thread, struct open_file *file);
    /* The last descriptor is closed: file->state is to be freed. */
    void (*release)(struct open_file *file);
};

/* What dup shares. */
struct open_file {
    uint32_t references, flags; /* flags: LINUX_O_* as F_GETFL tells */
    struct entry *entry;        /* both with a reference */
    struct node *node;
    const struct file_operations *operations; /* NULL: O_PATH, or nothing can be done */
    uint64_t offset;
    void *state;           /* what its operations keep: a pipe, a text made when it was read */
    struct watch *watches; /* of epolls, taken away with the file */
    int32_t owner, owner_signal; /* F_SETOWN, F_SETSIG: kept and told, nothing is sent */
    uint8_t owner_type;
};

/* An open file of a node, not in any table yet, with one reference; `operations` are the node's.
 * NULL: no memory. */
struct open_file *file_new(struct entry *entry, uint32_t flags);

/* The same for a node without a name (pipes, sockets, memfd): `name` as /proc/PID/fd shows it. The
 * caller's reference to `node` is taken over, also on failure. */
struct open_file *file_new_unnamed(struct node *node, const char *name, uint32_t flags);
void file_hold(struct open_file *file);
void file_drop(struct open_file *file); /* NULL is allowed */

/* ---- Descriptors ---- */

struct descriptor {
    struct open_file *file; /* NULL: closed */
    bool close_on_exec;
};

/* A table of descriptors; CLONE_FILES shares it. */
struct files {
    uint32_t references;    /* processes */
    uint32_t count, lowest; /* size of the table; all below `lowest` are taken */
    struct descriptor *table;
};

/* ---- descriptors.c ---- */

/* file_of(), which finds the open file of a descriptor, is in process.h. */

/* Enters a file at the lowest free descriptor, taking the caller's reference over (on failure it is
 * dropped). The descriptor, -EMFILE or -ENOMEM. */
int64_t descriptor_add(struct process *process, struct open_file *file, bool close_on_exec);

/* An empty table; one with 0, 1 and 2 on /dev/console. NULL: no memory. */
struct files *files_new(void);
struct files *files_first(void);

/* A copy, for fork, which shares the open files. NULL: no memory. */
struct files *files_fork(struct files *files);

/* Gives a reference back; the last closes all. NULL is allowed. `process`: whose record locks end.
 */
void files_drop(struct files *files, struct process *process);

/* exec: makes the table the process's own if it is shared (-ENOMEM: nothing changed), before the
 * point of no return; and closes what is marked close-on-exec, after it. */
int64_t files_unshare(struct process *process);
void files_exec(struct process *process);

/* ---- place.c: where a process stands (CLONE_FS shares it) ---- */

struct file_system_state {
    uint32_t references, umask;
    struct entry *root, *directory;
};

struct file_system_state *place_new(void); /* at the root, umask 022 */
struct file_system_state *place_fork(const struct file_system_state *place);
void place_drop(struct file_system_state *place); /* NULL is allowed */

/* ---- transfer.c ---- */

/* The piece of a vector at `done` bytes from its start: true, or false at its end. */
bool vector_piece(const struct linux_iovec *vector, uint64_t total, uint64_t done,
                  uint64_t *address, uint64_t *bytes);

/* ---- poll.c ---- */

/* Puts a poller on a queue whose wake-ups tell of events of the file; NULL poller: nothing. */
void poll_on(struct poller *poller, struct wait_queue *queue);

#define LINUX_POLLIN     0x001
#define LINUX_POLLPRI    0x002
#define LINUX_POLLOUT    0x004
#define LINUX_POLLERR    0x008
#define LINUX_POLLHUP    0x010
#define LINUX_POLLNVAL   0x020
#define LINUX_POLLRDNORM 0x040
#define LINUX_POLLWRNORM 0x100
#define LINUX_POLLRDHUP  0x2000
