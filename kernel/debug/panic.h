/*
 * panic.h: the kernel found itself wrong. Registers, a backtrace that tools can turn into names,
 * the last trace records; then the machine stops (under emulation: ends with status 125).
 */
#pragma once
#include <stdint.h>

struct thread_registers;

extern char boot_stack_top[];

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void panic_exception(struct thread_registers *registers, uint64_t vector, uint64_t esr,
                               uint64_t far);
/* An assertion of the kernel about itself failed. */
_Noreturn void kernel_bug(const char *what);
