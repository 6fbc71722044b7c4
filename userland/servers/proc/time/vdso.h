/*
 * vdso.h: the code of the bundle's file `vdso` in every program (userland/vdso), and the page
 * before it that tells it the time of day.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct memory;

/* Finds the file in the archive, which lies at the start of the bundle. Without it programs do
 * without: a line in the log. */
void vdso_init(const void *archive, size_t bytes);

/* Maps it at the top of a fresh layout, which becomes as much smaller; sets layout.vdso. 0 or a
 * negated errno. */
int64_t vdso_map(struct memory *memory);

/* Where a signal handler returns to that brings no trampoline; 0: there is no vdso. */
uint64_t vdso_sigreturn(const struct memory *memory);

/* Nanoseconds since 1970 at boot, as CLOCK_REALTIME counts. */
int64_t clock_realtime(void);
void clock_set_realtime(int64_t nanoseconds);
