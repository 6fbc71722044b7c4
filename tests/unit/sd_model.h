/*
 * sd_model.h: an SD host controller with a card in it, as registers that behave: for tests of
 * drivers/sdhci. It checks what a driver must keep to (CHECK fails the test), and goes wrong when
 * told to.
 */
#pragma once
#include "drivers/sdhci/card.h"
#include "drivers/sdhci/registers.h"
#include "unit.h"

#define SD_MODEL_SECTORS 4096
#define SD_MODEL_MEMORY  (4u << 20) /* what DMA reaches, from address SD_MODEL_BASE on */
#define SD_MODEL_BASE    0x10000000u

enum sd_model_kind { SDSC_1, SDSC_2, SDHC };

enum sd_fault {
    FAULT_NONE,
    FAULT_NO_RESPONSE,
    FAULT_COMMAND_CRC,
    FAULT_DATA_TIMEOUT, /* half of the data moves; without data as FAULT_SILENCE */
    FAULT_DATA_CRC,     /* … */
    FAULT_STATUS,       /* R1 says "general error"; without R1 as FAULT_NO_RESPONSE */
    FAULT_STOP_STATUS,  /* the same in the response to the automatic CMD12 */
    FAULT_SILENCE,      /* nothing happens, for ever */
    FAULT_REMOVAL,      /* the card goes */
    FAULTS
};

struct sd_model {
    /* the controller */
    uint32_t registers[SDHCI_BYTES / 4];
    uint32_t ability;
    bool version_3;
    bool stuck;       /* does not come out of reset */
    bool lines_stuck; /* only all of it can be reset */
    uint32_t *buffer;
    uint32_t buffer_words, buffer_next, blocks_left;
    uint8_t memory[SD_MODEL_MEMORY];
    /* the card */
    enum sd_model_kind kind;
    bool present, write_protected, busy_for_ever;
    bool no_switch;             /* knows no CMD6 */
    uint32_t serial;            /* in its CID */
    uint32_t temporary_lock;    /* CSD: temporary write protection */
    unsigned conditions_wanted; /* ACMD41s before it is ready */
    unsigned busy_asks;         /* CMD13s after a write that say "programming" */
    uint8_t (*image)[512];
    unsigned state, asks_left, conditions_left;
    bool application, wide, fast;
    uint32_t address;
    uint64_t sector;
    /* what goes wrong: with command number `fault_at` (counted from 1), and with every one from
     * there on if it lasts */
    enum sd_fault fault;
    uint64_t fault_at, commands;
    bool fault_lasts;
    /* what was seen */
    uint64_t reads, writes, by_dma, stops;
};
extern struct sd_model sd_model;
extern uint64_t sd_model_time;

/* A controller as after power-on with a card of this kind. */
void sd_model_reset(enum sd_model_kind kind);
void sd_model_insert(uint32_t serial);
void sd_model_remove(void);
/* Is the interrupt line up? */
bool sd_model_interrupts(void);
