/*
 * window.h: addresses in proc's own space where files' pages are shown.
 */
#pragma once
#include <stdint.h>

/* 2^order pages of free addresses; 0: there are none left. */
uintptr_t window_take(unsigned order);

/* They are free again: nothing is mapped there any more. */
void window_give(uintptr_t address, unsigned order);
