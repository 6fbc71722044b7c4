/*
 * trace.h: one thread that another process traces (ptrace(2)). A traced thread stops where its
 * request would be answered: the request stays open (SIGNAL_PARKED), so its registers can be read
 * and written, and resuming it is answering. Every traced thread has UNUSUAL_ATTENTION for as long.
 */
#pragma once
#include "proc.h"

enum trace_stop {
    TRACE_RUNS,
    TRACE_SIGNAL, /* a signal would be acted on: `info`; the tracer decides */
    TRACE_GROUP,  /* stopped with its process */
    TRACE_ENTRY,  /* a call comes in … */
    TRACE_EXIT,   /* … and goes out */
    TRACE_EVENT   /* PTRACE_EVENT_* */
};

enum trace_mode { TRACE_CONTINUE, TRACE_CALLS, TRACE_STEP };

struct trace {
    struct trace *next, **link; /* of the tracer's */
    struct process *tracer;
    struct thread *thread; /* NULL: it has ended, which the tracer was not told yet */
    uint32_t tid, options;
    uint32_t status; /* as wait4 tells it, when `untold` */
    uint8_t stop;    /* enum trace_stop */
    uint8_t mode;    /* enum trace_mode: until the next stop */
    bool untold;
    bool seized;
    bool in_call;      /* between entry and exit of a call that is shown */
    bool call_changed; /* the tracer set the number: `number` */
    bool x0_changed;   /* x0 shows an interrupted call: `x0` is what it was */
    bool interrupt;    /* it is to stop soon, as PTRACE_INTERRUPT asked */
    bool listening;    /* it stays stopped with its process, but tells when that goes on */
    bool runs_stopped; /* the tracer let it run although its process is stopped */
    bool exit_told;
    bool for_fault;   /* TRACE_SIGNAL: the thread's own fault */
    uint8_t event;    /* PTRACE_EVENT_* that comes before it goes on; 0: none */
    bool vfork_ends;  /* PTRACE_EVENT_VFORK_DONE comes when its call is answered */
    uint64_t message; /* of the last event */
    uint64_t number, x0;
    struct signal_info info;
};

/* ---- From the way of a request (deliver.c) ---- */

/* A call or other message of a traced thread came in. True: it stops; nothing is carried out. */
bool trace_enters(struct thread *thread, bool call, bool again, uint32_t number);
/* What the call's number is by the tracer's will. */
uint32_t trace_number(const struct thread *thread, uint32_t number);

/* Its request would be answered. True: it stops before that. *result: as the tracer let it be. */
bool trace_answers(struct thread *thread, int64_t *result);
/* A signal would be acted on. True: it was taken, and the thread stops. */
bool trace_takes(struct thread *thread, const struct signal_info *info);
/* Its process is stopped: tells the tracer. */
void trace_group_stop(struct thread *thread);
/* Its call, which was interrupted, comes once more. */
void trace_restarts(struct thread *thread);
/* Nothing more to act on. True: it stops for PTRACE_INTERRUPT. */
bool trace_goes_on(struct thread *thread);

/* ---- From stop.c ---- */

/* The process goes on. True: the tracer holds this thread all the same. */
bool trace_continued(struct thread *thread);

/* ---- From process/ ---- */

/* A thread is about to begin that `thread` made with this clone. */
void trace_clone(struct thread *thread, struct thread *child, uint64_t flags, unsigned signal);
/* It has loaded a new program. */
void trace_exec(struct thread *thread);
/* It has ended: with `status` as wait4 tells it. */
void trace_thread_ended(struct thread *thread, uint32_t status);
/* The tracer has ended. */
void trace_tracer_ended(struct process *tracer);

/* For wait4: the first tracee of the process that has something to tell, by tid (0: any). `any`
 * becomes true when there is one at all. */
struct trace *trace_find(const struct process *tracer, uint32_t tid, bool *any);
/* It was told. */
void trace_told(struct trace *trace);

/* ---- For ptrace.c ---- */

/* Makes `thread` traced. NULL: no memory. */
struct trace *trace_begin(struct process *tracer, struct thread *thread, bool seized,
                          uint32_t options);
/* It is not traced any more, and goes on, with `signal` if not 0. */
void trace_end(struct trace *trace, unsigned signal);
/* Lets a stopped thread go on. */
void trace_resume(struct trace *trace, enum trace_mode mode, unsigned signal);
/* PTRACE_INTERRUPT, of one that was seized: it stops soon. */
void trace_interrupt(struct trace *trace);
/* PTRACE_LISTEN. False: it is not stopped in a way that can be listened to. */
bool trace_listen(struct trace *trace);
/* A thread that waits for its process to go on is the tracer's to continue from now on. */
void trace_adopt_stop(struct trace *trace);

/* ---- regset.c ---- */

/* One register set of a stopped thread from or to the tracer's iovec at `vector`. */
int64_t regset_transfer(struct thread *tracer, struct trace *trace, uint64_t kind, uint64_t vector,
                        bool set);

/* ---- foreign.c ---- */

/*
 * Copies between proc's memory and that of another process, on behalf of `thread`; *done bytes are
 * done already and moves on. 0, -EFAULT, or ANSWER_NONE: `thread` waits for pages of the other, its
 * call comes again. `force`: also what the program itself may not write (breakpoints).
 */
int64_t foreign_copy(struct thread *thread, struct process *target, uint64_t address, void *own,
                     uint64_t bytes, bool write, bool force, uint64_t *done);

/* The thread's request came again with the page somebody wanted, or without. */
void foreign_brought(struct thread *thread);
/* Asks a thread that is about to be answered for the page: it is to be sent back. */
int64_t foreign_ask(struct thread *thread);

/* ---- ptrace.c ---- */

/* User 0, or the same user. */
bool may_trace_process(const struct thread *tracer, const struct process *process);
