/*
 * fdt.c: from a flattened device tree to struct boot_info. This file has the
 * order of things and the nodes at fixed places (/chosen, memory, reservations,
 * CPUs); devices.c has what must be searched, tree.c addresses and interrupts,
 * ranges.c the lists.
 */
#include "boot/fdt.h"
#include "arch/string.h"
#include "boot/devices.h"
#include "boot/ranges.h"
#include "boot/tree.h"
#include "debug/console.h"
#include "entry/abi.h"

struct boot_info boot_info;

/* MPIDR_EL1: Aff3 and Aff2..Aff0, as `reg` of a cpu node has them */
#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

struct reading {
    const void *fdt;
    struct boot_info *info;
    struct ranges memory, reserved;
};

/* Copies a string that may lack its end; false when it was cut. */
static bool copy_string(char *to, size_t size, const char *from, int length)
{
    size_t used = from == NULL ? 0 : strnlen(from, (size_t)length);
    bool fits = used < size;
    if (!fits)
        used = size - 1;
    memcpy(to, from == NULL ? "" : from, used);
    to[used] = '\0';
    return fits;
}

static void read_model(const struct reading *reading)
{
    int length;
    const char *text = fdt_getprop(reading->fdt, 0, "model", &length);
    if (text == NULL)
        text = fdt_getprop(reading->fdt, 0, "compatible", &length);
    copy_string(reading->info->model, sizeof reading->info->model, text, length);
}

static void read_arguments(const struct reading *reading, int chosen)
{
    int length;
    struct boot_info *info = reading->info;
    const char *text = fdt_getprop(reading->fdt, chosen, "bootargs", &length);
    if (copy_string(info->arguments, sizeof info->arguments, text, length))
        return;
    char *blank = strrchr(info->arguments, ' '); /* half a word could mean something else */
    *(blank != NULL ? blank : info->arguments) = '\0';
    kprintf(LOG_WARNING, "boot arguments longer than %zu bytes: cut\n", sizeof info->arguments - 1);
}

/* Mixes bytes so that each of them changes half of the bits (the step of SplitMix64). */
static uint64_t fold(uint64_t seed, const uint8_t *bytes, int length)
{
    for (int i = 0; i < length; i++) {
        seed = (seed ^ bytes[i]) + UINT64_C(0x9e3779b97f4a7c15);
        seed = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        seed = (seed ^ seed >> 27) * UINT64_C(0x94d049bb133111eb);
        seed ^= seed >> 31;
    }
    return seed;
}

static void read_seed(const struct reading *reading, int chosen)
{
    static const char *const names[] = {"rng-seed", "kaslr-seed"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int length;
        const uint8_t *bytes = fdt_getprop(reading->fdt, chosen, names[i], &length);
        if (bytes != NULL)
            reading->info->seed = fold(reading->info->seed, bytes, length);
    }
}

static void read_bundle(const struct reading *reading, int chosen)
{
    uint64_t start, end;
    bool has_start = node_number(reading->fdt, chosen, "linux,initrd-start", &start);
    bool has_end = node_number(reading->fdt, chosen, "linux,initrd-end", &end);
    if (!has_start && !has_end)
        return;
    if (!has_start || !has_end || end < start)
        kprintf(LOG_WARNING, "device tree: linux,initrd-start and -end make no range\n");
    else
        reading->info->bundle = (struct range){start, end - start};
}

static const char *read_memory_node(struct reading *reading, const struct place *place)
{
    struct range range;
    for (unsigned i = 0;; i++) {
        switch (place_reg(place, i, &range)) {
        case REG_END:
            return NULL;
        case REG_BAD:
            return "device tree: the reg of a memory node is malformed";
        case REG_FOUND:
            range = range_shrink_to_pages(range.start, range.size);
            if (!ranges_add(&reading->memory, range.start, range.size))
                kprintf(LOG_WARNING, "memory at 0x%lx not used: more than %u ranges\n", range.start,
                        RANGES_MAX);
        }
    }
}

static const char *read_memory(struct reading *reading)
{
    const char *error = NULL;
    int node;
    const struct place root = {.fdt = reading->fdt};
    fdt_for_each_subnode(node, reading->fdt, 0)
    {
        struct place place = place_child(&root, node);
        if (error == NULL && node_has_string(reading->fdt, node, "device_type", "memory") &&
            node_enabled(reading->fdt, node))
            error = read_memory_node(reading, &place);
    }
    if (error == NULL && reading->memory.count == 0)
        error = "device tree: no memory";
    return error;
}

static const char *reserve(struct reading *reading, struct range range)
{
    range = range_grow_to_pages(range.start, range.size);
    return ranges_add(&reading->reserved, range.start, range.size)
               ? NULL
               : "device tree: more than 32 separate reservations";
}
_Static_assert(RANGES_MAX == 32, "the message above says so");

/* DTSpec 5.3: the memory reservation block. */
static const char *read_reservation_block(struct reading *reading)
{
    struct range range;
    const char *error = NULL;
    int count = fdt_num_mem_rsv(reading->fdt);
    for (int i = 0; i < count && error == NULL; i++) {
        fdt_get_mem_rsv(reading->fdt, i, &range.start, &range.size);
        error = reserve(reading, range);
    }
    return error;
}

/*
 * DTSpec 3.5: children of /reserved-memory. Those with a size and no reg ask
 * for memory to be found for some device; no driver here does, so there is
 * nothing to keep.
 */
static const char *read_reserved_nodes(struct reading *reading)
{
    int node, parent = fdt_subnode_offset(reading->fdt, 0, "reserved-memory");
    const struct place root = {.fdt = reading->fdt};
    const struct place reserved = place_child(&root, parent);
    const char *error = NULL;
    if (parent < 0)
        return NULL;
    fdt_for_each_subnode(node, reading->fdt, parent)
    {
        struct place place = place_child(&reserved, node);
        struct range range;
        enum reg_result result = REG_END;
        if (!node_enabled(reading->fdt, node))
            continue;
        for (unsigned i = 0; error == NULL; i++) {
            result = place_reg(&place, i, &range);
            if (result != REG_FOUND)
                break;
            error = reserve(reading, range);
        }
        if (result == REG_BAD)
            error = "device tree: the reg of a node in /reserved-memory is malformed";
    }
    return error;
}

static const char *read_reservations(struct reading *reading)
{
    struct boot_info *info = reading->info;
    const char *error = read_reservation_block(reading);
    if (error == NULL)
        error = read_reserved_nodes(reading);
    if (error == NULL)
        error = reserve(reading, info->tree);
    if (error == NULL)
        error = reserve(reading, info->bundle);
    return error;
}

/* mem=, but what the firmware put into memory for us stays reachable. */
static const char *limit_memory(struct reading *reading)
{
    const struct ranges all = reading->memory;
    const struct boot_info *info = reading->info;
    if (info->memory_limit == 0)
        return NULL;
    ranges_clamp(&reading->memory, info->memory_limit);
    const struct range keep[] = {range_grow_to_pages(info->tree.start, info->tree.size),
                                 range_grow_to_pages(info->bundle.start, info->bundle.size)};
    for (size_t i = 0; i < sizeof keep / sizeof keep[0]; i++)
        if (!ranges_add_common(&reading->memory, &all, keep[i].start, keep[i].size))
            return "device tree: too many memory ranges to keep the bundle besides mem=";
    return reading->memory.count > 0 ? NULL : "boot argument mem= leaves no memory";
}

/* DTSpec 3.8: `reg` of a cpu node, in cells of /cpus. False: no CPU we could name. */
static bool read_cpu(struct reading *reading, int node, int cells)
{
    struct boot_info *info = reading->info;
    int length;
    uint64_t release = 0;
    const void *reg = fdt_getprop(reading->fdt, node, "reg", &length);
    if (reg == NULL || cells < 1 || cells > 2 || length < 4 * cells)
        return false;
    if (node_has_string(reading->fdt, node, "enable-method", "spin-table"))
        node_number(reading->fdt, node, "cpu-release-addr", &release);
    info->cpus[info->cpu_count].mpidr = read_cells(reg, cells) & MPIDR_AFFINITY;
    info->cpus[info->cpu_count].release = release;
    info->cpu_count++;
    return true;
}

/* A "disabled" CPU is one that waits to be started (DTSpec 3.8.1); only "fail" means broken. */
static const char *read_cpus(struct reading *reading)
{
    int node, parent = fdt_subnode_offset(reading->fdt, 0, "cpus");
    unsigned left_out = 0;
    if (parent < 0)
        return "device tree: no /cpus node";
    int cells = fdt_address_cells(reading->fdt, parent);
    fdt_for_each_subnode(node, reading->fdt, parent)
    {
        if (!node_has_string(reading->fdt, node, "device_type", "cpu") ||
            node_has_string(reading->fdt, node, "status", "fail"))
            continue;
        if (reading->info->cpu_count == CPUS_MAX || !read_cpu(reading, node, cells))
            left_out++;
    }
    if (left_out > 0)
        kprintf(LOG_WARNING, "device tree: %u CPUs left out (malformed, or more than %u)\n",
                left_out, CPUS_MAX);
    return reading->info->cpu_count > 0 ? NULL : "device tree: /cpus names no CPU";
}

static const char *read_all(struct reading *reading)
{
    struct boot_info *info = reading->info;
    int chosen = fdt_subnode_offset(reading->fdt, 0, "chosen");
    read_model(reading);
    read_arguments(reading, chosen);
    read_seed(reading, chosen);
    read_bundle(reading, chosen);
    boot_arguments_parse(info);
    const char *error = devices_read(reading->fdt, info);
    if (error == NULL)
        error = read_cpus(reading);
    if (error == NULL)
        error = read_memory(reading);
    if (error == NULL && !ranges_hold(&reading->memory, info->bundle.start, info->bundle.size) &&
        info->bundle.size > 0) {
        kprintf(LOG_WARNING, "bundle at 0x%lx is outside of memory and not used\n",
                info->bundle.start);
        info->bundle = (struct range){0, 0};
    }
    if (error == NULL)
        error = read_reservations(reading);
    return error != NULL ? error : limit_memory(reading);
}

int fdt_read(const void *fdt, size_t mapped, struct boot_info *info, const char **error)
{
    static char line[96];
    struct reading reading = {.fdt = fdt, .info = info};
    uint64_t physical = info->tree.start;
    memset(info, 0, sizeof *info);
    info->log_level = LOG_INFO;
    info->tree.start = physical;

    int result = fdt_check_full(fdt, mapped);
    if (result != 0) {
        ksnprintf(line, sizeof line, "device tree: %s (%zu bytes mapped)", fdt_strerror(result), mapped);
        *error = line;
        return -EINVAL;
    }
    info->tree.size = fdt_totalsize(fdt);
    *error = read_all(&reading);
    if (*error != NULL)
        return -EINVAL;
    memcpy(info->memory, reading.memory.list, sizeof info->memory);
    info->memory_count = reading.memory.count;
    memcpy(info->reserved, reading.reserved.list, sizeof info->reserved);
    info->reserved_count = reading.reserved.count;
    return 0;
}
