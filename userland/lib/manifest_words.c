/*
 * manifest_words.c: splits the text of a manifest into lines and words, and reads
 * numbers. No kernel call in here.
 */
#include "lib/manifest_words.h"
#include "entry/abi.h"
#include "lib/format.h"
#include "lib/memory.h"
#include "lib/wired.h"

#define SIZE_LIMIT (1ul << 48) /* more than any board has */

void manifest_error(char error[MANIFEST_ERROR_BYTES], unsigned line, const char *format, ...)
{
    size_t length = format_text(error, MANIFEST_ERROR_BYTES, "manifest:%u: ", line);
    va_list arguments;
    va_start(arguments, format);
    format_text_v(error + length, MANIFEST_ERROR_BYTES - length, format, arguments);
    va_end(arguments);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static int hexadecimal(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Resolves one escape at `from` (which begins with \). Bytes read; 0: malformed. *result -1:
 * nothing. */
static size_t read_escape(const char *from, size_t length, int *result)
{
    if (length >= 2 && (from[1] == '\\' || from[1] == 'e')) {
        *result = from[1] == 'e' ? -1 : '\\';
        return 2;
    }
    if (length < 4 || from[1] != 'x' || hexadecimal(from[2]) < 0 || hexadecimal(from[3]) < 0)
        return 0;
    *result = hexadecimal(from[2]) << 4 | hexadecimal(from[3]);
    return *result ? 4 : 0;
}

/* Copies a word with its escapes resolved into `to` (as long as the word). False: malformed. */
static bool resolve(char *to, const char *from, size_t length)
{
    for (size_t i = 0; i < length;) {
        if (from[i] != '\\') {
            *to++ = from[i++];
            continue;
        }
        int value;
        size_t bytes = read_escape(from + i, length - i, &value);
        if (!bytes)
            return false;
        if (value >= 0)
            *to++ = (char)value;
        i += bytes;
    }
    *to = 0;
    return true;
}

static int add_word(struct manifest_line *line, struct manifest_word ***last, const char *from,
                    size_t length, char *error)
{
    struct manifest_word *word = wired_alloc(sizeof *word);
    if (!word)
        return -ENOMEM;
    **last = word;
    *last = &word->next;
    line->count++;
    word->text = wired_alloc(length + 1);
    if (!word->text)
        return -ENOMEM;
    if (resolve(word->text, from, length))
        return 0;
    manifest_error(error, line->number, "escapes are \\xHH (not 00), \\\\ and \\e: \"%.*s\"",
                   (int)(length < 64 ? length : 64), from);
    return -EINVAL;
}

static int check_characters(const struct manifest_line *line, const char *from, const char *to,
                            char *error)
{
    for (; from < to; from++)
        if ((unsigned char)*from < ' ' && !is_blank(*from)) {
            manifest_error(error, line->number, "control character 0x%02x", (unsigned char)*from);
            return -EINVAL;
        }
    return 0;
}

static int split(struct manifest_line *line, const char *at, const char *end, char *error)
{
    struct manifest_word **last = &line->words;
    int result = check_characters(line, at, end, error);
    line->indented = at < end && is_blank(*at);
    while (!result) {
        while (at < end && is_blank(*at))
            at++;
        if (at == end || *at == '#')
            break;
        const char *start = at;
        while (at < end && !is_blank(*at))
            at++;
        result = add_word(line, &last, start, (size_t)(at - start), error);
    }
    return result;
}

int manifest_next_line(struct manifest_line *line, char error[MANIFEST_ERROR_BYTES])
{
    int result = 0;
    do {
        manifest_free_words(line->words);
        line->words = NULL;
        line->count = 0;
        if (line->next == line->end)
            return 0;
        const char *start = line->next;
        while (line->next < line->end && *line->next != '\n')
            line->next++;
        line->number++;
        result = split(line, start, line->next, error);
        if (line->next < line->end)
            line->next++;
    } while (!result && !line->count);
    return result ? result : 1;
}

void manifest_free_words(struct manifest_word *words)
{
    while (words) {
        struct manifest_word *next = words->next;
        wired_free(words->text);
        wired_free(words);
        words = next;
    }
}

char *manifest_join(const struct manifest_word *words)
{
    size_t length = 0;
    for (const struct manifest_word *word = words; word; word = word->next)
        length += strlen(word->text) + 1;
    char *text = wired_alloc(length + 1), *at = text;
    if (!text)
        return NULL;
    for (; words; words = words->next) {
        size_t bytes = strlen(words->text);
        memcpy(at, words->text, bytes);
        at[bytes] = words->next ? ' ' : 0;
        at += bytes + 1;
    }
    return text;
}

int manifest_number(const char *text, uint64_t *number)
{
    *number = 0;
    if (!*text)
        return -EINVAL;
    for (; *text; text++)
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, (uint64_t)(*text - '0'), number))
            return -EINVAL;
    return 0;
}

int manifest_size(const char *text, uint64_t *bytes)
{
    char digits[24];
    size_t length = strlen(text);
    unsigned shift = 0;
    if (!length || length >= sizeof digits)
        return -EINVAL;
    switch (text[length - 1]) {
    case 'G':
        shift += 10; /* fall through */
    case 'M':
        shift += 10; /* fall through */
    case 'K':
        shift += 10;
        length--;
    }
    memcpy(digits, text, length);
    digits[length] = 0;
    if (manifest_number(digits, bytes) || *bytes >= SIZE_LIMIT >> shift)
        return -EINVAL;
    *bytes <<= shift;
    return *bytes % PAGE_SIZE ? -EINVAL : 0;
}
