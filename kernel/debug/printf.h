/*
 * printf.h: formatting into a sink. No allocation, no buffer of its own, no limit on the length.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>

struct format_sink {
    void (*put)(struct format_sink *sink, char c);
};

/*
 * Sends `format` to the sink. Conversions: %d %i %u %x %X %c %s %p %%, with l, ll, z; a width
 * (digits or *); the flags 0 and -; and for %s a precision (digits or *), which lets the text lack
 * its final zero. A null string prints as (null). From a conversion that is not in this list on,
 * the format itself is printed: its arguments are unknown.
 */
void format_text(struct format_sink *sink, const char *format, va_list arguments);
