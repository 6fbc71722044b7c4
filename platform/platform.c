/*
 * platform.c: the tables of what this kernel knows, and looking things up in
 * them. A new board, interrupt controller or UART gets its line here (README.md).
 */
#include "platform/platform.h"
#include "arch/string.h"
#include <libfdt.h>

extern const struct board board_virt;
extern const struct interrupt_controller gic_400, gic_cortex_a15, gic_v3;
extern const struct uart uart_pl011, uart_bcm2835_aux;

static const struct board *const boards[] = {&board_virt, NULL};

const struct interrupt_controller *const interrupt_controllers[] = {
    &gic_400,
    &gic_cortex_a15,
    &gic_v3,
    NULL,
};

const struct uart *const uarts[] = {&uart_pl011, &uart_bcm2835_aux, NULL};

/* A board nobody described: what the device tree and PSCI say may be enough. */
static const struct board board_generic = {
    .compatible = "",
    .name = "generic",
    .power_off = psci_power_off,
    .restart = psci_restart,
    .start_cpu = psci_start_cpu,
};

const struct board *board = &board_generic;
const struct interrupt_controller *interrupts;

const struct board *platform_find(const void *fdt)
{
    board = &board_generic;
    for (unsigned i = 0; boards[i] != NULL; i++)
        if (fdt_node_check_compatible(fdt, 0, boards[i]->compatible) == 0) {
            board = boards[i];
            break;
        }
    return board;
}

const struct interrupt_controller *platform_interrupt_controller(const char *compatible)
{
    for (unsigned i = 0; interrupt_controllers[i] != NULL; i++)
        if (strcmp(interrupt_controllers[i]->compatible, compatible) == 0) {
            interrupts = interrupt_controllers[i];
            return interrupts;
        }
    return NULL;
}

const struct uart *platform_uart(const char *compatible)
{
    for (unsigned i = 0; uarts[i] != NULL; i++)
        if (strcmp(uarts[i]->compatible, compatible) == 0)
            return uarts[i];
    return NULL;
}
