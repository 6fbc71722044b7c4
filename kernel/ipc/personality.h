/*
 * personality.h: what a program does that its kernel does not know, goes to the
 * server its space names: system calls, exceptions, a thread's first breath.
 */
#pragma once
#include "task/thread.h"

/* thread's exception: EXCEPTION_*, address, ESR. The thread waits for the answer. */
struct thread *personality_exception(struct thread *thread, unsigned reason, uint64_t address,
                                     uint64_t esr);
/* Sends a KIND_* that says nothing more: START, INTERRUPT. Returns what request_send returned. */
struct thread *personality_ask(struct thread *thread, unsigned kind);
/* Sends the pending request once more, after its pages were faulted in. `flags`: MESSAGE_AGAIN,
 * with MESSAGE_REFUSED when they were not. */
struct thread *personality_retry(struct thread *thread, unsigned flags);
