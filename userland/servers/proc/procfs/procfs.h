/*
 * procfs.h: /proc: what it is made of. Every name in it is an `item`; a node is an item and, below
 * /proc/PID, whom it is about. Nodes are made when somebody looks a name up and keep the number
 * (struct pid) of their subject, so a file that stays open never tells of a later process with the
 * same pid: once its subject is gone, it answers ESRCH.
 *
 * Nothing here waits for the process it tells about: its memory is read where it is present
 * (subject_copy), its pages are looked at, not touched.
 */
#pragma once
#include "lib/format.h"
#include "proc.h"
#include "time/vdso.h"

struct item;
struct sequence;

/* Whom a node is about, for as long as one handler runs. */
struct subject {
    struct thread *reader;      /* who asks */
    struct file_system *system; /* where */
    const struct item *item;    /* what */
    struct pid *pid;            /* its number; NULL: the whole system */
    struct process *process;    /* about whom; NULL: the whole system */
    struct thread *thread;      /* the thread of task/TID, or the leader; NULL: it has ended */
    uint64_t number;            /* below fd/ and fdinfo/: the descriptor */
    bool task;                  /* below task/TID */
};

struct item {
    const char *name; /* NULL ends a list */
    uint32_t mode;    /* type and permissions */
    bool private;     /* only for who may look into the process */
    /* Text. 0 or a negated errno. */
    int64_t (*make)(const struct subject *subject, struct text *text);
    int64_t (*take)(const struct subject *subject, const char *bytes, size_t length);
    /* Links: the text, its length; or where it leads, a reference. */
    int64_t (*link_text)(const struct subject *subject, char *text, size_t size);
    int64_t (*target)(const struct subject *subject, struct entry **target);
    /* Directories: what is in it, in front of what `list` tells and `find` knows. */
    const struct item *items;
    int64_t (*find)(const struct subject *subject, const char *name, size_t length,
                    struct node **child);
    int64_t (*list)(const struct subject *subject, uint64_t position, struct listing *listing);
    /* Long texts: sequence.h. Appends a piece and moves on. 0 or a negated errno. */
    int64_t (*step)(const struct subject *subject, struct sequence *sequence);
    const struct file_operations *file; /* of what is not text */
};

#define FILE_MODE      (LINUX_S_IFREG | 0444)
#define DIRECTORY_MODE (LINUX_S_IFDIR | 0555)
#define LISTED         256 /* positions of what `list` tells begin here */
#define LINK_MODE      (LINUX_S_IFLNK | 0777)

/* ---- procfs.c ---- */

/* Mounts /proc and /sys. 0 or -ENOMEM. */
int64_t procfs_init(void);

/* Fills in *subject for a node. 0; -ESRCH: whom it is about has ended; -EACCES. */
int64_t subject_of(struct thread *reader, const struct node *node, struct subject *subject);

/* A node for an item below a directory that is about `subject`; `pid`: whom it is about, or NULL.
 * -ENOMEM or 0 and *child with a reference. */
int64_t item_node(const struct subject *subject, const struct item *item, struct pid *pid,
                  bool task, uint64_t number, struct node **child);
/* The inode number of that node. */
uint64_t item_inode(const struct item *item, uint32_t pid, bool task, uint64_t number);

/* A decimal number without leading zeros, below `most`: true. */
bool number_read(const char *text, size_t length, uint64_t most, uint64_t *number);

/* ---- the lists of items, each in the file that makes them ---- */

extern const struct item system_items[]; /* beside the processes */
extern const struct item process_item;   /* the directory PID */
extern const struct item sysfs_item;     /* /sys */

/* Adds text with those characters that occur in `which`, and backslashes if `which` has one, as
 * their octal codes. */
void text_add_escaped(struct text *text, const char *from, const char *which);

/* ---- process_memory.c ---- */

/* Copies from the memory of the process what is present: bytes from the start on. */
size_t subject_copy(const struct subject *subject, uint64_t address, void *own, size_t bytes);
int64_t command_line_step(const struct subject *subject, struct sequence *sequence);
int64_t environment_step(const struct subject *subject, struct sequence *sequence);
int64_t auxiliary_vector(const struct subject *subject, struct text *text);

/* ---- status.c ---- */

int64_t process_stat(const struct subject *subject, struct text *text);
int64_t process_statm(const struct subject *subject, struct text *text);
int64_t process_status(const struct subject *subject, struct text *text);

/* ---- facts.c: numbers that several files tell ---- */

struct memory_sizes {                                   /* pages */
    uint64_t size, size_most, locked, resident, shared; /* shared: with files */
    uint64_t data, stack, code, libraries, tables;
};
/* Without `all`, only sizes and what is resident, which cost little. */
struct memory_sizes memory_sizes(const struct process *process, bool all);

/* A number whose decimal digits are the octal ones of `value`. */
uint32_t octal(uint32_t value);

/* 'R', 'S', 'T', 't', 'Z' or 'X', as /proc/PID/stat tells. */
char thread_state(const struct subject *subject);
/* Of the thread below task/, of all its process otherwise. */
struct usage subject_usage(const struct subject *subject);

/* ---- system.c ---- */

void memory_facts_read(struct memory_facts *facts);
void counters_read(struct counters *counters);
/* Pages in files that were written. */
uint64_t pages_of_files(void);

/* ---- kernel_facts.c, fixed.c ---- */

int64_t vm_statistics(const struct subject *subject, struct text *text);
int64_t buddy_information(const struct subject *subject, struct text *text);
int64_t zone_information(const struct subject *subject, struct text *text);
int64_t slab_information(const struct subject *subject, struct text *text);
int64_t processors(const struct subject *subject, struct text *text);
int64_t version(const struct subject *subject, struct text *text);
int64_t kernel_arguments(const struct subject *subject, struct text *text);
int64_t devices(const struct subject *subject, struct text *text);
int64_t file_system_kinds(const struct subject *subject, struct text *text);
int64_t swaps(const struct subject *subject, struct text *text);
int64_t partitions(const struct subject *subject, struct text *text);
int64_t terminal_drivers(const struct subject *subject, struct text *text);

/* ---- maps.c ---- */

int64_t maps_step(const struct subject *subject, struct sequence *sequence);
int64_t smaps_step(const struct subject *subject, struct sequence *sequence);
int64_t smaps_rollup_step(const struct subject *subject, struct sequence *sequence);

/* ---- open_files.c ---- */

int64_t find_descriptor(const struct subject *subject, const char *name, size_t length,
                        struct node **child);
int64_t list_descriptors(const struct subject *subject, uint64_t position, struct listing *listing);
int64_t find_descriptor_facts(const struct subject *subject, const char *name, size_t length,
                              struct node **child);
int64_t list_descriptor_facts(const struct subject *subject, uint64_t position,
                              struct listing *listing);

/* ---- block.c: /sys/block, /sys/class/block, /sys/dev/block ---- */

int64_t find_disk(const struct subject *subject, const char *name, size_t length,
                  struct node **child);
int64_t list_disks(const struct subject *subject, uint64_t position, struct listing *listing);
int64_t find_block_name(const struct subject *subject, const char *name, size_t length,
                        struct node **child);
int64_t list_block_names(const struct subject *subject, uint64_t position, struct listing *listing);
int64_t find_block_number(const struct subject *subject, const char *name, size_t length,
                          struct node **child);
int64_t list_block_numbers(const struct subject *subject, uint64_t position,
                           struct listing *listing);

/* ---- limits.c ---- */

int64_t limits(const struct subject *subject, struct text *text);

/* ---- mounts.c ---- */

int64_t mounts(const struct subject *subject, struct text *text);
int64_t mount_information(const struct subject *subject, struct text *text);

/* ---- settings.c ---- */

extern const struct item settings_items[]; /* sys */

/* ---- load.c ---- */

/* Begins to watch the load: how many threads wish to run, averaged over 1, 5 and 15 minutes. */
void load_init(void);
/* The averages, in 1/65536. */
void load_averages(uint64_t averages[3]);
/* Threads of all programs; of them those that run or could. */
void count_threads(uint64_t *all, uint64_t *running);

#define LINUX_RLIMIT_RSS 5
#define SECOND           1000000000UL   /* ns */
#define TICK             (SECOND / 100) /* of USER_HZ */
#define TTY_CONSOLE      (5 << 8 | 1)   /* the device number of the terminal there is */
#define KILOBYTES        (PAGE_SIZE / 1024)
