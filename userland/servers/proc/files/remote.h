/*
 * remote.h: a file system whose names, attributes and bytes live in other servers: vfs has the
 * names (protocols/vfs.def), file has the bytes (protocols/file.def). proc asks both by rings and
 * never waits: a Linux call that needs an answer waits as for a pipe, but no signal ends it, and
 * comes again from its start when the answer is there. Where the second time finds it:
 *
 *   names and attributes   in the table of names: looked up once, then known (remote_names.c);
 *                          that a name is missing is remembered, too
 *   bytes                  in the pages of the file's object, shown in proc as those of a tmpfs
 *   what was made          the entry, at the thread (thread->remote.made), since what it made must
 *                          not look to it as if it had been there
 *   other changes          nowhere: the answer itself ends the call (remote_ends)
 *
 * proc is the only one who changes names, so what it knows of them stays true; of a file it knows
 * the size, too, as long as it holds it.
 */
#pragma once
#include "lib/native.h"
#include "lib/ring.h"
#include "lib/vfs.h"
#include "node.h"
#include "timer.h"
#include "wait.h"

struct last_name;
struct manifest;
struct open_file;
struct remote_operation;

/* ---- What other files of this folder ask ---- */

/* Does it live in other servers? */
static inline bool is_remote(const struct node *node)
{
    return node->system->remote;
}

/* A child of a directory: the entry with a reference; NULL: *error, which may be ANSWER_NONE. */
struct entry *remote_lookup(struct thread *thread, struct entry *directory, const char *name,
                            size_t length, int64_t *error);

/* What a new node is to be. */
struct remote_wish {
    uint32_t mode, user, group, device;
    const char *target; /* of a symbolic link */
    size_t target_length;
};
/* Makes a node: the entry with a reference; NULL: *error, at first ANSWER_NONE. */
struct entry *remote_make(struct thread *thread, struct entry *directory,
                          const struct last_name *last, const struct remote_wish *wish,
                          int64_t *error);
/* Has this call made that name? Then it must seem new to it. */
bool remote_made_it(const struct thread *thread, const struct entry *directory,
                    const struct last_name *last);

/* These end the call when they are answered; until then ANSWER_NONE. Everything was checked that
 * proc can check. */
int64_t remote_link(struct thread *thread, struct entry *old, struct entry *directory,
                    const struct last_name *last);
int64_t remote_remove(struct thread *thread, struct entry *directory, struct entry *entry);
/* `there`: what has the new name now, or NULL. `flags`: LINUX_RENAME_*. */
int64_t remote_rename(struct thread *thread, struct entry *from, struct entry *entry,
                      struct entry *to, struct entry *there, const struct last_name *last,
                      uint64_t flags);

/* What a change of attributes sets: a node's own fields, taken over when vfs has them. */
struct remote_change {
    uint32_t set; /* VFS_SET_* */
    uint32_t mode, user, group;
    int64_t accessed, modified;
};
int64_t remote_set(struct thread *thread, struct node *node, const struct remote_change *change);

/* A time changed in passing (read, write): told later. */
void remote_touched(struct node *node);

/* Before attributes are told: the blocks may have to be asked for. 0, ANSWER_NONE or an error. */
int64_t remote_refresh(struct thread *thread, struct node *node);
uint64_t remote_blocks(const struct node *node);
/* Of the whole file system. The same answers. */
int64_t remote_statistics(struct thread *thread, const struct file_system *system,
                          struct vfs_statistics *statistics);

/* Reads a directory from a position of its own on, "." and ".." included: list_put() for each. */
int64_t remote_list(struct thread *thread, struct open_file *file, uint64_t position,
                    struct listing *listing);

/* A node that nobody refers to: written back and released; freed in the end. */
void remote_ended(struct node *node);

/* ---- Bytes ---- */

/* The object of a regular file is there afterwards (node->pages). 0 or a negated errno. */
int64_t remote_begin(struct node *node);
/* It may be written to by mapping: what the pager has is newer than the card, from now on. */
void remote_written(struct node *node);
/* Where byte `offset` is shown, and how many can be copied from or to there (*bytes at most as it
 * came). Nothing need be resident. NULL: no addresses. */
uint8_t *remote_at(struct node *node, uint64_t offset, uint64_t *bytes);
/* Before [offset, offset + *bytes) is written: cuts *bytes to what can be written at once, and lets
 * the pager know the size that the file will have. `whole`: the program's bytes can be read, pages
 * need not be. 0, ANSWER_NONE, or an error. */
int64_t remote_before_write(struct thread *thread, struct node *node, uint64_t offset,
                            uint64_t *bytes);
/* A copy from or to [offset, offset + bytes) failed: were pages missing? Then they are brought:
 * ANSWER_NONE, or what that failed with; else 0: the other side was at fault. For writing the
 * caller has seen that the other side is not. */
int64_t remote_bring(struct thread *thread, struct node *node, uint64_t offset, uint64_t bytes,
                     bool write);
/* Reads into proc's memory, all that is asked for: 0, ANSWER_NONE or an error. */
int64_t remote_read(struct thread *thread, struct node *node, uint64_t offset, void *buffer,
                    size_t bytes);
/* A new size. `ends`: when it is done the call ends with 0; otherwise it comes again, and finds the
 * size. */
int64_t remote_resize(struct thread *thread, struct node *node, uint64_t size, bool ends);
/* To the card: [first, first + pages) (0 pages: all) of a file. 0 (it is done), ANSWER_NONE. */
int64_t remote_sync(struct thread *thread, struct node *node, uint64_t first, uint64_t pages,
                    uint32_t how);
/* Everything, of all files. */
int64_t remote_sync_all(struct thread *thread);
/* Gives [offset, offset + *bytes) blocks, or as much of it as *bytes says then: 0, ANSWER_NONE or
 * an error. */
int64_t remote_allocate(struct thread *thread, struct node *node, uint64_t offset, uint64_t *bytes);
/* Makes [offset, end) zeros, as far as the file goes; its blocks stay. The same answers. */
int64_t remote_zero(struct thread *thread, struct node *node, uint64_t offset, uint64_t end);
/* FILE_ADVICE_*: nobody waits. */
void remote_advise(struct node *node, uint64_t offset, uint64_t bytes, uint32_t advice);
/* The object, window and pages of a node go. */
void remote_forget_pages(struct node *node);

struct remote_memory {
    uint64_t pages, dirty, writeback, read, written; /* pages, as FILE_FACTS */
};
void remote_memory(struct remote_memory *memory);

/* ---- Calls ---- */

/* main.c: the call of a thread with something under way, or done, comes again. True: *result is to
 * be answered. */
bool remote_comes_again(struct thread *thread, int64_t *result);
/* The call is over: what was under way goes on without it. */
void remote_call_over(struct thread *thread);

/* main.c: something was completed, or a server died. */
void remote_notified(uint64_t bits);

/* ---- Mounting ---- */

/* Opens the rings, if the manifest gave proc both servers; mounts at / or /mnt as the manifest
 * says. `ready` is called when that has been done or has failed. */
void remote_init(const struct manifest *manifest, void (*ready)(void));
/* Mounts at a directory; ends the call. */
int64_t remote_mount(struct thread *thread, struct entry *directory, const char *type,
                     const char *source, bool read_only);
int64_t remote_unmount(struct thread *thread, struct file_system *system);
bool remote_read_only(void);
bool remote_mounted(void);
/* The time of day was set. */
void remote_clock_set(void);
/* Is there a server for it? */
bool remote_exists(void);
/* Everything to the card, unmounted; then `done`. At once where nothing is mounted. */
void remote_end(void (*done)(void));
