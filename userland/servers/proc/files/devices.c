/*
 * devices.c: /dev/null, zero, full, random and urandom; the table of them and /dev/kmsg.
 */
#include "proc.h"

static int64_t no_bytes(struct thread *thread, struct open_file *file,
                        const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    (void)thread, (void)file, (void)vector, (void)total, (void)offset;
    return 0;
}

static int64_t swallow(struct thread *thread, struct open_file *file,
                       const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    (void)thread, (void)file, (void)vector, (void)offset;
    return (int64_t)total;
}

static int64_t no_space(struct thread *thread, struct open_file *file,
                        const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    (void)thread, (void)file, (void)vector, (void)offset;
    return total ? -ENOSPC : 0;
}

/* Moves one block again and again, made anew each time if `random`. */
static int64_t give(struct thread *thread, const struct linux_iovec *vector, uint64_t total,
                    bool random)
{
    static uint8_t zeros[PAGE_SIZE];
    uint8_t block[256];
    uint64_t address, bytes, most = random ? sizeof block : sizeof zeros;
    while (vector_piece(vector, total, thread->progress, &address, &bytes)) {
        uint64_t done = 0;
        if (random)
            random_bytes(block, sizeof block);
        int64_t error = client_write_part(thread, address, random ? block : zeros,
                                          bytes < most ? bytes : most, &done);
        thread->progress += done;
        if (error)
            return transfer_stopped(thread, error);
        error = client_pause(thread, thread->progress, done);
        if (error && thread->progress < total)
            return error;
    }
    return (int64_t)total;
}

static int64_t zero_read(struct thread *thread, struct open_file *file,
                         const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    (void)file, (void)offset;
    return give(thread, vector, total, false);
}

static int64_t random_read(struct thread *thread, struct open_file *file,
                           const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    (void)file, (void)offset;
    return give(thread, vector, total, true);
}

static const struct file_operations null_operations = {.read = no_bytes, .write = swallow},
                                    zero_operations = {.read = zero_read, .write = swallow},
                                    full_operations = {.read = zero_read, .write = no_space},
                                    random_operations = {.read = random_read, .write = swallow};

extern const struct file_operations log_operations; /* log_device.c */

#define DEVICE(major, minor) ((major) << 8 | (minor)) /* for numbers below 256 */

static const struct {
    const char *path;
    uint32_t permissions, special;
    const struct file_operations *operations;
} devices[] = {
    {"dev/null", 0666, DEVICE(1, 3), &null_operations},
    {"dev/zero", 0666, DEVICE(1, 5), &zero_operations},
    {"dev/full", 0666, DEVICE(1, 7), &full_operations},
    {"dev/random", 0666, DEVICE(1, 8), &random_operations},
    {"dev/kmsg", 0200, DEVICE(1, 11), &log_operations},
    {"dev/urandom", 0666, DEVICE(1, 9), &random_operations},
};
#define DEVICES (sizeof devices / sizeof devices[0])

int64_t devices_init(void)
{
    int64_t error = 0;
    for (size_t i = 0; i < DEVICES && !error; i++)
        error = tree_device(devices[i].path, LINUX_S_IFCHR | devices[i].permissions,
                            devices[i].special, devices[i].operations);
    return error;
}

const struct file_operations *device_operations(uint32_t special)
{
    for (size_t i = 0; i < DEVICES; i++)
        if (devices[i].special == special)
            return devices[i].operations;
    return NULL;
}
