/*
 * remote_internal.h: what the files remote*.c share.
 */
#pragma once
#include "files.h"
#include "proc.h"
#include "remote.h"

/* ---- remote_ring.c: requests ---- */

enum remote_server { REMOTE_VFS, REMOTE_FILE, REMOTE_CARD, REMOTE_SERVERS };
#define REMOTE_CARD_PAGES 16 /* of data, the most that one request to the card's driver has */

/*
 * A request, from when it is made until its answer was used. It waits in proc while the ring is
 * full, and while something is under way that it must not overtake: what changes a directory, or
 * the size of a file, is alone with it (`exclusive`), everything else shares it. So answers are
 * used in an order that fits the servers'.
 */
struct remote_operation {
    struct remote_operation *next; /* that wait in proc */
    enum remote_server server;
    struct ring_request request;
    struct remote_node *about[3]; /* references; not overtaken. NULL: none */
    bool exclusive;               /* … alone with them */
    bool blocking;                /* it counts at them already */
    bool again;                   /* its server died meanwhile, and may have done it already */
    struct thread *thread;        /* whose call waits; NULL: nobody's (any more) */
    bool start;                   /* … a first program's, that makes no call */
    bool completed;               /* the thread has yet to come for it */
    bool ends;                    /* the answer ends the call, with `result` */
    int64_t result;
    /* Uses the answer: `data` is the data page, until it returns. error: 0 or a negated errno. May
     * say remote_ends(), or set thread->remote.error. NULL: nothing to do. */
    void (*done)(struct remote_operation *operation, int64_t error,
                 const struct ring_completion *completion, const void *data);
    struct entry *entry, *there, *directory, *other; /* references, or NULL */
    struct open_file *file;                          /* a reference, or NULL */
    uint64_t own[5];                                 /* of whoever made it */
    uint32_t data_bytes;
    char data[]; /* to go into the data page */
};

/* A new one, with room for `data_bytes` to send. NULL: no memory. */
struct remote_operation *remote_operation(enum remote_server server, uint32_t message,
                                          size_t data_bytes);
void remote_concerns(struct remote_operation *operation, struct node *node);

/* Sends it; nobody waits. */
void remote_send(struct remote_operation *operation);
/* Sends it, and the call waits: ANSWER_NONE (or the result, if it failed at once). NULL operation:
 * -ENOMEM. */
int64_t remote_wait(struct thread *thread, struct remote_operation *operation);
/* The call waits, and somebody sends it later. */
int64_t remote_wait_for(struct thread *thread, struct remote_operation *operation);
/* From `done`: the call waits for another one now, which is sent. */
void remote_instead(struct remote_operation *operation, struct remote_operation *next);
/* From `done`: the waiting call ends with this. */
void remote_ends(struct remote_operation *operation, int64_t result);

bool remote_server_there(enum remote_server server);
/* Calls it for each request that waits to be sent; it may put others before all of them. */
void remote_each_queued(void (*function)(struct remote_operation *operation));
/* Before all that waits in the queue; sent with the next that is. */
void remote_send_first(struct remote_operation *operation);
/* 0, or a negated errno, with a line in the log. */
int64_t remote_open_ring(enum remote_server server, handle at);
/* How many requests are made and not answered. */
uint32_t remote_under_way(enum remote_server server);
/* Once, when nothing is under way any more; at once where nothing is. */
void remote_when_quiet(void (*quiet)(void));

/* ---- remote_nodes.c ---- */

struct remote_node {
    struct node node;
    struct remote_node *hash_next;
    struct remote_node *dirty_next, **dirty_link; /* whose times are to be told; link NULL: not */
    uint64_t generation;
    uint32_t holds;   /* how often vfs holds it for proc */
    uint32_t readers; /* operations that share it */
    bool writer;      /* one has it alone */
    bool ending;      /* nobody refers to it; it is being written back */
    bool written;     /* the file pager may know a size that vfs does not */
    bool blocks_stale;
    bool anew;       /* `mark` of the present look through the queue */
    uint64_t blocks; /* of 512 bytes */
    uint64_t told;   /* the size the file pager knows */
};

static inline struct remote_node *remote_of(struct node *node)
{
    return (struct remote_node *)node;
}

/* The node of an inode that vfs has just held once more, with a reference. NULL: no memory, and it
 * was released. */
struct node *remote_node_of(struct file_system *system, const struct vfs_attributes *attributes);
bool remote_attributes_good(const struct vfs_attributes *attributes, size_t bytes);
void remote_note_attributes(struct node *node, const struct vfs_attributes *attributes);
int64_t remote_nanoseconds(const struct vfs_time *time);
struct vfs_time remote_time(int64_t nanoseconds);
/* Tells the times of all nodes that have new ones. */
void remote_tell_times(void);
/* … of one; NULL: it has none, or no memory. To be sent. */
struct remote_operation *remote_times(struct node *node);
/* Calls it for each node there is. It must not make nodes come or go. */
void remote_nodes_each(void (*function)(struct remote_node *node));
/* vfs holds none for proc any more: before the end of the system. */
void remote_nodes_release(void);

/* ---- remote_names.c ---- */

/* Enters a name that is known now. The table's entry without a reference, or NULL. */
struct entry *remote_name_add(struct entry *directory, const char *name, size_t length,
                              struct node *node);
/* Takes it out. */
void remote_name_remove(struct entry *entry);
/* It was used. */
void remote_name_used(struct entry *entry);
/* Drops all names that nobody uses. */
void remote_names_drop(void);
/* A name that is not there; and that it is, perhaps. */
void remote_missing_add(const struct node *directory, const char *name, size_t length);
void remote_missing_remove(const struct node *directory, const char *name, size_t length);
void remote_missing_clear(void);

/* ---- remote_again.c ---- */

/* The server died, and another one is attached to: what it must know of before is told. What was
 * not answered is in the queue again, and not sent yet. */
void remote_again(enum remote_server server);
/* A request that was sent again failed. True: because it had been done before its server died;
 * *completion is what would have been answered. */
bool remote_happened(const struct remote_operation *operation, int64_t error,
                     struct ring_completion *completion);

/* ---- remote_check.c ---- */

/* Notes which program checks; the manifest must stay. */
void remote_check_prepare(const struct manifest *manifest);
/* Begins the check of what vfs would not mount. True: `checked` will be called, and tells whether
 * it can be mounted now. False: there is nothing to check it, or it cannot start. */
bool remote_check(void (*checked)(bool good));

/* ---- remote_mount.c ---- */

struct remote_system {
    struct file_system *system;
    struct vfs_statistics statistics;
    bool read_only;
};
extern struct remote_system remote_system;
