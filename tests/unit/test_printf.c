// sources: kernel/debug/printf.c
/*
 * ksnprintf against the host's snprintf, for all that both promise; then what is
 * the kernel's own.
 */
#include "snprintf.h"
#include "unit.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The same arguments to both; sizes from nothing to plenty. */
#define SAME(...)                                                                                  \
    do {                                                                                           \
        for (size_t size = 0; size <= 64; size++) {                                                \
            char ours[80], theirs[80];                                                             \
            memset(ours, '#', sizeof ours);                                                        \
            memset(theirs, '#', sizeof theirs);                                                    \
            int our_length = ksnprintf(ours, size, __VA_ARGS__);                                   \
            int their_length = snprintf(theirs, size, __VA_ARGS__);                                \
            CHECK_EQUAL(our_length, their_length);                                                 \
            CHECK(memcmp(ours, theirs, sizeof ours) == 0);                                         \
        }                                                                                          \
    } while (0)

#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-zero-length"

TEST(text_without_conversions)
{
    SAME("");
    SAME("plain");
    SAME("100%% of it%%");
}

TEST(integers)
{
    static const long values[] = {0, 1, -1, 9, 10, 12345, INT_MAX, INT_MIN, LONG_MAX, LONG_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        SAME("%d|%i|%u|%x|%X", (int)values[i], (int)values[i], (int)values[i], (int)values[i],
             (int)values[i]);
        SAME("%ld|%lu|%lx", values[i], values[i], values[i]);
        SAME("%lld|%llu|%llX", (long long)values[i], (long long)values[i], (long long)values[i]);
        SAME("%zu|%zx|%zd", (size_t)values[i], (size_t)values[i], (size_t)values[i]);
    }
}

TEST(width_and_flags)
{
    SAME("[%5d] [%-5d] [%05d] [%-05d] [%1d]", 42, 42, 42, 42, 42);
    SAME("[%5d] [%-5d] [%05d]", -42, -42, -42);
    SAME("[%20lx] [%020lx] [%-20lx]", 0xabcul, 0xabcul, 0xabcul);
    SAME("[%*d] [%*d] [%0*d]", 6, 42, -6, 42, 6, 42);
    SAME("[%40s] [%-20s]", "right", "left");
    SAME("[%3c] [%-3c] [%c]", 'a', 'b', 'c');
}

TEST(strings_and_precision)
{
    const char open_end[3] = {'a', 'b', 'c'};
    SAME("%s and %s", "one", "");
    SAME("[%.3s] [%.0s] [%.9s] [%5.2s] [%-5.2s]", "abcdef", "abc", "abc", "abc", "abc");
    SAME("[%.*s] [%.*s]", 3, open_end, -1, "whole");
}

TEST(pointers)
{
    char text[32];
    SAME("%p", (void *)0x1234abcd);
    CHECK_EQUAL(ksnprintf(text, sizeof text, "%p", NULL), 3);
    CHECK(strcmp(text, "0x0") == 0); /* not (nil): a person looks for an address */
    ksnprintf(text, sizeof text, "[%10p]", (void *)0x12);
    CHECK(strcmp(text, "[      0x12]") == 0);
    ksnprintf(text, sizeof text, "[%010p]", (void *)0x12);
    CHECK(strcmp(text, "[0x00000012]") == 0);
}

TEST(a_null_string_is_said_so)
{
    char text[32];
    const char *volatile nothing = NULL;
    ksnprintf(text, sizeof text, "<%s>", nothing);
    CHECK(strcmp(text, "<(null)>") == 0);
}

TEST(unknown_conversions_do_not_eat_arguments)
{
    char text[32];
    ksnprintf(text, sizeof text, "%d %f %s", 1, 2.0, "x");
    CHECK(strcmp(text, "1 %f %s") == 0);
    ksnprintf(text, sizeof text, "end %");
    CHECK(strcmp(text, "end %") == 0);
    ksnprintf(text, sizeof text, "end %-08l");
    CHECK(strcmp(text, "end %-08l") == 0);
}

TEST(random_integers)
{
    static const char *const formats[] = {"%lu",     "%ld",   "%lx",   "%024lx",
                                          "%-24ld|", "%24lu", "%024ld"};
    for (int i = 0; i < 2000; i++) {
        long value = (long)(unit_random() >> unit_random_below(64));
        const char *format = formats[unit_random_below(sizeof formats / sizeof formats[0])];
        char ours[64], theirs[64];
        CHECK_EQUAL(ksnprintf(ours, sizeof ours, format, value),
                    snprintf(theirs, sizeof theirs, format, value));
        CHECK(strcmp(ours, theirs) == 0);
    }
}
