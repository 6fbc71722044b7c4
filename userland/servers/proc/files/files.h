/*
 * files.h: names, open files and descriptors. All files come from the bundle (entries `root/…`),
 * are read-only, and lie in proc's own memory, mapped in place; beside them there are a few
 * devices.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thread;
struct process;
struct open_file;
struct linux_iovec;

/* What can be done with an open file. Each answers as a system call handler does; NULL: not this.
 * `vector` was checked: its lengths add up to `total`, at most LINUX_MAX_RW_COUNT. */
struct file_operations {
    int64_t (*read)(struct thread *thread, struct open_file *file, const struct linux_iovec *vector,
                    uint64_t total, uint64_t offset);
    int64_t (*write)(struct thread *thread, struct open_file *file,
                     const struct linux_iovec *vector, uint64_t total);
    int64_t (*ioctl)(struct thread *thread, struct open_file *file, uint64_t request,
                     uint64_t argument);
    /* The LINUX_POLL* that hold now; `wait`: also puts the thread on the queues that tell of more
     * (wait_also, key: the events). NULL: always ready. */
    uint32_t (*poll)(struct thread *thread, struct open_file *file, bool wait);
    /* After open: may refuse, may set file->state. NULL: nothing to do. */
    int64_t (*open)(struct thread *thread, struct open_file *file);
    /* The last descriptor is closed. */
    void (*release)(struct open_file *file);
};
extern const struct file_operations bundle_operations, console_operations, null_operations,
    zero_operations;

/* A file, directory, link or device by name. Nodes live as long as proc. */
struct node {
    struct node *parent, *children, *next; /* the root is its own parent */
    const char *name;
    size_t name_length;
    const struct file_operations *operations; /* NULL: cannot be read or written */
    uint32_t mode, inode, time;
    uint32_t device;     /* character devices: as in stat's rdev */
    const uint8_t *data; /* of a file, or the text of a link */
    size_t size;
    uint64_t bundle_page; /* where the data begins in the bundle; only when `mappable` */
    bool mappable;        /* the data begins on a page */
    bool own_program;     /* /proc/self/exe: a link to the program itself */
};

/* What dup shares. */
struct open_file {
    uint32_t references, flags; /* flags: LINUX_O_* as F_GETFL tells */
    struct node *node;
    uint64_t offset;
    void *state; /* what its operations keep: a pipe, a text made when it was opened */
};

struct descriptor {
    struct open_file *file; /* NULL: closed */
    bool close_on_exec;
};

/* ---- tree.c ---- */

/* Builds the tree out of a cpio archive in memory. 0, or a negated errno after a line in the log.
 */
int tree_init(const void *archive, size_t size);

struct node *tree_root(void);

/* Follows a path from `from` (ignored when it begins with '/'). `follow`: also a link at its end.
 * ENOENT ENOTDIR ELOOP ENAMETOOLONG come negated in *error with NULL. */
struct node *tree_find(struct process *process, struct node *from, const char *path, bool follow,
                       int64_t *error);

/* The absolute name of a node: its length with the final 0, or -ERANGE. */
int64_t tree_path(const struct node *node, char *text, size_t size);

/* Text and length a link stands for. */
const char *tree_link(const struct process *process, const struct node *node, size_t *length);

/* ---- descriptors.c ---- */

/* The open file of a descriptor, or NULL. Only the low 32 bits count, as in Linux. */
struct open_file *file_of(struct process *process, uint64_t descriptor);

/* 0, 1 and 2 on the console. 0 or -ENOMEM. */
int64_t descriptors_init(struct process *process);

/* Opens a node at the lowest free descriptor. Takes LINUX_O_* flags. */
int64_t descriptor_open(struct process *process, struct node *node, uint32_t flags);

/* Closes those marked close-on-exec, or all; frees the table when all. */
void descriptors_close(struct process *process, bool all);

/* ---- console.c ---- */

/* Asks the driver to tell of input. */
void console_init(void);
/* Input came: goes on with those who wait for it. */
void console_wake(void);

/* ---- transfer.c ---- */

/* The piece of a vector at `done` bytes from its start: true, or false at its end. */
bool vector_piece(const struct linux_iovec *vector, uint64_t total, uint64_t done,
                  uint64_t *address, uint64_t *bytes);
