/*
 * ext4.c: images for tests of vfs's file-system layer.
 */
#include "ext4.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct vfs_time image_now = {.seconds = 1700000000, .nanoseconds = 123456789};

static struct vfs_time now(void)
{
    return image_now;
}

static struct image *image_of(struct device *device)
{
    return (struct image *)device;
}

static bool fails(struct image *image)
{
    if (!image->fail_after)
        return true;
    image->fail_after -= image->fail_after != UINT64_MAX;
    return false;
}

static int64_t device_read(struct device *device, uint64_t block, uint32_t count,
                           void *const *pages)
{
    struct image *image = image_of(device);
    CHECK(count && count <= device->run_most && block + count <= device->blocks);
    if (fails(image))
        return -EIO;
    for (uint32_t i = 0; i < count; i++)
        memcpy(pages[i], image->bytes + (block + i) * BLOCK_BYTES, BLOCK_BYTES);
    return 0;
}

static void record(struct image *image, bool flush, uint64_t block, const void *data)
{
    if (!image->recording)
        return;
    if (image->count == image->room) {
        image->room = 2 * image->room + 64;
        image->log = realloc(image->log, image->room * sizeof *image->log);
    }
    struct recorded *one = &image->log[image->count++];
    *one = (struct recorded){.flush = flush, .block = block};
    if (!flush) {
        one->data = malloc(BLOCK_BYTES);
        memcpy(one->data, data, BLOCK_BYTES);
    }
}

static int64_t device_write(struct device *device, uint64_t block, uint32_t count,
                            void *const *pages)
{
    struct image *image = image_of(device);
    CHECK(count && count <= device->run_most && block + count <= device->blocks);
    CHECK(!device->read_only);
    if (fails(image))
        return -EIO;
    for (uint32_t i = 0; i < count; i++) {
        memcpy(image->bytes + (block + i) * BLOCK_BYTES, pages[i], BLOCK_BYTES);
        record(image, false, block + i, pages[i]);
    }
    return 0;
}

static int64_t device_flush(struct device *device)
{
    struct image *image = image_of(device);
    if (fails(image))
        return -EIO;
    record(image, true, 0, NULL);
    return 0;
}

static struct image *image_new(size_t size)
{
    struct image *image = calloc(1, sizeof *image);
    image->size = size;
    image->bytes = calloc(1, size);
    image->fail_after = UINT64_MAX;
    image->device = (struct device){.read = device_read,
                                    .write = device_write,
                                    .flush = device_flush,
                                    .blocks = size / BLOCK_BYTES,
                                    .run_most = 16};
    return image;
}

/* ---- Programs that work on files ---- */

static void to_file(const struct image *image, char *path)
{
    /* In memory where that is possible: e2fsck waits for a disk. */
    strcpy(path, access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    strcat(path, "/pagoda-ext4-XXXXXX");
    int file = mkstemp(path);
    CHECK(file >= 0);
    CHECK(write(file, image->bytes, image->size) == (ssize_t)image->size);
    close(file);
}

static void from_file(struct image *image, const char *path)
{
    FILE *file = fopen(path, "rb");
    CHECK(file && fread(image->bytes, 1, image->size, file) == image->size);
    fclose(file);
    unlink(path);
}

static int run(const char *format, const char *options, const char *path)
{
    char command[512];
    snprintf(command, sizeof command, format, options, path);
    int status = system(command);
    CHECK(status != -1 && (status & 0x7f) == 0);
    return status >> 8;
}

struct image *image_make(unsigned mebibytes, const char *options)
{
    char path[64];
    struct image *image = image_new((size_t)mebibytes << 20);
    to_file(image, path);
    CHECK_EQUAL(run("PATH=$PATH:/usr/sbin mke2fs -q -F -t ext4 -b 4096 %s %s >/dev/null 2>&1",
                    options, path),
                0);
    from_file(image, path);
    return image;
}

int image_check(struct image *image, const char *options)
{
    char path[64];
    to_file(image, path);
    const char *command = getenv("EXT4_SHOW") ? "PATH=$PATH:/usr/sbin e2fsck %s %s 1>&2"
                                              : "PATH=$PATH:/usr/sbin e2fsck %s %s >/dev/null 2>&1";
    int status = run(command, options, path);
    from_file(image, path);
    return status;
}

void image_debugfs(struct image *image, const char *commands)
{
    char path[64], script[80];
    to_file(image, path);
    snprintf(script, sizeof script, "%s.commands", path);
    FILE *file = fopen(script, "w");
    CHECK(file && fputs(commands, file) >= 0);
    fclose(file);
    CHECK_EQUAL(run("PATH=$PATH:/usr/sbin debugfs -w -f %s %s >/dev/null 2>&1", script, path), 0);
    unlink(script);
    from_file(image, path);
}

struct image *image_copy(const struct image *from)
{
    struct image *image = image_new(from->size);
    memcpy(image->bytes, from->bytes, from->size);
    return image;
}

void image_record(struct image *image)
{
    for (size_t i = 0; i < image->count; i++)
        free(image->log[i].data);
    image->count = 0;
    image->recording = true;
}

void image_free(struct image *image)
{
    image_record(image);
    free(image->log);
    free(image->bytes);
    free(image);
}

/* ---- Mounted ---- */

static void show(const char *line)
{
    if (getenv("EXT4_SHOW"))
        fprintf(stderr, "vfs: %s\n", line);
}

int64_t image_mount(struct file_system *fs, struct image *image, bool read_only)
{
    fs->now = now;
    fs->log = show;
    return file_system_mount(fs, &image->device, read_only, false, 256);
}

void image_mount_well(struct file_system *fs, struct image *image)
{
    CHECK_EQUAL(image_mount(fs, image, false), 0);
}

void image_unmount_clean(struct file_system *fs, struct image *image)
{
    CHECK_EQUAL(file_system_unmount(fs), 0);
    CHECK_EQUAL(image_check(image, "-fn"), 0);
}

struct name image_name(const char *text)
{
    return (struct name){text, strlen(text)};
}

struct node *image_root(struct file_system *fs)
{
    struct node *root = NULL;
    CHECK_EQUAL(node_get(fs, EXT2_ROOT_INO, &root), 0);
    return root;
}

struct node *image_find(struct file_system *fs, struct node *directory, const char *text)
{
    struct node *node = NULL;
    struct name name = image_name(text);
    int64_t error = names_lookup(fs, directory, &name, &node);
    if (error == -ENOENT)
        return NULL;
    CHECK_EQUAL(error, 0);
    return node;
}

int64_t image_create(struct file_system *fs, struct node *directory, const char *text,
                     uint32_t mode, struct node **made)
{
    struct name name = image_name(text);
    struct creation creation = {.mode = mode, .uid = 1000, .gid = 100};
    int64_t error = names_create(fs, directory, &name, &creation, made);
    if (error == -EAGAIN || error == -ENOSPC) {
        CHECK_EQUAL(commit_everything(fs), 0);
        error = names_create(fs, directory, &name, &creation, made);
    }
    return error;
}
