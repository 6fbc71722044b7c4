/*
 * block.c: the card below /sys: block/DISK with its partitions, and the links to them in
 * class/block and dev/block. A node's number is that of the part.
 */
#include "lib/block.h"
#include "files/block_device.h"
#include "lib/memory.h"
#include "procfs.h"

static const struct block_part *part_of(const struct subject *subject)
{
    return &block_disk.parts[subject->number];
}

/* ---- Facts ---- */

static int64_t number(const struct subject *subject, struct text *text)
{
    const struct block_part *part = part_of(subject);
    text_add(text, "%u:%u\n", part->special >> 8, part->special & 0xff);
    return 0;
}

static int64_t size(const struct subject *subject, struct text *text)
{
    text_add(text, "%lu\n", part_of(subject)->sectors);
    return 0;
}

static int64_t start(const struct subject *subject, struct text *text)
{
    text_add(text, "%lu\n", part_of(subject)->first);
    return 0;
}

static int64_t partition(const struct subject *subject, struct text *text)
{
    text_add(text, "%lu\n", subject->number);
    return 0;
}

static int64_t read_only(const struct subject *subject, struct text *text)
{
    (void)subject;
    text_add(text, "%u\n", block_disk.read_only);
    return 0;
}

/* How many minor numbers the disk has. */
static int64_t range(const struct subject *subject, struct text *text)
{
    (void)subject;
    text_add(text, "%u\n", BLOCK_MINORS);
    return 0;
}

static int64_t event(const struct subject *subject, struct text *text)
{
    const struct block_part *part = part_of(subject);
    text_add(text, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=%s\n", part->special >> 8,
             part->special & 0xff, part->name, subject->number ? "partition" : "disk");
    return 0;
}

static int64_t sector(const struct subject *subject, struct text *text)
{
    (void)subject;
    text_add(text, "%u\n", BLOCK_SECTOR);
    return 0;
}

static int64_t zero(const struct subject *subject, struct text *text)
{
    (void)subject;
    text_add(text, "0\n");
    return 0;
}

static const struct item queue_items[] = {
    {.name = "logical_block_size", .mode = FILE_MODE, .make = sector},
    {.name = "physical_block_size", .mode = FILE_MODE, .make = sector},
    {.name = "hw_sector_size", .mode = FILE_MODE, .make = sector},
    {.name = "minimum_io_size", .mode = FILE_MODE, .make = sector},
    {.name = "optimal_io_size", .mode = FILE_MODE, .make = zero},
    {.name = "rotational", .mode = FILE_MODE, .make = zero},
    {.name = "discard_max_bytes", .mode = FILE_MODE, .make = zero},
    {0},
};

static const struct item part_items[] = {
    {.name = "dev", .mode = FILE_MODE, .make = number},
    {.name = "size", .mode = FILE_MODE, .make = size},
    {.name = "start", .mode = FILE_MODE, .make = start},
    {.name = "partition", .mode = FILE_MODE, .make = partition},
    {.name = "ro", .mode = FILE_MODE, .make = read_only},
    {.name = "uevent", .mode = FILE_MODE, .make = event},
    {0},
};

static const struct item disk_items[] = {
    {.name = "dev", .mode = FILE_MODE, .make = number},
    {.name = "size", .mode = FILE_MODE, .make = size},
    {.name = "ro", .mode = FILE_MODE, .make = read_only},
    {.name = "removable", .mode = FILE_MODE, .make = zero}, /* as Linux says of SD cards */
    {.name = "range", .mode = FILE_MODE, .make = range},
    {.name = "ext_range", .mode = FILE_MODE, .make = range},
    {.name = "uevent", .mode = FILE_MODE, .make = event},
    {.name = "queue", .mode = DIRECTORY_MODE, .items = queue_items},
    {0},
};

/* ---- Names ---- */

typedef size_t part_name(const struct block_part *part, char *name, size_t size);

static size_t by_name(const struct block_part *part, char *name, size_t size)
{
    return format_text(name, size, "%s", part->name);
}

static size_t by_number(const struct block_part *part, char *name, size_t size)
{
    return format_text(name, size, "%u:%u", part->special >> 8, part->special & 0xff);
}

/* A node of `item` for the part of that name, among those from `first` to before `end`. */
static int64_t find(const struct subject *subject, const struct item *item, part_name *name_of,
                    const char *name, size_t length, unsigned first, unsigned end,
                    struct node **child)
{
    char own[32];
    for (unsigned i = first; i < end; i++)
        if (block_disk.parts[i].sectors &&
            name_of(&block_disk.parts[i], own, sizeof own) == length &&
            memcmp(own, name, length) == 0)
            return item_node(subject, item, NULL, false, i, child);
    return -ENOENT;
}

static int64_t list(const struct item *item, part_name *name_of, unsigned first, unsigned end,
                    uint64_t position, struct listing *listing)
{
    char own[32];
    for (unsigned i = first > position ? first : (unsigned)position; i < end; i++)
        if (block_disk.parts[i].sectors &&
            !list_child(listing, own, name_of(&block_disk.parts[i], own, sizeof own),
                        item_inode(item, 0, false, i), item->mode, LISTED + i + 1))
            break;
    return 0;
}

/* ---- Directories ---- */

static const struct item part_item = {.name = "", .mode = DIRECTORY_MODE, .items = part_items};

static int64_t find_part(const struct subject *subject, const char *name, size_t length,
                         struct node **child)
{
    return find(subject, &part_item, by_name, name, length, 1, BLOCK_PARTS, child);
}

static int64_t list_parts(const struct subject *subject, uint64_t position, struct listing *listing)
{
    (void)subject;
    return list(&part_item, by_name, 1, BLOCK_PARTS, position, listing);
}

static const struct item disk_item = {
    .name = "", .mode = DIRECTORY_MODE, .items = disk_items, .find = find_part, .list = list_parts};

int64_t find_disk(const struct subject *subject, const char *name, size_t length,
                  struct node **child)
{
    return find(subject, &disk_item, by_name, name, length, 0, 1, child);
}

int64_t list_disks(const struct subject *subject, uint64_t position, struct listing *listing)
{
    (void)subject;
    return list(&disk_item, by_name, 0, 1, position, listing);
}

static int64_t link_text(const struct subject *subject, char *text, size_t size)
{
    const char *disk = block_disk.parts[0].name;
    if (!subject->number)
        return (int64_t)format_text(text, size, "../../block/%s", disk);
    return (int64_t)format_text(text, size, "../../block/%s/%s", disk, part_of(subject)->name);
}

static const struct item link_item = {.name = "", .mode = LINK_MODE, .link_text = link_text};

int64_t find_block_name(const struct subject *subject, const char *name, size_t length,
                        struct node **child)
{
    return find(subject, &link_item, by_name, name, length, 0, BLOCK_PARTS, child);
}

int64_t list_block_names(const struct subject *subject, uint64_t position, struct listing *listing)
{
    (void)subject;
    return list(&link_item, by_name, 0, BLOCK_PARTS, position, listing);
}

int64_t find_block_number(const struct subject *subject, const char *name, size_t length,
                          struct node **child)
{
    return find(subject, &link_item, by_number, name, length, 0, BLOCK_PARTS, child);
}

int64_t list_block_numbers(const struct subject *subject, uint64_t position,
                           struct listing *listing)
{
    (void)subject;
    return list(&link_item, by_number, 0, BLOCK_PARTS, position, listing);
}
