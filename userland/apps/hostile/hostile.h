/*
 * hostile.h: programs that mean no good, for the system that must not mind. Runs on Linux
 * unchanged.
 */
#pragma once
#include <stdint.h>

/* Every call that takes a pointer, with bad ones: 0 when each answered as Linux does. */
int pointers(void);

/* `count` random calls in each of `rounds` processes, from a seed: 0 when all of them ended. */
int chaos(uint64_t seed, unsigned rounds, unsigned count);

/* The same without end, each process killed at a random moment: 0 when all are gone. */
int killed(uint64_t seed, unsigned rounds);

/* Arguments and paths that are too long, too many, without end: 0 when refused as on Linux. */
int lengths(const char *self);

/* Signals as fast as a process can send them, to a process that has a handler: 0 when it lives. */
int storm(unsigned count);

/* Forks until no more can be had, each child doing the same; ends them: 0. */
int bomb(void);
