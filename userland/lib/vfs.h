/*
 * vfs.h: what the messages of protocols/vfs.def and protocols/file.def carry beside their words.
 * Layouts are little-endian, without holes; times are of Linux's struct timespec.
 */
#pragma once
#include <stdint.h>

struct vfs_time {
    int64_t seconds;
    uint32_t nanoseconds, unused;
};

struct vfs_attributes {
    uint64_t inode, generation; /* together they name a file for ever */
    uint64_t size;   /* bytes; of a file that the file pager has open, the pager's is newer */
    uint64_t blocks; /* of 512 bytes */
    uint32_t mode;   /* type and permissions, Linux's */
    uint32_t links;
    uint32_t uid, gid;
    uint32_t device; /* of a device file: Linux's number, as in its stat */
    uint32_t unused;
    struct vfs_time accessed, modified, changed, created;
};

/* VFS_SET_ATTRIBUTES: which of them are set. `changed` becomes the present, or what is given. */
#define VFS_SET_MODE     0x1
#define VFS_SET_OWNER    0x2 /* uid and gid */
#define VFS_SET_ACCESSED 0x4
#define VFS_SET_MODIFIED 0x8
#define VFS_SET_CHANGED  0x10

/* VFS_READ_DIRECTORY: one after the other, each `bytes` long, a multiple of 8. "." and ".." are
 * among them. */
struct vfs_name {
    uint64_t inode;
    uint64_t position; /* to go on behind it */
    uint16_t bytes;
    uint8_t type; /* Linux's DT_* */
    uint8_t length;
    char name[]; /* `length` bytes, then a 0 */
};

struct vfs_statistics {
    uint64_t block_bytes, blocks, free, available; /* available: to others than root */
    uint64_t inodes, inodes_free;
    uint64_t id;
    uint32_t name_most;
    uint32_t read_only;
};

#define VFS_MOUNT_READ_ONLY 0x1
#define VFS_MOUNT_AGAIN     0x2 /* it was mounted before, by a server that died: need not be clean */
#define VFS_MAP_ALLOCATE    0x1

/* FILE_FILL */
#define FILE_FILL_WRITE 0x1
#define FILE_FILL_WHOLE 0x2
/* FILE_SYNC */
#define FILE_SYNC_METADATA 0x1
#define FILE_SYNC_START    0x2 /* begin only: MS_ASYNC */
/* FILE_ADVISE */
#define FILE_ADVICE_NORMAL     0
#define FILE_ADVICE_RANDOM     1
#define FILE_ADVICE_SEQUENTIAL 2
#define FILE_ADVICE_WILL_NEED  3
#define FILE_ADVICE_DONT_NEED  4
/* Bytes a file can have: 2^44 less a page. */
#define FILE_BYTES_MOST ((1UL << 44) - 4096)
