/*
 * block_device.c: which parts the card has, and their files in /dev.
 */
#include "block_device.h"
#include "drivers/lib/partitions.h"
#include "lib/block.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/manifest.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "remote_internal.h"

/* Documentation/admin-guide/devices.txt; virtio disks have a number of the dynamic ones. */
#define MMC_MAJOR    179
#define VIRTIO_MAJOR 253

#define FOLDER "/dev/"

struct block_disk block_disk;

static void (*when_ready)(void);

extern const struct file_operations block_operations;

const struct block_part *block_part_of(uint32_t special)
{
    for (unsigned i = 0; i < BLOCK_PARTS; i++)
        if (block_disk.parts[i].sectors && block_disk.parts[i].special == special)
            return &block_disk.parts[i];
    return NULL;
}

const struct file_operations *block_operations_of(uint32_t special)
{
    return block_part_of(special) ? &block_operations : NULL;
}

bool block_in_use(uint32_t special)
{
    const struct block_part *part = block_part_of(special);
    return part && remote_mounted() &&
           (part == &block_disk.parts[0] || part == &block_disk.parts[block_disk.root]);
}

const char *block_root_path(void)
{
    return block_disk.parts[block_disk.root].sectors ? block_disk.parts[block_disk.root].path
                                                     : "card";
}

/* ---- Start ---- */

static void name_parts(const struct manifest *manifest)
{
    const struct manifest_server *driver = manifest_find(manifest, "card");
    bool virtio = driver && strcmp(driver->image, "servers/virtio-blk") == 0;
    block_disk.major = virtio ? VIRTIO_MAJOR : MMC_MAJOR;
    block_disk.driver = virtio ? "virtblk" : "mmc";
    for (unsigned i = 0; i < BLOCK_PARTS; i++) {
        struct block_part *part = &block_disk.parts[i];
        part->special = block_disk.major << 8 | i;
        part->name = part->path + sizeof FOLDER - 1;
        format_text(part->path, sizeof part->path, FOLDER "%s", virtio ? "vda" : "mmcblk0");
        if (i)
            format_text(part->path, sizeof part->path, FOLDER "%s%u", virtio ? "vda" : "mmcblk0p",
                        i);
    }
    const struct manifest_server *vfs = manifest_find(manifest, "vfs");
    const struct manifest_grant *grant = vfs ? vfs->grants : NULL;
    while (grant && strcmp(grant->name, "card") != 0)
        grant = grant->next;
    block_disk.root = grant && grant->badge < BLOCK_PARTS ? grant->badge : 0;
}

static void make_files(void)
{
    for (unsigned i = 0; i < BLOCK_PARTS; i++) {
        const struct block_part *part = &block_disk.parts[i];
        if (part->sectors && /* the path without its first / */
            tree_device(part->path + 1, LINUX_S_IFBLK | 0660, part->special, &block_operations))
            log_print(LOG_ERROR, "proc: no memory for %s\n", part->path);
    }
}

/* The first sector of the disk. Its partitions are those that the driver sees there. */
static void table_read(struct remote_operation *operation, int64_t error,
                       const struct ring_completion *completion, const void *data)
{
    struct partitions table;
    (void)operation, (void)completion;
    partitions_read(&table, error ? NULL : data, block_disk.parts[0].sectors);
    for (unsigned i = 1; i < BLOCK_PARTS; i++) {
        block_disk.parts[i].first = table.at[i].first;
        block_disk.parts[i].sectors = table.at[i].sectors;
    }
    make_files();
    when_ready();
}

void block_device_init(const struct manifest *manifest, void (*ready)(void))
{
    struct message message = {.w = {BLOCK_FACTS}};
    struct remote_operation *operation = NULL;
    when_ready = ready;
    name_parts(manifest);
    int64_t error = configuration.card ? call(configuration.card, 0, &message) : -ENODEV;
    if (!error)
        error = (int64_t)message.w[0];
    if (!error)
        error = remote_open_ring(REMOTE_CARD, configuration.card);
    if (!error)
        operation = remote_operation(REMOTE_CARD, BLOCK_READ, 0);
    if (!operation) {
        if (configuration.card)
            log_print(LOG_ERROR, "proc: the card has no device files: %s\n",
                      linux_error_name(error ? error : -ENOMEM));
        ready();
        return;
    }
    block_disk.parts[0].sectors = message.w[1];
    block_disk.read_only = message.w[2] & BLOCK_FACT_READ_ONLY;
    operation->request.w[1] = 1;
    operation->done = table_read;
    remote_send(operation);
}
