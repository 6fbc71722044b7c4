/*
 * memory.c: memory.h for native programs. Eight bytes at a time where there are
 * as many: unaligned access to normal memory is allowed at EL0 (SCTLR_EL1.A = 0).
 * Compiled with -fno-tree-loop-distribute-patterns, or the compiler would turn
 * these loops into calls of themselves.
 */
#include "lib/memory.h"
#include <stdint.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) any_word;
/* Any 16 bytes, wherever they lie: one instruction loads or stores them. */
struct pair {
    uint64_t low, high;
} __attribute__((packed, may_alias));

/* Every turn loads all that it stores, and then stores. (No `restrict` here: it would let the
 * compiler take the pairs apart.) */
static inline void copy(char *t, const char *f, size_t bytes)
{
    for (; bytes >= 64; bytes -= 64, t += 64, f += 64) {
        struct pair a = ((const struct pair *)f)[0], b = ((const struct pair *)f)[1];
        struct pair c = ((const struct pair *)f)[2], d = ((const struct pair *)f)[3];
        ((struct pair *)t)[0] = a, ((struct pair *)t)[1] = b;
        ((struct pair *)t)[2] = c, ((struct pair *)t)[3] = d;
    }
    for (; bytes >= 16; bytes -= 16, t += 16, f += 16)
        *(struct pair *)t = *(const struct pair *)f;
    for (; bytes >= 8; bytes -= 8, t += 8, f += 8)
        *(any_word *)t = *(const any_word *)f;
    while (bytes--)
        *t++ = *f++;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
    copy(to, from, bytes);
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    char *t = to;
    const char *f = from;
    if ((uintptr_t)t - (uintptr_t)f >=
        bytes) { /* forwards never overwrites what is still to come */
        for (; bytes >= 8; bytes -= 8, t += 8, f += 8)
            *(any_word *)t = *(const any_word *)f;
        while (bytes--)
            *t++ = *f++;
        return to;
    }
    for (; bytes >= 8; bytes -= 8)
        *(any_word *)(t + bytes - 8) = *(const any_word *)(f + bytes - 8);
    while (bytes--)
        t[bytes] = f[bytes];
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    char *t = to;
    uint64_t word = (unsigned char)value * 0x0101010101010101ul;
    for (; bytes >= 32; bytes -= 32, t += 32) {
        ((any_word *)t)[0] = word, ((any_word *)t)[1] = word;
        ((any_word *)t)[2] = word, ((any_word *)t)[3] = word;
    }
    for (; bytes >= 8; bytes -= 8, t += 8)
        *(any_word *)t = word;
    while (bytes--)
        *t++ = (char)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *x = a, *y = b;
    for (; bytes && *x == *y; bytes--)
        x++, y++;
    return bytes ? *x - *y : 0;
}

size_t strlen(const char *text)
{
    const char *end = text;
    while (*end)
        end++;
    return (size_t)(end - text);
}

size_t strnlen(const char *text, size_t most)
{
    size_t length = 0;
    while (length < most && text[length])
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t most)
{
    for (; most && *a && *a == *b; most--)
        a++, b++;
    return most ? (unsigned char)*a - (unsigned char)*b : 0;
}

char *strchr(const char *text, int character)
{
    for (; *text != (char)character; text++)
        if (!*text)
            return NULL;
    return (char *)text;
}
