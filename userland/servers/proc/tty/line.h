/*
 * line.h: the line discipline of a terminal: from keys to lines, echo, signals, and what becomes of
 * output on its way out. As termios(3) and Linux's default discipline; it knows neither processes
 * nor drivers, so it can be tried on any machine.
 */
#pragma once
#include "termios.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_BYTES 4096 /* typed and not yet read; Linux's bound, also for one line */

struct line {
    struct linux_termios settings;
    /* Typed bytes, by number modulo LINE_BYTES: read < ready <= typed. Canonically a reader gets
     * what lies below `ready`, the lines that are complete. */
    uint64_t read, ready, typed;
    char bytes[LINE_BYTES];
    uint64_t ends[LINE_BYTES / 64]; /* bit: this byte ends a line */
    uint32_t column;                /* of output, for tabs and for erasing them */
    uint32_t line_column;           /* where the line being typed began */
    bool literal;                   /* the next key is taken as it is */
    bool stopped;                   /* output is held (^S) */
    /* What keys cause. `context` as given below. */
    void (*echo)(struct line *line, const char *text, size_t bytes);
    void (*signal)(struct line *line, unsigned signal);
};

/* Default settings; no callbacks. */
void line_init(struct line *line);

/* One typed byte. False: there is no room, and the byte is as if never typed (what the driver holds
 * back stays there). */
bool line_type(struct line *line, unsigned char key);

/* True when a key can be taken that is more than an edit: room for a byte. */
bool line_room(const struct line *line);

/* New settings; what was typed stays readable as they say. */
void line_set(struct line *line, const struct linux_termios *settings);

/* Forgets what was typed and not read. */
void line_flush(struct line *line);

/* Bytes a read would get now; canonically of all complete lines, ends of file not counted. */
size_t line_available(const struct line *line);

/* True when a read with ICANON would not wait: a line or an end of file is there. */
bool line_complete(const struct line *line);

/* Takes up to `most` bytes: canonically at most one line; 0: end of file, or nothing is there. */
size_t line_take(struct line *line, char *to, size_t most);

/* Output processing of one byte into `out`: how many bytes it became, 0..8. */
#define LINE_OUTPUT_MOST 8
size_t line_output(struct line *line, unsigned char byte, char out[LINE_OUTPUT_MOST]);
