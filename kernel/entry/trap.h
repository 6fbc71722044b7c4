/*
 * trap.h: what came in?
 */
#pragma once
#include "task/thread.h"

/* Acknowledges and handles every interrupt that waits now. */
void interrupts_handle(void);
