/*
 * block_device.h: the card as device files: /dev/mmcblk0 and /dev/mmcblk0p1 to p4, or /dev/vda and
 * its like. Nothing is kept of what is read or written: each call goes to the card's driver, and a
 * call that writes has ended when the driver has completed it. What a mounted file system keeps in
 * memory is not seen here, nor does it see what is written here; who writes there is trusted to
 * know, as on Linux.
 */
#pragma once
#include "node.h"

struct manifest;
struct open_file;

/* The disk and its partitions, by number; 0: all of it. Sectors have 512 bytes; none: not there. */
#define BLOCK_PARTS  5
#define BLOCK_MINORS 8
struct block_part {
    char path[24];    /* of its file: "/dev/mmcblk0p2" */
    const char *name; /* … the last part */
    uint64_t first, sectors;
    uint32_t special; /* device number */
};
struct block_disk {
    struct block_part parts[BLOCK_PARTS];
    uint32_t major;
    const char *driver; /* as /proc/devices tells */
    bool read_only;
    unsigned root; /* number of the partition that server vfs has */
};
/* Without a card no part has sectors. */
extern struct block_disk block_disk;

/* Asks the driver, if the manifest gave proc one, reads the table of partitions and makes the files
 * in /dev; then `ready`. Without a card there are none. */
void block_device_init(const struct manifest *manifest, void (*ready)(void));

/* The file that server vfs has: "/dev/mmcblk0p2"; "card" when there is none. */
const char *block_root_path(void);

/* Of a device number; NULL: none has it. */
const struct block_part *block_part_of(uint32_t special);
const struct file_operations *block_operations_of(uint32_t special);

/* Is its file system mounted, or that of a part of it? */
bool block_in_use(uint32_t special);

/* All that was written is on the medium: 0, ANSWER_NONE or an error. */
int64_t block_flush(struct thread *thread);
