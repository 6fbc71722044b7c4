/*
 * host.c: see host.h.
 */
#include "drivers/sdhci/host.h"
#include "drivers/lib/alarm.h"
#include "drivers/sdhci/access.h"
#include "drivers/sdhci/registers.h"
#include "entry/abi.h"

#define MILLISECOND    1000000ul
#define RESET_WAIT     (20 * MILLISECOND)
#define SLOW_GAP       10000ul              /* ns: four clocks at 400 kHz */
#define DIVISOR_MOST_2 256u                 /* specification 2.00: powers of two */
#define DIVISOR_MOST_3 2046u                /* 3.00: even numbers, and 1 */
#define ROUNDS_MOST    (2 * SD_BLOCKS_MOST) /* of looking at one interrupt */
#define MEGAHERTZ      1000000u

static uint32_t get(const struct host *host, unsigned offset)
{
    return register_read(host->registers, offset);
}

/* A second write to the same register must not come within two clocks of the card on some
 * controllers; the gap matters only while that clock is slow. */
static void set(const struct host *host, unsigned offset, uint32_t value)
{
    register_write(host->registers, offset, value);
    if (host->slow_writes && offset != SDHCI_DATA && host->clock_hz <= HOST_IDENTIFY_HZ)
        time_spin(SLOW_GAP);
}

static void change(const struct host *host, unsigned offset, uint32_t clear, uint32_t bits)
{
    set(host, offset, (get(host, offset) & ~clear) | bits);
}

/* Waits until these bits of a register are as wanted. False: they never were. */
static bool wait(const struct host *host, unsigned offset, uint32_t bits, uint32_t wanted)
{
    uint64_t end = time_now() + RESET_WAIT;
    do
        if ((get(host, offset) & bits) == wanted)
            return true;
    while (time_now() < end);
    return (get(host, offset) & bits) == wanted;
}

static bool reset(const struct host *host, uint32_t which)
{
    change(host, SDHCI_CLOCK, CLOCK_RESET_ALL | CLOCK_RESET_COMMAND | CLOCK_RESET_DATA, which);
    return wait(host, SDHCI_CLOCK, which, 0);
}

int host_reset_lines(struct host *host)
{
    host->busy = false;
    /* One after the other: there are controllers that forget one of two. */
    bool command = reset(host, CLOCK_RESET_COMMAND);
    bool data = reset(host, CLOCK_RESET_DATA);
    set(host, SDHCI_STATUS, ~(STATUS_INSERTED | STATUS_REMOVED));
    return command && data ? 0 : -EIO;
}

static uint32_t base_of(const struct host *host)
{
    uint32_t megahertz =
        host->version_3 ? ABILITY_CLOCK_MHZ_3(host->ability) : ABILITY_CLOCK_MHZ_2(host->ability);
    return host->base_hz ? host->base_hz : megahertz * MEGAHERTZ;
}

int host_start(struct host *host)
{
    host->busy = false;
    if (!reset(host, CLOCK_RESET_ALL))
        return -EIO;
    host->ability = get(host, SDHCI_ABILITY);
    host->version_3 = (get(host, SDHCI_VERSION) >> 16 & 0xff) >= 2;
    host->high_speed = host->ability & ABILITY_HIGH_SPEED;
    host->adma2 = host->descriptors && host->ability & ABILITY_ADMA2 &&
                  host->descriptors_at + PAGE_SIZE <= 1ul << 32;
    if (!base_of(host))
        return -EIO;
    set(host, SDHCI_STATUS, UINT32_MAX);
    set(host, SDHCI_ENABLE, STATUS_WANTED | STATUS_CAN_READ | STATUS_CAN_WRITE);
    set(host, SDHCI_SIGNAL, STATUS_WANTED);
    return 0;
}

void host_power_off(struct host *host)
{
    change(host, SDHCI_CLOCK, CLOCK_CARD, 0);
    change(host, SDHCI_CONTROL, CONTROL_POWER_ON | CONTROL_FOUR_BITS | CONTROL_HIGH_SPEED, 0);
}

int host_power_on(struct host *host)
{
    host_power_off(host);
    change(host, SDHCI_CONTROL, CONTROL_DMA_MASK,
           CONTROL_POWER_3_3V | (host->adma2 ? CONTROL_DMA_ADMA2 : 0));
    change(host, SDHCI_CONTROL, 0, CONTROL_POWER_ON);
    return host_clock(host, HOST_IDENTIFY_HZ);
}

int host_clock(struct host *host, uint32_t hz)
{
    uint32_t base = base_of(host), divisor = 1;
    uint32_t most = host->version_3 ? DIVISOR_MOST_3 : DIVISOR_MOST_2;
    while (divisor < most && base / divisor > hz)
        divisor += !host->version_3 || divisor == 1 ? divisor : 2;
    host->clock_hz = base / divisor;
    change(host, SDHCI_CLOCK, CLOCK_CARD, 0); /* 3.2.3: off while it changes */
    change(host, SDHCI_CLOCK, CLOCK_DIVISOR_MASK | CLOCK_INTERNAL | 0xffu << 16,
           CLOCK_DIVISOR(divisor / 2) | CLOCK_INTERNAL | CLOCK_TIMEOUT_MOST);
    if (!wait(host, SDHCI_CLOCK, CLOCK_STABLE, CLOCK_STABLE))
        return -EIO;
    change(host, SDHCI_CLOCK, 0, CLOCK_CARD);
    return 0;
}

void host_four_bits(struct host *host)
{
    change(host, SDHCI_CONTROL, 0, CONTROL_FOUR_BITS);
}

void host_high_speed(struct host *host)
{
    change(host, SDHCI_CONTROL, 0, CONTROL_HIGH_SPEED);
}

bool host_has_card(const struct host *host)
{
    return host->no_detect || get(host, SDHCI_PRESENT) & PRESENT_CARD;
}

bool host_may_write(const struct host *host)
{
    return host->no_detect || get(host, SDHCI_PRESENT) & PRESENT_WRITE_ENABLED;
}

/* ---- Commands ---- */

/* Descriptors for the data's pages, neighbours together. False: a page is out of reach of 32 bits,
 * or there is no DMA for this. */
static bool describe(const struct host *host, const struct command *command)
{
    uint32_t bytes = command->blocks * command->block_bytes, used = 0;
    uint32_t *entry = host->descriptors;
    if (!host->adma2 || !command->pages || !bytes)
        return false;
    for (uint32_t page = 0; bytes; page++) {
        uint32_t part = bytes < PAGE_SIZE ? bytes : PAGE_SIZE;
        uint64_t at = command->pages[page];
        if (at + PAGE_SIZE > 1ul << 32)
            return false;
        if (used && entry[1] + used == at && used + part <= ADMA2_LENGTH_MOST) {
            used += part;
        } else {
            entry += used ? 2 : 0;
            entry[1] = (uint32_t)at;
            used = part;
        }
        bytes -= part;
        entry[0] =
            used << ADMA2_LENGTH_SHIFT | ADMA2_TRANSFER | ADMA2_VALID | (bytes ? 0 : ADMA2_END);
    }
    return true;
}

static uint32_t response_bits(const struct command *command)
{
    static const uint32_t bits[] = {
        [RESPONSE_NONE] = 0,
        [RESPONSE_LONG] = COMMAND_LONG | COMMAND_CHECK_CRC,
        [RESPONSE_UNCHECKED] = COMMAND_SHORT,
        [RESPONSE_SHORT] = COMMAND_SHORT | COMMAND_CHECK_CRC | COMMAND_CHECK_INDEX,
        [RESPONSE_BUSY] = COMMAND_BUSY | COMMAND_CHECK_CRC | COMMAND_CHECK_INDEX,
    };
    return bits[command->response] | (command->abort ? COMMAND_ABORT : 0);
}

/* Block registers and transfer mode of a command with data. */
static uint32_t prepare_data(struct host *host, const struct command *command)
{
    uint32_t can = command->read ? STATUS_CAN_READ : STATUS_CAN_WRITE;
    host->by_dma = describe(host, command);
    host->at = command->data;
    host->blocks_left = host->by_dma ? 0 : command->blocks;
    set(host, SDHCI_SIGNAL, STATUS_WANTED | (host->by_dma ? 0 : can));
    if (host->by_dma) {
        access_publish(); /* the descriptors, and the data of a write */
        set(host, SDHCI_ADMA, (uint32_t)host->descriptors_at);
    }
    set(host, SDHCI_BLOCK, command->blocks << 16 | command->block_bytes);
    return COMMAND_HAS_DATA | (host->by_dma ? MODE_DMA : 0) | (command->read ? MODE_READ : 0) |
           (command->blocks > 1 ? MODE_MANY | MODE_COUNT : 0) |
           (command->stop ? MODE_AUTO_STOP : 0);
}

int host_begin(struct host *host, const struct command *command)
{
    uint32_t bits = COMMAND_INDEX(command->index) | response_bits(command);
    uint32_t inhibit = PRESENT_COMMAND_INHIBIT;
    if ((command->blocks || command->response == RESPONSE_BUSY) && !command->abort)
        inhibit |= PRESENT_DATA_INHIBIT;
    if (host->busy || get(host, SDHCI_PRESENT) & inhibit)
        return -EBUSY;
    host->command = *command;
    host->responded = false;
    host->errors = 0;
    host->busy = true;
    host->blocks_left = 0;
    host->commands++;
    if (command->blocks)
        bits |= prepare_data(host, command);
    set(host, SDHCI_ARGUMENT, command->argument);
    set(host, SDHCI_COMMAND, bits);
    if (command->blocks && host->force_every && ++host->forced == host->force_every) {
        host->forced = 0;
        set(host, SDHCI_FORCE, host->force_bits);
    }
    return 0;
}

int host_error(const struct host *host)
{
    return host->errors & (STATUS_NO_RESPONSE | STATUS_DATA_TIMEOUT) ? -ETIMEDOUT : -EIO;
}

/* ---- Interrupts ---- */

static void copy_block(struct host *host)
{
    for (uint32_t i = 0; i < host->command.block_bytes; i += 4, host->at += 4) {
        uint32_t *word = (uint32_t *)host->at;
        if (host->command.read)
            *word = get(host, SDHCI_DATA);
        else
            set(host, SDHCI_DATA, *word);
    }
    host->blocks_left--;
}

/* Programmed I/O: as many blocks as the buffer gives or takes at once. */
static void move_blocks(struct host *host)
{
    uint32_t ready = host->command.read ? PRESENT_CAN_READ : PRESENT_CAN_WRITE;
    while (host->blocks_left && get(host, SDHCI_PRESENT) & ready)
        copy_block(host);
}

static void read_response(struct host *host)
{
    for (unsigned i = 0; i < 4; i++)
        host->response[i] = get(host, SDHCI_RESPONSE + 4 * i);
}

/* The command under way, with these status bits. */
static unsigned advance(struct host *host, uint32_t status)
{
    const struct command *command = &host->command;
    bool waits_for_data = command->blocks || command->response == RESPONSE_BUSY;
    if (status & STATUS_ERRORS) {
        host->errors = status & STATUS_ERRORS;
        host->busy = false;
        return HOST_FAILED;
    }
    host->responded |= status & STATUS_COMMAND;
    if (host->blocks_left)
        move_blocks(host);
    if (!host->responded || (waits_for_data && !(status & STATUS_TRANSFER)))
        return HOST_NOTHING;
    read_response(host);
    access_collect();
    host->busy = false;
    return host->blocks_left ? HOST_FAILED : HOST_DONE; /* fewer blocks than were asked for */
}

/* Status is looked at until it is empty: what a block that was copied brings comes at once on an
 * emulated controller. A status that never becomes empty is looked at later again. */
unsigned host_interrupt(struct host *host)
{
    unsigned events = HOST_NOTHING;
    uint32_t status;
    host->interrupts++;
    for (unsigned round = 0; round < ROUNDS_MOST; round++) {
        status = get(host, SDHCI_STATUS) & ~STATUS_ERROR;
        if (!status)
            break;
        set(host, SDHCI_STATUS, status);
        if (status & (STATUS_INSERTED | STATUS_REMOVED))
            events |= HOST_CHANGED;
        if (host->busy)
            events |= advance(host, status);
    }
    return events;
}
