/*
 * The kernel's memory and string functions against the host's, for all small
 * sizes and alignments, with overlaps.
 */
#include "unit.h"
#include <string.h>

#define memcpy  kernel_memcpy
#define memmove kernel_memmove
#define memset  kernel_memset
#define memcmp  kernel_memcmp
#define memchr  kernel_memchr
#define strlen  kernel_strlen
#define strnlen kernel_strnlen
#define strcmp  kernel_strcmp
#define strncmp kernel_strncmp
#define strchr  kernel_strchr
#define strrchr kernel_strrchr
#include "arch/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr

#define SIZE 256
static unsigned char ours[SIZE], theirs[SIZE];

static void fill(void)
{
    for (size_t i = 0; i < SIZE; i++)
        ours[i] = theirs[i] = (unsigned char)unit_random();
}

static void check_same(void)
{
    CHECK(memcmp(ours, theirs, SIZE) == 0);
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

TEST(copies_of_every_size_at_every_alignment)
{
    for (size_t size = 0; size <= 100; size++)
        for (size_t from = 0; from < 9; from++)
            for (size_t to = 0; to < 9; to++) {
                fill();
                CHECK(kernel_memcpy(ours + 128 + to, ours + from, size) == ours + 128 + to);
                memcpy(theirs + 128 + to, theirs + from, size);
                check_same();
            }
}

TEST(moves_with_every_overlap)
{
    for (size_t size = 0; size <= 100; size++)
        for (size_t to = 0; to <= 100; to++) {
            fill();
            CHECK(kernel_memmove(ours + to, ours + 50, size) == ours + to);
            memmove(theirs + to, theirs + 50, size);
            check_same();
        }
}

TEST(sets_of_every_size)
{
    for (size_t size = 0; size <= 100; size++)
        for (size_t to = 0; to < 9; to++) {
            fill();
            CHECK(kernel_memset(ours + to, 0x1a5, size) == ours + to);
            memset(theirs + to, 0x1a5, size);
            check_same();
        }
}

TEST(comparisons_tell_the_first_difference)
{
    for (size_t size = 0; size <= 40; size++)
        for (size_t at = 0; at <= size; at++) {
            fill();
            ours[at + 3] ^= 0x80;
            CHECK_EQUAL(sign(kernel_memcmp(ours + 3, theirs + 3, size)),
                        sign(memcmp(ours + 3, theirs + 3, size)));
        }
}

TEST(searches)
{
    char text[32];
    for (int round = 0; round < 5000; round++) {
        size_t length = unit_random_below(sizeof text);
        for (size_t i = 0; i < length; i++)
            text[i] = (char)(unit_random_below(3) + 0xfe); /* fe, ff, and 0 */
        text[length] = '\0';
        int wanted = (int)unit_random_below(3) + 0xfe;
        CHECK(kernel_strlen(text) == strlen(text));
        CHECK(kernel_strnlen(text, 7) == strnlen(text, 7));
        CHECK(kernel_strchr(text, wanted) == strchr(text, wanted));
        CHECK(kernel_strrchr(text, wanted) == strrchr(text, wanted));
        CHECK(kernel_memchr(text, wanted, length) == memchr(text, wanted, length));
    }
}

TEST(string_comparisons)
{
    static const char *const texts[] = {"",     "a",    "b",       "ab",      "abc",
                                        "abcd", "\xff", "abc\xff", "abcdefgh"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (size_t j = 0; j < sizeof texts / sizeof texts[0]; j++) {
            CHECK_EQUAL(sign(kernel_strcmp(texts[i], texts[j])), sign(strcmp(texts[i], texts[j])));
            for (size_t limit = 0; limit < 10; limit++)
                CHECK_EQUAL(sign(kernel_strncmp(texts[i], texts[j], limit)),
                            sign(strncmp(texts[i], texts[j], limit)));
        }
}
