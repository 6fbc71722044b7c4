// sources: userland/lib/format.c
// flags: -Iuserland -Wno-format
#include "lib/format.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

/* The C library's printf is the reference. */
#define SAME(...)                                                                                  \
    do {                                                                                           \
        char ours[100], theirs[100];                                                               \
        CHECK_EQUAL(format_text(ours, sizeof ours, __VA_ARGS__),                                   \
                    snprintf(theirs, sizeof theirs, __VA_ARGS__));                                 \
        if (strcmp(ours, theirs))                                                                  \
            unit_failed(__FILE__, __LINE__, ours);                                                 \
    } while (0)

TEST(conversions_are_those_of_printf)
{
    SAME("plain");
    SAME("%d %i %u", -5, 0, 4000000000u);
    SAME("%d %ld", -2147483647 - 1, -9223372036854775807L - 1);
    SAME("%lu %zu %llu", 18446744073709551615ul, (size_t)1, 2ull);
    SAME("%x %X %lx", 0xbeef, 0xbeef, 0xfedcba9876543210ul);
    SAME("[%5d] [%-5d] [%05d] [%05d]", 42, 42, 42, -42);
    SAME("[%8s] [%-8s] [%.2s] [%.*s]", "abc", "abc", "abc", 1, "xyz");
    SAME("[%*d]", 6, 7);
    SAME("%c%c%%", 'o', 'k');
    SAME("%016lx", 0xabcul);
}

TEST(what_does_not_fit_is_cut_and_measured)
{
    char small[5] = "????";
    CHECK_EQUAL(format_text(small, sizeof small, "%s", "abcdefgh"), 8);
    CHECK(!strcmp(small, "abcd"));
    CHECK_EQUAL(format_text(NULL, 0, "%d", 12345), 5);
    CHECK_EQUAL(format_text(small, 1, "x"), 1);
    CHECK(!small[0]);
}
