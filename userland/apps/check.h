/*
 * check.h: for programs that compare what happens with what Linux says: one line for each
 * difference, counts at the end.
 */
#pragma once
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int checks_passed, checks_failed;

static inline void expect(const char *what, long got, long want)
{
    if (got == want) {
        checks_passed++;
        return;
    }
    checks_failed++;
    printf("%s: got %ld (%#lx), Linux says %ld (%#lx)\n", what, got, got, want, want);
}

static inline void expect_true(const char *what, int truth)
{
    expect(what, truth != 0, 1);
}

/* The raw call: a result, or a negated errno, as it crosses the boundary. */
#define CALL(...)                                                                                  \
    ({                                                                                             \
        long result_ = syscall(__VA_ARGS__);                                                       \
        result_ == -1 ? -(long)errno : result_;                                                    \
    })

/* The last line, and the status of the program. */
static inline int checks_end(const char *program)
{
    printf("%s: %d passed, %d failed\n", program, checks_passed, checks_failed);
    return checks_failed != 0;
}
