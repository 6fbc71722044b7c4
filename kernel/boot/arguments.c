/*
 * arguments.c: the boot arguments that the kernel itself obeys (README.md lists
 * them). Words are separated by blanks; a blank between double quotes does not
 * separate; everything behind the word -- is for root.
 */
#include "boot/fdt.h"
#include "debug/console.h"
#include <limits.h>

struct word {
    const char *text;
    size_t length;
};

/* The next word at *at, which moves behind it. Length 0: there is none. */
static struct word next_word(const char **at)
{
    while (**at == ' ' || **at == '\t' || **at == '\n')
        (*at)++;
    struct word word = {.text = *at};
    bool quoted = false;
    for (; **at != '\0'; (*at)++, word.length++) {
        if (**at == '"')
            quoted = !quoted;
        else if (!quoted && (**at == ' ' || **at == '\t' || **at == '\n'))
            break;
    }
    return word;
}

/* Is `word` exactly `name`, or does it begin with it when that ends in '='? Then *value is the
 * rest. */
static bool matches(struct word word, const char *name, struct word *value)
{
    size_t i = 0;
    for (; name[i] != '\0'; i++)
        if (i == word.length || word.text[i] != name[i])
            return false;
    *value = (struct word){word.text + i, word.length - i};
    return value->length == 0 || name[i - 1] == '=';
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return INT_MAX;
}

/* Decimal or 0x hexadecimal, with K, M, G (powers of 1024) where sizes are meant. */
static bool parse_number(struct word text, bool is_size, uint64_t *number)
{
    unsigned base = 10, suffix = 0;
    if (text.length > 2 && text.text[0] == '0' && (text.text[1] | 0x20) == 'x') {
        base = 16;
        text = (struct word){text.text + 2, text.length - 2};
    }
    if (is_size && text.length > 1) {
        switch (text.text[text.length - 1] | 0x20) {
        case 'k':
            suffix = 10;
            break;
        case 'm':
            suffix = 20;
            break;
        case 'g':
            suffix = 30;
            break;
        default:
            break;
        }
        text.length -= suffix != 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < text.length; i++) {
        int digit = digit_value(text.text[i]);
        if (digit >= (int)base || __builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value))
            return false;
    }
    if (text.length == 0 || value << suffix >> suffix != value)
        return false;
    *number = value << suffix;
    return true;
}

/* Each word the kernel knows: true when its value makes sense. */
static bool set_memory(struct boot_info *info, struct word value)
{
    return parse_number(value, true, &info->memory_limit);
}

static bool set_linear(struct boot_info *info, struct word value)
{
    return parse_number(value, true, &info->linear_limit);
}

static bool set_seed(struct boot_info *info, struct word value)
{
    return parse_number(value, false, &info->seed);
}

static bool set_log_level(struct boot_info *info, struct word value)
{
    uint64_t level;
    if (!parse_number(value, false, &level) || level > LOG_DEBUG)
        return false;
    info->log_level = (unsigned)level;
    return true;
}

static bool set_trace(struct boot_info *info, struct word value)
{
    uint64_t on;
    struct word rest;
    if (matches(value, "dump", &rest) && !rest.length)
        on = 1; /* root prints the records at the end */
    else if (!parse_number(value, false, &on) || on > 1)
        return false;
    info->trace = on == 1;
    return true;
}

static bool set_semihosting(struct boot_info *info, struct word value)
{
    info->semihosting = true;
    return value.length == 0;
}

static bool set_console(struct boot_info *info, struct word value)
{
    struct word rest;
    if (!matches(value, "runner", &rest))
        return false;
    info->runner = true;
    return true;
}

static const struct {
    const char *name, *wanted;
    bool (*set)(struct boot_info *info, struct word value);
} known[] = {
    {"mem=", "a size such as 64M", set_memory},
    {"linear=", "a size such as 128M", set_linear},
    {"loglevel=", "0 to 7", set_log_level},
    {"semihosting", "no value", set_semihosting},
    {"trace=", "0, 1 or dump", set_trace},
    {"seed=", "a number below 2^64", set_seed},
    {"console=", "runner", set_console},
};

void boot_arguments_parse(struct boot_info *info)
{
    const char *at = info->arguments;
    for (struct word word; (word = next_word(&at)).length > 0;) {
        struct word value;
        if (matches(word, "--", &value))
            return;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (matches(word, known[i].name, &value) && !known[i].set(info, value))
                kprintf(LOG_WARNING, "boot argument %.*s ignored: %s wants %s\n", (int)word.length,
                        word.text, known[i].name, known[i].wanted);
    }
}
