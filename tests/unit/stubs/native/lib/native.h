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
unsigned message_kind(const struct message *message);
unsigned message_tag(const struct message *message);
int64_t notify(handle notification, uint64_t bits);
int64_t handle_close(handle which);
int64_t recv(handle from, uint64_t poll, struct message *message);
int64_t reply_recv(handle endpoint, uint64_t tag, struct message *message);
