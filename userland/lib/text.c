/*
 * text.c: comparing and copying text, beside what ISO C has. No kernel call in
 * here: also part of host unit tests.
 */
#include "lib/memory.h"

bool text_is(const char *text, const char *span, size_t length)
{
    return strlen(text) == length && !memcmp(text, span, length);
}

void text_copy(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size - 1);
    memcpy(to, from, length);
    to[length] = 0;
}
