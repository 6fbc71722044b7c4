/*
 * arguments.h: the words of the manifest's line `argument` (main.c has the list).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Where a request is. */
enum step { STEP_NONE, STEP_QUEUED, STEP_RUNNING, STEP_DONE };

struct arguments {
    bool pio;
    uint32_t clock_hz;
    uint32_t force_bits, force_every;
    enum step die_at;
    uint32_t die_after;
};

/* Words that are not known or make no sense are named in the log and left out. */
struct arguments arguments_read(const char *text);
