/*
 * foreign.c: memory of another process: for tracers, and process_vm_readv. A page that is absent
 * can be brought only by a thread of its own program: one is told to fault on it before it goes on
 * (one that is stopped goes on being stopped afterwards), and the caller waits meanwhile.
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "trace.h"

#define TRIES 16 /* without a byte more, then the page cannot be had */

/* ---- Bringing a page ---- */

void foreign_brought(struct thread *thread)
{
    thread->signals.bring = 0;
    thread->signals.bringing = false;
    thread->refused = false; /* to another than its own call */
    wait_wake(&thread->signals.brought);
}

int64_t foreign_ask(struct thread *thread)
{
    struct signal_thread *own = &thread->signals;
    own->bringing = true;
    thread->retry_tag = own->bring_write ? TAG_RETRY_WRITE : TAG_RETRY_READ;
    thread->retry[0] = own->bring;
    thread->retry[1] = 0;
    return ANSWER_RETRY;
}

/* A thread that can be asked: one that stands still, if there is one. */
static struct thread *whom_to_ask(struct process *target)
{
    struct thread *best = NULL;
    for_each_thread(thread, target)
    {
        if (thread->life.vforked)
            continue; /* its call must not come again */
        if (thread->signals.state == SIGNAL_PARKED)
            return thread;
        if (!best || thread->wait.blocked)
            best = thread;
    }
    return best;
}

static int64_t bring(struct thread *caller, struct process *target, uint64_t address, bool write)
{
    struct thread *thread = whom_to_ask(target);
    if (!thread)
        return -EFAULT;
    struct signal_thread *own = &thread->signals;
    if (!own->bring) {
        own->bring = address;
        own->bring_write = write;
        thread->unusual |= UNUSUAL_ATTENTION;
        if (own->state == SIGNAL_PARKED)
            loop_answer(thread, foreign_ask(thread));
        else if (thread->wait.blocked)
            wait_bring(thread, address, write ? TAG_RETRY_WRITE : TAG_RETRY_READ);
        else
            thread_interrupt(thread->handle);
    }
    int64_t result = wait_for(caller, &own->brought);
    return result == ANSWER_NONE || result == ANSWER_INTERRUPTED ? result : -EFAULT;
}

/* ---- Rights ---- */

/* Lets a debugger at a page that its program may not read or write: until it is done the page
 * allows more. What is written becomes a private copy where it was a file's. */
static bool widen(struct thread *caller, const struct memory *memory, uint64_t address)
{
    struct foreign_page *page = &caller->signals.widened;
    struct region_facts facts;
    if (page->address || region_query(memory->space, address, &facts) < 0 || facts.start > address)
        return false;
    page->address = address & ~(PAGE_SIZE - 1UL);
    page->rights = facts.map;
    page->cookie = memory->cookie;
    if (region_protect(memory->space, page->address, 1, facts.map | MAP_READ | MAP_WRITE) == 0)
        return true;
    page->address = 0;
    return false;
}

static void narrow(struct thread *caller, const struct memory *memory)
{
    struct foreign_page *page = &caller->signals.widened;
    if (page->address && page->cookie == memory->cookie)
        region_protect(memory->space, page->address, 1, page->rights);
    page->address = 0;
}

/* ---- Copying ---- */

static int64_t copy(struct thread *thread, struct process *target, uint64_t address, char *own,
                    uint64_t bytes, bool write, bool force, uint64_t *done)
{
    const struct memory *memory = target->memory;
    while (*done < bytes) {
        struct copy_stop stop;
        uint64_t at = address + *done, piece = PAGE_SIZE - (at & (PAGE_SIZE - 1));
        if (piece > bytes - *done)
            piece = bytes - *done;
        int64_t copied =
            space_copy(memory->space, 0, at, own + *done, write ? COPY_OUT : COPY_IN, piece, &stop);
        if (copied >= 0) {
            *done += (uint64_t)copied;
            thread->signals.foreign_tries = 0;
            narrow(thread, memory);
        } else if (copied == -EAGAIN && thread->signals.foreign_tries++ < TRIES) {
            return bring(thread, target, at, write);
        } else if (copied != -EFAULT || !force || !widen(thread, memory, at)) {
            return -EFAULT;
        }
    }
    return 0;
}

int64_t foreign_copy(struct thread *thread, struct process *target, uint64_t address, void *own,
                     uint64_t bytes, bool write, bool force, uint64_t *done)
{
    if (!target->memory)
        return -EFAULT;
    int64_t error = copy(thread, target, address, own, bytes, write, force, done);
    if (error == -EFAULT || error == ANSWER_INTERRUPTED) {
        narrow(thread, target->memory);
        thread->signals.foreign_tries = 0;
    }
    return error;
}

/* ---- process_vm_readv, process_vm_writev ---- */

struct vector {
    struct linux_iovec *pieces;
    uint64_t count, total;
};

static int64_t read_vector(struct thread *thread, uint64_t address, uint64_t count,
                           struct vector *vector)
{
    *vector = (struct vector){NULL, count, 0};
    if (count > LINUX_IOV_MAX)
        return -EINVAL;
    vector->pieces = wired_alloc_array(count, sizeof *vector->pieces);
    if (!vector->pieces)
        return -ENOMEM;
    int64_t error =
        count ? client_read(thread, address, vector->pieces, count * sizeof *vector->pieces) : 0;
    for (uint64_t i = 0; !error && i < count; i++) {
        if (vector->pieces[i].length > INT64_MAX - vector->total)
            error = -EINVAL;
        else
            vector->total += vector->pieces[i].length;
    }
    return error;
}

/* Where byte `at` of a vector is, and how many follow there. */
static uint64_t locate(const struct vector *vector, uint64_t at, uint64_t *bytes)
{
    uint64_t i = 0;
    while (at >= vector->pieces[i].length)
        at -= vector->pieces[i++].length;
    *bytes = vector->pieces[i].length - at;
    return vector->pieces[i].base + at;
}

/* Moves on from thread->progress, a page at a time. */
static int64_t move(struct thread *thread, struct process *target, const struct vector *here,
                    const struct vector *there, bool write)
{
    static char page[PAGE_SIZE];
    uint64_t total = here->total < there->total ? here->total : there->total;
    if (total > LINUX_MAX_RW_COUNT)
        total = LINUX_MAX_RW_COUNT;
    while (thread->progress < total) {
        uint64_t room, bytes, done = 0;
        uint64_t own = locate(here, thread->progress, &room);
        uint64_t far = locate(there, thread->progress, &bytes);
        if (bytes > room)
            bytes = room;
        if (bytes > sizeof page)
            bytes = sizeof page;
        int64_t error = write ? client_read(thread, own, page, bytes) : 0;
        if (!error)
            error = foreign_copy(thread, target, far, page, bytes, write, false, &done);
        if (!write && done) { /* also what came before a page that is not there */
            int64_t told = client_write(thread, own, page, done);
            error = told ? told : error;
            done = told ? 0 : done;
        }
        thread->progress += done;
        if (!error)
            error = client_pause(thread, thread->progress, done);
        if (error && thread->progress < total)
            return error;
    }
    return (int64_t)thread->progress;
}

static int64_t transfer(struct thread *thread, uint64_t pid, uint64_t own_vector,
                        uint64_t own_count, uint64_t far_vector, uint64_t far_count, uint64_t flags,
                        bool write)
{
    struct vector here = {NULL, 0, 0}, there = {NULL, 0, 0};
    struct process *target = process_find((uint32_t)pid);
    if (flags)
        return -EINVAL;
    int64_t error = read_vector(thread, own_vector, own_count, &here);
    if (!error)
        error = read_vector(thread, far_vector, far_count, &there);
    if (!error && (!target || target->family.ended))
        error = -ESRCH;
    if (!error && !may_trace_process(thread, target))
        error = -EPERM;
    if (!error)
        error = move(thread, target, &here, &there, write);
    wired_free(here.pieces);
    wired_free(there.pieces);
    return error == -EFAULT && thread->progress ? (int64_t)thread->progress : error;
}

int64_t linux_process_vm_readv(struct thread *thread, uint64_t pid, uint64_t own_vector,
                               uint64_t own_count, uint64_t far_vector, uint64_t far_count,
                               uint64_t flags)
{
    return transfer(thread, pid, own_vector, own_count, far_vector, far_count, flags, false);
}

int64_t linux_process_vm_writev(struct thread *thread, uint64_t pid, uint64_t own_vector,
                                uint64_t own_count, uint64_t far_vector, uint64_t far_count,
                                uint64_t flags)
{
    return transfer(thread, pid, own_vector, own_count, far_vector, far_count, flags, true);
}
