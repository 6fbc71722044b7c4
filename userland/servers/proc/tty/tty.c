/*
 * tty.c: reading, writing and setting a terminal.
 */
#include "tty.h"
#include "files/open_file.h"
#include "lib/memory.h"
#include "proc.h"

#define BLOCK            1024 /* bytes of output processed at a time */
#define DECISECOND       100000000UL
#define LINUX_POLLRDNORM 0x040
#define LINUX_POLLWRNORM 0x100

/* ---- Echo and signals, from the line ---- */

static void flush_echo(struct tty *tty)
{
    if (tty->echoed_bytes)
        tty->write(tty, tty->echoed, tty->echoed_bytes);
    tty->echoed_bytes = 0;
}

static void on_echo(struct line *line, const char *text, size_t bytes)
{
    struct tty *tty = (struct tty *)line;
    if (tty->echoed_bytes + bytes > sizeof tty->echoed)
        flush_echo(tty);
    memcpy(tty->echoed + tty->echoed_bytes, text, bytes);
    tty->echoed_bytes += (uint32_t)bytes;
}

static void on_signal(struct line *line, unsigned signal)
{
    struct tty *tty = (struct tty *)line;
    struct signal_info information = {.signal = signal, .code = SIGNAL_BY_KERNEL};
    if (tty->group)
        signal_send_group(tty->group->number, &information);
}

void tty_init(struct tty *tty)
{
    line_init(&tty->line);
    tty->line.echo = on_echo;
    tty->line.signal = on_signal;
}

struct tty *tty_of(const struct process *process)
{
    return process->family.session->terminal;
}

static bool readable(const struct tty *tty)
{
    const struct linux_termios *settings = &tty->line.settings;
    if (settings->local & ICANON)
        return line_complete(&tty->line);
    size_t least = settings->characters[VTIME] ? 1 : settings->characters[VMIN];
    return line_available(&tty->line) >= (least ? least : 1);
}

size_t tty_input(struct tty *tty, const char *keys, size_t bytes)
{
    bool was_stopped = tty->line.stopped;
    size_t taken = 0;
    while (taken < bytes && line_type(&tty->line, (unsigned char)keys[taken]))
        taken++;
    flush_echo(tty);
    if (was_stopped && !tty->line.stopped)
        wait_wake(&tty->writers);
    if (tty->line.ready != tty->line.read)
        wait_wake(&tty->readers);
    return taken;
}

/* ---- Reading ---- */

/* What a read without lines waits for (termios(3), MIN and TIME): true when it need not wait more.
 */
static bool enough(struct thread *thread, struct tty *tty, uint64_t wanted)
{
    const struct linux_termios *settings = &tty->line.settings;
    uint64_t least = settings->characters[VMIN], time = settings->characters[VTIME];
    size_t have = line_available(&tty->line);
    if (have >= wanted || (have >= least && (have || !time)))
        return true;
    if (!time)
        return false;
    if (thread->wait.timed_out)
        return true;
    /* With MIN the clock starts at each byte, without at the call. */
    if (least ? have && thread->stage != have : !thread->wait.deadline)
        thread->wait.deadline = time_now() + time * DECISECOND;
    thread->stage = have;
    return false;
}

/* Copies `count` bytes out to the pieces of the vector. */
static int64_t copy_out(struct thread *thread, const char *text, size_t count,
                        const struct linux_iovec *vector, uint64_t total)
{
    uint64_t done = 0, address, bytes;
    while (done < count && vector_piece(vector, total, done, &address, &bytes)) {
        if (bytes > count - done)
            bytes = count - done;
        int64_t error = client_write(thread, address, text + done, bytes);
        if (error)
            return error;
        done += bytes;
    }
    return 0;
}

int64_t tty_read(struct thread *thread, struct open_file *file, struct tty *tty,
                 const struct linux_iovec *vector, uint64_t total)
{
    static char text[LINE_BYTES];
    struct line *line = &tty->line;
    bool canonical = line->settings.local & ICANON;
    int64_t error = tty_job(thread, tty, SIGTTIN);
    if (error || total == 0)
        return error;
    if (!tty->ended && (canonical ? !line_complete(line) : !enough(thread, tty, total))) {
        if (file->flags & LINUX_O_NONBLOCK)
            return -EAGAIN;
        return wait_for(thread, &tty->readers);
    }
    if (!canonical && file->flags & LINUX_O_NONBLOCK && !line_available(line) &&
        line->settings.characters[VMIN])
        return -EAGAIN;
    uint64_t before = line->read;
    size_t count = line_take(line, text, total < sizeof text ? total : sizeof text);
    error = copy_out(thread, text, count, vector, total);
    if (error) {
        line->read = before; /* nothing was read: absent pages come, or it was a bad address */
        return error;
    }
    tty->room(tty);
    return (int64_t)count;
}

/* ---- Writing ---- */

/* `bytes` of text through output processing to the driver. Bytes of the text that are out; fewer
 * only when the driver fails. */
static size_t put(struct tty *tty, const char *text, size_t bytes)
{
    static char out[BLOCK * LINE_OUTPUT_MOST];
    size_t filled = 0;
    for (size_t i = 0; i < bytes; i++)
        filled += line_output(&tty->line, (unsigned char)text[i], out + filled);
    for (size_t done = 0; done < filled;) {
        int64_t taken = tty->write(tty, out + done, filled - done);
        if (taken <= 0)
            return 0;
        done += (size_t)taken;
    }
    return bytes;
}

/* Gathers pieces until the block is full or a page is missing: the error, and *filled bytes. */
static int64_t gather(struct thread *thread, char *block, const struct linux_iovec *vector,
                      uint64_t total, uint64_t *filled)
{
    uint64_t address, bytes;
    *filled = 0;
    while (*filled < BLOCK &&
           vector_piece(vector, total, thread->progress + *filled, &address, &bytes)) {
        uint64_t done = 0;
        if (bytes > BLOCK - *filled)
            bytes = BLOCK - *filled;
        int64_t error = client_read_part(thread, address, block + *filled, bytes, &done);
        *filled += done;
        if (error)
            return error;
    }
    return 0;
}

int64_t tty_write(struct thread *thread, struct open_file *file, struct tty *tty,
                  const struct linux_iovec *vector, uint64_t total)
{
    static char block[BLOCK];
    int64_t error = tty->line.settings.local & TOSTOP ? tty_job(thread, tty, SIGTTOU) : 0;
    if (error)
        return error;
    while (thread->progress < total) {
        uint64_t filled;
        if (tty->line.stopped) {
            if (file->flags & LINUX_O_NONBLOCK)
                return thread->progress ? (int64_t)thread->progress : -EAGAIN;
            return wait_for(thread, &tty->writers);
        }
        error = gather(thread, block, vector, total, &filled);
        if (filled && !put(tty, block, filled))
            return thread->progress ? (int64_t)thread->progress : -EIO;
        thread->progress += filled;
        if (error == -EFAULT)
            return thread->progress ? (int64_t)thread->progress : error;
        if (!error)
            error = client_pause(thread, thread->progress, filled);
        if (error && thread->progress < total)
            return error;
    }
    return (int64_t)total;
}

uint32_t tty_poll(struct tty *tty, struct poller *poller)
{
    uint32_t ready = readable(tty) || tty->ended ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
    if (!tty->line.stopped)
        ready |= LINUX_POLLOUT | LINUX_POLLWRNORM;
    poll_on(poller, &tty->readers);
    poll_on(poller, &tty->writers);
    return ready;
}

/* ---- Settings ---- */

static int64_t set(struct thread *thread, struct tty *tty, uint64_t argument, bool flush)
{
    struct linux_termios settings;
    int64_t error = tty_job(thread, tty, SIGTTOU);
    if (!error)
        error = client_read(thread, argument, &settings, sizeof settings);
    if (error)
        return error;
    if (flush)
        line_flush(&tty->line);
    line_set(&tty->line, &settings);
    wait_wake(&tty->readers); /* what they wait for may have another meaning now */
    wait_wake(&tty->writers);
    tty->room(tty);
    return 0;
}

static int64_t set_window(struct thread *thread, struct tty *tty, uint64_t argument)
{
    struct linux_window window;
    int64_t error = client_read(thread, argument, &window, sizeof window);
    if (error)
        return error;
    struct signal_info information = {.signal = SIGWINCH, .code = SIGNAL_BY_KERNEL};
    bool changed = memcmp(&window, &tty->window, sizeof window) != 0;
    tty->window = window;
    if (changed && tty->group)
        signal_send_group(tty->group->number, &information);
    return 0;
}

static int64_t hold(struct tty *tty, uint64_t what)
{
    switch (what) {
    case 0: /* TCOOFF */
        tty->line.stopped = true;
        return 0;
    case 1: /* TCOON */
        tty->line.stopped = false;
        wait_wake(&tty->writers);
        return 0;
    case 2: /* TCIOFF, TCION: there is nobody to tell */
    case 3:
        return 0;
    default:
        return -EINVAL;
    }
}

static int64_t flush(struct tty *tty, uint64_t what)
{
    if (what > 2)
        return -EINVAL;
    if (what != 1) /* TCOFLUSH alone: output is never waiting here */
        line_flush(&tty->line);
    tty->room(tty);
    return 0;
}

int64_t tty_ioctl(struct thread *thread, struct tty *tty, uint64_t request, uint64_t argument)
{
    static const int32_t zero = 0;
    int32_t count = (int32_t)line_available(&tty->line);
    if (tty->plain && request != FIONREAD)
        return -ENOTTY;
    switch (request) {
    case TCGETS:
        return client_write(thread, argument, &tty->line.settings, sizeof tty->line.settings);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set(thread, tty, argument, request == TCSETSF);
    case TIOCGWINSZ:
        return client_write(thread, argument, &tty->window, sizeof tty->window);
    case TIOCSWINSZ:
        return set_window(thread, tty, argument);
    case FIONREAD:
        return client_write(thread, argument, &count, sizeof count);
    case TIOCOUTQ:
    case TIOCGETD: /* N_TTY is 0 */
        return client_write(thread, argument, &zero, sizeof zero);
    case TCSBRK: /* all is written already */
    case TCSBRKP:
        return 0;
    case TCXONC:
        return hold(tty, argument);
    case TCFLSH:
        return flush(tty, argument);
    default:
        return tty_job_ioctl(thread, tty, request, argument);
    }
}
