/*
 * platform.c: the tables of what this kernel knows, and looking things up in them. A new board,
 * interrupt controller or UART gets its line here (README.md).
 */
#include "platform/platform.h"
#include <libfdt.h>

extern const struct board board_virt;
extern const struct interrupt_controller gic_400, gic_cortex_a15, gic_v3;
extern const struct uart uart_pl011, uart_bcm2835_aux;

const struct interrupt_controller *const interrupt_controllers[] = {&gic_400, &gic_cortex_a15,
                                                                    &gic_v3, NULL};
const struct uart *const uarts[] = {&uart_pl011, &uart_bcm2835_aux, NULL};

/* A board nobody described: what the device tree and PSCI say may be enough. */
static const struct board board_generic = {
    .compatible = "",
    .name = "generic",
    .power_off = psci_power_off,
};
static const struct board *const boards[] = {&board_virt, NULL};

const struct board *board = &board_generic;
const struct interrupt_controller *interrupts;

const struct board *platform_find(const void *fdt)
{
    unsigned i = 0;
    while (boards[i] && fdt_node_check_compatible(fdt, 0, boards[i]->compatible) != 0)
        i++;
    return board = boards[i] ? boards[i] : &board_generic;
}

const struct interrupt_controller *platform_interrupt_controller(const char *compatible)
{
    unsigned i = 0;
    while (interrupt_controllers[i] &&
           strcmp(interrupt_controllers[i]->compatible, compatible) != 0)
        i++;
    return interrupts = interrupt_controllers[i];
}

const struct uart *platform_uart(const char *compatible)
{
    unsigned i = 0;
    while (uarts[i] && strcmp(uarts[i]->compatible, compatible) != 0)
        i++;
    return uarts[i];
}
