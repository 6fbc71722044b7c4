/*
 * arguments.h: the words of the manifest's line `argument` (main.c has the list).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct arguments {
    bool pio;
    uint32_t clock_hz;
    uint32_t force_bits, force_every;
};

/* Words that are not known or make no sense are named in the log and left out. */
struct arguments arguments_read(const char *text);
