/*
 * bench.h: how a benchmark reports, and its groups.
 */
#pragma once
#include "support.h"

/* One line `bench NAME VALUE`: instructions per round. */
void report(const char *name, uint64_t total, uint64_t rounds);

void bench_clone(void);
void bench_thread(void);
