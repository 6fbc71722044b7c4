/*
 * arguments.c: the boot arguments that the kernel itself obeys (README.md lists them). Words are
 * separated by blanks; a blank between double quotes does not separate; everything behind the word
 * -- is for root.
 */
#include "arch/string.h"
#include "boot/fdt.h"
#include "debug/console.h"

#define FIELD(name) offsetof(struct boot_info, name), sizeof(((struct boot_info *)0)->name)

/* What each word sets: 1 when its value is `word`, else a number up to `limit`. */
static const struct argument {
    const char *name, *wanted;
    size_t offset, size;
    uint64_t limit;
    bool suffixed; /* K, M, G may follow */
    const char *word;
} known[] = {
    {"mem=", "a size such as 64M", FIELD(memory_limit), UINT64_MAX, true, NULL},
    {"linear=", "a size such as 128M", FIELD(linear_limit), UINT64_MAX, true, NULL},
    {"loglevel=", "0 to 7", FIELD(log_level), LOG_DEBUG, false, NULL},
    {"semihosting", "no value", FIELD(semihosting), 0, false, ""},
    {"trace=", "0, 1 or dump", FIELD(trace), 1, false, "dump"},
    {"seed=", "a number below 2^64", FIELD(seed), UINT64_MAX, false, NULL},
    {"console=", "runner", FIELD(runner), 0, false, "runner"},
};

/* Copies the next word at *at, which moves behind it. False: there is none. */
static bool next_word(const char **at, char *to)
{
    static const char blanks[] = " \t\n";
    const char *first = to;
    while (**at && strchr(blanks, **at))
        (*at)++;
    for (bool quoted = false; **at && (quoted || !strchr(blanks, **at)); *to++ = *(*at)++)
        quoted ^= **at == '"';
    *to = '\0';
    return to > first;
}

/* Decimal or 0x hexadecimal, with K, M, G (powers of 1024) where they may be. */
static bool parse_number(const char *text, bool suffixed, uint64_t *number)
{
    static const char digits[] = "0123456789abcdefABCDEF", units[] = "kKmMgG";
    unsigned base = 10, shift = 0;
    uint64_t value = 0;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        base = 16, text += 2;
    const char *start = text, *found;
    for (; (found = memchr(digits, *text, base == 16 ? 22 : 10)); text++) {
        uint64_t digit = (uint64_t)(found - digits);
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit < 16 ? digit : digit - 6, &value))
            return false;
    }
    if (suffixed && text > start && *text && (found = strchr(units, *text)))
        shift = 10 * (unsigned)((found - units) / 2 + 1), text++;
    *number = value << shift;
    return text > start && *text == '\0' && *number >> shift == value;
}

/* False: the value makes no sense, and nothing has changed. */
static bool set(struct boot_info *info, const struct argument *argument, const char *value)
{
    uint64_t number = 1;
    if (!(argument->word && strcmp(value, argument->word) == 0) &&
        (!argument->limit || !parse_number(value, argument->suffixed, &number) ||
         number > argument->limit))
        return false;
    memcpy((char *)info + argument->offset, &number, argument->size); /* little-endian */
    return true;
}

void boot_arguments_parse(struct boot_info *info)
{
    char word[sizeof info->arguments];
    const char *at = info->arguments;
    while (next_word(&at, word) && strcmp(word, "--") != 0)
        for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
            size_t length = strlen(known[i].name);
            bool found = strncmp(word, known[i].name, length) == 0 &&
                         (known[i].name[length - 1] == '=' || word[length] == '\0');
            if (found && !set(info, &known[i], word + length))
                kprintf(LOG_WARNING, "boot argument %s ignored: %s wants %s\n", word, known[i].name,
                        known[i].wanted);
        }
}
