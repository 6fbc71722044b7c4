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
static bool to_uart; /* this write, under the lock */

bool console_init(const char *compatible, uintptr_t regs)
{
    const struct uart *found = platform_uart(compatible);
    if (!found)
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

static void put(struct format_sink *sink, char c)
{
    (void)sink;
    ring[written++ % CONSOLE_RING_BYTES] = c;
    if (!to_uart)
        return;
    if (c == '\n' && !runner_mode)
        uart->put(uart_regs, '\r');
    if (runner_mode && (c == SHIFT_OUT || c == SHIFT_IN))
        c = '?'; /* a server's text must not end its own bracket */
    uart->put(uart_regs, c);
}

/* Begins one write: takes the lock, opens the bracket. A panic must be heard, also when this or
 * another CPU died inside these functions: then the result, which is for end(), is false. */
static bool begin(enum log_level level)
{
    bool free = level != LOG_PANIC;
    for (unsigned i = 0; !free && i < PANIC_PATIENCE; i++)
        free = __atomic_load_n(&console_lock.taken, __ATOMIC_RELAXED) == 0;
    if (free)
        lock_take(&console_lock);
    to_uart = uart && (level == LOG_PANIC || level <= uart_level);
    if (to_uart && runner_mode)
        uart->put(uart_regs, SHIFT_OUT);
    return free;
}

static void end(bool locked)
{
    if (to_uart && runner_mode)
        uart->put(uart_regs, SHIFT_IN);
    if (locked)
        lock_release(&console_lock);
}

void kvprintf(enum log_level level, const char *format, va_list arguments)
{
    struct format_sink sink = {put};
    bool locked = begin(level);
    format_text(&sink, format, arguments);
    end(locked);
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
    bool locked = begin(level);
    for (size_t i = 0; i < length; i++)
        put(NULL, text[i]);
    end(locked);
}

size_t console_read_log(uint64_t *offset, char *to, size_t size)
{
    size_t count = 0;
    lock_take(&console_lock);
    if (written > CONSOLE_RING_BYTES && *offset < written - CONSOLE_RING_BYTES)
        *offset = written - CONSOLE_RING_BYTES;
    for (; count < size && *offset + count < written; count++)
        to[count] = ring[(*offset + count) % CONSOLE_RING_BYTES];
    lock_release(&console_lock);
    return count;
}
