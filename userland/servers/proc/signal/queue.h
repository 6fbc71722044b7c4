/*
 * queue.h: signals that were sent and wait. A standard signal waits once, a real-time signal as
 * often as it was sent, in that order.
 */
#pragma once
#include "proc.h"

struct posix_timer;

struct signal_queued {
    struct signal_queued *next;
    struct posix_timer *timer; /* that sent it and is still there, or NULL */
    struct signal_info info;
};

/* A pending signal somebody may take: NULL `info`: none. */
struct signal_choice {
    struct signal_pending *pending; /* NULL: the thread's own fault */
    struct signal_queued *before, *queued;
    const struct signal_info *info; /* until the next call of these functions */
};

/* 0, or -EAGAIN: a real-time signal that carries more than its sender finds no room. Others are
 * then pending without what they carry. */
int64_t queue_add(struct process *process, struct signal_pending *pending,
                  const struct signal_info *info);

/* The same for a timer's signal, which comes beside others of its number. NULL: no memory. */
struct signal_queued *queue_add_timer(struct process *process, struct signal_pending *pending,
                                      const struct signal_info *info, struct posix_timer *timer);

/* A timer that comes or goes counts as a signal queued. */
void queue_count(struct process *process, int32_t change);

/* The process may queue no more (RLIMIT_SIGPENDING). */
bool signal_queue_full(const struct process *process);

/* For a timer: to a thread, or (NULL) the process; *queued is its element until it is taken. False:
 * nobody wants it, or no memory. True: the process, and its timers with it, may have ended. */
bool signal_send_timer(struct process *process, struct thread *thread,
                       const struct signal_info *info, struct posix_timer *timer,
                       struct signal_queued **queued);

/* The next of a set, as Linux chooses: a fault, then those of the thread, then of its process;
 * those of faults first, then the lowest number. */
struct signal_choice queue_choose(struct thread *thread, uint64_t set);

/* Takes it off; choice->info is void afterwards. */
void queue_take(struct thread *thread, const struct signal_choice *choice);

/* Forgets all of a set. */
void queue_drop(struct process *process, struct signal_pending *pending, uint64_t set);
