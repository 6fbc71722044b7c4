/*
 * memory.c: which memory there is, what of it is taken, and what mem= leaves: short sorted lists
 * of physical ranges.
 */
#include "boot/tree.h"
#include "debug/console.h"
#include "entry/abi.h"

#define PAGE_MASK ((uint64_t)PAGE_SIZE - 1)

/* Physical addresses have at most 48 bits here (Arm ARM D8.1, 4 KiB granule without FEAT_LPA2). */
static const struct range everything = {0, UINT64_C(1) << 48};

static uint64_t end_of(struct range range)
{
    return range.size > UINT64_MAX - range.start ? UINT64_MAX : range.start + range.size;
}

/* [start, end), size 0 when that is empty. */
static struct range between(uint64_t start, uint64_t end)
{
    return start < end ? (struct range){start, end - start} : (struct range){0, 0};
}

static struct range common(struct range a, struct range b)
{
    uint64_t start = a.start > b.start ? a.start : b.start;
    return between(start, end_of(a) < end_of(b) ? end_of(a) : end_of(b));
}

/* The whole pages inside a range; all pages it touches. */
static struct range shrink_to_pages(struct range range)
{
    range = common(range, everything);
    return between((range.start + PAGE_MASK) & ~PAGE_MASK, end_of(range) & ~PAGE_MASK);
}
static struct range grow_to_pages(struct range range)
{
    range = common(range, everything);
    return between(range.start & ~PAGE_MASK, (end_of(range) + PAGE_MASK) & ~PAGE_MASK);
}

/* Adds a range to a sorted list, merged with what it overlaps or touches. False, and nothing
 * changes, when the list is full. */
static bool add(struct range list[RANGES_MAX], unsigned *count, struct range range)
{
    unsigned at = 0;
    if (range.size == 0)
        return true;
    for (unsigned i = 0; i < *count; i++) {
        uint64_t start = list[i].start, end = end_of(list[i]);
        if (end < range.start || start > end_of(range))
            list[at++] = list[i];
        else
            range = between(start < range.start ? start : range.start,
                            end > end_of(range) ? end : end_of(range));
    }
    if (at == RANGES_MAX)
        return false; /* nothing was merged */
    for (*count = at + 1; at > 0 && list[at - 1].start > range.start; at--)
        list[at] = list[at - 1];
    list[at] = range;
    return true;
}

static void reserve(struct reading *reading, struct range range)
{
    if (!add(reading->info->reserved, &reading->info->reserved_count, grow_to_pages(range)))
        reading_fail(reading, "device tree: more separate reservations than this kernel can keep");
}

/*
 * DTSpec 3.4: memory nodes are children of the root. DTSpec 3.5: children of /reserved-memory;
 * those with a size and no reg ask for memory to be found for some device; no driver here does, so
 * there is nothing to keep.
 */
void memory_visit(struct reading *reading, const struct place *place)
{
    struct boot_info *info = reading->info;
    bool reserved = place->depth == 2 && place->nodes[1] == reading->reserved_memory;
    struct range range;
    enum reg_result result;
    if (!reserved && (place->depth != 1 || fdt_stringlist_search(place->fdt, place_node(place),
                                                                 "device_type", "memory") < 0))
        return;
    for (unsigned i = 0; (result = place_reg(place, i, &range)) == REG_FOUND; i++)
        if (reserved)
            reserve(reading, range);
        else if (!add(info->memory, &info->memory_count, shrink_to_pages(range)))
            kprintf(LOG_WARNING, "memory at 0x%lx not used: more than %u separate ranges\n",
                    range.start, RANGES_MAX);
    if (result == REG_BAD)
        reading_fail(reading,
                     reserved ? "device tree: the reg of a node in /reserved-memory is malformed"
                              : "device tree: the reg of a memory node is malformed");
}

/* A bundle that is not there must not be read: the board starts without, and root is missed
 * later. */
static void check_bundle(struct boot_info *info)
{
    bool inside = info->bundle.size == 0;
    for (unsigned i = 0; i < info->memory_count; i++)
        inside |= common(info->memory[i], info->bundle).size == info->bundle.size;
    if (inside)
        return;
    kprintf(LOG_WARNING, "bundle at 0x%lx is outside of memory and not used\n", info->bundle.start);
    info->bundle = (struct range){0, 0};
}

/* mem=, but what the firmware put into memory for us stays reachable. */
static void limit_memory(struct reading *reading)
{
    struct boot_info *info = reading->info;
    uint64_t left = info->memory_limit & ~PAGE_MASK, end = 0; /* of the lowest bytes */
    struct range all[RANGES_MAX];
    unsigned count = info->memory_count;
    if (info->memory_limit == 0)
        return;
    for (unsigned i = 0; i < count; i++) {
        all[i] = info->memory[i];
        uint64_t size = all[i].size < left ? all[i].size : left;
        end = size ? all[i].start + size : end;
        left -= size;
    }
    if (end == 0)
        reading_fail(reading, "boot argument mem= leaves no memory");
    const struct range keep[] = {{0, end}, grow_to_pages(info->tree), grow_to_pages(info->bundle)};
    info->memory_count = 0;
    for (unsigned k = 0; k < sizeof keep / sizeof keep[0]; k++)
        for (unsigned i = 0; i < count; i++)
            if (!add(info->memory, &info->memory_count, common(all[i], keep[k])))
                reading_fail(reading,
                             "device tree: too many memory ranges to keep the bundle besides mem=");
}

void memory_finish(struct reading *reading)
{
    struct range range;
    if (reading->info->memory_count == 0)
        reading_fail(reading, "device tree: no memory");
    check_bundle(reading->info);
    for (int i = 0; i < fdt_num_mem_rsv(reading->fdt); i++) { /* DTSpec 5.3 */
        fdt_get_mem_rsv(reading->fdt, i, &range.start, &range.size);
        reserve(reading, range);
    }
    reserve(reading, reading->info->tree);
    reserve(reading, reading->info->bundle);
    if (!reading->error)
        limit_memory(reading);
}
