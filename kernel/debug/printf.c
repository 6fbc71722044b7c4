/*
 * printf.c: the formatter behind kprintf, see printf.h.
 */
#include "debug/printf.h"
#include "arch/string.h"
#include <stdbool.h>
#include <stdint.h>

struct directive {
    bool left, zero, wide; /* -, 0; the argument has 64 bits */
    size_t width;
    int precision; /* of %s; negative: none */
};

static void put_text(struct format_sink *sink, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        sink->put(sink, text[i]);
}

/* `prefix` is a sign or 0x: it stands before zeros and behind blanks. */
static void put_field(struct format_sink *sink, const struct directive *directive,
                      const char *prefix, const char *text, size_t length)
{
    size_t prefix_length = strlen(prefix), at = prefix_length + length;
    bool zeros = directive->zero && !directive->left;
    for (; !directive->left && !zeros && at < directive->width; at++)
        sink->put(sink, ' ');
    put_text(sink, prefix, prefix_length);
    for (; zeros && at < directive->width; at++)
        sink->put(sink, '0');
    put_text(sink, text, length);
    for (; at < directive->width; at++)
        sink->put(sink, ' ');
}

/* A number in the format, or a * argument. */
static int parse_number(const char **format, va_list *arguments)
{
    int number = 0;
    if (**format == '*')
        return (*format)++, va_arg(*arguments, int);
    for (; **format >= '0' && **format <= '9'; (*format)++)
        number = number * 10 + (**format - '0');
    return number;
}

/* Reads flags, width, precision and length; *format then points to the conversion's letter. */
static struct directive parse_directive(const char **format, va_list *arguments)
{
    struct directive directive = {.precision = -1};
    for (; **format == '-' || **format == '0'; (*format)++)
        *(**format == '-' ? &directive.left : &directive.zero) = true;
    int width = parse_number(format, arguments);
    directive.left |= width < 0; /* a negative *, as in C */
    directive.width = (size_t)(width < 0 ? -(long)width : width);
    if (**format == '.') {
        (*format)++;
        directive.precision = parse_number(format, arguments);
    }
    for (; **format == 'l' || **format == 'z'; (*format)++)
        directive.wide = true;
    return directive;
}

/* Prints one conversion; false when `letter` is not one of ours. */
static bool convert(struct format_sink *sink, char letter, struct directive directive,
                    va_list *arguments)
{
    const bool is_signed = letter == 'd' || letter == 'i';
    char digits[20], *at = digits + sizeof digits; /* 2^64 has 20 decimal digits */
    if (letter == '\0' || !__builtin_strchr("diuxXpcs%", letter))
        return false;
    if (letter == 's') {
        const char *text = va_arg(*arguments, const char *);
        text = text ? text : "(null)";
        directive.zero = false;
        put_field(sink, &directive, "", text, strnlen(text, (size_t)directive.precision));
    } else if (letter == 'c' || letter == '%') {
        *--at = letter == 'c' ? (char)va_arg(*arguments, int) : letter;
        directive.zero = false;
        put_field(sink, &directive, "", at, 1);
    } else {
        const char *prefix = letter == 'p' ? "0x" : "";
        const unsigned base = is_signed || letter == 'u' ? 10 : 16;
        uint64_t value = directive.wide || letter == 'p' ? va_arg(*arguments, uint64_t)
                         : is_signed                     ? (uint64_t)va_arg(*arguments, int)
                                                         : va_arg(*arguments, unsigned);
        if (is_signed && (int64_t)value < 0)
            value = -value, prefix = "-";
        do
            *--at = (letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[value % base];
        while (value /= base);
        put_field(sink, &directive, prefix, at, (size_t)(digits + sizeof digits - at));
    }
    return true;
}

void format_text(struct format_sink *sink, const char *format, va_list arguments)
{
    va_list own; /* a parameter of that type may be a pointer to it: its address has another type */
    va_copy(own, arguments);
    for (; *format; format++) {
        const char *start = format;
        if (*format != '%') {
            sink->put(sink, *format);
            continue;
        }
        format++;
        struct directive directive = parse_directive(&format, &own);
        if (!convert(sink, *format, directive, &own)) {
            put_text(sink, start, strlen(start));
            break;
        }
    }
    va_end(own);
}
