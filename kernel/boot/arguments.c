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

struct word {
    const char *text;
    size_t length;
};

/* The next word at *at, which moves behind it. Length 0: there is none. */
static struct word next_word(const char **at)
{
    static const char blanks[] = " \t\n";
    bool quoted = false;
    while (**at && strchr(blanks, **at))
        (*at)++;
    const char *start = *at;
    for (; **at && (quoted || !strchr(blanks, **at)); (*at)++)
        quoted ^= **at == '"';
    return (struct word){start, (size_t)(*at - start)};
}

static bool equals(struct word word, const char *text)
{
    return word.length == strlen(text) && memcmp(word.text, text, word.length) == 0;
}

/* Decimal or 0x hexadecimal, with K, M, G (powers of 1024) where they may be. */
static bool parse_number(struct word text, bool suffixed, uint64_t *number)
{
    static const char digits[] = "0123456789abcdefABCDEF", units[] = "kKmMgG";
    unsigned base = 10, shift = 0;
    uint64_t value = 0;
    if (text.length > 2 && text.text[0] == '0' && (text.text[1] == 'x' || text.text[1] == 'X')) {
        base = 16;
        text = (struct word){text.text + 2, text.length - 2};
    }
    if (suffixed && text.length > 1) {
        const char *unit = memchr(units, text.text[text.length - 1], 6);
        shift = unit ? 10 * (unsigned)((unit - units) / 2 + 1) : 0;
        text.length -= unit != NULL;
    }
    for (size_t i = 0; i < text.length; i++) {
        const char *digit = memchr(digits, text.text[i], base == 16 ? 22 : 10);
        uint64_t worth = digit ? (uint64_t)(digit - digits) : 0;
        if (!digit || __builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, worth < 16 ? worth : worth - 6, &value))
            return false;
    }
    *number = value << shift;
    return text.length > 0 && *number >> shift == value;
}

/* False: the value makes no sense, and nothing has changed. */
static bool set(struct boot_info *info, const struct argument *argument, struct word value)
{
    uint64_t number = 1;
    if (!(argument->word && equals(value, argument->word)) &&
        (!argument->limit || !parse_number(value, argument->suffixed, &number) ||
         number > argument->limit))
        return false;
    memcpy((char *)info + argument->offset, &number, argument->size); /* little-endian */
    return true;
}

void boot_arguments_parse(struct boot_info *info)
{
    const char *at = info->arguments;
    for (struct word word; (word = next_word(&at)).length > 0 && !equals(word, "--");)
        for (const struct argument *one = known; one < known + sizeof known / sizeof *known;
             one++) {
            size_t length = strlen(one->name);
            struct word value = {word.text + length, word.length - length};
            if (word.length < length || memcmp(word.text, one->name, length) ||
                (one->name[length - 1] != '=' && value.length > 0))
                continue;
            if (!set(info, one, value))
                kprintf(LOG_WARNING, "boot argument %.*s ignored: %s wants %s\n", (int)word.length,
                        word.text, one->name, one->wanted);
        }
}
