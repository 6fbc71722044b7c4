/* Host stand-in for the kernel's debug/panic.h: CHECK_BUG (unit.h) expects these. */
#pragma once

/* The kernel contradicts itself. Does not return: ends the test, which then has failed unless it
 * said CHECK_BUG. */
_Noreturn void kernel_bug(const char *what);
