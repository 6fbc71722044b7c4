#include "drivers/sdhci/arguments.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/startup.h"

/* Digits to base 10 or 16; *at moves behind them. False: there are none, or too many. */
static bool read_number(const char **at, unsigned base, uint32_t *number)
{
    const char digits[] = "0123456789abcdef", *start = *at, *digit;
    uint64_t value = 0;
    for (; **at && (digit = strchr(digits, **at)) && digit < digits + base; ++*at)
        if ((value = value * base + (uint64_t)(digit - digits)) > UINT32_MAX)
            return false;
    *number = (uint32_t)value;
    return *at > start;
}

/* Is the word, which ends at a blank or the end, over? */
static bool is_over(const char *at)
{
    return !*at || *at == ' ';
}

/* STEP/N */
static bool read_death(const char *at, struct arguments *arguments)
{
    static const char *const steps[] = {
        [STEP_QUEUED] = "queued/", [STEP_RUNNING] = "running/", [STEP_DONE] = "done/"};
    for (enum step step = STEP_QUEUED; step <= STEP_DONE; step++) {
        size_t length = strlen(steps[step]);
        if (strncmp(at, steps[step], length))
            continue;
        at += length;
        arguments->die_at = step;
        return read_number(&at, 10, &arguments->die_after) && is_over(at);
    }
    return false;
}

static bool read_word(const char *word, struct arguments *arguments)
{
    const char *at = strchr(word, '=');
    at = at ? at + 1 : word;
    if (!strncmp(word, "pio", 3) && is_over(word + 3))
        return arguments->pio = true;
    if (!strncmp(word, "clock=", 6))
        return read_number(&at, 10, &arguments->clock_hz) && is_over(at);
    if (!strncmp(word, "force=", 6))
        return read_number(&at, 16, &arguments->force_bits) && *at++ == '/' &&
               read_number(&at, 10, &arguments->force_every) && is_over(at);
    if (!strncmp(word, "die=", 4))
        return read_death(at, arguments);
    return false;
}

struct arguments arguments_read(const char *text)
{
    struct arguments arguments = {0};
    while (*text) {
        struct arguments before = arguments;
        if (*text != ' ' && !read_word(text, &arguments)) {
            log_print(LOG_WARNING, "%s: not an argument of this driver: %s\n", startup_name(),
                      text);
            arguments = before;
        }
        while (!is_over(text))
            text++;
        while (*text == ' ')
            text++;
    }
    return arguments;
}
