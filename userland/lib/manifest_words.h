/*
 * manifest_words.h: what the parts of the manifest's parser share: lines, words, checks.
 */
#pragma once
#include "lib/manifest.h"

/* A cursor over the text, and the line it stands on. */
struct manifest_line {
    const char *next, *end; /* text that is still to come */
    unsigned number;        /* from 1 */
    bool indented;
    unsigned count; /* words; at least 1 */
    struct manifest_word *words;
};

/*
 * Goes to the next line that has words, and frees those of the line before. Words are separated by
 * blanks; `#` at the start of a word begins a comment. Escapes in words: \xHH (not 00), \\, and \e
 * for nothing (an empty word). 1: there is a line; 0: the end; -EINVAL (in `error`), -ENOMEM.
 */
int manifest_next_line(struct manifest_line *line, char error[MANIFEST_ERROR_BYTES]);

/* Frees words (a word's text may have been taken out: NULL). */
void manifest_free_words(struct manifest_word *words);

/* The words with one blank between each; NULL: no memory. */
char *manifest_join(const struct manifest_word *words);

/* A decimal number; -EINVAL when it is anything else or exceeds 64 bits. */
int manifest_number(const char *text, uint64_t *number);

/* Bytes, with K, M or G behind them; -EINVAL also when not whole pages or 2^48 and more. */
int manifest_size(const char *text, uint64_t *bytes);

/* Of a server whose level no line has given yet. */
#define MANIFEST_NO_LEVEL 0xffffffffu

/* manifest_check.c: names that refer to nothing, levels that go up, lines that are missing. 0, or
 * -EINVAL and `error` says which. `pager_line`: where the manifest names the programs' pager. */
int manifest_check(const struct manifest *manifest, unsigned pager_line,
                   char error[MANIFEST_ERROR_BYTES]);

/* Writes "manifest:LINE: …". */
void manifest_error(char error[MANIFEST_ERROR_BYTES], unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
