/*
 * memory.c: which memory there is, what of it is taken, and what mem= leaves.
 */
#include "boot/reading.h"
#include "debug/console.h"

static void read_memory_node(struct reading *reading, const struct place *place)
{
    struct range range;
    enum reg_result result;
    for (unsigned i = 0; (result = place_reg(place, i, &range)) == REG_FOUND; i++) {
        range = range_shrink_to_pages(range.start, range.size);
        if (!ranges_add(&reading->memory, range.start, range.size))
            kprintf(LOG_WARNING, "memory at 0x%lx not used: more than %u separate ranges\n",
                    range.start, RANGES_MAX);
    }
    if (result == REG_BAD)
        reading_fail(reading, "device tree: the reg of a memory node is malformed");
}

static void reserve(struct reading *reading, struct range range)
{
    range = range_grow_to_pages(range.start, range.size);
    if (!ranges_add(&reading->reserved, range.start, range.size))
        reading_fail(reading, "device tree: more separate reservations than this kernel can keep");
}

/*
 * DTSpec 3.5: children of /reserved-memory. Those with a size and no reg ask
 * for memory to be found for some device; no driver here does, so there is
 * nothing to keep.
 */
static void read_reserved_node(struct reading *reading, const struct place *place)
{
    struct range range;
    enum reg_result result;
    for (unsigned i = 0; (result = place_reg(place, i, &range)) == REG_FOUND; i++)
        reserve(reading, range);
    if (result == REG_BAD)
        reading_fail(reading, "device tree: the reg of a node in /reserved-memory is malformed");
}

/* DTSpec 3.4: memory nodes are children of the root. */
void memory_visit(struct reading *reading, const struct node *node)
{
    const struct place *place = &node->place;
    if (!node_enabled(node))
        return;
    if (place->depth == 1 && property_has(&node->device_type, "memory"))
        read_memory_node(reading, place);
    if (place->depth == 2 && place->nodes[1] == reading->reserved_memory)
        read_reserved_node(reading, place);
}

/* A bundle that is not there must not be read: the board starts without, and root is missed later.
 */
static void check_bundle(struct reading *reading)
{
    struct range *bundle = &reading->info->bundle;
    if (bundle->size > 0 && !ranges_hold(&reading->memory, bundle->start, bundle->size)) {
        kprintf(LOG_WARNING, "bundle at 0x%lx is outside of memory and not used\n", bundle->start);
        *bundle = (struct range){0, 0};
    }
}

/* DTSpec 5.3 (the memory reservation block), and what the kernel was given itself. */
static void read_other_reservations(struct reading *reading)
{
    struct range range;
    int count = fdt_num_mem_rsv(reading->fdt);
    for (int i = 0; i < count; i++) {
        fdt_get_mem_rsv(reading->fdt, i, &range.start, &range.size);
        reserve(reading, range);
    }
    reserve(reading, reading->info->tree);
    reserve(reading, reading->info->bundle);
}

/* mem=, but what the firmware put into memory for us stays reachable. */
static void limit_memory(struct reading *reading)
{
    const struct ranges all = reading->memory;
    const struct boot_info *info = reading->info;
    if (info->memory_limit == 0)
        return;
    ranges_clamp(&reading->memory, info->memory_limit);
    if (reading->memory.count == 0)
        reading_fail(reading, "boot argument mem= leaves no memory");
    const struct range keep[] = {range_grow_to_pages(info->tree.start, info->tree.size),
                                 range_grow_to_pages(info->bundle.start, info->bundle.size)};
    for (size_t i = 0; i < sizeof keep / sizeof keep[0]; i++)
        if (!ranges_add_common(&reading->memory, &all, keep[i].start, keep[i].size))
            reading_fail(reading,
                         "device tree: too many memory ranges to keep the bundle besides mem=");
}

void memory_finish(struct reading *reading)
{
    if (reading->memory.count == 0)
        reading_fail(reading, "device tree: no memory");
    check_bundle(reading);
    read_other_reservations(reading);
    if (reading->error == NULL)
        limit_memory(reading);
}
