/*
 * uart: the PL011 console driver. Bytes go out as they are, by polling the FIFO
 * (a character time each at worst); bytes that come in wait in a ring until the
 * console's user reads them. When the ring is full the line is left alone: the
 * UART's FIFO and the sender's flow control hold the rest, nothing is thrown away.
 *
 * On a line shared with a runner (console=runner) DLE is special both ways: out go
 * DLE and a letter for the three bytes the kernel brackets its own words with; in
 * come DLE P for DLE itself and DLE D for the end of the input. DLE R goes out when
 * the driver is ready: until then the runner holds what is typed, which firmware
 * and a UART that is switched on would lose.
 *
 * Handles: "self", "uart" (registers), "uart.irq" (absent on a board that does not
 * wire the interrupt: then nothing can be typed).
 */
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/server.h"
#include "lib/startup.h"
#include "pl011.h"

#define REGISTERS  ((struct pl011 *)LAYOUT_WIRED_END)
#define RING_BYTES 4096 /* a power of two */

static char ring[RING_BYTES];
static size_t ring_in, ring_out; /* counts since the start */

#define SHIFT_OUT    0x0e /* begins the kernel's own words on a line shared with a runner */
#define ESCAPE       0x10
#define LETTER       0x40 /* added to a byte behind ESCAPE */
#define END_OF_INPUT 'D'
#define READY        'R'
static bool shared_with_runner; /* escapes both ways: no program can pretend to be the kernel */
static bool after_escape;       /* the last byte that came in was ESCAPE */
static bool ended;              /* no more input will come */

static handle irq;
static handle listener; /* told of input; 0: nobody asked */
static uint64_t listener_bits;

/* Room in the ring? Then the receive interrupts may come. */
static void listen_if_room(void)
{
    bool room = ring_in - ring_out < RING_BYTES;
    REGISTERS->interrupt_mask = room ? PL011_INTERRUPT_RECEIVE | PL011_INTERRUPT_TIMEOUT : 0;
}

/* A byte from the line: to the ring, or half of an escape. */
static void take(uint8_t byte)
{
    if (shared_with_runner && !after_escape && byte == ESCAPE) {
        after_escape = true;
        return;
    }
    if (after_escape && byte == END_OF_INPUT)
        ended = true;
    else
        ring[ring_in++ % RING_BYTES] = (char)(after_escape ? byte - LETTER : byte);
    after_escape = false;
}

/* From the FIFO to the ring. True when there is news for a reader who had seen all before. */
static bool receive(void)
{
    bool was_empty = ring_in == ring_out, had_ended = ended;
    while (ring_in - ring_out < RING_BYTES && !(REGISTERS->flags & PL011_FLAGS_RECEIVE_EMPTY)) {
        uint32_t data = REGISTERS->data;
        if (!(data & PL011_DATA_BREAK))
            take((uint8_t)data);
    }
    listen_if_room();
    return (was_empty && ring_in != ring_out) || ended != had_ended;
}

/* `room`: places free in the transmit FIFO, as far as is known without asking. It starts as 0, for
 * the kernel writes here, too. */
native_inline void put(uint8_t byte, unsigned *room)
{
    if (!*room) {
        uint32_t flags;
        do
            flags = REGISTERS->flags;
        while (flags & PL011_FLAGS_TRANSMIT_FULL);
        *room = flags & PL011_FLAGS_TRANSMIT_EMPTY ? PL011_FIFO_BYTES : 1;
    }
    --*room;
    REGISTERS->data = byte;
}

/* CONSOLE_WRITE: w1=bytes, the text in the message page. */
static int64_t console_write(struct message *message)
{
    uint64_t bytes = message->w[1];
    unsigned room = 0;
    if (bytes > message_page_bytes(message))
        return -EINVAL;
    for (uint64_t i = 0; i < bytes; i++) {
        uint8_t byte = (uint8_t)MESSAGE_BYTES[i];
        if (shared_with_runner && byte >= SHIFT_OUT && byte <= ESCAPE) {
            put(ESCAPE, &room);
            byte += LETTER;
        }
        put(byte, &room);
    }
    return 0;
}

/* CONSOLE_READ: w1=most bytes. The tag of the answer says how many words the text takes. */
static int64_t console_read(struct message *message, int64_t *tag)
{
    uint64_t most = message->w[1], bytes = 0;
    if (most > PAGE_SIZE)
        return -EINVAL;
    do { /* until the FIFO is empty, too: what comes then finds an empty ring and notifies */
        while (bytes < most && ring_out != ring_in)
            MESSAGE_BYTES[bytes++] = ring[ring_out++ % RING_BYTES];
        receive(); /* what had to wait for room */
    } while (bytes < most && ring_out != ring_in);
    message->w[1] = bytes;
    message->w[2] = ended && ring_out == ring_in;
    *tag = (int64_t)tag_for_bytes(bytes);
    return 0;
}

/* CONSOLE_SET_NOTIFICATION: w1=bits, w5=notification. Told at once when something waits already. */
static int64_t console_set_notification(const struct message *message)
{
    handle notification = (handle)message->w[5];
    if (!(message_tag(message) & TAG_HANDLE))
        return -EINVAL;
    if (!message->w[1]) {
        handle_close(notification);
        return -EINVAL;
    }
    if (listener)
        handle_close(listener);
    listener = notification;
    listener_bits = message->w[1];
    if (ring_in != ring_out || ended)
        notify(listener, listener_bits);
    return 0;
}

static int64_t on_call(struct message *message)
{
    int64_t result = -ENOSYS, tag = 0;
    if (message->w[0] != CONSOLE_SET_NOTIFICATION)
        message_refuse_handle(message);
    switch (message->w[0]) {
    case CONSOLE_WRITE:
        result = console_write(message);
        break;
    case CONSOLE_READ:
        result = console_read(message, &tag);
        break;
    case CONSOLE_SET_NOTIFICATION:
        result = console_set_notification(message);
        break;
    }
    message->w[0] = (uint64_t)result;
    return tag;
}

/* The interrupt: its line stays off until it is acknowledged. Its cause is cleared before the FIFO
 * is emptied: a character that comes behind the last look at the FIFO must interrupt again. */
static int64_t on_notify(struct message *message)
{
    (void)message;
    REGISTERS->interrupt_clear = PL011_INTERRUPT_RECEIVE | PL011_INTERRUPT_TIMEOUT;
    bool news = receive();
    irq_acknowledge(irq);
    if (news && listener)
        notify(listener, listener_bits);
    return ANSWER_LATER;
}

static void map_registers(void)
{
    shared_with_runner = startup_block->escape_output;
    int64_t error = region_map(HANDLE_SPACE, (uintptr_t)REGISTERS, 1, MAP_READ | MAP_WRITE,
                               startup_handle_needed("uart"), 0, 0, 0);
    if (error < 0) {
        log_print(LOG_ERROR, "%s: cannot map the registers: %s\n", startup_name(),
                  error_name(error));
        native_exit(1);
    }
}

/* Line settings only where firmware left the UART off: a change in use loses characters. */
static void switch_on(void)
{
    uint32_t wanted = PL011_CONTROL_ENABLE | PL011_CONTROL_TRANSMIT | PL011_CONTROL_RECEIVE;
    if (!(REGISTERS->line & PL011_LINE_FIFO))
        REGISTERS->line = PL011_LINE_FIFO | PL011_LINE_8BITS;
    REGISTERS->control |= wanted;
    REGISTERS->interrupt_mask = 0;
    REGISTERS->interrupt_clear = PL011_INTERRUPTS_ALL;
}

/* From here on receive interrupts come as notifications to our endpoint. */
static void bind_interrupt(handle self)
{
    irq = startup_handle("uart.irq");
    if (!irq) {
        log_print(LOG_WARNING, "%s: no interrupt line: nothing can be typed\n", startup_name());
        return;
    }
    int64_t notification = create_notification(0, self);
    int64_t error = notification < 0 ? notification : irq_bind(irq, (handle)notification, 1);
    if (error < 0)
        log_print(LOG_ERROR, "%s: cannot bind the interrupt: %s\n", startup_name(),
                  error_name(error));
    receive(); /* what was typed before we were here; lets the interrupts through */
    if (shared_with_runner) {
        unsigned room = 0;
        put(ESCAPE, &room);
        put(READY, &room);
    }
}

static const struct server_operations operations = {.on_call = on_call, .on_notify = on_notify};

int main(const struct startup *startup)
{
    (void)startup;
    handle self = startup_handle_needed("self");
    map_registers();
    switch_on();
    bind_interrupt(self);
    server_loop(self, &operations);
}
