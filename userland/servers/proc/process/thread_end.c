/*
 * thread_end.c: the promises of a thread that ends: the locks it holds are marked, one waiter for
 * each is woken (robust lists, get_robust_list(2)), and who waits for the thread itself is told
 * (set_tid_address(2)). Both are in its memory. A thread that ends itself can still bring in pages,
 * so its call is sent back for those that are absent; of one that is ended from outside only what
 * lies in present pages is done.
 */
#include "proc.h"
#include "process/futex.h"
#include "process/linux_futex.h"

#define LOCKS_MAX 2048 /* looked at, as Linux: a list may be a ring */

/* How the memory of the thread is reached. */
struct reach {
    struct thread *thread;
    bool itself; /* by its own request; otherwise by its space */
};

struct robust_list_head {
    uint64_t first, offset, pending;
};

static int64_t get(const struct reach *reach, uint64_t address, void *own, size_t bytes)
{
    if (reach->itself)
        return client_read(reach->thread, address, own, bytes);
    int64_t copied =
        space_copy(reach->thread->process->memory->space, 0, address, own, COPY_IN, bytes, NULL);
    return copied == (int64_t)bytes ? 0 : -EFAULT;
}

static int64_t put(const struct reach *reach, uint64_t address, const void *own, size_t bytes)
{
    if (reach->itself)
        return client_write(reach->thread, address, own, bytes);
    int64_t copied = space_copy(reach->thread->process->memory->space, 0, address, (void *)own,
                                COPY_OUT, bytes, NULL);
    return copied == (int64_t)bytes ? 0 : -EFAULT;
}

/* One lock. `pending`: the thread was just taking or leaving it, so it may be nobody's. */
static int64_t leave_lock(const struct reach *reach, uint64_t entry, uint64_t offset, bool pending)
{
    uint64_t address = (entry & ~1UL) + offset;
    bool inheriting = entry & 1;
    uint32_t value, died;
    if (address & 3)
        return -EFAULT;
    int64_t error = get(reach, address, &value, sizeof value);
    if (error)
        return error;
    if (pending && !inheriting && !value) {
        futex_wake_shared(reach->thread->process, address);
        return 0;
    }
    if ((value & FUTEX_TID_MASK) != reach->thread->tid)
        return 0;
    died = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
    error = put(reach, address, &died, sizeof died);
    if (!error && !inheriting && value & FUTEX_WAITERS)
        futex_wake_shared(reach->thread->process, address);
    return error;
}

/* All locks. What was done already is nobody's any more and is passed over the second time. */
static int64_t leave_locks(const struct reach *reach)
{
    struct robust_list_head head;
    uint64_t entry, next, start = reach->thread->robust_list;
    int64_t error = start ? get(reach, start, &head, sizeof head) : -EFAULT;
    if (error)
        return error;
    entry = head.first;
    for (unsigned i = 0; (entry & ~1UL) != start && i < LOCKS_MAX; i++, entry = next) {
        int64_t next_error = get(reach, entry & ~1UL, &next, sizeof next);
        if (next_error == ANSWER_RETRY)
            return next_error;
        if ((entry & ~1UL) != (head.pending & ~1UL))
            error = leave_lock(reach, entry, head.offset, false);
        if (error || next_error)
            return error ? error : next_error;
    }
    return head.pending ? leave_lock(reach, head.pending, head.offset, true) : 0;
}

/* Tells who waits for the thread; nobody can when the memory is its alone. */
static int64_t clear_tid(const struct reach *reach)
{
    static const uint32_t zero;
    struct thread *thread = reach->thread;
    struct process *process = thread->process;
    if (!thread->clear_child_tid ||
        (process->family.threads == 1 && process->memory->references == 1))
        return 0;
    int64_t error = put(reach, thread->clear_child_tid, &zero, sizeof zero);
    if (error != ANSWER_RETRY)
        futex_wake_shared(process, thread->clear_child_tid);
    return error;
}

static int64_t keep_promises(const struct reach *reach)
{
    struct thread *thread = reach->thread;
    if (thread->robust_list && leave_locks(reach) == ANSWER_RETRY)
        return ANSWER_RETRY;
    thread->robust_list = 0;
    if (clear_tid(reach) == ANSWER_RETRY)
        return ANSWER_RETRY;
    thread->clear_child_tid = 0;
    return 0;
}

int64_t futex_thread_ends(struct thread *thread)
{
    return keep_promises(&(struct reach){thread, true});
}

void futex_thread_gone(struct thread *thread)
{
    keep_promises(&(struct reach){thread, false});
}

/* ---- The calls ---- */

int64_t linux_set_tid_address(struct thread *thread, uint64_t address)
{
    thread->clear_child_tid = address;
    return thread->tid;
}

int64_t linux_set_robust_list(struct thread *thread, uint64_t head, uint64_t length)
{
    if (length != sizeof(struct robust_list_head))
        return -EINVAL;
    thread->robust_list = head;
    return 0;
}

int64_t linux_get_robust_list(struct thread *thread, uint64_t tid, uint64_t head, uint64_t length)
{
    const uint64_t bytes = sizeof(struct robust_list_head);
    const struct thread *other = (uint32_t)tid ? thread_find((uint32_t)tid) : thread;
    if (!other)
        return -ESRCH;
    int64_t error = client_write(thread, length, &bytes, sizeof bytes);
    return error ? error : client_write(thread, head, &other->robust_list, sizeof bytes);
}
