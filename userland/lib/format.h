/*
 * format.h: text from values, into a buffer. %d %i %u %x %X %p %c %s %% with
 * l, ll, z, a width, a precision for %s, and the flags 0 and -. No floating
 * point (native programs have no FP state), no %n.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>

/* Writes at most size-1 bytes and a 0 (nothing when size is 0). Returns the length it wanted. */
size_t format_text(char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t format_text_v(char *to, size_t size, const char *format, va_list arguments);
