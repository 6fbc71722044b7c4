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
    void (*init)(const uintptr_t regs[], unsigned count);
    void (*init_cpu)(void);
    /* Acknowledges: the INTID, or 1020 and above when spurious. */
    uint32_t (*acknowledge)(void);
    void (*end)(uint32_t intid);
    void (*enable)(uint32_t intid, bool level_triggered);
    void (*disable)(uint32_t intid);
    uint32_t (*lines)(void); /* INTIDs are 0 .. lines()-1 */
    void (*send_ipi)(unsigned cpu, uint32_t sgi);
};

/* Early console, found through /chosen stdout-path. */
struct uart {
    const char *compatible;
    const char *kind; /* as in struct boot_facts */
    void (*put)(uintptr_t regs, char c); /* waits for room in the FIFO */
};

struct board {
    const char *compatible; /* root node */
    const char *name;
    uint64_t dma_limit; /* physical end of what every device can reach; 0: no limit */
    void (*power_off)(void);
    void (*restart)(void);
    bool (*start_cpu)(unsigned cpu, uint64_t entry_physical);
};

/* The board whose compatible matches, else a generic one. Never NULL. */
const struct board *platform_find(const void *fdt);
extern const struct board *board;

/* Tables over all implementations, ended by NULL. */
extern const struct interrupt_controller *const interrupt_controllers[];
extern const struct uart *const uarts[];
extern const struct interrupt_controller *interrupts; /* the one in use */

/* PSCI (Arm DEN0022): conduit from the tree's "method". */
void psci_init(bool use_smc);
bool psci_present(void);
int64_t psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c);

/* Emulation: ends QEMU with a status when semihosting was enabled by boot argument. */
_Noreturn void semihosting_exit(int status);
