/*
 * step.h: named steps of a server at which a test lets it die. The word `die=STEP/N` of its
 * manifest line `argument` ends it when it comes to STEP for the N-th time since it started;
 * started again it lives for N more than before, so that the longest work comes to its end. The
 * README of a server lists its steps. Without that word a step is one comparison.
 */
#pragma once
#include "lib/native.h"
#include <stdbool.h>
#include <stddef.h>

/* Looks for the word; the server calls it once, first. A word that makes no sense, a step without a
 * number: a line in the log, and nothing dies. */
void steps_begin(void);

/* The name of the step to die at, or NULL. */
extern const char *step_to_die_at;
void step_reached(const char *name);

/* The server is at this step now. Does not return from the N-th. */
native_inline void step(const char *name)
{
    if (step_to_die_at)
        step_reached(name);
}

/* The first word of `argument` that is no `die=`: its bytes are copied to `word`, cut to fit.
 * False: there is none. */
bool argument_word(char *word, size_t bytes);
