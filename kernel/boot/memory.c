/*
 * memory.c: which memory there is, what of it is taken, and what mem= leaves: short sorted lists
 * of physical ranges.
 */
#include "boot/tree.h"
#include "debug/console.h"
#include "entry/abi.h"

/* Physical addresses have at most 48 bits here (Arm ARM D8.1, 4 KiB granule without FEAT_LPA2). */
static const struct range everything = {0, UINT64_C(1) << 48};

static const char too_many[] = "more separate reservations than this kernel can keep";

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
    uint64_t end = end_of(a) < end_of(b) ? end_of(a) : end_of(b);
    return between(a.start > b.start ? a.start : b.start, end);
}

/* All pages that a range touches. */
static struct range pages_of(struct range range)
{
    range = common(range, everything);
    return between(range.start & -PAGE_SIZE, (end_of(range) + PAGE_SIZE - 1) & -PAGE_SIZE);
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

static bool reserve(struct boot_info *info, struct range range)
{
    return add(info->reserved, &info->reserved_count, pages_of(range));
}

/* The whole pages inside a range. */
static void add_memory(struct boot_info *info, struct range range)
{
    range = common(range, everything);
    range = between((range.start + PAGE_SIZE - 1) & -PAGE_SIZE, end_of(range) & -PAGE_SIZE);
    if (!add(info->memory, &info->memory_count, range))
        kprintf(LOG_WARNING, "memory at 0x%lx not used: more than %u separate ranges\n",
                range.start, RANGES_MAX);
}

const char *memory_visit(struct boot_info *info, const struct place *place, bool reserved)
{
    struct range range;
    enum reg_result result;
    for (unsigned i = 0; (result = place_reg(place, i, &range)) == REG_FOUND; i++)
        if (!reserved)
            add_memory(info, range);
        else if (!reserve(info, range))
            return too_many;
    if (result == REG_END)
        return NULL;
    return reserved ? "the reg of a node in /reserved-memory is malformed"
                    : "the reg of a memory node is malformed";
}

/* A bundle that is not there must not be read: the board starts without, and root is missed
 * later. */
static void check_bundle(struct boot_info *info)
{
    for (unsigned i = 0; i < info->memory_count; i++)
        if (common(info->memory[i], info->bundle).size == info->bundle.size)
            return;
    kprintf(LOG_WARNING, "bundle at 0x%lx is outside of memory and not used\n", info->bundle.start);
    info->bundle = (struct range){0, 0};
}

/* mem=, but what the firmware put into memory for us stays reachable. */
static const char *limit_memory(struct boot_info *info)
{
    uint64_t left = info->memory_limit & -PAGE_SIZE, end = 0; /* of the lowest bytes */
    struct range all[RANGES_MAX];
    unsigned count = info->memory_count;
    for (unsigned i = 0; i < count; i++) {
        all[i] = info->memory[i];
        uint64_t size = all[i].size < left ? all[i].size : left;
        end = size ? all[i].start + size : end;
        left -= size;
    }
    if (end == 0)
        return "boot argument mem= leaves no memory";
    const struct range keep[] = {{0, end}, pages_of(info->tree), pages_of(info->bundle)};
    info->memory_count = 0;
    for (unsigned i = 0; i < 3 * count; i++)
        if (!add(info->memory, &info->memory_count, common(all[i / 3], keep[i % 3])))
            return "too many memory ranges to keep the bundle besides mem=";
    return NULL;
}

const char *memory_finish(struct boot_info *info, const void *fdt)
{
    struct range range;
    if (info->memory_count == 0)
        return "no memory";
    check_bundle(info);
    for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) { /* DTSpec 5.3 */
        fdt_get_mem_rsv(fdt, i, &range.start, &range.size);
        if (!reserve(info, range))
            return too_many;
    }
    if (!reserve(info, info->tree) || !reserve(info, info->bundle))
        return too_many;
    return info->memory_limit ? limit_memory(info) : NULL;
}
