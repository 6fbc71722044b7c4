/*
 * sd_model.c: see sd_model.h.
 */
#include "sd_model.h"
#include "drivers/lib/alarm.h"
#include "drivers/sdhci/access.h"
#include "drivers/sdhci/sd.h"
#include <stdlib.h>
#include <string.h>

#define GENERAL_ERROR (1u << 19)
#define ILLEGAL       (1u << 22)

enum { IDLE, READY, IDENTIFICATION, STANDBY, TRANSFER, SENDING, RECEIVING, PROGRAMMING };

struct sd_model sd_model;
uint64_t sd_model_time;
static uint8_t image[SD_MODEL_SECTORS][512];
static uint32_t switch_answer[16];

uint64_t time_now(void)
{
    return sd_model_time += 1000; /* who spins sees time go by */
}

void time_spin(uint64_t nanoseconds)
{
    sd_model_time += nanoseconds;
}

static uint32_t *reg(unsigned offset)
{
    CHECK(offset % 4 == 0 && offset < SDHCI_BYTES);
    return &sd_model.registers[offset / 4];
}

static void raise(uint32_t status)
{
    *reg(SDHCI_STATUS) |= status & *reg(SDHCI_ENABLE);
}

bool sd_model_interrupts(void)
{
    return *reg(SDHCI_STATUS) & *reg(SDHCI_SIGNAL);
}

static void power_on_card(void)
{
    sd_model.state = IDLE;
    sd_model.application = sd_model.wide = sd_model.fast = false;
    sd_model.address = 0;
    sd_model.conditions_left = sd_model.conditions_wanted;
    sd_model.asks_left = 0;
}

void sd_model_insert(uint32_t serial)
{
    sd_model.present = true;
    sd_model.serial = serial;
    power_on_card();
    raise(STATUS_INSERTED);
}

void sd_model_remove(void)
{
    sd_model.present = false;
    raise(STATUS_REMOVED);
}

void sd_model_reset(enum sd_model_kind kind)
{
    sd_model = (struct sd_model){.kind = kind,
                                 .present = true,
                                 .serial = 1,
                                 .conditions_wanted = 2,
                                 .image = image,
                                 .ability = 52 << 8 | ABILITY_ADMA2 | ABILITY_HIGH_SPEED};
    power_on_card();
}

/* ---- The card ---- */

/* R1 of a command that the card takes in the state it is in. */
static uint32_t r1(void)
{
    return sd_model.state << 9 | R1_READY_FOR_DATA;
}

/* Bits high … low of a 128-bit register in the controller's layout. */
static void put_bits(uint32_t value, unsigned high, unsigned low)
{
    for (unsigned bit = low; bit <= high; bit++, value >>= 1)
        if (value & 1)
            sd_model.registers[SDHCI_RESPONSE / 4 + (bit - 8) / 32] |= 1u << (bit - 8) % 32;
}

static void put_csd(void)
{
    put_bits(sd_model.temporary_lock, 12, 12);
    if (sd_model.kind == SDHC) {
        put_bits(1, 127, 126);
        put_bits(SD_MODEL_SECTORS / 1024 - 1, 69, 48);
    } else { /* blocks of 1024 bytes, four of them a unit */
        put_bits(10, 83, 80);
        put_bits(SD_MODEL_SECTORS / 8 - 1, 73, 62);
        put_bits(0, 49, 47);
    }
}

static void put_response(uint32_t response)
{
    *reg(SDHCI_RESPONSE) = response;
}

/* A command without data. False: no response comes. */
static bool answer(unsigned index, uint32_t argument, bool application)
{
    memset(reg(SDHCI_RESPONSE), 0, 16);
    switch (index) {
    case SD_GO_IDLE:
        power_on_card();
        return true;
    case SD_SEND_IF_COND:
        put_response(argument);
        return sd_model.kind != SDSC_1;
    case SD_APP:
        CHECK_EQUAL(argument, sd_model.address);
        put_response(r1());
        sd_model.application = true;
        return true;
    case SD_APP_CONDITIONS:
        if (!application || sd_model.state != IDLE)
            return false;
        CHECK(argument & SD_CONDITIONS_VOLTAGES);
        CHECK(sd_model.kind != SDSC_1 || !(argument & SD_CONDITIONS_HIGH));
        if (sd_model.conditions_left ||
            (sd_model.kind == SDHC && !(argument & SD_CONDITIONS_HIGH))) {
            sd_model.conditions_left -= sd_model.conditions_left > 0;
            put_response(SD_CONDITIONS_VOLTAGES);
            return true;
        }
        sd_model.state = READY;
        put_response(SD_CONDITIONS_VOLTAGES | SD_CONDITIONS_READY |
                     (sd_model.kind == SDHC ? SD_CONDITIONS_HIGH : 0));
        return true;
    case SD_ALL_SEND_CID:
        if (sd_model.state != READY)
            return false;
        put_bits(sd_model.serial, 55, 24);
        sd_model.state = IDENTIFICATION;
        return true;
    case SD_SEND_ADDRESS:
        if (sd_model.state != IDENTIFICATION)
            return false;
        sd_model.address = 0x45670000;
        put_response(sd_model.address | (r1() & 0x1e00));
        sd_model.state = STANDBY;
        return true;
    case SD_SEND_CSD:
        if (sd_model.state != STANDBY || argument != sd_model.address)
            return false;
        put_csd();
        return true;
    case SD_SELECT:
        if (sd_model.state != STANDBY || argument != sd_model.address)
            return false;
        put_response(r1());
        sd_model.state = TRANSFER;
        return true;
    case SD_SET_BLOCK_LEN:
        CHECK_EQUAL(argument, 512);
        put_response(r1());
        return sd_model.state == TRANSFER;
    case SD_APP_WIDTH: /* CMD6 without data is ACMD6 */
        if (!application || sd_model.state != TRANSFER)
            return false;
        CHECK_EQUAL(argument, 2);
        sd_model.wide = true;
        put_response(r1());
        return true;
    case SD_STOP:
        if (sd_model.state < SENDING)
            return false;
        put_response(r1());
        sd_model.state = TRANSFER;
        return true;
    case SD_SEND_STATUS:
        if (argument != sd_model.address || sd_model.state < STANDBY)
            return false;
        if (sd_model.state == TRANSFER && (sd_model.asks_left || sd_model.busy_for_ever)) {
            sd_model.asks_left -= sd_model.asks_left > 0;
            put_response(PROGRAMMING << 9);
        } else {
            put_response(r1());
        }
        return true;
    }
    CHECK(!"a command that the model knows");
    return false;
}

/* ---- Data ---- */

static void check_transfer(unsigned index, uint32_t argument, uint32_t mode, uint32_t blocks)
{
    bool many = index == SD_READ_MANY || index == SD_WRITE_MANY;
    CHECK_EQUAL(!!(mode & MODE_MANY), many);
    CHECK_EQUAL(!!(mode & MODE_AUTO_STOP), many);
    CHECK_EQUAL(!!(mode & MODE_COUNT), many);
    CHECK_EQUAL(!!(mode & MODE_READ), index == SD_READ_ONE || index == SD_READ_MANY);
    CHECK_EQUAL(!!(*reg(SDHCI_CONTROL) & CONTROL_FOUR_BITS), sd_model.wide);
    CHECK_EQUAL(!!(*reg(SDHCI_CONTROL) & CONTROL_HIGH_SPEED), sd_model.fast);
    sd_model.sector = argument;
    if (sd_model.kind != SDHC) {
        CHECK(argument % 512 == 0);
        sd_model.sector /= 512;
    }
    CHECK(sd_model.sector + blocks <= SD_MODEL_SECTORS);
}

/* The bytes that ADMA2's descriptors name, of which `skip` have been moved. */
static void by_descriptors(uint32_t bytes, uint8_t *card, bool to_card)
{
    uint32_t at = *reg(SDHCI_ADMA), entry[2];
    sd_model.by_dma++;
    CHECK(*reg(SDHCI_CONTROL) & CONTROL_DMA_ADMA2);
    while (bytes) {
        CHECK(at >= SD_MODEL_BASE && at + 8 <= SD_MODEL_BASE + SD_MODEL_MEMORY);
        memcpy(entry, sd_model.memory + (at - SD_MODEL_BASE), 8);
        CHECK((entry[0] & 0x31) == (ADMA2_TRANSFER | ADMA2_VALID));
        uint32_t length = entry[0] >> 16;
        CHECK(length && entry[1] >= SD_MODEL_BASE);
        CHECK(entry[1] + length <= SD_MODEL_BASE + SD_MODEL_MEMORY);
        uint32_t part = length < bytes ? length : bytes;
        if (to_card)
            memcpy(card, sd_model.memory + (entry[1] - SD_MODEL_BASE), part);
        else
            memcpy(sd_model.memory + (entry[1] - SD_MODEL_BASE), card, part);
        card += part;
        bytes -= part;
        if (!bytes)
            break; /* a transfer that was broken off ends before the list does */
        CHECK(!(entry[0] & ADMA2_END));
        at += 8;
    }
}

static void transfer_is_over(void)
{
    uint32_t mode = *reg(SDHCI_COMMAND);
    *reg(SDHCI_PRESENT) &= ~(PRESENT_CAN_READ | PRESENT_CAN_WRITE);
    if (mode & MODE_AUTO_STOP) {
        *reg(SDHCI_RESPONSE + 12) = r1();
        if (sd_model.fault == FAULT_STOP_STATUS &&
            (sd_model.commands == sd_model.fault_at ||
             (sd_model.fault_lasts && sd_model.commands > sd_model.fault_at)))
            *reg(SDHCI_RESPONSE + 12) |= GENERAL_ERROR;
        sd_model.stops++;
    }
    if (sd_model.state == RECEIVING)
        sd_model.asks_left = sd_model.busy_asks;
    sd_model.state = TRANSFER;
    raise(STATUS_TRANSFER);
}

/* The next block is in the buffer, or may come there. */
static void offer_buffer(void)
{
    bool read = *reg(SDHCI_COMMAND) & MODE_READ;
    sd_model.buffer_next = 0;
    *reg(SDHCI_PRESENT) |= read ? PRESENT_CAN_READ : PRESENT_CAN_WRITE;
    raise(read ? STATUS_CAN_READ : STATUS_CAN_WRITE);
}

static void begin_data(unsigned index, uint32_t argument, uint32_t mode, enum sd_fault fault)
{
    uint32_t blocks = mode & MODE_MANY ? *reg(SDHCI_BLOCK) >> 16 : 1;
    uint32_t size = *reg(SDHCI_BLOCK) & 0xfff;
    CHECK(blocks && sd_model.state == TRANSFER);
    put_response(r1());
    if (index == SD_SWITCH) {
        CHECK(size == 64 && blocks == 1 && argument == SD_SWITCH_HIGH_SPEED);
        memset(switch_answer, 0, sizeof switch_answer);
        switch_answer[SD_SWITCH_RESULT / 4] = 1;
        sd_model.fast = true;
        sd_model.buffer = switch_answer;
    } else {
        CHECK_EQUAL(size, 512);
        check_transfer(index, argument, mode, blocks);
        sd_model.buffer = (uint32_t *)sd_model.image[sd_model.sector];
        *(mode & MODE_READ ? &sd_model.reads : &sd_model.writes) += blocks;
    }
    sd_model.state = mode & MODE_READ ? SENDING : RECEIVING;
    raise(STATUS_COMMAND);
    bool broken = fault == FAULT_DATA_TIMEOUT || fault == FAULT_DATA_CRC;
    if (mode & MODE_DMA) {
        uint32_t bytes = blocks * size / (broken ? 2 : 1);
        by_descriptors(bytes, (uint8_t *)sd_model.buffer, !(mode & MODE_READ));
        if (!broken)
            transfer_is_over();
    } else {
        sd_model.buffer_words = size / 4;
        sd_model.blocks_left = broken ? blocks / 2 : blocks;
        if (sd_model.blocks_left)
            offer_buffer();
    }
    if (broken)
        raise(fault == FAULT_DATA_CRC ? STATUS_DATA_CRC : STATUS_DATA_TIMEOUT);
}

static uint32_t port(uint32_t value, bool write)
{
    uint32_t *word = &sd_model.buffer[sd_model.buffer_next];
    CHECK(*reg(SDHCI_PRESENT) & (write ? PRESENT_CAN_WRITE : PRESENT_CAN_READ));
    if (write)
        *word = value;
    value = *word;
    if (++sd_model.buffer_next < sd_model.buffer_words)
        return value;
    sd_model.buffer += sd_model.buffer_words;
    *reg(SDHCI_PRESENT) &= ~(PRESENT_CAN_READ | PRESENT_CAN_WRITE);
    if (--sd_model.blocks_left)
        offer_buffer();
    else if (!(*reg(SDHCI_STATUS) & STATUS_ERRORS))
        transfer_is_over();
    return value;
}

/* ---- The controller ---- */

static enum sd_fault fault_now(void)
{
    uint64_t number = ++sd_model.commands;
    bool now = sd_model.fault_at && (number == sd_model.fault_at ||
                                     (sd_model.fault_lasts && number > sd_model.fault_at));
    return now ? sd_model.fault : FAULT_NONE;
}

static void finish_command(uint32_t command)
{
    raise(STATUS_COMMAND | ((command & COMMAND_BUSY) == COMMAND_BUSY ? STATUS_TRANSFER : 0));
}

static void begin_command(uint32_t command)
{
    unsigned index = command >> 24 & 63;
    uint32_t argument = *reg(SDHCI_ARGUMENT), kind = command & COMMAND_BUSY;
    bool application = sd_model.application, data = command & COMMAND_HAS_DATA;
    enum sd_fault fault = fault_now();
    sd_model.application = false;
    CHECK((*reg(SDHCI_CLOCK) & (CLOCK_CARD | CLOCK_STABLE)) == (CLOCK_CARD | CLOCK_STABLE));
    CHECK(*reg(SDHCI_CONTROL) & CONTROL_POWER_ON);
    CHECK(!(*reg(SDHCI_STATUS) & (STATUS_COMMAND | STATUS_TRANSFER | STATUS_ERRORS)));
    if (fault == FAULT_REMOVAL && sd_model.present)
        sd_model_remove();
    if (fault == FAULT_SILENCE || (fault == FAULT_DATA_TIMEOUT && !data))
        return;
    if (!sd_model.present || fault == FAULT_NO_RESPONSE ||
        (fault == FAULT_STATUS && kind != COMMAND_SHORT && kind != COMMAND_BUSY)) {
        raise(kind ? STATUS_NO_RESPONSE : STATUS_COMMAND);
        return;
    }
    if (fault == FAULT_COMMAND_CRC) {
        raise(kind ? STATUS_COMMAND_CRC : STATUS_COMMAND);
        return;
    }
    if (!data && fault == FAULT_DATA_CRC) {
        raise(STATUS_COMMAND_CRC);
        return;
    }
    if (data && (sd_model.state != TRANSFER || (index == SD_SWITCH && sd_model.no_switch))) {
        raise(STATUS_NO_RESPONSE);
        return;
    }
    if (data)
        begin_data(index, argument, command, fault);
    else if (answer(index, argument, application))
        finish_command(command);
    else
        raise(STATUS_NO_RESPONSE);
    if (fault == FAULT_STATUS)
        *reg(SDHCI_RESPONSE) |= GENERAL_ERROR;
}

static void write_clock(uint32_t value)
{
    uint32_t resets = value & (CLOCK_RESET_ALL | CLOCK_RESET_COMMAND | CLOCK_RESET_DATA);
    CHECK((resets & (resets - 1)) == 0); /* one at a time */
    if (resets & CLOCK_RESET_ALL) {
        memset(sd_model.registers, 0, sizeof sd_model.registers);
        value &= CLOCK_RESET_ALL;
    }
    if (resets & CLOCK_RESET_DATA) { /* what the card sends or awaits, it goes on with */
        sd_model.blocks_left = 0;
        *reg(SDHCI_PRESENT) &= ~(PRESENT_CAN_READ | PRESENT_CAN_WRITE);
    }
    value &= ~CLOCK_STABLE;
    bool stays = sd_model.stuck || (sd_model.lines_stuck && !(resets & CLOCK_RESET_ALL));
    if (resets & CLOCK_RESET_ALL && !sd_model.stuck)
        sd_model.lines_stuck = false;
    *reg(SDHCI_CLOCK) =
        (stays ? value : value & ~resets) | (value & CLOCK_INTERNAL ? CLOCK_STABLE : 0);
}

uint32_t register_read(volatile uint8_t *registers, unsigned offset)
{
    CHECK(registers == (uint8_t *)&sd_model);
    switch (offset) {
    case SDHCI_DATA:
        return port(0, false);
    case SDHCI_PRESENT:
        return (*reg(offset) & (PRESENT_CAN_READ | PRESENT_CAN_WRITE)) |
               (sd_model.present ? PRESENT_CARD | PRESENT_STABLE : PRESENT_STABLE) |
               (sd_model.write_protected ? 0 : PRESENT_WRITE_ENABLED);
    case SDHCI_ABILITY:
        return sd_model.ability;
    case SDHCI_VERSION:
        return sd_model.version_3 ? 2u << 16 : 1u << 16;
    }
    return *reg(offset);
}

void register_write(volatile uint8_t *registers, unsigned offset, uint32_t value)
{
    CHECK(registers == (uint8_t *)&sd_model);
    switch (offset) {
    case SDHCI_DATA:
        port(value, true);
        break;
    case SDHCI_STATUS:
        *reg(offset) &= ~value;
        break;
    case SDHCI_CLOCK:
        write_clock(value);
        break;
    case SDHCI_COMMAND:
        *reg(offset) = value;
        begin_command(value);
        break;
    default:
        *reg(offset) = value;
    }
}
