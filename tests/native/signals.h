/*
 * signals.h: what a personality needs for signals, fork and ptrace. The test is one.
 */
#pragma once
#include "world.h"

/* For children: counts in BOARD[0] for ever. */
int64_t count_for_ever(uint64_t unused);
/* Sets or reads the registers that the test's last THREAD_READ, or its next THREAD_WRITE, is about.
 */
void registers_read(handle thread);
void registers_write(handle thread);

void interrupts(void);
void answers(void);
void copies(void);
void deaths(void);
void steps(void);
