/*
 * console.h: the kernel's own words. A line goes to the log ring (DEBUG_LOG_READ)
 * and, while the kernel owns the UART or panics, to the early UART.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_PANIC, LOG_ERROR = 3, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

/* Early UART found: regs is its mapped address. Before this, lines only go to the ring. */
void console_init(const char *compatible, uintptr_t regs);
/* Lines above this level only go to the ring. */
void console_set_level(unsigned level);

/* %d %u %x %c %s %p %% with l/ll/z, width, 0 and - flags. Lines end with \n. */
void kprintf(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void kvprintf(enum log_level level, const char *format, va_list arguments);
/* Raw bytes, e.g. DEBUG_LOG from root. */
void console_write(enum log_level level, const char *text, size_t length);
/* Copies log text from `offset` (bytes since boot) to `to`; returns bytes copied; *offset moves past lost text. */
size_t console_read_log(uint64_t *offset, char *to, size_t size);
int ksnprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
