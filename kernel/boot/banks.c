#include "arch/cache.h"
#include "arch/memory.h"
#include "arch/translation.h"
#include "boot/boot.h"
#include "debug/console.h"
#include "debug/panic.h"

frame_number linear_end;

/* The memory, less what may not be given away: each range taken out leaves at most one more. */
static struct range rest[2 * RANGES_MAX + 2];
static unsigned rest_count;

static uint64_t page_up(uint64_t address)
{
    return (address + PAGE_SIZE - 1) & -PAGE_SIZE;
}

static void take(uint64_t start, uint64_t size)
{
    uint64_t end = start + page_up(size);
    for (unsigned i = 0; i < rest_count; i++) {
        uint64_t first = rest[i].start, stop = first + rest[i].size;
        if (stop <= start || end <= first)
            continue;
        rest[i].size = first < start ? start - first : 0;
        if (end < stop)
            rest[rest_count++] = (struct range){end, stop - end};
    }
}

/* Maps what linear= allows, and the bundle wherever it is. Returns the frames of all banks. */
static uint64_t map_linear(const struct boot_info *info)
{
    uint64_t left = info->linear_limit ? info->linear_limit & -PAGE_SIZE : ~0ul;
    uint64_t end = 0, frames = 0, bundle_end = page_up(info->bundle.start + info->bundle.size);
    for (unsigned i = 0; i < info->memory_count; i++) {
        uint64_t start = info->memory[i].start, size = info->memory[i].size;
        frames += size >> PAGE_SHIFT;
        size = size < left ? size : left;
        linear_map(start, start + size);
        end = size ? start + size : end;
        left -= size;
    }
    linear_map(info->bundle.start > end ? info->bundle.start & -PAGE_SIZE : end, bundle_end);
    linear_end = end >> PAGE_SHIFT;
    return frames;
}

/* Zeroed memory for the descriptors of all banks, from the top of a free run of the linear map. */
static struct frame *descriptors_for(uint64_t frames)
{
    uint64_t size = page_up(frames * sizeof(struct frame)), best = 0;
    for (unsigned i = 0; i < rest_count; i++) {
        uint64_t end = rest[i].start + rest[i].size, mapped = linear_end << PAGE_SHIFT;
        end = end < mapped ? end : mapped;
        if (end >= rest[i].start + size && end - size > best)
            best = end - size;
    }
    if (!best)
        panic("no room for %lu frame descriptors: give a larger linear=", frames);
    take(best, size);
    for (uint64_t page = best; page < best + size; page += PAGE_SIZE)
        page_zero(frame_address(page >> PAGE_SHIFT));
    return frame_address(best >> PAGE_SHIFT);
}

void banks_init(const struct boot_info *info)
{
    uint64_t total = map_linear(info), kernel = total;
    for (; rest_count < info->memory_count; rest_count++)
        rest[rest_count] = info->memory[rest_count];
    for (unsigned i = 0; i < info->reserved_count; i++)
        take(info->reserved[i].start, info->reserved[i].size);
    take(image_physical, (uint64_t)image_end - (uint64_t)image_start);
    struct frame *descriptors = descriptors_for(total);
    for (unsigned i = 0; i < info->memory_count; i++) {
        uint64_t frames = info->memory[i].size >> PAGE_SHIFT;
        frame_add_bank(info->memory[i].start >> PAGE_SHIFT, frames, descriptors);
        descriptors += frames;
    }
    buddy_init(linear_end);
    for (unsigned i = 0; i < rest_count; i++) {
        buddy_free_range(rest[i].start >> PAGE_SHIFT, rest[i].size >> PAGE_SHIFT);
        kernel -= rest[i].size >> PAGE_SHIFT;
    }
    pool_init_root(total, kernel);
    kprintf(LOG_INFO,
            "memory: %lu MiB in %u banks, %lu KiB used by the kernel image and descriptors\n",
            total >> 8, info->memory_count, kernel << 2);
}
