/*
 * files.h: names, open files and descriptors: all that other folders need is in node.h and
 * open_file.h; the rest of this file is what the files of this folder share.
 */
#pragma once
#include "linux_files.h"
#include "node.h"
#include "open_file.h"

/* ---- Kinds of files ---- */

extern const struct file_operations regular_operations, fifo_operations,
    remote_directory_operations;

/* What a transfer that stopped answers: bytes moved count more than an error after them. */
int64_t transfer_stopped(const struct thread *thread, int64_t error);

/* Reads and checks a vector of the program's, kept until the next: its total, or an error. */
int64_t transfer_vector(struct thread *thread, uint64_t address, uint64_t count,
                        const struct linux_iovec **vector);

/* Sends a signal to the calling thread: SIGPIPE, SIGXFSZ. */
void files_signal(struct thread *thread, unsigned number);
/* Sends SIGXFSZ; -EFBIG. */
int64_t files_too_large(struct thread *thread);
/* What stands behind a device number; NULL: nothing. */
const struct file_operations *device_operations(uint32_t special);

/* ---- tree.c ---- */

/* Builds the root out of a cpio archive in memory, and what is built in; `apart`: as file systems
 * of their own, since another one will be the root (tree_replace). 0, or a negated errno after a
 * line in the log. */
int tree_init(const void *archive, size_t size, bool apart);
struct entry *tree_root(void);

/* devices.c: the devices of /dev. 0 or -ENOMEM. */
int64_t devices_init(void);

/* ---- find.c: paths that programs name ---- */

/* Reads a path from the program, at most LINUX_PATH_MAX bytes with its end, into a buffer that the
 * next call to this overwrites: its length in *length. NULL: *error. */
const char *files_path(struct thread *thread, uint64_t address, size_t *length, int64_t *error);

/* Where a relative path begins, with a reference; NULL: -EBADF, -ENOTDIR. */
struct entry *files_start(struct thread *thread, uint64_t descriptor, const char *path,
                          int64_t *error);

/* Follows the path at `address`. `flags`: LINUX_AT_SYMLINK_NOFOLLOW, LINUX_AT_EMPTY_PATH. */
struct entry *files_find(struct thread *thread, uint64_t descriptor, uint64_t address,
                         uint64_t flags, int64_t *error);

/* Up to the last name: the directory with a reference. */
struct entry *files_parent(struct thread *thread, uint64_t descriptor, uint64_t address,
                           struct last_name *last, int64_t *error);

/* ---- find.c: who may what ---- */

bool files_privileged(const struct thread *thread); /* root, as all are */
uint32_t files_user(const struct thread *thread);
uint32_t files_group(const struct thread *thread);
bool files_in_group(const struct thread *thread, uint32_t group); /* that, or a further one */

/* node_permits for another user and group than those the thread has for files. */
int64_t node_permits_as(const struct thread *thread, uint32_t user, uint32_t group,
                        const struct node *node, unsigned want);

/* May names be made and removed in this directory? 0, -EACCES, -EROFS (not a stored one), -ENOENT
 * (it was removed). */
int64_t directory_changeable(const struct thread *thread, const struct entry *directory);

/* The set-id bits that a write or a change of owner takes away. */
static inline uint32_t node_privileges(const struct node *node)
{
    return node->mode & 010 ? LINUX_S_ISUID | LINUX_S_ISGID : LINUX_S_ISUID;
}

/* Is the thread the owner, or root? 0 or -EPERM. */
int64_t node_owned(const struct thread *thread, const struct node *node);

/* ---- make.c ---- */

/* A new stored node of that mode (umask applied) under a name that is not there yet: the entry with
 * a reference. NULL: *error. */
struct entry *files_make(struct thread *thread, struct entry *directory,
                         const struct last_name *last, uint32_t mode, int64_t *error);

/* ---- open.c ---- */

/* Opens a node: what a name does, for those already found. The file with one reference; NULL:
 * *error, which may be ANSWER_*. The caller's reference to `entry` stays. */
struct open_file *files_open(struct thread *thread, struct entry *entry, uint32_t flags,
                             int64_t *error);

/* ---- descriptors.c ---- */

/* A further descriptor for an open file, the lowest not below `from`. */
int64_t descriptor_duplicate(struct process *process, struct open_file *file, uint64_t from,
                             bool close_on_exec);

/* Could a descriptor be added? 0, -EMFILE, -ENOMEM. */
int64_t descriptor_room(struct process *process);

/* Two files at the two lowest descriptors, whose numbers (32 bits each) go to `address`. Takes over
 * both references. 0 or an error: then nothing is open. */
int64_t descriptors_add_pair(struct thread *thread, struct open_file *a, struct open_file *b,
                             uint64_t address, bool close_on_exec);

/* ---- make.c ---- */

/* Is it ".", ".." or nothing at all? */
bool last_is_dots(const struct last_name *last);
/* Names came or went: its times. */
void directory_changed(struct entry *directory);

/* ---- directory.c ---- */

/* What ".." of a directory is, across what is mounted; the root's is the root. */
const struct node *directory_above(const struct entry *entry);

/* ---- attributes.c ---- */

/* The node that a call of the *at kind means: with LINUX_AT_EMPTY_PATH the path may be empty. With
 * a reference; NULL: *error. */
struct node *files_node(struct thread *thread, uint64_t descriptor, uint64_t path, uint64_t flags,
                        int64_t *error);

/* ---- control.c ---- */

int64_t control_open(struct thread *thread, struct open_file *file, uint64_t command,
                     uint64_t argument);

/* ---- pipe.c ---- */

/* The call that opened a fifo comes again: 0 when its other side was opened; or waits on. */
int64_t fifo_opened(struct thread *thread, struct open_file *file);

/* F_GETPIPE_SZ, F_SETPIPE_SZ. */
int64_t pipe_size(struct open_file *file, bool set, uint64_t wanted);

void pipe_forget(struct node *node);

/* ---- anonymous.c ---- */

/* An open file of a node that has no other meaning: `name` as /proc/PID/fd tells. NULL: no memory,
 * and `state` is the caller's. */
struct open_file *anonymous_file(const char *name, uint32_t flags,
                                 const struct file_operations *operations, void *state);

/* ---- memfd.c ---- */

/* What a regular file is sealed against: LINUX_F_SEAL_*. */
static inline uint32_t file_seals(const struct node *node)
{
    return node->special ^ LINUX_F_SEAL_SEAL;
}

/* -EPERM when one of `seals` is set, else 0. */
static inline int64_t file_sealed(const struct node *node, uint32_t seals)
{
    return file_seals(node) & seals ? -EPERM : 0;
}

/* F_ADD_SEALS, F_GET_SEALS. */
int64_t seals_control(struct open_file *file, bool add, uint64_t seals);

/* ---- epoll.c ---- */

/* The file goes: no epoll watches it any more. */
void watches_end(struct open_file *file);

/* ---- locks.c ---- */

/* F_GETLK and its kin. */
int64_t locks_control(struct thread *thread, struct open_file *file, uint32_t command,
                      uint64_t address);
/* A node goes: nobody holds locks on it any more. */
void locks_forget(struct node *node);
/* A process closes a descriptor of the file: its record locks end. */
void locks_close(struct process *process, struct node *node);
/* An open file ends: its flock does. */
void locks_release(struct open_file *file);
