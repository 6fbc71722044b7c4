/*
 * log.h: lines in the kernel's log. The message page is used on the way and put
 * back, so a line may be logged between receiving a message and reading it.
 */
#pragma once
#include "lib/format.h"

/* The levels of syslog(3), as the kernel's loglevel= counts them. */
enum log_level {
    LOG_EMERGENCY,
    LOG_ALERT,
    LOG_CRITICAL,
    LOG_ERROR,
    LOG_WARNING,
    LOG_NOTICE,
    LOG_INFO,
    LOG_DEBUG
};

#define LOG_LINE_BYTES 512 /* longer lines are cut, and say so by ending in "..." */

/* The format brings its own \n. */
void log_print(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The name of an errno value that servers log, given positive or negative: "ENOMEM". */
const char *error_name(long error);
