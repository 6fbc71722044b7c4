/*
 * node.h: files as such, and their names.
 *
 * A node is a file, directory, link, device or pipe; an entry is one of its names, in a directory.
 * Entries form the tree: a path is a walk from entry to entry (path.c), and everything that is
 * open, or somebody's working directory, holds an entry. What is in a directory is either stored
 * (names.c, one hash table for all) or made when it is looked for (/proc: directory_operations).
 *
 * Nodes and entries are counted. Whoever gets one from a function here owns a reference to it and
 * gives it back; removed names and files live until then.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thread;
struct process;
struct entry;
struct node;
struct text;
struct file_pages;
struct file_operations;
struct listing;
struct file_locks;
typedef uint32_t handle;

/* A mounted file system: a tree of its own, with a device number and inode numbers of its own. */
struct file_system {
    struct file_system *next;   /* in the order they were mounted */
    const char *type, *source;  /* as /proc/mounts tells */
    uint32_t device, magic;     /* st_dev; statfs's f_type */
    uint64_t last_inode, nodes; /* nodes: that exist now */
    uint64_t pages, pages_most; /* of 4 KiB, in files; most 0: as many as memory has */
    bool source_owned;          /* `source` is an allocation of its own */
    bool gone;                  /* unmounted: ends with its last node */
    bool remote;                /* lives in other servers: remote.h */
    struct entry *root; /* its parent is the entry it covers; NULL parent: the root of all */
};

/*
 * What is special about a node that is not stored. All but `forget` may answer ANSWER_RETRY and
 * ANSWER_NONE as system call handlers do; NULL: nothing special.
 */
struct node_operations {
    /* A directory's child of that name: a reference in *child. 0, -ENOENT, … */
    int64_t (*lookup)(struct thread *thread, struct node *directory, const char *name,
                      size_t length, struct node **child);
    /*
     * Tells a directory's children (without . and ..) from `position` on, 0 at first: calls
     * list_child for each until that answers false, with positions that grow. A child that goes
     * away must not change the positions of others (a pid is a good one).
     */
    int64_t (*list)(struct thread *thread, struct node *directory, uint64_t position,
                    struct listing *listing);
    /* The text of a symbolic link, without 0 at its end: its length. */
    int64_t (*link_text)(struct thread *thread, struct node *link, char *text, size_t size);
    /* Where a link leads that is more than its text (/proc/PID/exe, cwd, fd/N): a reference. */
    int64_t (*link_target)(struct thread *thread, struct node *link, struct entry **target);
    /* Called before the attributes are looked at: may set user, group, mode, size. */
    void (*refresh)(struct node *node);
    /* The last reference is gone; node->own is the owner's to free, the node is not. */
    void (*forget)(struct node *node);
};

/* A file whose contents are text, made when it is read from its start (text.c). */
struct text_operations {
    /* Appends the contents to `text` (text_add). 0 or an error to answer instead. */
    int64_t (*make)(struct thread *thread, struct node *node, struct text *text);
    /* One write came, `length` bytes and a 0 after them. 0 or an error. NULL: cannot be written. */
    int64_t (*take)(struct thread *thread, struct node *node, const char *bytes, size_t length);
};

struct node {
    uint32_t references;
    uint32_t links; /* st_nlink. Of directories: 2, and 1 for each directory in it */
    uint32_t mode;  /* type and permissions: LINUX_S_IF* */
    uint32_t user, group;
    uint32_t
        special; /* st_rdev of devices; of regular files the seals, with F_SEAL_SEAL inverted */
    int64_t accessed, modified, changed; /* ns since 1970 */
    uint64_t inode, size;
    struct file_system *system;
    const struct node_operations *operations; /* NULL: stored */
    const struct file_operations *file;       /* of open files; NULL: cannot be read or written */
    struct file_locks *locks;                 /* flock and fcntl; NULL: none ever */
    union {
        struct {                 /* regular files that are stored */
            const uint8_t *base; /* what came in the bundle, or NULL; the text of a link */
            uint64_t base_size;  /* how much of it is still in the file */
            union {
                struct file_pages *pages; /* what was written; NULL: nothing */
                bool target_owned;        /* links: the text is an allocation of its own */
            };
        };
        struct {                        /* stored directories */
            struct entry *first, *last; /* children in the order they came */
            struct entry *hint;         /* where reading stopped last; or NULL */
            uint64_t last_position;
        };
        struct socket *socket;                  /* that is bound to it, or NULL */
        struct pipe *pipe;                      /* fifos, once opened */
        struct {                                /* of node_operations' owner */
            const struct text_operations *text; /* when file == &text_file_operations */
            uint64_t about, detail;             /* a pid, a number */
            void *own;
        };
    };
};

/* One name. */
struct entry {
    uint32_t references;
    uint16_t name_length;
    bool stored;     /* in the table of names */
    bool removed;    /* was stored once; paths end in " (deleted)" */
    bool name_owned; /* the name is an allocation of its own */
    bool linkable;   /* was never stored, but may be given a name (O_TMPFILE) */
    const char *name;
    struct entry *parent; /* a reference; NULL: the root of all, or a file without a name (pipes) */
    struct node *node;    /* a reference */
    struct entry *mounted;         /* root of what is mounted here, or NULL */
    struct entry *hash_next;       /* names.c */
    struct entry *next, *previous; /* in the directory */
    uint64_t position;             /* for readdir: grows with the order */
};

static inline uint32_t node_type(const struct node *node)
{
    return node->mode & 0170000;
}

/* ---- node.c ---- */

/* A node with one reference; times are now, user and group 0, links 1 (directories: 2), and `file`
 * and `operations` NULL. NULL: no memory. */
struct node *node_new(struct file_system *system, uint32_t mode);
void node_hold(struct node *node);
/* NULL is allowed. The last reference of a node without links frees it with all its contents. */
void node_drop(struct node *node);

/* Nanoseconds since 1970, for the three times. */
int64_t node_time(void);

/* A node of a pseudo file system that is text. `own` and the rest are the caller's to fill in. */
struct node *node_text(struct file_system *system, uint32_t permissions,
                       const struct text_operations *text);

/*
 * The memory object whose pages are the contents of a regular file, for mmap: a handle that belongs
 * to the node (duplicate it to keep it), and *first_page, the page of the object at which the file
 * begins. `shared`: for a MAP_SHARED mapping of a file that is open for writing: also files of the
 * bundle get pages of their own then. Bytes after the end of the file in its last page are zeros,
 * unless the file is the bundle's (`*zero_tail` false: the mapper must make them so).
 * -ENODEV: nothing that can be mapped; -EPERM: sealed; -ENOMEM.
 */
int64_t node_object(struct node *node, bool shared, uint64_t *first_page, bool *zero_tail);

/*
 * Lets proc look at all of a regular file at once: *bytes stays good until the file is changed. For
 * headers of programs. 0, -ENOEXEC (not such a file), -ENOMEM.
 */
int64_t node_view(struct node *node, const void **bytes);

/* Reads a regular file into proc's own wired memory: bytes read (fewer at the end), or an error. */
int64_t node_read(struct node *node, uint64_t offset, void *buffer, size_t bytes);

/* ---- names.c: entries (the table of stored names is in names.h) ---- */

/* An entry that is in no table: of a dynamic directory, or with parent NULL of no directory. Both
 * get a reference. NULL: no memory. */
struct entry *entry_new(struct entry *parent, const char *name, size_t length, struct node *node);
void entry_hold(struct entry *entry);
void entry_drop(struct entry *entry); /* NULL is allowed */

/* ---- path.c ---- */

/*
 * Follows `length` bytes of path from `from` (ignored when it begins with '/'); `follow`: also a
 * link at its end. The entry with a reference, or NULL: *error is ENOENT ENOTDIR ELOOP ENAMETOOLONG
 * EACCES ENOMEM, negated, or ANSWER_*.
 */
struct entry *path_walk(struct thread *thread, struct entry *from, const char *path, size_t length,
                        bool follow, int64_t *error);

/* The last name of a path, for calls that make or remove names. Points into the path. */
struct last_name {
    const char *text;
    size_t length; /* 0: the path is only slashes */
    bool slash;    /* one came after it: a directory is meant */
};

/* Walks up to the last name, which is not looked for: the directory with a reference. */
struct entry *path_parent(struct thread *thread, struct entry *from, const char *path,
                          size_t length, struct last_name *last, int64_t *error);

/* Looks for the last name (not "." or ".."), without following it: the entry with a reference, or
 * NULL and *error. */
struct entry *path_child(struct thread *thread, struct entry *directory,
                         const struct last_name *last, int64_t *error);

/* The absolute name of an entry as seen from `root`, with " (deleted)" or "(unreachable)" as Linux
 * has it: its length with the final 0, or -ERANGE. */
int64_t path_text(const struct entry *entry, const struct entry *root, char *text, size_t size);

/* May the thread do that (4 read, 2 write, 1 execute) with the node? 0 or -EACCES. */
int64_t node_permits(const struct thread *thread, const struct node *node, unsigned want);

/* ---- directory.c ---- */

/* One child for a listing that is being made; false: it is full, end now. `next` is the position
 * after this child; `type` the mode's. */
bool list_child(struct listing *listing, const char *name, size_t length, uint64_t inode,
                uint32_t type, uint64_t next);

/* The same with `next` as the program will see it. */
bool list_put(struct listing *listing, const char *name, size_t length, uint64_t inode,
              uint32_t type, uint64_t next);

/* ---- text.c ---- */

/* Text that grows; wired memory. All zero: empty. */
struct text {
    char *bytes;
    size_t length, room;
    bool failed; /* memory ended: text_add does nothing any more */
};

/* As format_text (lib/format.h). */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *text, const void *bytes, size_t count);
void text_free(struct text *text);

/* Reads: made anew at position 0, then from what was made. Writes go to `take`. */
extern const struct file_operations text_file_operations;

/* ---- file_systems.c ---- */

/* An empty file system: a root directory, stored unless `operations`. Not yet mounted. */
struct file_system *file_system_new(const char *type, const char *source, uint32_t magic,
                                    const struct node_operations *operations);

/* Shows it in the place of a directory, which gets a reference. 0, -ENOTDIR, -EBUSY. */
int64_t file_system_mount(struct file_system *system, struct entry *directory);

/* A device number for one more. */
uint32_t file_system_number(void);

/* Makes it the root instead of what was; what is mounted on that one's directories moves to its
 * directories of the same names, which are in the table of names. Nobody may use any of it yet. */
void file_system_replace_root(struct file_system *system);

/* Takes it away again; then file_system_free. -EBUSY: somebody but the caller, who holds a
 * reference to the root, has something of it open, stands in it, or has mounted there; or it is not
 * stored. */
int64_t file_system_unmount(struct file_system *system);

/* Frees one that is not mounted, with all that is in it; gives up the reference to its root. */
void file_system_free(struct file_system *system);

/* All that are mounted, the root first: for /proc/mounts. */
struct file_system *file_systems(void);

/* The directory of that absolute path in the root's tree, made with its parents where missing; a
 * reference or NULL. For what is built in: "/dev/pts". */
struct entry *tree_directory(const char *path);

/* Makes another file system, not mounted yet, the root of all. */
void tree_replace(struct file_system *system);

/* Adds a character device in /dev: "tty", LINUX_S_IFCHR | 0666, its number, what it does. */
int64_t tree_device(const char *path, uint32_t mode, uint32_t special,
                    const struct file_operations *operations);
