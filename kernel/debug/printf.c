/*
 * printf.c: the formatter behind kprintf and ksnprintf, see printf.h.
 */
#include "debug/printf.h"
#include "debug/console.h"

struct directive {
    bool left, zero, wide; /* -, 0; the argument has 64 bits */
    size_t width;
    size_t precision; /* of %s; SIZE_MAX: none */
};

static void put(struct format_sink *sink, char c)
{
    sink->put(sink, c);
    sink->length++;
}

static void put_text(struct format_sink *sink, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        put(sink, text[i]);
}

/* `prefix` is a sign or 0x: it stands before zeros and behind blanks. */
static void put_field(struct format_sink *sink, const struct directive *directive,
                      const char *prefix, const char *text, size_t length)
{
    size_t prefix_length = __builtin_strlen(prefix), at = prefix_length + length;
    bool zeros = directive->zero && !directive->left;
    for (; !directive->left && !zeros && at < directive->width; at++)
        put(sink, ' ');
    put_text(sink, prefix, prefix_length);
    for (; zeros && at < directive->width; at++)
        put(sink, '0');
    put_text(sink, text, length);
    for (; at < directive->width; at++)
        put(sink, ' ');
}

/* A number in the format, or a * argument. */
static int64_t parse_number(const char **format, va_list *arguments)
{
    int64_t number = 0;
    if (**format == '*') {
        (*format)++;
        return va_arg(*arguments, int);
    }
    for (; **format >= '0' && **format <= '9'; (*format)++)
        number = number * 10 + (**format - '0');
    return number;
}

/* Reads flags, width, precision and length; *format then points to the conversion's letter. */
static struct directive parse_directive(const char **format, va_list *arguments)
{
    struct directive directive = {.precision = SIZE_MAX};
    for (; **format == '-' || **format == '0'; (*format)++)
        *(**format == '-' ? &directive.left : &directive.zero) = true;
    int64_t width = parse_number(format, arguments);
    directive.left |= width < 0; /* a negative *, as in C */
    directive.width = (size_t)(width < 0 ? -width : width);
    if (**format == '.') {
        (*format)++;
        int64_t precision = parse_number(format, arguments);
        directive.precision = precision < 0 ? SIZE_MAX : (size_t)precision;
    }
    for (; **format == 'l' || **format == 'z'; (*format)++)
        directive.wide = true;
    return directive;
}

/* Prints one conversion; false when `letter` is not one of ours. */
static bool convert(struct format_sink *sink, char letter, struct directive directive,
                    va_list *arguments)
{
    char digits[20], c = letter; /* 2^64 has 20 decimal digits */
    const char *prefix = "", *text = NULL;
    size_t length = 0;
    uint64_t value = 0;
    switch (letter) {
    case 'd':
    case 'i':
        value = (uint64_t)(directive.wide ? va_arg(*arguments, int64_t) : va_arg(*arguments, int));
        if ((int64_t)value < 0) {
            prefix = "-";
            value = -value;
        }
        break;
    case 'u':
    case 'x':
    case 'X':
        value = directive.wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned);
        break;
    case 'p':
        value = (uintptr_t)va_arg(*arguments, void *);
        prefix = "0x";
        break;
    case 's':
        text = va_arg(*arguments, const char *);
        text = text ? text : "(null)";
        while (length < directive.precision && text[length])
            length++;
        break;
    case 'c':
        c = (char)va_arg(*arguments, int);
        text = &c, length = 1;
        break;
    case '%':
        text = &c, length = 1;
        break;
    default:
        return false;
    }
    const unsigned base = letter == 'd' || letter == 'i' || letter == 'u' ? 10 : 16;
    directive.zero &= !text;
    if (!text) {
        char *at = digits + sizeof digits;
        do
            *--at = (letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[value % base];
        while (value /= base);
        text = at, length = (size_t)(digits + sizeof digits - at);
    }
    put_field(sink, &directive, prefix, text, length);
    return true;
}

void format_text(struct format_sink *sink, const char *format, va_list arguments)
{
    va_list own; /* a parameter of that type may be a pointer to it: its address has another type */
    va_copy(own, arguments);
    for (; *format; format++) {
        const char *start = format;
        if (*format != '%') {
            put(sink, *format);
            continue;
        }
        format++;
        struct directive directive = parse_directive(&format, &own);
        if (!convert(sink, *format, directive, &own)) {
            put_text(sink, start, __builtin_strlen(start));
            break;
        }
    }
    va_end(own);
}

struct buffer_sink {
    struct format_sink sink;
    char *to;
    size_t room; /* bytes left, the final zero not counted */
};

static void put_in_buffer(struct format_sink *sink, char c)
{
    struct buffer_sink *buffer = (struct buffer_sink *)sink;
    if (buffer->room == 0)
        return;
    *buffer->to++ = c;
    buffer->room--;
}

int kvsnprintf(char *to, size_t size, const char *format, va_list arguments)
{
    char nowhere;
    struct buffer_sink buffer = {{.put = put_in_buffer}, size ? to : &nowhere, size ? size - 1 : 0};
    format_text(&buffer.sink, format, arguments);
    *buffer.to = '\0';
    return (int)buffer.sink.length;
}

int ksnprintf(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = kvsnprintf(to, size, format, arguments);
    va_end(arguments);
    return length;
}
