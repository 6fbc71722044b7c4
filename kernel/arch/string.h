/*
 * string.h: the memory and string functions there are in the kernel. Contracts: C17 7.24; strnlen
 * as POSIX has it. Not on Device memory or before the MMU is on: they use unaligned accesses.
 */
#pragma once
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);
void *memchr(const void *in, int value, size_t size);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t limit);
char *strchr(const char *text, int wanted);
char *strrchr(const char *text, int wanted);
