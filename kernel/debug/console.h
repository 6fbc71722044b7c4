/*
 * console.h: the kernel's own words. A line goes to the log ring (DEBUG_LOG_READ) and, while the
 * kernel owns the UART or panics, to the early UART.
 *
 * Safe from every context of the kernel (interrupts are masked there). Writing to the UART waits
 * for its FIFO, under the console's lock.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_PANIC, LOG_ERROR = 3, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

/* The ring keeps that many of the last bytes. */
#define CONSOLE_RING_BYTES 65536

/*
 * Early UART found: regs is its mapped address. Before this, lines only go to the ring; what it
 * holds is not repeated. False, and nothing changes, when no driver knows `compatible`. Call again
 * when regs moves.
 */
bool console_init(const char *compatible, uintptr_t regs);
/* Lines above this level only go to the ring. Until then: LOG_INFO. */
void console_set_level(unsigned level);
/*
 * Boot argument console=runner: each write to the UART stands between SO (0x0e) and SI (0x0f), so
 * that the host can tell the kernel's words from a program's; and lines end with \n alone. Without
 * it they end with \r\n.
 */
void console_set_runner(bool runner);

/* Conversions: debug/printf.h. Lines end with \n. LOG_PANIC is written even when a dead CPU holds
 * the lock. */
void kprintf(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void kvprintf(enum log_level level, const char *format, va_list arguments);
/* Raw bytes, e.g. DEBUG_LOG from root. */
void console_write(enum log_level level, const char *text, size_t length);
/*
 * Copies at most `size` bytes of log text from *offset (bytes since boot) to `to`; returns how
 * many. *offset becomes where these start: further on, when the ring has lost what was asked for.
 * Read on from *offset + result.
 */
size_t console_read_log(uint64_t *offset, char *to, size_t size);
