/*
 * fdt.h: everything the kernel takes from the device tree, read once at boot with libfdt into one
 * struct. After that the tree is not looked at again, and nothing here points into it: its memory
 * may be used for other things.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
    uint64_t start, size; /* bytes, physical */
};

#define RANGES_MAX          32
#define CPUS_MAX            8
#define CONTROLLER_REGS_MAX 4

struct boot_info {
    char model[64];                  /* /model, else the root's first compatible; cut when longer */
    char arguments[1024];            /* /chosen bootargs, cut (with a warning) when longer */
    struct range memory[RANGES_MAX]; /* whole pages, sorted, merged, clamped by mem= */
    unsigned memory_count;
    /* /reserved-memory, the memreserve block, the tree itself, the initrd: whole pages, sorted,
     * merged. May reach outside memory. */
    struct range reserved[RANGES_MAX];
    unsigned reserved_count;
    struct range tree, bundle; /* the DTB; the initrd (size 0: none) */
    struct {
        uint64_t mpidr, release; /* release: spin-table address or 0 */
    } cpus[CPUS_MAX];
    unsigned cpu_count;
    int psci; /* 0 none, 1 hvc, 2 smc */
    /* compatible: the string in the table of platform/, not the tree's copy */
    struct {
        const char *compatible;
        struct range regs[CONTROLLER_REGS_MAX];
        unsigned count;
    } interrupt_controller;
    uint32_t timer_virtual, timer_physical; /* INTIDs (PPI + 16); physical 0: none */
    struct {
        const char *compatible;
        struct range regs;
        uint32_t intid;
    } uart;        /* stdout-path; size 0: none; intid 0: polled only */
    uint64_t seed; /* /chosen rng-seed and kaslr-seed folded to 64 bits, or seed=; 0: none given */
    /* From the boot arguments, see kernel/boot/README.md */
    uint64_t memory_limit; /* mem=, bytes; 0: all */
    uint64_t linear_limit; /* linear=, bytes of RAM in the linear map; 0: all */
    unsigned log_level;    /* loglevel=0..7 */
    bool semihosting;      /* semihosting: the emulator listens to SYS_EXIT */
    bool trace;            /* trace=1, trace=0 */
    bool runner; /* console=runner: the host tells log from output, see console_set_runner */
};

/*
 * Reads the flattened tree at `fdt` (mapped, at most `mapped` bytes), whose physical address the
 * caller has put in info->tree.start; everything else in *info is overwritten. Returns 0, or
 * -EINVAL and in *error what is wrong, when the board cannot be started from this tree (no memory
 * node, bad magic, …). info->uart, log_level and runner are then filled if they could be read, so
 * that it can be said.
 *
 * Unknown nodes are ignored. What is wrong in the tree but can be done without is left out, with a
 * warning in the log: memory ranges and CPUs beyond RANGES_MAX and CPUS_MAX, a bundle outside of
 * memory. Too many reservations are an error: what should be kept would be lost. mem= keeps the
 * lowest bytes of memory; the pages of bundle and tree stay in memory[] besides, wherever they are.
 */
int fdt_read(const void *fdt, size_t mapped, struct boot_info *info, const char **error);

/*
 * Sets bits from a boot argument string: fields of *info for which info->arguments has no (valid)
 * word keep their value. A known word with a wrong value is ignored, with a warning. Unknown words
 * are left for root.
 */
void boot_arguments_parse(struct boot_info *info);

extern struct boot_info boot_info;
