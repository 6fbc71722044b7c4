/*
 * console.c: the terminal of programs, over the console driver. Output goes through the message
 * page: space_copy puts the program's bytes there and the driver finds them, one copy in all.
 *
 * There is no line discipline yet: input arrives as typed, without echo or editing, with carriage
 * return as newline; Control-D alone is the end of file. Settings are accepted and remembered.
 */
#include "lib/layout.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "proc.h"

#define CHUNKS_AT_ONCE 16 /* 64 KiB; then others get their turn */
#define CONTROL_D      4

static struct linux_termios settings = {
    .input = 0x500,    /* ICRNL IXON */
    .output = 0x5,     /* OPOST ONLCR */
    .control = 0x14b2, /* 115200 baud, 8 bits, CREAD, HUPCL */
    .local = 0x8a3b,   /* ISIG ICANON ECHO ECHOE ECHOK ECHOCTL ECHOKE IEXTEN */
    .characters = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22},
};

/* ---- Output ---- */

/* `bytes` of the message page to the driver. Bytes taken, or a negated errno. */
static int64_t put(uint64_t bytes)
{
    struct message message = {.w = {CONSOLE_WRITE, bytes}};
    int64_t error = call(configuration.console, tag_for_bytes(bytes), &message);
    if (error < 0 || (int64_t)message.w[0] < 0)
        return -EIO;
    return (int64_t)message.w[1];
}

/* Gathers pieces into the message page until it is full or a piece stops. */
static int64_t gather(struct thread *thread, const struct linux_iovec *vector, uint64_t total,
                      uint64_t *filled)
{
    uint64_t address, bytes;
    *filled = 0;
    while (*filled < PAGE_SIZE &&
           vector_piece(vector, total, thread->progress + *filled, &address, &bytes)) {
        uint64_t done = 0;
        if (bytes > PAGE_SIZE - *filled)
            bytes = PAGE_SIZE - *filled;
        int64_t error = client_read_part(thread, address, MESSAGE_BYTES + *filled, bytes, &done);
        *filled += done;
        if (error)
            return error;
    }
    return 0;
}

static int64_t console_write(struct thread *thread, struct open_file *file,
                             const struct linux_iovec *vector, uint64_t total)
{
    (void)file;
    while (thread->progress < total) {
        uint64_t filled;
        int64_t error = gather(thread, vector, total, &filled);
        if (filled) {
            int64_t written = put(filled);
            if (written <= 0)
                return thread->progress ? (int64_t)thread->progress : -EIO;
            thread->progress += (uint64_t)written;
        }
        if (error == -EFAULT)
            return thread->progress ? (int64_t)thread->progress : error;
        if (!error)
            error = client_pause(thread, thread->progress, filled);
        if (error && thread->progress < total)
            return error;
    }
    return (int64_t)total;
}

/* ---- Input ---- */

static struct wait_queue readers;
/* What the driver gave and nobody has taken yet. */
static char typed[PAGE_SIZE];
static uint64_t typed_bytes;
static bool ended; /* no more will come: from then on every read is at the end of the file */

static void take_input(void)
{
    struct message message = {.w = {CONSOLE_READ, PAGE_SIZE - typed_bytes}};
    if (typed_bytes == PAGE_SIZE || call(configuration.console, 0, &message) < 0 ||
        (int64_t)message.w[0] < 0 || message.w[1] > PAGE_SIZE - typed_bytes)
        return;
    ended = message.w[2];
    for (uint64_t i = 0; i < message.w[1]; i++) {
        char c = MESSAGE_BYTES[i];
        typed[typed_bytes++] = c == '\r' ? '\n' : c;
    }
}

/* Input up to `bytes` to the program: how many, ANSWER_*, or ANSWER_NONE when there is none. */
static int64_t give_input(struct thread *thread, uint64_t address, uint64_t bytes)
{
    if (typed_bytes == 0)
        take_input();
    if (typed_bytes == 0)
        return ended ? 0 : ANSWER_NONE;
    uint64_t count = 0, skip = typed[0] == CONTROL_D;
    while (!skip && count < bytes && count < typed_bytes && typed[count] != CONTROL_D)
        count++;
    int64_t error = client_write(thread, address, typed, count);
    if (error)
        return error;
    typed_bytes -= count + skip;
    memmove(typed, typed + count + skip, typed_bytes);
    return (int64_t)count;
}

static int64_t console_read(struct thread *thread, struct open_file *file,
                            const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    uint64_t address, bytes;
    (void)offset;
    if (!vector_piece(vector, total, 0, &address, &bytes))
        return 0;
    int64_t result = give_input(thread, address, bytes);
    if (result != ANSWER_NONE)
        return result;
    if (file->flags & LINUX_O_NONBLOCK)
        return -EAGAIN;
    return wait_for(thread, &readers);
}

void console_wake(void)
{
    wait_wake(&readers);
}

void console_init(void)
{
    int64_t copy = handle_dup(configuration.notification, RIGHT_WRITE | RIGHT_DUP, 0, 0);
    if (copy < 0)
        return;
    struct message message = {
        .w = {CONSOLE_SET_NOTIFICATION, NOTIFY_CONSOLE, 0, 0, 0, (uint64_t)copy}};
    call(configuration.console, TAG_HANDLE, &message);
    handle_close((handle)copy);
}

/* ---- Settings ---- */

static int64_t console_ioctl(struct thread *thread, struct open_file *file, uint64_t request,
                             uint64_t argument)
{
    (void)file;
    static const uint16_t window[4]; /* of unknown size, as on every serial line */
    struct linux_termios wanted;
    int64_t error;
    switch (request) {
    case LINUX_TCGETS:
        return client_write(thread, argument, &settings, sizeof settings);
    case LINUX_TCSETS:
    case LINUX_TCSETS + 1:
    case LINUX_TCSETSF:
        error = client_read(thread, argument, &wanted, sizeof wanted);
        if (!error)
            settings = wanted;
        return error;
    case LINUX_TIOCGWINSZ:
        return client_write(thread, argument, window, sizeof window);
    default:
        return -ENOTTY;
    }
}

const struct file_operations console_operations = {
    .read = console_read, .write = console_write, .ioctl = console_ioctl};
