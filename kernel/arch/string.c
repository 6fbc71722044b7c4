/*
 * string.c: the C library's memory and string functions that the compiler and libfdt call.
 * General registers only. The long loops move 32 to 128 bytes a turn as 64-bit pairs, which the
 * compiler makes ldp/stp of.
 */
#include "arch/string.h"
#include <stdbool.h>
#include <stdint.h>

/* Else the compiler sees that these loops are memcpy and memset, and calls them: themselves. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#ifdef __aarch64__
/* The kernel at large is built with -mstrict-align, which would make byte loops of these. */
#pragma GCC target("no-strict-align")
#endif

/* Any 16 or 8 bytes, wherever they lie, whatever type they have. */
struct pair {
    uint64_t low, high;
} __attribute__((packed, may_alias));
typedef uint64_t word __attribute__((aligned(1), may_alias));
typedef uint32_t half __attribute__((aligned(1), may_alias));

/* Every turn loads all that it stores, and then stores: right also when the areas overlap and `out`
 * is the lower one. (No `restrict`: it would let the compiler take the pairs apart.) */
static inline void copy_32(char *out, const char *in)
{
    struct pair first = ((const struct pair *)in)[0];
    struct pair second = ((const struct pair *)in)[1];
    ((struct pair *)out)[0] = first;
    ((struct pair *)out)[1] = second;
}

static inline void copy_forward(char *out, const char *in, size_t size)
{
    for (; size >= 128; out += 128, in += 128, size -= 128) {
        copy_32(out, in);
        copy_32(out + 32, in + 32);
        copy_32(out + 64, in + 64);
        copy_32(out + 96, in + 96);
    }
    for (; size >= 32; out += 32, in += 32, size -= 32)
        copy_32(out, in);
    for (; size >= 8; out += 8, in += 8, size -= 8)
        *(word *)out = *(const word *)in;
    for (; size > 0; size--)
        *out++ = *in++;
}

static void copy_backward(char *out, const char *in, size_t size)
{
    for (; size >= 8; size -= 8)
        *(word *)(out + size - 8) = *(const word *)(in + size - 8);
    for (; size > 0; size--)
        out[size - 1] = in[size - 1];
}

void *memcpy(void *to, const void *from, size_t size)
{
    char *out = to;
    const char *in = from;
    if (size == 4) { /* a futex: much the most frequent of the small ones */
        *(half *)out = *(const half *)in;
        return to;
    }
    for (; size >= 64; out += 64, in += 64, size -= 64) {
        struct pair a = ((const struct pair *)in)[0], b = ((const struct pair *)in)[1];
        struct pair c = ((const struct pair *)in)[2], d = ((const struct pair *)in)[3];
        ((struct pair *)out)[0] = a, ((struct pair *)out)[1] = b;
        ((struct pair *)out)[2] = c, ((struct pair *)out)[3] = d;
    }
    copy_forward(out, in, size);
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    /* Unsigned: true only when `to` starts inside the source. */
    bool inside = (uintptr_t)to - (uintptr_t)from < size;
    (inside ? copy_backward : copy_forward)(to, from, size);
    return to;
}

void *memset(void *to, int value, size_t size)
{
    char *out = to;
    const uint64_t word_of = (uint8_t)value * UINT64_C(0x0101010101010101);
    const struct pair all = {word_of, word_of};
    for (; size >= 32; out += 32, size -= 32)
        ((struct pair *)out)[0] = all, ((struct pair *)out)[1] = all;
    for (; size >= 8; out += 8, size -= 8)
        *(word *)out = word_of;
    for (; size > 0; size--)
        *out++ = (char)value;
    return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const uint8_t *a = left, *b = right;
    for (; size >= 8 && *(const word *)a == *(const word *)b; size -= 8)
        a += 8, b += 8;
    for (; size > 0; size--, a++, b++)
        if (*a != *b)
            return *a - *b;
    return 0;
}

void *memchr(const void *in, int value, size_t size)
{
    for (const uint8_t *at = in; size > 0; size--, at++)
        if (*at == (uint8_t)value)
            return (void *)at;
    return NULL;
}

size_t strnlen(const char *text, size_t limit)
{
    size_t length = 0;
    while (length < limit && text[length] != '\0')
        length++;
    return length;
}

size_t strlen(const char *text)
{
    return strnlen(text, SIZE_MAX);
}

int strncmp(const char *left, const char *right, size_t limit)
{
    for (; limit > 0; limit--, left++, right++)
        if (*left != *right || *left == '\0')
            return (uint8_t)*left - (uint8_t)*right;
    return 0;
}

int strcmp(const char *left, const char *right)
{
    return strncmp(left, right, SIZE_MAX);
}

char *strchr(const char *text, int wanted)
{
    return memchr(text, wanted, strlen(text) + 1);
}

char *strrchr(const char *text, int wanted)
{
    for (const char *at = text + strlen(text); at >= text; at--)
        if (*at == (char)wanted)
            return (char *)at;
    return NULL;
}
