/*
 * proc_text.h: reading files of /proc, for programs that compare them with what is so.
 */
#pragma once
#include "expect.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>

static char proc_text[1 << 18]; /* what read_text read last, with a 0 after it */

/* The contents of a file, or "" when it cannot be read: how many bytes, or a negated errno. */
static long read_text(const char *format, ...)
{
    char path[256];
    va_list arguments;
    long done = 0, got;
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    proc_text[0] = 0;
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return -errno;
    while ((got = read(fd, proc_text + done, sizeof proc_text - 1 - (size_t)done)) > 0)
        done += got;
    long error = -errno;
    close(fd);
    proc_text[done] = 0;
    return got < 0 ? error : done;
}

/* Writes one text: 0 or a negated errno. */
static inline long write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    if (fd < 0)
        return -errno;
    long wrote = write(fd, text, strlen(text)), error = -errno;
    close(fd);
    return wrote < 0 ? error : 0;
}

/* The number after `name` in a text of "name: number" lines, from `from` on; -1: there is none. */
static inline long number_in(const char *from, const char *name)
{
    const char *at = from ? strstr(from, name) : NULL;
    return at ? strtol(at + strlen(name), NULL, 10) : -1;
}
