/*
 * format.c: format.h. One pass over the format; each conversion becomes a span of
 * characters with a field width around it.
 */
#include "lib/format.h"
#include "lib/memory.h"
#include <stdint.h>

struct sink {
    char *to;
    size_t size, length; /* length: wanted, also beyond size */
};

struct conversion {
    bool left, zeros;
    size_t width, precision;
    unsigned longs; /* l, ll, z, j, t: 64 bits */
};

static void put(struct sink *sink, char c)
{
    if (sink->length + 1 < sink->size)
        sink->to[sink->length] = c;
    sink->length++;
}

static void put_field(struct sink *sink, const struct conversion *how, const char *sign,
                      const char *span, size_t length)
{
    size_t signs = strlen(sign);
    size_t pad = how->width > length + signs ? how->width - length - signs : 0;
    if (!how->left && !how->zeros)
        for (; pad; pad--)
            put(sink, ' ');
    for (; *sign; sign++)
        put(sink, *sign);
    if (!how->left)
        for (; pad; pad--)
            put(sink, '0');
    for (size_t i = 0; i < length; i++)
        put(sink, span[i]);
    for (; pad; pad--)
        put(sink, ' ');
}

static void put_number(struct sink *sink, const struct conversion *how, const char *sign,
                       uint64_t value, unsigned base, const char *digits)
{
    char text[20]; /* 2^64 - 1 has 20 decimal digits */
    size_t at = sizeof text;
    do
        text[--at] = digits[value % base];
    while (value /= base);
    put_field(sink, how, sign, text + at, sizeof text - at);
}

static size_t read_number(const char **format, va_list *arguments)
{
    size_t number = 0;
    if (**format == '*') {
        ++*format;
        int given = va_arg(*arguments, int);
        return given > 0 ? (size_t)given : 0;
    }
    while (**format >= '0' && **format <= '9')
        number = number * 10 + (size_t)(*(*format)++ - '0');
    return number;
}

static struct conversion read_conversion(const char **format, va_list *arguments)
{
    struct conversion how = {.precision = SIZE_MAX};
    for (;; ++*format) {
        if (**format == '-')
            how.left = true;
        else if (**format == '0')
            how.zeros = true;
        else
            break;
    }
    how.width = read_number(format, arguments);
    if (**format == '.') {
        ++*format;
        how.precision = read_number(format, arguments);
    }
    while (**format && strchr("lzjt", **format)) {
        how.longs++;
        ++*format;
    }
    return how;
}

static void put_signed(struct sink *sink, const struct conversion *how, int64_t value)
{
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    put_number(sink, how, value < 0 ? "-" : "", size, 10, "0123456789");
}

static void put_text(struct sink *sink, struct conversion *how, const char *text)
{
    how->zeros = false;
    put_field(sink, how, "", text ? text : "(null)",
              strnlen(text ? text : "(null)", how->precision));
}

static void convert(struct sink *sink, char letter, struct conversion *how, va_list *arguments)
{
    char c;
    switch (letter) {
    case 'd':
    case 'i':
        put_signed(sink, how, how->longs ? va_arg(*arguments, long) : va_arg(*arguments, int));
        return;
    case 'u':
        put_number(sink, how, "",
                   how->longs ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned),
                   10, "0123456789");
        return;
    case 'x':
    case 'X':
        put_number(sink, how, "",
                   how->longs ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned),
                   16, letter == 'x' ? "0123456789abcdef" : "0123456789ABCDEF");
        return;
    case 'p':
        put_number(sink, how, "0x", (uintptr_t)va_arg(*arguments, void *), 16, "0123456789abcdef");
        return;
    case 's':
        put_text(sink, how, va_arg(*arguments, const char *));
        return;
    case 'c':
        c = (char)va_arg(*arguments, int);
        put_field(sink, how, "", &c, 1);
        return;
    default: /* also %% */
        put(sink, letter);
    }
}

size_t format_text_v(char *to, size_t size, const char *format, va_list arguments)
{
    struct sink sink = {to, size, 0};
    va_list left;
    va_copy(left, arguments);
    while (*format) {
        if (*format != '%') {
            put(&sink, *format++);
            continue;
        }
        format++;
        struct conversion how = read_conversion(&format, &left);
        if (*format)
            convert(&sink, *format++, &how, &left);
    }
    va_end(left);
    if (size)
        to[sink.length < size ? sink.length : size - 1] = 0;
    return sink.length;
}

size_t format_text(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_text_v(to, size, format, arguments);
    va_end(arguments);
    return length;
}
