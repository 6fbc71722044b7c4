/*
 * snprintf.h: the kernel's formatter into a buffer, as C17 7.21.6.5 has it: at most size - 1 bytes
 * and a zero; returns the length without that limit.
 */
#pragma once
#include "debug/printf.h"

struct buffer_sink {
    struct format_sink sink;
    char *to;
    size_t length, limit; /* all that came; bytes that fit, the final zero not counted */
};

static void put_in_buffer(struct format_sink *sink, char c)
{
    struct buffer_sink *buffer = (struct buffer_sink *)sink;
    if (buffer->length < buffer->limit)
        buffer->to[buffer->length] = c;
    buffer->length++;
}

static int kvsnprintf(char *to, size_t size, const char *format, va_list arguments)
{
    struct buffer_sink buffer = {{put_in_buffer}, to, 0, size ? size - 1 : 0};
    format_text(&buffer.sink, format, arguments);
    if (size)
        to[buffer.length < buffer.limit ? buffer.length : buffer.limit] = '\0';
    return (int)buffer.length;
}

static int __attribute__((format(printf, 3, 4)))
ksnprintf(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = kvsnprintf(to, size, format, arguments);
    va_end(arguments);
    return length;
}
