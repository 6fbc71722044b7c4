#include "boot/banks.h"
#include "entry/abi.h"
#include "arch/cache.h"
#include "arch/memory.h"
#include "arch/translation.h"
#include "debug/console.h"
#include "debug/panic.h"
#include "mm/buddy.h"
#include "mm/pool.h"

frame_number linear_end;

/* What may not be given away: the tree's reservations, the image, the frame descriptors. */
static struct range taken[RANGES_MAX + 2];
static unsigned taken_count;

static void take(uint64_t start, uint64_t size)
{
    taken[taken_count++] = (struct range){start, size};
}

/* The lowest taken range that touches [start, end), or NULL. */
static const struct range *first_taken(uint64_t start, uint64_t end)
{
    const struct range *first = NULL;

    for (unsigned i = 0; i < taken_count; i++) {
        const struct range *range = &taken[i];
        if (range->size && range->start < end && range->start + range->size > start &&
            (!first || range->start < first->start))
            first = range;
    }
    return first;
}

static uint64_t page_down(uint64_t address)
{
    return address & ~(uint64_t)(PAGE_SIZE - 1);
}
static uint64_t page_up(uint64_t address)
{
    return page_down(address + PAGE_SIZE - 1);
}

/* The first free run of pages at or above start; *stop = its end. False: none below end. */
static bool free_run(uint64_t *start, uint64_t *stop, uint64_t end)
{
    while (*start < end) {
        const struct range *range = first_taken(*start, end);
        *stop = range ? page_down(range->start) : end;
        if (*stop > *start)
            return true;
        *start = page_up(range->start + range->size);
    }
    return false;
}

static void map_linear(const struct boot_info *info)
{
    uint64_t left = info->linear_limit ? info->linear_limit : ~0ul;

    for (unsigned i = 0; i < info->memory_count && left; i++) {
        uint64_t start = info->memory[i].start, size = info->memory[i].size;
        size = size < left ? size : page_down(left);
        linear_map(start, start + size);
        linear_end = (start + size) >> PAGE_SHIFT;
        left -= size;
    }
}

/* Zeroed memory for the descriptors of a bank, from the top of some free run of the linear map. */
static struct frame *descriptors_for(const struct boot_info *info, uint64_t frames)
{
    uint64_t size = page_up(frames * sizeof(struct frame)), best = 0;

    for (unsigned i = 0; i < info->memory_count; i++) {
        uint64_t start = info->memory[i].start, end = start + info->memory[i].size, stop;
        if (end > linear_end << PAGE_SHIFT)
            end = linear_end << PAGE_SHIFT;
        for (; free_run(&start, &stop, end); start = stop)
            if (stop - start >= size)
                best = stop - size;
    }
    if (!best)
        panic("no room for %llu frame descriptors: give a larger linear=", (unsigned long long)frames);
    take(best, size);
    for (uint64_t page = best; page < best + size; page += PAGE_SIZE)
        page_zero(frame_address(page >> PAGE_SHIFT));
    return frame_address(best >> PAGE_SHIFT);
}

void banks_init(const struct boot_info *info)
{
    uint64_t total = 0, given = 0;

    for (unsigned i = 0; i < info->reserved_count; i++)
        take(info->reserved[i].start, info->reserved[i].size);
    take(image_physical, (uint64_t)image_end - (uint64_t)image_start);
    map_linear(info);
    for (unsigned i = 0; i < info->memory_count; i++) {
        uint64_t frames = info->memory[i].size >> PAGE_SHIFT;
        frame_add_bank(info->memory[i].start >> PAGE_SHIFT, frames, descriptors_for(info, frames));
        total += frames;
    }
    buddy_init(linear_end);
    for (unsigned i = 0; i < info->memory_count; i++) {
        uint64_t start = info->memory[i].start, end = start + info->memory[i].size, stop;
        for (; free_run(&start, &stop, end); start = stop) {
            buddy_free_range(start >> PAGE_SHIFT, (stop - start) >> PAGE_SHIFT);
            given += (stop - start) >> PAGE_SHIFT;
        }
    }
    pool_init_root(total, total - given);
    kprintf(LOG_INFO, "memory: %llu MiB in %u banks, %llu KiB used by the kernel image and descriptors\n",
            (unsigned long long)(total >> 8), info->memory_count,
            (unsigned long long)((total - given) << 2));
}
