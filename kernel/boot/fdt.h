/*
 * fdt.h: everything the kernel takes from the device tree, read once at boot
 * with libfdt into one struct. After that the tree is not looked at again.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
    uint64_t start, size; /* bytes, physical */
};

#define RANGES_MAX 32
#define CPUS_MAX 8

struct boot_info {
    char model[64];        /* /model or /compatible */
    char arguments[1024];  /* /chosen bootargs, cut (with a warning) when longer */
    struct range memory[RANGES_MAX];   /* whole pages, sorted, merged, clamped by mem= */
    unsigned memory_count;
    struct range reserved[RANGES_MAX]; /* /reserved-memory, the memreserve block, the tree itself, the initrd */
    unsigned reserved_count;
    struct range tree, bundle;         /* the DTB; the initrd (size 0: none) */
    struct { uint64_t mpidr; uint64_t release; /* spin-table address or 0 */ } cpus[CPUS_MAX];
    unsigned cpu_count;
    int psci;                          /* 0 none, 1 hvc, 2 smc */
    struct { const char *compatible; struct range regs[4]; unsigned count; } interrupt_controller;
    uint32_t timer_virtual, timer_physical; /* INTIDs (PPI + 16) */
    struct { const char *compatible; struct range regs; uint32_t intid; } uart; /* stdout-path; size 0: none */
    uint64_t seed;         /* /chosen rng-seed or kaslr-seed folded to 64 bits; 0: none given */
    /* From the boot arguments, see kernel/boot/README.md */
    uint64_t memory_limit; /* mem=, bytes; 0: all */
    uint64_t linear_limit; /* linear=, bytes of RAM in the linear map; 0: all */
    unsigned log_level;    /* loglevel=0..7 */
    bool semihosting;      /* semihosting: the emulator listens to SYS_EXIT */
    bool trace;            /* trace=1, trace=0 */
};

/*
 * Reads the flattened tree at `fdt` (mapped, at most `mapped` bytes). Returns 0,
 * or the line of a message in *error and -EINVAL when the board cannot be started
 * from this tree (no memory node, bad magic, …). Unknown nodes are ignored.
 */
int fdt_read(const void *fdt, size_t mapped, struct boot_info *info, const char **error);

/* Sets bits from a boot argument string (also used by tests). Unknown words are left for root. */
void boot_arguments_parse(struct boot_info *info);

extern struct boot_info boot_info;
