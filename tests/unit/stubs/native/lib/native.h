/*
 * Stands in for userland/lib/native.h, whose calls only AArch64 has: declarations, for code that
 * does without the kernel but includes it. A test defines those that its code calls.
 */
#pragma once
#include "entry/abi.h"
#include <stddef.h>
#include <stdint.h>

typedef uint32_t handle;
#define native_inline static inline

struct message {
    uint64_t w[6];
    uint64_t head, request, badge;
};
int64_t notify(handle notification, uint64_t bits);
