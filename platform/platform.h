/*
 * platform.h: what the kernel asks of a board. One header, asked by the lower floors; nothing here
 * ever calls up. A board is one constant struct with only what the device tree cannot say.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Interrupt controller, found through the device tree. One implementation per file. */
struct interrupt_controller {
    const char *compatible; /* as in the device tree */
    /* Once, on the first CPU; all lines are off afterwards, shared ones go to this CPU. regs:
     * kernel virtual addresses of the node's register ranges, in order. False, with a logged line,
     * when they are not enough or the hardware is not what it should be. */
    bool (*init)(const uintptr_t regs[], unsigned count);
    /* On every CPU, after init. As init. */
    bool (*init_cpu)(unsigned cpu);
    /* Acknowledges: the INTID, or 1020 and above when spurious: then end() must not be called. */
    uint32_t (*acknowledge)(void);
    void (*end)(uint32_t intid);
    /* INTIDs below lines(); those below 32 are this CPU's own. A level-triggered line that is still
     * high after end() interrupts again: disable() it until its driver has calmed the device. */
    void (*enable)(uint32_t intid, bool level_triggered);
    void (*disable)(uint32_t intid);
    uint32_t (*lines)(void); /* INTIDs are 0 .. lines()-1 */
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
    void (*power_off)(void); /* returns only when the board cannot: nothing there to ask */
};

/* The board whose compatible matches the root node, else a generic one that has what PSCI gives.
 * Never NULL; also kept in `board`. `fdt` has passed fdt_read. */
const struct board *platform_find(const void *fdt);
extern const struct board *board;

/* Tables over all implementations, ended by NULL. */
extern const struct interrupt_controller *const interrupt_controllers[];
extern const struct uart *const uarts[];
extern const struct interrupt_controller *interrupts; /* the one in use */

/* The implementation of that compatible string, or NULL. The first also sets `interrupts`. */
const struct interrupt_controller *platform_interrupt_controller(const char *compatible);
const struct uart *platform_uart(const char *compatible);

/* PSCI (Arm DEN0022) by boot_info.psci's conduit, for struct board, where PSCI does it all. */
void psci_power_off(void);

/* The end: the emulator's exit status where boot_info.semihosting says it listens, else off. */
_Noreturn void platform_exit(int status);
