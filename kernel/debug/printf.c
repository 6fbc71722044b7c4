/*
 * printf.c: the formatter behind kprintf and ksnprintf, see printf.h.
 */
#include "debug/printf.h"
#include "debug/console.h"
#include <stdbool.h>
#include <stdint.h>

struct directive {
    bool left, zero, wide; /* -, 0; the argument has 64 bits */
    size_t width;
    size_t precision; /* of %s; SIZE_MAX: none */
};

struct output {
    struct format_sink *sink;
    size_t length; /* bytes so far */
};

static void put(struct output *output, const char *text, size_t length)
{
    if (length > 0)
        output->sink->put(output->sink, text, length);
    output->length += length;
}

static void put_repeated(struct output *output, char c, size_t times)
{
    char run[16];
    for (size_t i = 0; i < sizeof run; i++)
        run[i] = c;
    for (; times > sizeof run; times -= sizeof run)
        put(output, run, sizeof run);
    put(output, run, times);
}

/* `prefix` is a sign or 0x: it stands before zeros and behind blanks. */
static void put_field(struct output *output, const struct directive *directive, const char *prefix,
                      const char *text, size_t length)
{
    size_t prefix_length = __builtin_strlen(prefix);
    size_t used = prefix_length + length;
    size_t padding = directive->width > used ? directive->width - used : 0;
    bool zeros = directive->zero && !directive->left;
    if (!zeros && !directive->left)
        put_repeated(output, ' ', padding);
    put(output, prefix, prefix_length);
    if (zeros)
        put_repeated(output, '0', padding);
    put(output, text, length);
    if (directive->left)
        put_repeated(output, ' ', padding);
}

static void put_number(struct output *output, const struct directive *directive, const char *prefix,
                       uint64_t value, unsigned base, const char *digits)
{
    char text[20]; /* 2^64 has 20 decimal digits */
    size_t at = sizeof text;
    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value != 0);
    put_field(output, directive, prefix, text + at, sizeof text - at);
}

static void put_string(struct output *output, const struct directive *directive, const char *text)
{
    struct directive plain = *directive;
    plain.zero = false;
    if (text == NULL)
        text = "(null)";
    size_t length = 0;
    while (length < directive->precision && text[length] != '\0')
        length++;
    put_field(output, &plain, "", text, length);
}

/* A number in the format, or a * argument (negative: left-adjusted, as in C). */
static size_t parse_number(const char **format, va_list *arguments, bool *left)
{
    size_t number = 0;
    if (**format == '*') {
        int given = va_arg(*arguments, int);
        (*format)++;
        if (given < 0)
            *left = true;
        return given < 0 ? -(size_t)given : (size_t)given;
    }
    for (; **format >= '0' && **format <= '9'; (*format)++)
        number = number * 10 + (size_t)(**format - '0');
    return number;
}

/* Reads flags, width, precision and length; *format then points to the conversion's letter. */
static struct directive parse_directive(const char **format, va_list *arguments)
{
    struct directive directive = {.precision = SIZE_MAX};
    for (;; (*format)++) {
        if (**format == '-')
            directive.left = true;
        else if (**format == '0')
            directive.zero = true;
        else
            break;
    }
    directive.width = parse_number(format, arguments, &directive.left);
    if (**format == '.') {
        bool none = false;
        (*format)++;
        directive.precision = parse_number(format, arguments, &none);
        if (none)
            directive.precision = SIZE_MAX;
    }
    for (; **format == 'l' || **format == 'z'; (*format)++)
        directive.wide = true;
    return directive;
}

static uint64_t unsigned_argument(const struct directive *directive, va_list *arguments)
{
    return directive->wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned);
}

/* Prints one conversion; false when `letter` is not one of ours. */
static bool convert(struct output *output, char letter, const struct directive *directive,
                    va_list *arguments)
{
    static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
    switch (letter) {
    case 'd':
    case 'i': {
        int64_t value = directive->wide ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);
        put_number(output, directive, value < 0 ? "-" : "",
                   value < 0 ? -(uint64_t)value : (uint64_t)value, 10, lower);
        return true;
    }
    case 'u':
        put_number(output, directive, "", unsigned_argument(directive, arguments), 10, lower);
        return true;
    case 'x':
        put_number(output, directive, "", unsigned_argument(directive, arguments), 16, lower);
        return true;
    case 'X':
        put_number(output, directive, "", unsigned_argument(directive, arguments), 16, upper);
        return true;
    case 'p':
        put_number(output, directive, "0x", (uintptr_t)va_arg(*arguments, void *), 16, lower);
        return true;
    case 'c': {
        struct directive plain = {.left = directive->left, .width = directive->width};
        char c = (char)va_arg(*arguments, int);
        put_field(output, &plain, "", &c, 1);
        return true;
    }
    case 's':
        put_string(output, directive, va_arg(*arguments, const char *));
        return true;
    case '%':
        put(output, "%", 1);
        return true;
    default:
        return false;
    }
}

size_t format_text(struct format_sink *sink, const char *format, va_list arguments)
{
    struct output output = {.sink = sink};
    va_list own; /* a parameter of that type may be a pointer to it: its address has another type */
    va_copy(own, arguments);
    while (*format != '\0') {
        size_t plain = 0;
        while (format[plain] != '\0' && format[plain] != '%')
            plain++;
        put(&output, format, plain);
        format += plain;
        if (*format == '\0')
            break;
        const char *start = format++;
        struct directive directive = parse_directive(&format, &own);
        if (!convert(&output, *format, &directive, &own)) {
            put(&output, start, __builtin_strlen(start));
            break;
        }
        format++;
    }
    va_end(own);
    return output.length;
}

struct buffer_sink {
    struct format_sink sink;
    char *to;
    size_t room; /* bytes left, the final zero not counted */
};

static void put_in_buffer(struct format_sink *sink, const char *text, size_t length)
{
    struct buffer_sink *buffer = (struct buffer_sink *)sink;
    size_t fits = length < buffer->room ? length : buffer->room;
    __builtin_memcpy(buffer->to, text, fits);
    buffer->to += fits;
    buffer->room -= fits;
}

int kvsnprintf(char *to, size_t size, const char *format, va_list arguments)
{
    char nowhere;
    struct buffer_sink buffer = {
        .sink.put = put_in_buffer,
        .to = size > 0 ? to : &nowhere,
        .room = size > 0 ? size - 1 : 0,
    };
    size_t length = format_text(&buffer.sink, format, arguments);
    *buffer.to = '\0';
    return (int)length;
}

int ksnprintf(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = kvsnprintf(to, size, format, arguments);
    va_end(arguments);
    return length;
}
