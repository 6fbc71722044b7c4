/*
 * platform.h: what the kernel asks of a board. One header, asked by the lower
 * floors; nothing here ever calls up.
 *
 * A board is one constant struct. What the device tree says is not in it: only
 * what the tree cannot say.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Interrupt controller, found through the device tree. One implementation per file. */
struct interrupt_controller {
    const char *compatible; /* as in the device tree */
    /* regs: kernel virtual addresses of the node's register ranges, in order. */
    /* Once, on the first CPU; all lines are off afterwards, shared ones go to this CPU. False, with
     * a logged line, when the ranges are not enough or the hardware is not what it should be. */
    bool (*init)(const uintptr_t regs[], unsigned count);
    /* On every CPU, after init; `cpu` (below CPUS_MAX) is what send_ipi will call it. As init. */
    bool (*init_cpu)(unsigned cpu);
    /* Acknowledges: the INTID, or 1020 and above when spurious: then end() must not be called. */
    uint32_t (*acknowledge)(void);
    void (*end)(uint32_t intid);
    /* INTIDs below lines(); those below 32 are this CPU's own. A level-triggered line that is still
     * high after end() interrupts again: disable() it until its driver has calmed the device. */
    void (*enable)(uint32_t intid, bool level_triggered);
    void (*disable)(uint32_t intid);
    uint32_t (*lines)(void); /* INTIDs are 0 .. lines()-1 */
    /* What this CPU wrote before is visible to the other. `sgi` is 0..15; SGIs are never off. */
    void (*send_ipi)(unsigned cpu, uint32_t sgi);
};

/* Early console, found through /chosen stdout-path. */
struct uart {
    const char *compatible;
    const char *kind;                    /* as in struct boot_facts */
    void (*put)(uintptr_t regs, char c); /* waits for room in the FIFO */
};

struct board {
    const char *compatible; /* root node */
    const char *name;
    uint64_t dma_limit; /* physical end of what every device can reach; 0: no limit */
    /* Both return only when the board cannot: nothing there to ask. */
    void (*power_off)(void);
    void (*restart)(void);
    /* Starts CPU `cpu` (index in boot_info.cpus) at that address, MMU off, x0 = cpu. False: it
     * would not. */
    bool (*start_cpu)(unsigned cpu, uint64_t entry_physical);
};

/*
 * The board whose compatible matches the root node, else a generic one that has
 * what PSCI gives. Never NULL; also kept in `board`. `fdt` has passed fdt_read.
 */
const struct board *platform_find(const void *fdt);
extern const struct board *board;

/* Tables over all implementations, ended by NULL. */
extern const struct interrupt_controller *const interrupt_controllers[];
extern const struct uart *const uarts[];
extern const struct interrupt_controller *interrupts; /* the one in use */

/* The implementation of that compatible string, or NULL. The first also sets `interrupts`. */
const struct interrupt_controller *platform_interrupt_controller(const char *compatible);
const struct uart *platform_uart(const char *compatible);

/* PSCI (Arm DEN0022): conduit from the tree's "method": boot_info.psci == 2 means smc. */
void psci_init(bool use_smc);
bool psci_present(void); /* psci_init was called */
/* The function's result, negative on error; -1 (NOT_SUPPORTED) when not present. */
int64_t psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c);
/* For struct board, where PSCI does it all. */
void psci_power_off(void);
void psci_restart(void);
bool psci_start_cpu(unsigned cpu, uint64_t entry_physical);

/* Emulation: ends QEMU with a status when semihosting was enabled by boot argument. */
_Noreturn void semihosting_exit(int status);
