/*
 * personality.h: what a program does that its kernel does not know, goes to the
 * server its space names: system calls, exceptions, a thread's first breath.
 */
#pragma once
#include "task/thread.h"

/* thread's exception: EXCEPTION_*, address, ESR. The thread waits for the answer. */
struct thread *personality_exception(struct thread *thread, unsigned reason, uint64_t address,
                                     uint64_t esr);
/* Sends KIND_START for a thread that is not running. Returns what request_send returned. */
struct thread *personality_start(struct thread *thread);
/* Sends the pending request (SYSCALL or START) once more, after its pages were faulted in. */
struct thread *personality_retry(struct thread *thread);
