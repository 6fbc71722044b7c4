/*
 * memory.h: the memory and string functions that freestanding C programs (and
 * the compiler itself) need, with the meaning ISO C gives them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t most);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t most);
char *strchr(const char *text, int character);

/* True when `text` (ended by 0) is exactly the `length` bytes at `span`. */
bool text_is(const char *text, const char *span, size_t length);

/* Copies text into a field of `size` bytes (1 or more), cut where it does not fit, always ended by
 * 0. */
void text_copy(char *to, size_t size, const char *from);
