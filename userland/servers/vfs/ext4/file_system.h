/*
 * file_system.h: an ext4 file system, mounted. libext2fs reads and checks superblock, descriptors,
 * bitmaps and inodes and knows every checksum; what lies where in a file, names, and the order in
 * which things reach the card are done here.
 *
 * Functions answer 0 (or what they say) and a negated errno on failure: -EIO and the like of the
 * device, -EUCLEAN where what is stored contradicts itself, -ENOMEM, -ENOSPC, -EROFS. One thread.
 */
#pragma once
#include "cache.h"
#include "lib/vfs.h"
#include <sys/types.h>
// what ext2fs.h needs comes first
#include <ext2fs/ext2fs.h>

/* Blocks of a file that lie together. Sorted, apart, not empty. */
struct extent {
    uint32_t first;  /* block of the file */
    uint32_t length; /* blocks */
    uint64_t start;  /* block of the device */
    bool unwritten;  /* what the device has there is not the file's: it reads as zeros */
};

/* Where all blocks of an inode lie; and the blocks that say so on the card. */
struct map {
    struct extent *extents;
    size_t count, room;
    uint64_t *tree; /* blocks of the tree on the card, leaves and indices */
    size_t tree_count;
    uint64_t blocks; /* sum of the lengths */
};

struct directory; /* directory.h */

#define NODE_MAP_LOADED  0x01
#define NODE_MAP_CHANGED 0x02 /* is not in the inode yet */
#define NODE_ALLOCATES   0x04 /* unwritten extents are the pager's, who fills them now */
#define NODE_ORPHAN      0x08 /* has no name; its inode may still say one */
#define NODE_ORPHAN_SAID 0x10 /* its inode says so too */
#define NODE_CHANGED     0x20 /* in the list of changed nodes */
#define NODE_NAMED_TWICE 0x40 /* got names in several blocks since the last commit */
#define NODE_LATE        0x80 /* an orphan whose inode must be there until the names are stored */

/* What is known of an inode in use: held by a client, or changed since the last commit. */
struct node {
    struct node *chain;         /* same hash */
    struct node *newer, *older; /* of those nobody needs, which may go */
    struct node *changed_next;  /* NODE_CHANGED */
    uint32_t number;
    uint32_t flags;
    uint64_t holds;
    uint64_t named_at;  /* the block where it got a name ... */
    uint64_t named_in;  /* ... in this commit */
    uint64_t moved_out; /* a directory: the last commit with a name that went elsewhere */
    uint64_t reserved;  /* blocks kept free for its tree */
    struct map map;
    struct directory *directory;
};

/* A run of blocks that is free when the commit has ended. */
struct run {
    uint64_t start, length;
};

struct file_system {
    ext2_filsys ext;
    struct cache cache;
    struct device *device;
    bool read_only;
    bool again; /* mounted by a server before, whose pager lives */
    enum cache_class writing; /* class of what libext2fs writes */

    struct node **nodes; /* a hash table */
    size_t nodes_entries, nodes_count;
    struct node *idle_newest, *idle_oldest;
    size_t idle_count;
    struct node *changed;
    size_t orphans; /* without a name */

    struct run *frees; /* since the last commit */
    size_t frees_count, frees_room;
    uint64_t frees_blocks;
    uint32_t *inode_frees; /* inodes; the top bit: a directory */
    size_t inode_frees_count, inode_frees_room;
    uint8_t *groups_dirty; /* GROUP_* by group */
    bool any_group_dirty;
    uint64_t reserved; /* blocks that only trees of extents may still take */

    uint64_t commit; /* number of the one that will be next, from 1 */
    uint64_t commits, flushes_saved;
    uint32_t generation; /* of the inode made last */

    struct vfs_time (*now)(void);
    void (*log)(const char *line); /* what a person must know */
};

/* ---- mount.c ---- */

/*
 * Mounts what is on the device. `read_only`: nothing is written. `again`: it was mounted before by
 * a server that died, so it need not be clean. `cache_blocks`: memory for metadata. -EUCLEAN: not
 * an ext4 file system that can be used, or one that e2fsck must see first; -EROFS: only read_only.
 * On failure nothing is left of it.
 */
int64_t file_system_mount(struct file_system *fs, struct device *device, bool read_only, bool again,
                          size_t cache_blocks);
/* Writes everything and marks it clean. -EBUSY: nodes are held. On error it is still mounted. */
int64_t file_system_unmount(struct file_system *fs);
/* Lets go of all memory; nothing is written. */
void file_system_forget(struct file_system *fs);
int64_t file_system_statistics(struct file_system *fs, struct vfs_statistics *statistics);
/* The errno, negated, of an error of libext2fs. */
int64_t error_of(errcode_t error);
/* Writes superblock and nothing else, `clean` or not. */
int64_t superblock_write(struct file_system *fs, bool clean);

/* ---- inode.c ---- */

typedef struct ext2_inode_large inode;

int64_t inode_read(struct file_system *fs, uint32_t number, inode *inode);
int64_t inode_write(struct file_system *fs, uint32_t number, inode *inode);
uint64_t inode_size(const inode *inode);
void inode_set_size(inode *inode, uint64_t size);
void inode_attributes(struct file_system *fs, const struct node *node, const inode *inode,
                      struct vfs_attributes *to);
/* Has it blocks that inode.i_block maps? Short symbolic links and devices do not. */
bool inode_has_map(const inode *inode);
enum inode_time { INODE_ACCESSED, INODE_MODIFIED, INODE_CHANGED, INODE_CREATED };
void inode_set_time(struct file_system *fs, inode *inode, enum inode_time which,
                    const struct vfs_time *time);
/* VFS_SET_*; a nanosecond part of 10^9 or more counts as 0. */
void inode_change(struct file_system *fs, inode *inode, uint32_t what,
                  const struct vfs_attributes *wanted);
void inode_set_device(inode *inode, uint32_t device);

/* ---- nodes.c ---- */

/* The node of an inode that exists. -ENOENT: there is none. It stays until nodes_trim at least. */
int64_t node_get(struct file_system *fs, uint32_t number, struct node **node);
/* The same for one that may have lost its name before a server died. -ESTALE: it is another. */
int64_t node_get_again(struct file_system *fs, uint32_t number, uint32_t generation,
                       struct node **node);
/* A node for an inode that is being made. NULL: no memory. */
struct node *node_make(struct file_system *fs, uint32_t number);
/* The inode has no name any more: it goes when nobody holds it. `late`: its inode must not say so
 * before the names are on the medium. */
void node_orphan(struct file_system *fs, struct node *node, bool late);
/* The one that is in memory, or NULL. */
struct node *node_find(struct file_system *fs, uint32_t number);
void node_hold(struct file_system *fs, struct node *node);
/* -ENOENT: it was not held so often; then it is not held any more. */
int64_t node_release(struct file_system *fs, struct node *node, uint64_t times);
/* It must not be forgotten before the next commit. */
void node_changed(struct file_system *fs, struct node *node);
/* Lets the nodes go that nobody holds, least recently used first. */
void nodes_trim(struct file_system *fs, size_t most);
/* Sets and clears NODE_* flags. */
void node_flags(struct file_system *fs, struct node *node, uint32_t set, uint32_t clear);
/* What the commit did: its changes are on the card; the inode is gone. */
void node_unchanged(struct file_system *fs, struct node *node);
void node_end(struct file_system *fs, struct node *node);
/* Forgets one that was never on the card. */
void node_drop(struct file_system *fs, struct node *node);
/* Is any held? */
bool nodes_held(const struct file_system *fs);
/* Forgets all, whatever they are. */
void nodes_end(struct file_system *fs);
