/*
 * signal.h: signals of threads and processes: who sends, what waits, what happens.
 *
 * Sending never runs a program's code and frees nothing: it queues the signal and tells one thread
 * (or all) that there is something to act on. The thread acts when its next message is answered
 * (signal_attention), as on Linux it does on the way back to user mode. Only death is at once.
 */
#pragma once
#include "linux_signal.h"
#include "wait.h"
#include <stdbool.h>
#include <stdint.h>

struct thread;
struct process;
struct signal_queued;
struct process_timers;
struct trace;

/* How a signal is treated, as rt_sigaction gave it. */
struct signal_action {
    uint64_t handler, flags, restorer, mask;
};

/* Shared by what CLONE_SIGHAND made. */
struct signal_actions {
    uint32_t references; /* processes */
    struct signal_action of[LINUX_SIGNALS];
};

/* Signals that were sent and not acted on yet. All zero: none. */
struct signal_pending {
    uint64_t set;                       /* bit n-1: signal n */
    struct signal_queued *first, *last; /* in the order sent; a signal may be in the set alone */
};

/* What a thread has of its own. Bit n-1: signal n. */
struct signal_thread {
    uint64_t blocked;
    struct signal_pending pending;
    uint64_t blocked_after;   /* when `lent`: what comes back after the call */
    uint64_t awaited;         /* rt_sigtimedwait waits for these */
    int64_t result;           /* of a request that is answered later: see `state` */
    struct signal_info fault; /* what it did itself; .signal 0: nothing. Comes first */
    uint64_t fault_address, fault_syndrome;
    struct signal_stack {
        uint64_t address, bytes;
        uint32_t flags;
    } stack;               /* sigaltstack; bytes 0: none */
    uint8_t fault_kind;    /* EXCEPTION_* of the last fault; 0: none */
    uint8_t state;         /* enum signal_state */
    bool lent;             /* `blocked` holds for the present call alone */
    bool fault_told;       /* its tracer let `fault` through */
    struct trace *trace;   /* somebody traces it; NULL: nobody */
    uint64_t bring;        /* somebody needs the page at this address of its program; 0: nobody */
    bool bring_write;      /* … to write to it */
    uint8_t foreign_tries; /* of it to have a page of another's brought, in vain so far */
    bool bringing;         /* it was sent back for that page */
    struct wait_queue brought; /* who waits for that */
    struct foreign_page {
        uint64_t address, rights, cookie; /* of another's memory; address 0: none */
    } widened;                            /* that it may look at, as a debugger */
    bool fault_kept;                      /* fault_address and _syndrome belong into its frame */
};

enum signal_state {
    SIGNAL_NOTHING,
    SIGNAL_FRAME, /* its request was sent back for pages of a frame; `result` is what it answers */
    SIGNAL_PARKED /* its request stays open until it may go on: then `result` is the answer */
};

struct signal_process {
    struct signal_actions *actions;
    struct signal_pending pending;     /* for whichever thread takes it first */
    uint32_t queued;                   /* elements of all its queues */
    struct trace *traces;              /* threads of others that this process traces */
    uint8_t stopped;                   /* by this signal; 0: it runs */
    bool stop_untold, continue_untold; /* wait4(WUNTRACED, WCONTINUED) has not been told yet */
    struct process_timers *timers;     /* NULL: it never had one */
    struct wait_queue arrivals;        /* who wants to hear of every signal sent: signalfd */
};

/* ---- Begin and end ---- */

/* The first process: all defaults. 0 or -ENOMEM. */
int64_t signal_init(struct process *process);
/* `child` gets the actions of `parent`, shared if `share`; `first` the mask and, if `stack`, the
 * alternate stack of `thread`. 0, or -ENOMEM: then nothing was done. */
int64_t signal_fork(struct process *child, struct thread *first, const struct thread *thread,
                    bool share, bool stack);
/* A further thread of a process: the mask of `from`. */
void signal_thread_begin(struct thread *thread, const struct thread *from);
/* Handlers and the alternate stack are forgotten; what is ignored stays so, as do mask and pending
 * signals. 0, or -ENOMEM (only when the actions were shared): then nothing was done. */
int64_t signal_exec(struct thread *thread);
/* Frees what they keep. Signals of a thread that ends are lost, those of its process are not. */
void signal_thread_end(struct thread *thread);
void signal_process_end(struct process *process);

/* ---- Sending (send.c) ---- */

/* A signal sent by `thread` with kill (code 0) or SIGNAL_BY_TKILL. */
struct signal_info signal_info_from(const struct thread *thread, int32_t signal, int32_t code);

/* All answer 0, or -EAGAIN when a real-time signal that carries a value finds the queue full. The
 * target, also the caller itself, may have ended when they return: see family.h. */
int64_t signal_send_process(struct process *process, const struct signal_info *info);
int64_t signal_send_thread(struct thread *thread, const struct signal_info *info);
/* 0 as soon as one member could be sent it; -ESRCH: there is no such group. */
int64_t signal_send_group(uint32_t group, const struct signal_info *info);

/* The thread did something that is a signal: neither mask nor SIG_IGN keep it away, then it is
 * fatal. Acted on when its request is answered. */
void signal_force(struct thread *thread, const struct signal_info *info);

/* Tells a thread that there is something to act on. */
void signal_notice(struct thread *thread);

/* The request of a thread that is SIGNAL_PARKED, if it is, is answered now. */
void signal_unpark(struct thread *thread);
/* Stops all threads, or lets them go on; the parent hears of it. */
void signal_stop(struct process *process, uint32_t signal);
void signal_continue(struct process *process);

/* ---- Acting (deliver.c) ---- */

/* KIND_EXCEPTION: the thread did something that is a signal. A handler's answer (thread.h). */
int64_t signal_exception(struct thread *thread, uint64_t kind, uint64_t address, uint64_t pc,
                         uint64_t syndrome);

/* A request of a thread with UNUSUAL_ATTENTION came in, a system call `number` or (not `call`)
 * another message; `again`: as MESSAGE_AGAIN says. True when it is not to be carried out: *result
 * is the answer. */
bool signal_comes_again(struct thread *thread, bool call, bool again, uint32_t number,
                        int64_t *result);

/* Acts on UNUSUAL_ATTENTION before a thread goes on: `result` is what its call answered (any
 * ANSWER_* but NONE, too). What the loop is to answer instead. */
int64_t signal_attention(struct thread *thread, int64_t result);

/* True when something is there that a waiting call must be ended for. */
bool signal_ready(const struct thread *thread);

/* ---- For calls ---- */

/* How a process treats a signal. */
const struct signal_action *signal_action_of(const struct process *process, unsigned signal);

/* The mask holds until the present call is answered; a handler that ends it runs under it (ppoll,
 * pselect6, rt_sigsuspend). Nothing when the call comes again. */
void signal_mask_for_call(struct thread *thread, uint64_t mask);

/* A new mask; what it lets through is acted on when the call is answered. */
void signal_mask_set(struct thread *thread, uint64_t mask);

/* What is pending and blocked for a thread, its own and its process's. */
uint64_t signal_pending_set(const struct thread *thread);

/* Takes the first pending signal of a set, as rt_sigtimedwait and signalfd do: its number, or 0. */
unsigned signal_take(struct thread *thread, uint64_t set, struct signal_info *info);
