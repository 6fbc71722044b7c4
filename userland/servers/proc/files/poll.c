/*
 * poll.c: waiting for several files at once: ppoll and pselect6. Both look, and if nothing is so as
 * wanted, put the thread on the queues of all the files and look again when one is woken.
 */
#include "poll.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

#define NANOSECONDS 1000000000UL
#define ALWAYS_TOLD (LINUX_POLLERR | LINUX_POLLHUP | LINUX_POLLNVAL)

void poll_on(struct poller *poller, struct wait_queue *queue)
{
    if (!poller || poller->error)
        return;
    poller->error =
        poller->thread ? wait_also(poller->thread, queue, 0) : poller->add(poller, queue);
}

uint32_t file_poll(struct open_file *file, struct poller *poller)
{
    if (!file->operations || !file->operations->poll)
        return LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLOUT | LINUX_POLLWRNORM;
    return file->operations->poll(file, poller);
}

/* ---- Time-outs and masks ---- */

int64_t poll_deadline(const struct thread *thread, const struct linux_timespec *time,
                      uint64_t *deadline)
{
    if (time->seconds < 0 || (uint64_t)time->nanoseconds >= NANOSECONDS)
        return -EINVAL;
    uint64_t now = time_now();
    *deadline = UINT64_MAX;
    if (thread->wait.deadline)
        *deadline = thread->wait.deadline; /* the call came again */
    else if ((uint64_t)time->seconds < (UINT64_MAX - now) / NANOSECONDS - 1)
        *deadline = now + (uint64_t)time->seconds * NANOSECONDS + (uint64_t)time->nanoseconds;
    return 0;
}

/* From a timespec in the program; `address` 0: never. */
static int64_t read_deadline(struct thread *thread, uint64_t address, uint64_t *deadline)
{
    struct linux_timespec time;
    *deadline = UINT64_MAX;
    int64_t error = address ? client_read(thread, address, &time, sizeof time) : 0;
    return error || !address ? error : poll_deadline(thread, &time, deadline);
}

int64_t poll_mask(struct thread *thread, uint64_t address, uint64_t size)
{
    uint64_t mask;
    if (!address)
        return 0;
    if (size != sizeof mask)
        return -EINVAL;
    int64_t error = client_read(thread, address, &mask, sizeof mask);
    if (!error)
        signal_mask_for_call(thread, mask);
    return error;
}

int64_t poll_wait(struct thread *thread, const struct poller *poller, uint64_t deadline)
{
    if (poller->error) {
        wait_cancel(thread);
        return poller->error;
    }
    thread->wait.deadline = deadline == UINT64_MAX ? 0 : deadline;
    thread->wait.restart = RESTART_NO_HANDLER;
    return wait_begin(thread);
}

/* The time that is left is told, whatever else happened (Linux does, POSIX allows it). */
static int64_t finish(struct thread *thread, uint64_t time_address, uint64_t deadline,
                      int64_t result)
{
    uint64_t now = time_now(), left = deadline > now ? deadline - now : 0;
    struct linux_timespec time = {(int64_t)(left / NANOSECONDS), (int64_t)(left % NANOSECONDS)};
    if (!time_address || deadline == UINT64_MAX)
        return result;
    return client_write(thread, time_address, &time, sizeof time) == ANSWER_RETRY ? ANSWER_RETRY
                                                                                  : result;
}

/* ---- ppoll ---- */

struct linux_pollfd {
    int32_t descriptor;
    uint16_t events, told;
};

/* How many have something to tell. */
static int64_t look(struct thread *thread, struct linux_pollfd *files, uint64_t count,
                    struct poller *poller)
{
    int64_t ready = 0;
    for (uint64_t i = 0; i < count; i++) {
        files[i].told = 0;
        if (files[i].descriptor < 0)
            continue;
        struct open_file *file = file_of(thread->process, (uint32_t)files[i].descriptor);
        uint32_t events = file ? file_poll(file, poller) : LINUX_POLLNVAL;
        files[i].told = (uint16_t)(events & (files[i].events | ALWAYS_TOLD));
        ready += files[i].told != 0;
    }
    return ready;
}

static int64_t poll_files(struct thread *thread, struct linux_pollfd *files, uint64_t count,
                          uint64_t address, uint64_t time_address)
{
    uint64_t deadline, bytes = count * sizeof *files;
    int64_t error = read_deadline(thread, time_address, &deadline);
    if (!error)
        error = client_read(thread, address, files, bytes);
    if (error)
        return error;
    int64_t ready = look(thread, files, count, NULL);
    if (!ready && time_now() < deadline) {
        struct poller poller = {.thread = thread};
        look(thread, files, count, &poller);
        return poll_wait(thread, &poller, deadline);
    }
    error = client_write(thread, address, files, bytes);
    return error ? error : finish(thread, time_address, deadline, ready);
}

#define FEW 64

int64_t linux_ppoll(struct thread *thread, uint64_t address, uint64_t count64, uint64_t time,
                    uint64_t mask, uint64_t size)
{
    struct linux_pollfd few[FEW], *files = few;
    uint32_t count = (uint32_t)count64;
    if (count > thread->process->limits[LINUX_RLIMIT_NOFILE].current)
        return -EINVAL;
    int64_t error = poll_mask(thread, mask, size);
    if (error)
        return error;
    if (count > FEW)
        files = wired_alloc_array(count, sizeof *files);
    if (!files)
        return -ENOMEM;
    error = poll_files(thread, files, count, address, time);
    if (files != few)
        wired_free(files);
    return error;
}

/* ---- pselect6 ---- */

static const uint32_t wanted_of[3] = {
    LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLHUP | LINUX_POLLERR, /* readable */
    LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLERR,                /* writable */
    LINUX_POLLPRI,
};

struct sets {
    uint64_t count, words;
    uint64_t address[3];
    uint64_t *wanted, *told; /* three sets of `words` each */
};

/* How many bits are to be told, or -EBADF. */
static int64_t select_look(struct thread *thread, const struct sets *sets, struct poller *poller)
{
    int64_t ready = 0;
    memset(sets->told, 0, 3 * sets->words * 8);
    for (uint64_t i = 0; i < sets->count; i++) {
        uint64_t word = i / 64, bit = 1UL << i % 64, any = 0;
        for (unsigned set = 0; set < 3; set++)
            any |= sets->wanted[set * sets->words + word];
        if (!any)
            i |= 63; /* the next word */
        if (!(any & bit))
            continue;
        struct open_file *file = file_of(thread->process, i);
        if (!file)
            return -EBADF;
        uint32_t events = file_poll(file, poller);
        for (unsigned set = 0; set < 3; set++)
            if (sets->wanted[set * sets->words + word] & bit && events & wanted_of[set]) {
                sets->told[set * sets->words + word] |= bit;
                ready++;
            }
    }
    return ready;
}

static int64_t select_files(struct thread *thread, const struct sets *sets, uint64_t time_address)
{
    uint64_t deadline, bytes = sets->words * 8;
    int64_t error = read_deadline(thread, time_address, &deadline);
    for (unsigned i = 0; i < 3 && !error; i++)
        if (sets->address[i])
            error = client_read(thread, sets->address[i], sets->wanted + i * sets->words, bytes);
    if (error)
        return error;
    int64_t ready = select_look(thread, sets, NULL);
    if (!ready && time_now() < deadline) {
        struct poller poller = {.thread = thread};
        select_look(thread, sets, &poller);
        return poll_wait(thread, &poller, deadline);
    }
    for (unsigned i = 0; i < 3 && ready >= 0 && !error; i++)
        if (sets->address[i])
            error = client_write(thread, sets->address[i], sets->told + i * sets->words, bytes);
    return error ? error : finish(thread, time_address, deadline, ready);
}

int64_t linux_pselect6(struct thread *thread, uint64_t count64, uint64_t in, uint64_t out,
                       uint64_t other, uint64_t time, uint64_t mask_address)
{
    uint64_t few[6 * FEW / 4], mask[2] = {0, 0};
    int32_t count = (int32_t)count64;
    uint32_t most = thread->process->files->count > 64 ? thread->process->files->count : 64;
    if (count < 0)
        return -EINVAL;
    struct sets sets = {.count = (uint32_t)count < most ? (uint32_t)count : most,
                        .address = {in, out, other}};
    sets.words = (sets.count + 63) / 64;
    int64_t error = mask_address ? client_read(thread, mask_address, mask, sizeof mask) : 0;
    if (!error)
        error = poll_mask(thread, mask[0], mask[1]);
    if (error)
        return error;
    sets.wanted = few;
    if (6 * sets.words * 8 > sizeof few)
        sets.wanted = wired_alloc_array(6 * sets.words, 8);
    if (!sets.wanted)
        return -ENOMEM;
    memset(sets.wanted, 0, 3 * sets.words * 8);
    sets.told = sets.wanted + 3 * sets.words;
    error = select_files(thread, &sets, time);
    if (sets.wanted != few)
        wired_free(sets.wanted);
    return error;
}
