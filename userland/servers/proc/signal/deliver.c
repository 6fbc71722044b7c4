/*
 * deliver.c: what a thread does about its signals before it goes on: handlers, default actions,
 * stops; and how the call it was in ends.
 */
#include "act.h"
#include "proc.h"
#include "queue.h"
#include "trace.h"

/* It may not go on, as its process may not. */
static bool stopped(const struct thread *thread)
{
    const struct trace *trace = thread->signals.trace;
    return thread->process->signals.stopped && !(trace && trace->runs_stopped);
}

bool signal_ready(const struct thread *thread)
{
    const struct process *process = thread->process;
    uint64_t pending = thread->signals.pending.set | process->signals.pending.set;
    return pending & ~thread->signals.blocked || thread->signals.fault.signal || stopped(thread) ||
           (thread->signals.trace && thread->signals.trace->interrupt);
}

/* The mask of the call is over. */
static void mask_return(struct thread *thread)
{
    if (!thread->signals.lent)
        return;
    thread->signals.lent = false;
    signal_mask_set(thread, thread->signals.blocked_after);
}

/* The request of a thread that was sent back for a page somebody else needs. */
static int64_t brought(struct thread *thread)
{
    struct signal_thread *own = &thread->signals;
    foreign_brought(thread);
    return own->state == SIGNAL_PARKED ? ANSWER_NONE : own->result;
}

bool signal_comes_again(struct thread *thread, bool call, bool again, uint32_t number,
                        int64_t *result)
{
    struct signal_thread *own = &thread->signals;
    if (own->bringing) {
        *result = brought(thread);
        return true;
    }
    /* A call may come to wait; what else it says is answered, and then it is sent for the page. */
    if (own->bring && (call || again))
        foreign_brought(thread);
    if (own->state != SIGNAL_FRAME) {
        if (!own->trace || !trace_enters(thread, call, again, number))
            return false;
        if (own->bring)
            foreign_brought(thread); /* parked, it can be asked at once */
        *result = ANSWER_NONE;
        return true;
    }
    *result = again ? own->result : ANSWER_NONE;
    if (!again) /* the pages of the frame could not be had */
        signal_death_by_fault(thread, SIGSEGV);
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

static int64_t act(struct thread *thread, int64_t *result, const struct signal_choice *choice)
{
    struct signal_thread *own = &thread->signals;
    unsigned signal = (unsigned)choice->info->signal;
    struct signal_action *action = &thread->process->signals.actions->of[signal - 1];
    bool fault = !choice->pending && !own->fault_told;
    if (action->handler <= LINUX_SIG_IGN) {
        uint64_t handler = action->handler;
        queue_take(thread, choice);
        if (handler == LINUX_SIG_DFL)
            act_by_default(thread, signal, fault);
        return 0;
    }
    int64_t error = frame_push(thread, result, action, choice->info);
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
static int64_t later(struct thread *thread, int64_t result, enum signal_state state, int64_t answer)
{
    thread->signals.state = (uint8_t)state;
    thread->signals.result = result;
    return answer;
}

/* There is nothing more to act on. */
static int64_t go_on(struct thread *thread, int64_t result)
{
    if (result == ANSWER_INTERRUPTED && thread->wait.restart == RESTART_NEVER) {
        result = -EINTR;
        mask_return(thread);
        if (signal_ready(thread))
            return signal_attention(thread, result);
    }
    if (!thread->signals.lent && !thread->signals.trace)
        thread->unusual &= ~(uint32_t)UNUSUAL_ATTENTION;
    if (result != ANSWER_INTERRUPTED)
        return result;
    if (thread->signals.trace)
        trace_restarts(thread);
    thread->retry_tag = TAG_RETRY_READ; /* no page: just again */
    thread->retries = 0;
    thread->retry[0] = 0;
    return ANSWER_RETRY;
}

/* The tracer decides about a signal before anything comes of it. */
static bool tracer_takes(struct thread *thread, const struct signal_choice *choice)
{
    if (!thread->signals.trace || !trace_takes(thread, choice->info))
        return false;
    if (choice->pending)
        queue_take(thread, choice);
    return true;
}

int64_t signal_attention(struct thread *thread, int64_t result)
{
    const struct process *process = thread->process;
    struct signal_thread *own = &thread->signals;
    if (result == ANSWER_RETRY)
        return result;
    if (own->bring && !own->bringing) {
        own->result = result;
        return foreign_ask(thread);
    }
    own->state = SIGNAL_NOTHING;
    own->awaited = 0;
    if (result != ANSWER_INTERRUPTED)
        mask_return(thread);
    if (own->trace && trace_answers(thread, &result))
        return ANSWER_NONE;
    while (!process->family.ended && !stopped(thread)) {
        struct signal_choice choice = queue_choose(thread, ~own->blocked);
        if (!choice.info && !(own->trace && trace_goes_on(thread)))
            return go_on(thread, result);
        if (!choice.info || tracer_takes(thread, &choice))
            return later(thread, result, SIGNAL_PARKED, ANSWER_NONE);
        if (act(thread, &result, &choice) == ANSWER_RETRY)
            return later(thread, result, SIGNAL_FRAME, ANSWER_RETRY);
    }
    if (!process->family.ended && own->trace)
        trace_group_stop(thread);
    return later(thread, result, SIGNAL_PARKED, ANSWER_NONE);
}
