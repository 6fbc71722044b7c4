/*
 * exhaust.h: memory runs out, in one pool, everywhere, or at any single allocation.
 */
#pragma once
#include "support.h"

void bombs(void);
void whole_machine(void);
void every_allocation(void);
