/*
 * console.c: log ring and early UART, see console.h.
 */
#include "debug/console.h"
#include "arch/lock.h"
#include "debug/printf.h"
#include "platform/platform.h"

#define SHIFT_OUT '\x0e'
#define SHIFT_IN  '\x0f'

/* How often a panicking CPU looks at the lock before it writes without it. */
#define PANIC_PATIENCE 1000000

static struct lock console_lock;
static char ring[CONSOLE_RING_BYTES];
static uint64_t written; /* bytes ever; the ring holds the last ones */

static const struct uart *uart;
static uintptr_t uart_regs;
static unsigned uart_level = LOG_INFO;
static bool runner_mode;
static bool kernel_owns = true;

bool console_init(const char *compatible, uintptr_t regs)
{
    const struct uart *found = platform_uart(compatible);
    if (found == NULL)
        return false;
    lock_take(&console_lock);
    uart_regs = regs;
    uart = found;
    lock_release(&console_lock);
    return true;
}

void console_set_level(unsigned level)
{
    uart_level = level;
}

void console_set_runner(bool runner)
{
    runner_mode = runner;
}

void console_set_owner(bool kernel)
{
    kernel_owns = kernel;
}

/* One write: taken lock, SO … SI around it. */
struct console_sink {
    struct format_sink sink;
    bool locked, to_uart;
};

static void put_in_ring(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ring[written++ % CONSOLE_RING_BYTES] = text[i];
}

static void put_to_uart(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '\n' && !runner_mode)
            uart->put(uart_regs, '\r');
        if (runner_mode && (c == SHIFT_OUT || c == SHIFT_IN))
            c = '?'; /* a server's text must not end its own bracket */
        uart->put(uart_regs, c);
    }
}

static void put_in_console(struct format_sink *sink, const char *text, size_t length)
{
    put_in_ring(text, length);
    if (((struct console_sink *)sink)->to_uart)
        put_to_uart(text, length);
}

/* A panic must be heard, also when this or another CPU died inside these functions. */
static bool take_lock(enum log_level level)
{
    if (level == LOG_PANIC)
        for (unsigned i = 0; __atomic_load_n(&console_lock.taken, __ATOMIC_RELAXED) != 0; i++)
            if (i == PANIC_PATIENCE)
                return false;
    lock_take(&console_lock);
    return true;
}

static struct console_sink begin(enum log_level level)
{
    struct console_sink console = {.sink.put = put_in_console, .locked = take_lock(level)};
    console.to_uart = uart != NULL && (level == LOG_PANIC || (level <= uart_level && kernel_owns));
    if (console.to_uart && runner_mode)
        uart->put(uart_regs, SHIFT_OUT);
    return console;
}

static void end(struct console_sink *console)
{
    if (console->to_uart && runner_mode)
        uart->put(uart_regs, SHIFT_IN);
    if (console->locked)
        lock_release(&console_lock);
}

void kvprintf(enum log_level level, const char *format, va_list arguments)
{
    struct console_sink console = begin(level);
    format_text(&console.sink, format, arguments);
    end(&console);
}

void kprintf(enum log_level level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    kvprintf(level, format, arguments);
    va_end(arguments);
}

void console_write(enum log_level level, const char *text, size_t length)
{
    struct console_sink console = begin(level);
    put_in_console(&console.sink, text, length);
    end(&console);
}

size_t console_read_log(uint64_t *offset, char *to, size_t size)
{
    lock_take(&console_lock);
    uint64_t oldest = written > CONSOLE_RING_BYTES ? written - CONSOLE_RING_BYTES : 0;
    if (*offset < oldest)
        *offset = oldest;
    uint64_t left = *offset < written ? written - *offset : 0;
    if (size > left)
        size = left;
    for (size_t i = 0; i < size; i++)
        to[i] = ring[(*offset + i) % CONSOLE_RING_BYTES];
    lock_release(&console_lock);
    return size;
}
