/*
 * deliver.c: what a thread does about its signals before it goes on: handlers, default actions,
 * stops; and how the call it was in ends.
 */
#include "act.h"
#include "proc.h"
#include "queue.h"

bool signal_ready(const struct thread *thread)
{
    const struct process *process = thread->process;
    uint64_t pending = thread->signals.pending.set | process->signals.pending.set;
    return pending & ~thread->signals.blocked || thread->signals.fault.signal ||
           process->signals.stopped;
}

/* The mask of the call is over. */
static void mask_return(struct thread *thread)
{
    if (!thread->signals.lent)
        return;
    thread->signals.lent = false;
    signal_mask_set(thread, thread->signals.blocked_after);
}

bool signal_comes_again(struct thread *thread, bool again, int64_t *result)
{
    struct signal_thread *own = &thread->signals;
    if (!again)
        mask_return(thread); /* the kernel has answered that call itself */
    if (own->state != SIGNAL_FRAME)
        return false;
    *result = own->result;
    if (!again) { /* the pages of the frame could not be had */
        signal_death_by_fault(thread, SIGSEGV);
        *result = ANSWER_NONE;
    }
    return true;
}

/* ---- One signal ---- */

static void act_by_default(struct thread *thread, unsigned signal, bool fault)
{
    struct process *process = thread->process;
    uint64_t bit = SIGNAL_BIT(signal);
    if (bit & SIGNALS_STOPPING) {
        if (signal == SIGSTOP || !group_orphaned(process->family.group, NULL))
            signal_stop(process, signal);
    } else if (!(bit & SIGNALS_HARMLESS)) {
        if (fault)
            signal_death_by_fault(thread, signal);
        else
            signal_death(process, signal);
    }
}

/* The frame cannot be written: the handler of SIGSEGV has a try, on the alternate stack perhaps. */
static void without_frame(struct thread *thread, unsigned signal)
{
    struct signal_info info = {.signal = SIGSEGV, .code = SIGNAL_BY_KERNEL};
    if (signal == SIGSEGV)
        signal_death_by_fault(thread, SIGSEGV);
    else
        signal_force(thread, &info);
}

static int64_t act(struct delivery *delivery, const struct signal_choice *choice)
{
    struct thread *thread = delivery->thread;
    struct signal_thread *own = &thread->signals;
    unsigned signal = (unsigned)choice->info->signal;
    struct signal_action *action = &thread->process->signals.actions->of[signal - 1];
    bool fault = !choice->pending;
    if (action->handler <= LINUX_SIG_IGN) {
        uint64_t handler = action->handler;
        queue_take(thread, choice);
        if (handler == LINUX_SIG_DFL)
            act_by_default(thread, signal, fault);
        return 0;
    }
    int64_t error = frame_push(delivery, action, choice->info);
    if (error == ANSWER_RETRY)
        return error;
    queue_take(thread, choice);
    if (error) {
        without_frame(thread, signal);
        return 0;
    }
    own->lent = false; /* what it was is in the frame */
    own->blocked |= action->mask & ~SIGNALS_UNMASKABLE;
    if (!(action->flags & SA_NODEFER))
        own->blocked |= SIGNAL_BIT(signal);
    if (action->flags & SA_RESETHAND)
        action->handler = LINUX_SIG_DFL;
    return 0;
}

/* ---- All of them ---- */

/* Its request is answered later, or sent back for pages. */
static int64_t later(struct delivery *delivery, enum signal_state state, int64_t result)
{
    frame_commit(delivery);
    delivery->thread->signals.state = (uint8_t)state;
    delivery->thread->signals.result = delivery->result;
    return result;
}

/* There is nothing more to act on. */
static int64_t go_on(struct delivery *delivery)
{
    struct thread *thread = delivery->thread;
    frame_commit(delivery);
    if (delivery->result == ANSWER_INTERRUPTED && thread->wait.restart == RESTART_NEVER) {
        delivery->result = -EINTR;
        mask_return(thread);
        if (signal_ready(thread))
            return signal_attention(thread, delivery->result);
    }
    if (!thread->signals.lent)
        thread->unusual &= ~(uint32_t)UNUSUAL_ATTENTION;
    if (delivery->result != ANSWER_INTERRUPTED)
        return delivery->result;
    thread->retry_tag = TAG_RETRY_READ; /* no page: just again */
    thread->retries = 0;
    thread->retry[0] = 0;
    return ANSWER_RETRY;
}

int64_t signal_attention(struct thread *thread, int64_t result)
{
    const struct process *process = thread->process;
    struct signal_thread *own = &thread->signals;
    struct delivery delivery;
    if (result == ANSWER_RETRY)
        return result;
    delivery.thread = thread;
    delivery.result = result;
    delivery.read = delivery.changed = false;
    own->state = SIGNAL_NOTHING;
    own->awaited = 0;
    if (result != ANSWER_INTERRUPTED)
        mask_return(thread);
    while (!process->family.ended && !process->signals.stopped) {
        struct signal_choice choice = queue_choose(thread, ~own->blocked);
        if (!choice.info)
            return go_on(&delivery);
        if (act(&delivery, &choice) == ANSWER_RETRY)
            return later(&delivery, SIGNAL_FRAME, ANSWER_RETRY);
    }
    return later(&delivery, SIGNAL_PARKED, ANSWER_NONE);
}
