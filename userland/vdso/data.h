/*
 * data.h: the page before the code, written by proc, read by every program. One word each, so that
 * a reader sees all of a value or nothing of it.
 */
#pragma once
#include <stdint.h>

struct vdso_data {
    int64_t realtime; /* ns to add to the time since boot for the time since 1970 */
};
