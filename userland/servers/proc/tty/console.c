/*
 * console.c: the terminal behind the console driver. Text to write and text that was typed travel
 * in the message page.
 */
#include "files/open_file.h"
#include "lib/layout.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "proc.h"
#include "tty.h"

static struct tty console;
/* Taken from the driver, and the line had no room for it. */
static char held[PAGE_SIZE];
static size_t held_bytes;

static int64_t driver_write(struct tty *tty, const char *text, size_t bytes)
{
    (void)tty;
    if (bytes > PAGE_SIZE)
        bytes = PAGE_SIZE;
    memcpy(MESSAGE_BYTES, text, bytes);
    struct message message = {.w = {CONSOLE_WRITE, bytes}};
    int64_t error = call(configuration.console, tag_for_bytes(bytes), &message);
    if (error < 0 || (int64_t)message.w[0] < 0)
        return -EIO;
    return (int64_t)message.w[1];
}

/* From the driver to the line, until one has nothing and the other no room. */
static void take_input(void)
{
    for (;;) {
        size_t taken = tty_input(&console, held, held_bytes);
        held_bytes -= taken;
        memmove(held, held + taken, held_bytes);
        if (held_bytes)
            return;
        struct message message = {.w = {CONSOLE_READ, sizeof held}};
        if (call(configuration.console, 0, &message) < 0 || (int64_t)message.w[0] < 0 ||
            message.w[1] > sizeof held)
            return;
        held_bytes = message.w[1];
        memcpy(held, MESSAGE_BYTES, held_bytes);
        if (message.w[2] && !console.ended) {
            console.ended = true;
            wait_wake(&console.readers);
        }
        if (!held_bytes)
            return;
    }
}

static void driver_room(struct tty *tty)
{
    (void)tty;
    if (held_bytes)
        take_input();
}

void console_wake(void)
{
    take_input();
}

void console_lend(struct process *process)
{
    if (console.plain)
        return;
    tty_take(process, &console);
    console.borrowed = true;
}

/* ---- /dev/console, and /dev/tty: whatever terminal controls the caller ---- */

/* The first program's descriptors are on the console without having been opened. */
static struct tty *of(const struct open_file *file)
{
    return file->state ? file->state : &console;
}

static int64_t console_open(struct thread *thread, struct open_file *file)
{
    tty_opened(thread, &console, file->flags);
    file->state = &console;
    return 0;
}

static int64_t controlling_open(struct thread *thread, struct open_file *file)
{
    file->state = tty_of(thread->process);
    return file->state ? 0 : -ENXIO;
}

static int64_t read(struct thread *thread, struct open_file *file, const struct linux_iovec *vector,
                    uint64_t total, uint64_t offset)
{
    (void)offset;
    return tty_read(thread, file, of(file), vector, total);
}

static int64_t write(struct thread *thread, struct open_file *file,
                     const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    (void)offset;
    return tty_write(thread, file, of(file), vector, total);
}

static int64_t control(struct thread *thread, struct open_file *file, uint64_t request,
                       uint64_t argument)
{
    return tty_ioctl(thread, of(file), request, argument);
}

static uint32_t poll(struct open_file *file, struct poller *poller)
{
    return tty_poll(of(file), poller);
}

static const struct file_operations console_operations = {.stream = true,
                                                          .open = console_open,
                                                          .read = read,
                                                          .write = write,
                                                          .ioctl = control,
                                                          .poll = poll};
static const struct file_operations controlling_operations = {.stream = true,
                                                              .open = controlling_open,
                                                              .read = read,
                                                              .write = write,
                                                              .ioctl = control,
                                                              .poll = poll};

#define DEVICE(major, minor) ((major) << 8 | (minor)) /* for numbers below 256 */

int64_t console_init(uint16_t rows, uint16_t columns)
{
    console.write = driver_write;
    console.room = driver_room;
    console.window = (struct linux_window){.rows = rows, .columns = columns};
    tty_init(&console);
    console.plain = !rows || !columns;
    if (console.plain) { /* a pipe, not a person: nothing is to be changed on its way */
        struct linux_termios plain = console.line.settings;
        plain.input = plain.output = plain.local = 0;
        line_set(&console.line, &plain);
    }
    int64_t error =
        tree_device("dev/console", LINUX_S_IFCHR | 0600, DEVICE(5, 1), &console_operations);
    if (!error)
        error =
            tree_device("dev/ttyAMA0", LINUX_S_IFCHR | 0600, DEVICE(204, 64), &console_operations);
    if (!error)
        error = tree_device("dev/tty", LINUX_S_IFCHR | 0666, DEVICE(5, 0), &controlling_operations);
    int64_t copy = handle_dup(configuration.notification, RIGHT_WRITE | RIGHT_DUP, 0, 0);
    if (error || copy < 0)
        return error ? error : copy;
    struct message message = {
        .w = {CONSOLE_SET_NOTIFICATION, NOTIFY_CONSOLE, 0, 0, 0, (uint64_t)copy}};
    call(configuration.console, TAG_HANDLE, &message);
    return handle_close((handle)copy);
}
