/*
 * ipc.h: what messages promise.
 */
#pragma once
#include "support.h"

void message_contents(void);
void message_order(void);
void message_ends(void);
void message_forwarding(void);
void notifications(void);

/* Calls `endpoint` and returns w0 of the answer, or the error. */
int64_t ask(uint64_t endpoint);
