/*
 * actions.c: what a program says about its signals: actions, mask, alternate stack; and what it
 * asks.
 */
#include "act.h"
#include "lib/layout.h"
#include "lib/memory.h"
#include "proc.h"
#include "queue.h"

/* The kernel's struct sigaction on arm64. */
struct linux_sigaction {
    uint64_t handler, flags, restorer, mask;
};

/* What was sent to be ignored now is forgotten. */
static void forget_ignored(struct process *process, unsigned signal)
{
    uint64_t handler = signal_action_of(process, signal)->handler, bit = SIGNAL_BIT(signal);
    if (handler != LINUX_SIG_IGN && !(handler == LINUX_SIG_DFL && SIGNALS_HARMLESS & bit))
        return;
    queue_drop(process, &process->signals.pending, bit);
    for_each_thread(thread, process) queue_drop(process, &thread->signals.pending, bit);
}

int64_t linux_rt_sigaction(struct thread *thread, uint64_t signal, uint64_t address, uint64_t old,
                           uint64_t size)
{
    struct linux_sigaction wanted = {0};
    struct process *process = thread->process;
    if (size != sizeof(uint64_t))
        return -EINVAL;
    int64_t error = address ? client_read(thread, address, &wanted, sizeof wanted) : 0;
    if (error)
        return error;
    signal = (uint32_t)signal;
    if (signal == 0 || signal > LINUX_SIGNALS ||
        (address && SIGNALS_UNMASKABLE & SIGNAL_BIT(signal)))
        return -EINVAL;
    struct signal_action *known = &process->signals.actions->of[signal - 1];
    if (old) {
        struct linux_sigaction before = {known->handler, known->flags, known->restorer,
                                         known->mask};
        error = client_write(thread, old, &before, sizeof before);
    }
    if (error || !address)
        return error;
    *known = (struct signal_action){wanted.handler, wanted.flags & SA_KNOWN, wanted.restorer,
                                    wanted.mask & ~SIGNALS_UNMASKABLE};
    forget_ignored(process, (unsigned)signal);
    return 0;
}

/* ---- The mask ---- */

void signal_mask_set(struct thread *thread, uint64_t mask)
{
    struct signal_thread *own = &thread->signals;
    uint64_t before = own->blocked;
    own->blocked = mask & ~SIGNALS_UNMASKABLE;
    uint64_t left = thread->process->signals.pending.set & own->blocked & ~before;
    if (left)
        signal_retarget(thread, left);
    if (signal_ready(thread))
        thread->unusual |= UNUSUAL_ATTENTION;
}

void signal_mask_for_call(struct thread *thread, uint64_t mask)
{
    struct signal_thread *own = &thread->signals;
    if (own->lent)
        return;
    own->blocked_after = own->blocked;
    own->lent = true;
    thread->unusual |= UNUSUAL_ATTENTION; /* so that the answer gives it back */
    signal_mask_set(thread, mask);
}

int64_t linux_rt_sigprocmask(struct thread *thread, uint64_t how, uint64_t set, uint64_t old,
                             uint64_t size)
{
    uint64_t mask = 0, before = thread->signals.blocked;
    if (size != sizeof mask)
        return -EINVAL;
    int64_t error = set ? client_read(thread, set, &mask, sizeof mask) : 0;
    if (error)
        return error;
    how = (uint32_t)how;
    if (set && how > 2)
        return -EINVAL;
    if (old)
        error = client_write(thread, old, &before, sizeof before);
    if (error == ANSWER_RETRY || !set)
        return error;
    /* As Linux, the mask changes although the old one cannot be told. */
    if (how == 0) /* SIG_BLOCK */
        mask |= before;
    else if (how == 1) /* SIG_UNBLOCK */
        mask = before & ~mask;
    signal_mask_set(thread, mask);
    return error;
}

uint64_t signal_pending_set(const struct thread *thread)
{
    return (thread->signals.pending.set | thread->process->signals.pending.set) &
           thread->signals.blocked;
}

int64_t linux_rt_sigpending(struct thread *thread, uint64_t address, uint64_t size)
{
    uint64_t set = signal_pending_set(thread);
    if (size > sizeof set)
        return -EINVAL;
    return client_write(thread, address, &set, size);
}

/* ---- The alternate stack ---- */

bool signal_on_stack(const struct thread *thread, uint64_t sp)
{
    uint64_t bottom = thread->signals.stack.address, bytes = thread->signals.stack.bytes;
    return !(thread->signals.stack.flags & SS_AUTODISARM) && sp > bottom && sp - bottom <= bytes;
}

int64_t signal_stack_set(struct thread *thread, uint64_t sp, const struct linux_stack *wanted)
{
    struct signal_stack *stack = &thread->signals.stack;
    uint32_t flags = (uint32_t)wanted->flags, mode = flags & ~SS_AUTODISARM;
    if (signal_on_stack(thread, sp))
        return -EPERM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
        return -EINVAL;
    struct signal_stack made = {wanted->address, wanted->bytes, flags};
    if (mode == SS_DISABLE)
        made.address = made.bytes = 0;
    else if (wanted->bytes < MINSIGSTKSZ)
        return -ENOMEM;
    *stack = made;
    return 0;
}

int64_t linux_sigaltstack(struct thread *thread, uint64_t wanted_address, uint64_t old_address)
{
    struct signal_stack *stack = &thread->signals.stack, before = *stack;
    struct linux_stack wanted, old = {before.address, SS_DISABLE, 0, before.bytes};
    int64_t error =
        wanted_address ? client_read(thread, wanted_address, &wanted, sizeof wanted) : 0;
    if (!error && thread_ctl(thread->handle, THREAD_READ, 0, 0, 0) < 0)
        error = -EFAULT;
    if (error)
        return error;
    uint64_t sp = ((const struct thread_registers *)MESSAGE_BYTES)->sp;
    if (before.bytes)
        old.flags = signal_on_stack(thread, sp) ? SS_ONSTACK : 0;
    old.flags |= (int32_t)(before.flags & SS_AUTODISARM);
    if (wanted_address)
        error = signal_stack_set(thread, sp, &wanted);
    if (error || !old_address)
        return error;
    error = client_write(thread, old_address, &old, sizeof old);
    if (error == ANSWER_RETRY) /* comes again: nothing must have changed */
        *stack = before;
    return error;
}
