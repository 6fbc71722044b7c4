/*
 * ext4.h: what tests of vfs's file-system layer need: an image in memory as the device, made by
 * Debian's mke2fs, judged by its e2fsck; which writes and flushes came; faults on demand.
 */
#pragma once
#include "commit.h"
#include "data.h"
#include "names.h"
#include "unit.h"

struct recorded {
    bool flush;
    uint64_t block;
    uint8_t *data; /* BLOCK_BYTES */
};

struct image {
    struct device device;
    uint8_t *bytes; /* the medium and its cache, as reads see it */
    size_t size;
    bool recording;
    struct recorded *log;
    size_t count, room;
    uint64_t fail_after; /* so many more requests succeed; UINT64_MAX: all */
};

/* An image of this many MiB with these options for mke2fs; ends the test where that fails. */
struct image *image_make(unsigned mebibytes, const char *options);
struct image *image_copy(const struct image *image);
void image_free(struct image *image);
/* Forgets the log, and records from now on. */
void image_record(struct image *image);
/* The exit status of `e2fsck OPTIONS` on the image, which then has what e2fsck made of it. */
int image_check(struct image *image, const char *options);
/* Runs debugfs commands (separated by newlines) on the image, for writing. */
void image_debugfs(struct image *image, const char *commands);

/* A mounted file system on the image; time stands still at `image_now`. */
extern struct vfs_time image_now;
int64_t image_mount(struct file_system *fs, struct image *image, bool read_only);
/* The same, which must succeed. */
void image_mount_well(struct file_system *fs, struct image *image);
/* Unmounts, which must succeed; the image must be clean by e2fsck -fn. */
void image_unmount_clean(struct file_system *fs, struct image *image);

/* Names as C texts; what they find, NULL: no such name. Other errors end the test. */
struct node *image_find(struct file_system *fs, struct node *directory, const char *name);
struct node *image_root(struct file_system *fs);
struct name image_name(const char *text);
/* Makes a file or directory (mode with type); repeats after commits. Its error, or 0. */
int64_t image_create(struct file_system *fs, struct node *directory, const char *name,
                     uint32_t mode, struct node **made);
