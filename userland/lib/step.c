#include "lib/step.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/startup.h"

static const char prefix[] = "die=";
#define PREFIX (sizeof prefix - 1)

const char *step_to_die_at;
static size_t name_bytes;
static uint64_t left; /* until death */

/* Bytes of the word that begins here. */
static size_t word_bytes(const char *at)
{
    size_t bytes = 0;
    while (at[bytes] && at[bytes] != ' ')
        bytes++;
    return bytes;
}

static void read_word(const char *word, size_t bytes)
{
    size_t name = PREFIX, digit;
    uint64_t number = 0;
    while (name < bytes && word[name] != '/')
        name++;
    for (digit = name + 1; digit < bytes && word[digit] >= '0' && word[digit] <= '9'; digit++)
        number = number * 10 + (uint64_t)(word[digit] - '0');
    if (digit != bytes || !number || name == PREFIX) {
        log_print(LOG_WARNING, "%s: die=STEP/N, not %s\n", startup_name(), word);
        return;
    }
    step_to_die_at = word + PREFIX;
    name_bytes = name - PREFIX;
    left = number * (1 + (uint64_t)startup_block->deaths);
}

/* The next word from *at on, which moves behind it; its length, 0 at the end. */
static const char *next_word(const char **at, size_t *bytes)
{
    while (**at == ' ')
        ++*at;
    const char *word = *at;
    *bytes = word_bytes(word);
    *at += *bytes;
    return word;
}

void steps_begin(void)
{
    const char *at = startup_argument(), *word;
    size_t bytes;
    while (word = next_word(&at, &bytes), bytes)
        if (bytes >= PREFIX && !memcmp(word, prefix, PREFIX))
            read_word(word, bytes);
}

bool argument_word(char *word, size_t bytes)
{
    const char *at = startup_argument(), *found;
    size_t length;
    while (found = next_word(&at, &length), length) {
        if (length >= PREFIX && !memcmp(found, prefix, PREFIX))
            continue;
        length = length < bytes ? length : bytes - 1;
        memcpy(word, found, length);
        word[length] = 0;
        return true;
    }
    return false;
}

void step_reached(const char *name)
{
    if (strlen(name) != name_bytes || memcmp(name, step_to_die_at, name_bytes) || --left)
        return;
    log_print(LOG_NOTICE, "%s: dies at step %s\n", startup_name(), name);
    native_exit(1);
}
