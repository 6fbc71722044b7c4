/*
 * memory.c: which memory there is, what of it is taken, and what mem= leaves: short sorted lists
 * of physical ranges.
 */
#include "boot/tree.h"
#include "debug/console.h"
#include "entry/abi.h"

/* Physical addresses have at most 48 bits here (Arm ARM D8.1, 4 KiB granule without FEAT_LPA2). */
#define PHYSICAL_END (UINT64_C(1) << 48)

static const char too_many[] = "more separate reservations than this kernel can keep";

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* No farther than any address there is. */
static uint64_t end_of(struct range range)
{
    uint64_t end;
    return __builtin_add_overflow(range.start, range.size, &end) ? PHYSICAL_END
                                                                 : least(end, PHYSICAL_END);
}

static uint64_t page_up(uint64_t address)
{
    return (address + PAGE_SIZE - 1) & -PAGE_SIZE;
}

/* Adds [start, end), which may be empty, to a sorted list, merged with what it overlaps or touches.
 * False, and nothing changes, when the list is full. */
static bool add(struct range list[RANGES_MAX], unsigned *count, uint64_t start, uint64_t end)
{
    unsigned at = 0;
    if (start >= end)
        return true;
    for (unsigned i = 0; i < *count; i++)
        if (end_of(list[i]) < start || list[i].start > end) {
            list[at++] = list[i];
        } else {
            end = most(end, end_of(list[i]));
            start = least(start, list[i].start);
        }
    if (at == RANGES_MAX)
        return false; /* nothing was merged */
    for (*count = at + 1; at > 0 && list[at - 1].start > start; at--)
        list[at] = list[at - 1];
    list[at] = (struct range){start, end - start};
    return true;
}

/* All pages that a range touches. */
static bool reserve(struct boot_info *info, struct range range)
{
    return range.size == 0 || add(info->reserved, &info->reserved_count, range.start & -PAGE_SIZE,
                                  page_up(end_of(range)));
}

const char *memory_visit(struct boot_info *info, const struct place *place, bool reserved)
{
    struct range range;
    enum reg_result result;
    for (unsigned i = 0; (result = place_reg(place, i, &range)) == REG_FOUND; i++)
        if (reserved && !reserve(info, range))
            return too_many;
        else if (!reserved && range.start < PHYSICAL_END && /* the whole pages inside */
                 !add(info->memory, &info->memory_count, page_up(range.start),
                      end_of(range) & -PAGE_SIZE))
            kprintf(LOG_WARNING, "memory at 0x%lx not used: more than %u separate ranges\n",
                    range.start, RANGES_MAX);
    if (result == REG_END)
        return NULL;
    return reserved ? "the reg of a node in /reserved-memory is malformed"
                    : "the reg of a memory node is malformed";
}

/* A bundle that is not there must not be read: the board starts without, and root is missed
 * later. */
static void check_bundle(struct boot_info *info)
{
    const struct range bundle = info->bundle;
    for (unsigned i = 0; i < info->memory_count; i++)
        if (bundle.start - info->memory[i].start < info->memory[i].size &&
            bundle.size <= end_of(info->memory[i]) - bundle.start)
            return;
    if (bundle.size > 0)
        kprintf(LOG_WARNING, "bundle at 0x%lx is outside of memory and not used\n", bundle.start);
    info->bundle = (struct range){0, 0};
}

/* mem=, but what the firmware put into memory for us stays reachable. */
static const char *limit_memory(struct boot_info *info)
{
    uint64_t left = info->memory_limit & -PAGE_SIZE, low = 0; /* the end of the lowest bytes */
    struct range all[RANGES_MAX];
    unsigned count = info->memory_count;
    for (unsigned i = 0; i < count; i++) {
        all[i] = info->memory[i];
        low = left ? all[i].start + least(all[i].size, left) : low;
        left -= least(all[i].size, left);
    }
    if (low == 0)
        return "boot argument mem= leaves no memory";
    const struct range keep[] = {{0, low}, info->tree, info->bundle};
    info->memory_count = 0;
    for (unsigned i = 0; i < 3 * count; i++) {
        const struct range bank = all[i / 3], kept = keep[i % 3];
        if (kept.size > 0 &&
            !add(info->memory, &info->memory_count, most(bank.start, kept.start & -PAGE_SIZE),
                 least(end_of(bank), page_up(end_of(kept)))))
            return "too many memory ranges to keep the bundle besides mem=";
    }
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
