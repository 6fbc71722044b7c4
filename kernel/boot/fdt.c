/*
 * fdt.c: from a flattened device tree to struct boot_info. This file has the
 * order of things, /chosen and the CPUs; memory.c and devices.c the rest; tree.c
 * the walk, addresses and interrupts; ranges.c the lists.
 */
#include "boot/fdt.h"
#include "arch/string.h"
#include "boot/reading.h"
#include "debug/console.h"
#include "entry/abi.h"

struct boot_info boot_info;

/* MPIDR_EL1: Aff3 and Aff2..Aff0, as `reg` of a cpu node has them */
#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

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

static void read_arguments(const struct reading *reading)
{
    int length;
    struct boot_info *info = reading->info;
    const char *text = fdt_getprop(reading->fdt, reading->chosen, "bootargs", &length);
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

static void read_seed(const struct reading *reading)
{
    static const char *const names[] = {"rng-seed", "kaslr-seed"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int length;
        const uint8_t *bytes = fdt_getprop(reading->fdt, reading->chosen, names[i], &length);
        if (bytes != NULL)
            reading->info->seed = fold(reading->info->seed, bytes, length);
    }
}

static void read_bundle(const struct reading *reading)
{
    uint64_t start, end;
    bool has_start = node_number(reading->fdt, reading->chosen, "linux,initrd-start", &start);
    bool has_end = node_number(reading->fdt, reading->chosen, "linux,initrd-end", &end);
    if (!has_start && !has_end)
        return;
    if (!has_start || !has_end || end < start)
        kprintf(LOG_WARNING, "device tree: linux,initrd-start and -end make no range\n");
    else
        reading->info->bundle = (struct range){start, end - start};
}

/* DTSpec 3.8: `reg` of a cpu node, in cells of /cpus. False: no CPU we could name. */
static bool read_cpu(const struct reading *reading, int node)
{
    struct boot_info *info = reading->info;
    int length, cells = fdt_address_cells(reading->fdt, reading->cpus);
    uint64_t release = 0;
    const void *reg = fdt_getprop(reading->fdt, node, "reg", &length);
    if (reg == NULL || cells < 1 || cells > 2 || length < 4 * cells || info->cpu_count == CPUS_MAX)
        return false;
    if (node_has_string(reading->fdt, node, "enable-method", "spin-table"))
        node_number(reading->fdt, node, "cpu-release-addr", &release);
    info->cpus[info->cpu_count].mpidr = read_cells(reg, cells) & MPIDR_AFFINITY;
    info->cpus[info->cpu_count].release = release;
    info->cpu_count++;
    return true;
}

/* A "disabled" CPU is one that waits to be started (DTSpec 3.8.1); only "fail" means broken. */
static void visit_cpu(struct reading *reading, const struct node *node)
{
    if (property_has(&node->device_type, "cpu") && !property_has(&node->status, "fail") &&
        !read_cpu(reading, place_node(&node->place)))
        reading->cpus_left_out++;
}

static void finish_cpus(struct reading *reading)
{
    if (reading->cpus_left_out > 0)
        kprintf(LOG_WARNING, "device tree: %u CPUs left out (malformed, or more than %u)\n",
                reading->cpus_left_out, CPUS_MAX);
    if (reading->info->cpu_count == 0)
        reading_fail(reading, "device tree: no CPU in /cpus");
}

static void note_fixed_place(struct reading *reading, int node)
{
    const char *name = fdt_get_name(reading->fdt, node, NULL);
    const struct {
        const char *name;
        int *node;
    } places[] = {
        {"chosen", &reading->chosen},
        {"aliases", &reading->aliases},
        {"cpus", &reading->cpus},
        {"reserved-memory", &reading->reserved_memory},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(name, places[i].name) == 0)
            *places[i].node = node;
}

static void visit(const struct node *node, void *context)
{
    struct reading *reading = context;
    if (node->place.depth == 1)
        note_fixed_place(reading, place_node(&node->place));
    if (node->place.depth == 2 && node->place.nodes[1] == reading->cpus)
        visit_cpu(reading, node);
    memory_visit(reading, node);
    devices_visit(reading, node);
}

static void read_all(struct reading *reading)
{
    tree_walk(reading->fdt, visit, reading);
    read_model(reading);
    read_arguments(reading);
    read_seed(reading);
    read_bundle(reading);
    boot_arguments_parse(reading->info);
    devices_finish(reading);
    finish_cpus(reading);
    memory_finish(reading);
}

int fdt_read(const void *fdt, size_t mapped, struct boot_info *info, const char **error)
{
    static char line[96];
    struct reading reading = {
        .fdt = fdt, .info = info, .chosen = -1, .aliases = -1, .cpus = -1, .reserved_memory = -1};
    uint64_t physical = info->tree.start;
    memset(info, 0, sizeof *info);
    info->log_level = LOG_INFO;
    info->tree.start = physical;

    int result = fdt_check_full(fdt, mapped);
    if (result != 0) {
        ksnprintf(line, sizeof line, "device tree: %s (%zu bytes mapped)", fdt_strerror(result),
                  mapped);
        *error = line;
        return -EINVAL;
    }
    info->tree.size = fdt_totalsize(fdt);
    read_all(&reading);
    *error = reading.error;
    if (*error != NULL)
        return -EINVAL;
    memcpy(info->memory, reading.memory.list, sizeof info->memory);
    info->memory_count = reading.memory.count;
    memcpy(info->reserved, reading.reserved.list, sizeof info->reserved);
    info->reserved_count = reading.reserved.count;
    return 0;
}
