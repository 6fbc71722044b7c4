#include "queue.h"
#include "lib/wired.h"
#include "time/timers.h"

#define LIMIT_PENDING 11 /* RLIMIT_SIGPENDING */

/* Of all processes: Linux counts what a user has queued, and many processes must not together take
 * what one may not. */
static uint64_t queued_by_all;

bool signal_queue_full(const struct process *process)
{
    return queued_by_all >= process->limits[LIMIT_PENDING].current;
}

void queue_count(struct process *process, int32_t change)
{
    process->signals.queued += (uint32_t)change;
    queued_by_all += (uint64_t)(int64_t)change;
}

static void append(struct process *process, struct signal_pending *pending,
                   struct signal_queued *queued)
{
    if (pending->last)
        pending->last->next = queued;
    else
        pending->first = queued;
    pending->last = queued;
    pending->set |= SIGNAL_BIT(queued->info.signal);
    queue_count(process, 1);
}

int64_t queue_add(struct process *process, struct signal_pending *pending,
                  const struct signal_info *info)
{
    uint64_t bit = SIGNAL_BIT(info->signal);
    bool standard = info->signal < SIGRTMIN;
    if (standard && pending->set & bit)
        return 0;
    bool full = signal_queue_full(process);
    struct signal_queued *queued =
        full && !(standard && info->code >= 0) ? NULL : wired_alloc(sizeof *queued);
    if (!queued && !standard && info->code != SIGNAL_BY_USER)
        return -EAGAIN;
    pending->set |= bit;
    if (!queued)
        return 0;
    queued->info = *info;
    append(process, pending, queued);
    return 0;
}

struct signal_queued *queue_add_timer(struct process *process, struct signal_pending *pending,
                                      const struct signal_info *info, struct posix_timer *timer)
{
    struct signal_queued *queued = wired_alloc(sizeof *queued);
    if (!queued)
        return NULL;
    queued->info = *info;
    queued->timer = timer;
    append(process, pending, queued);
    return queued;
}

static struct signal_choice choose(struct signal_pending *pending, uint64_t set)
{
    static struct signal_info bare; /* of a signal whose sender is not known */
    uint64_t ready = pending->set & set;
    if (!ready)
        return (struct signal_choice){.info = NULL};
    if (ready & SIGNALS_SYNCHRONOUS)
        ready &= SIGNALS_SYNCHRONOUS;
    int32_t signal = __builtin_ctzl(ready) + 1;
    struct signal_queued *before = NULL, *queued = pending->first;
    while (queued && queued->info.signal != signal) {
        before = queued;
        queued = queued->next;
    }
    bare = (struct signal_info){.signal = signal};
    if (queued && queued->timer)
        queued->info.overrun = timers_overrun(queued->timer);
    return (struct signal_choice){pending, before, queued, queued ? &queued->info : &bare};
}

struct signal_choice queue_choose(struct thread *thread, uint64_t set)
{
    if (thread->signals.fault.signal)
        return (struct signal_choice){.info = &thread->signals.fault};
    struct signal_choice choice = choose(&thread->signals.pending, set);
    return choice.info ? choice : choose(&thread->process->signals.pending, set);
}

static void unlink_queued(struct process *process, struct signal_pending *pending,
                          struct signal_queued *before, struct signal_queued *queued)
{
    if (before)
        before->next = queued->next;
    else
        pending->first = queued->next;
    if (pending->last == queued)
        pending->last = before;
    queue_count(process, -1);
    wired_free(queued);
}

void queue_take(struct thread *thread, const struct signal_choice *choice)
{
    int32_t signal = choice->info->signal;
    struct signal_pending *pending = choice->pending;
    if (!pending) {
        thread->signals.fault.signal = 0;
        thread->signals.fault_told = false;
        return;
    }
    bool more = false;
    if (choice->queued) {
        for (struct signal_queued *at = choice->queued->next; at && !more; at = at->next)
            more = at->info.signal == signal;
        if (choice->queued->timer)
            timers_taken(choice->queued->timer);
        unlink_queued(thread->process, pending, choice->before, choice->queued);
    }
    if (!more)
        pending->set &= ~SIGNAL_BIT(signal);
    if (signal == SIGALRM)
        timers_alarm_taken(thread->process);
}

void queue_drop(struct process *process, struct signal_pending *pending, uint64_t set)
{
    if (!(pending->set & set))
        return;
    struct signal_queued *before = NULL, *queued = pending->first;
    while (queued) {
        struct signal_queued *next = queued->next;
        if (set & SIGNAL_BIT(queued->info.signal) && queued->timer)
            timers_taken(queued->timer);
        if (set & SIGNAL_BIT(queued->info.signal))
            unlink_queued(process, pending, before, queued);
        else
            before = queued;
        queued = next;
    }
    pending->set &= ~set;
}
