/*
 * threads.h: the groups of threads.c.
 */
#pragma once
#include "support.h"

void registers(void);
void times(void);
void stepping(void);
