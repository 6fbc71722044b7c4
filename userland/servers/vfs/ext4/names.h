/*
 * names.h: operations on names. A directory is a node; so is what a name leads to. -ENOTDIR where
 * the first is none. What changes something answers -EAGAIN, and has changed nothing, when a commit
 * must come before (commit_all, then again): else a power cut could lose an old file.
 */
#pragma once
#include "directory.h"

#define NAMES_LINKS_MOST 65000

struct creation {
    uint32_t mode; /* with type */
    uint32_t uid, gid;
    uint32_t device;
    const char *target; /* of a symbolic link */
    size_t target_bytes;
};

#define NAMES_NO_REPLACE 0x1 /* LINUX_RENAME_* */
#define NAMES_EXCHANGE   0x2

/* -EINVAL: "", or has / or a 0; -ENAMETOOLONG. */
int64_t name_check(const struct name *name);
int64_t names_lookup(struct file_system *fs, struct node *directory, const struct name *name,
                     struct node **found);
int64_t names_create(struct file_system *fs, struct node *directory, const struct name *name,
                     const struct creation *creation, struct node **made);
int64_t names_link(struct file_system *fs, struct node *directory, const struct name *name,
                   struct node *node);
/* `gone` is what lost the name; its links are in its attributes. */
int64_t names_remove(struct file_system *fs, struct node *directory, const struct name *name,
                     bool is_directory, struct node **gone);
/* `gone`: what `to` led to before, or NULL. */
int64_t names_rename(struct file_system *fs, struct node *from_directory, const struct name *from,
                     struct node *to_directory, const struct name *to, uint32_t flags,
                     struct node **gone);
/* The target of a symbolic link, `room` bytes or fewer. Returns how many; -EINVAL: is none. */
int64_t names_read_link(struct file_system *fs, struct node *node, char *to, size_t room);

/* ---- For the parts of it ---- */

/* Is it a directory that names can be put into? */
int64_t names_check_directory(struct file_system *fs, struct node *directory, inode *inode);
uint8_t names_type(uint32_t mode);
/* It got a name in that block: what takes one away waits for it. */
void names_note(struct file_system *fs, struct node *node, uint64_t block);
/* The present as time of change, and (modified) of modification. */
void names_touch_times(struct file_system *fs, inode *inode, bool modified);
/* One name less: writes its inode, or makes it an orphan. */
int64_t names_drop(struct file_system *fs, struct node *node, inode *inode, bool late);
