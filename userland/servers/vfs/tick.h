/*
 * tick.h: every few seconds, whatever else happens: changes do not stay in memory for ever.
 */
#pragma once
#include "lib/native.h"

#define TICK_BADGE (1UL << 62 | 0x5449434b) /* of the notification, "TICK" */

/* Notifications with this badge come to the endpoint from now on. 0 or a negated errno. */
int64_t tick_begin(handle self);
