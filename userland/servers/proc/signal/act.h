/*
 * act.h: what the files of this folder share about acting on signals.
 */
#pragma once
#include "proc.h"

/* ---- frame.c ---- */

/* Puts a frame on the stack and lets the thread, which would be answered *result, go on in the
 * handler: then *result is ANSWER_REGISTERS. ANSWER_RETRY or -EFAULT: nothing has changed. */
int64_t frame_push(struct thread *thread, int64_t *result, const struct signal_action *action,
                   const struct signal_info *info);

/* ---- exception.c ---- */

const char *signal_name(unsigned signal);
/* Ends the process by a signal; says so to people when no parent will hear of it. */
void signal_death(struct process *process, unsigned signal);
/* … for what a thread did: with its registers. */
void signal_death_by_fault(struct thread *thread, unsigned signal);

/* ---- send.c ---- */

/* Signals of the process that `thread` no longer takes: others may. */
void signal_retarget(struct thread *thread, uint64_t set);

/* Who a sender says it is: the real user. */
uint32_t signal_user_of(const struct process *process);

/* ---- actions.c ---- */

/* The stack pointer is on the alternate stack (SS_AUTODISARM: never said). */
bool signal_on_stack(const struct thread *thread, uint64_t sp);
/* As sigaltstack: 0, -EPERM while `sp` is on it, -EINVAL, -ENOMEM when it is too small. */
int64_t signal_stack_set(struct thread *thread, uint64_t sp, const struct linux_stack *wanted);
