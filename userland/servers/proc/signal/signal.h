/*
 * signal.h: signals of threads and processes.
 */
#pragma once
#include "linux.h"
#include <stdbool.h>
#include <stdint.h>

struct thread;
struct process;

/* How a signal is treated, as rt_sigaction gave it. */
struct signal_action {
    uint64_t handler, flags, restorer, mask;
};

/* What a thread has of its own. Bit n-1: signal n. */
struct signal_thread {
    uint64_t blocked, pending;
};

struct signal_process {
    struct signal_action actions[LINUX_SIGNALS];
};

/* KIND_EXCEPTION: the thread did something that is a signal. A handler's answer (thread.h). */
int64_t signal_exception(struct thread *thread, uint64_t kind, uint64_t address, uint64_t pc,
                         uint64_t syndrome);

/* Acts on UNUSUAL_ATTENTION before a thread goes on: `result` is what its call answered (any
 * ANSWER_* too). What the loop is to answer instead. */
int64_t signal_attention(struct thread *thread, int64_t result);

/* True when a signal is there that a waiting call must be ended for. */
bool signal_ready(const struct thread *thread);

/* Forgets handlers on exec: ignored signals stay ignored. */
void signal_exec(struct process *process);
