/*
 * linux_futex.h: linux/futex.h of Linux 6.1.
 */
#pragma once

#define FUTEX_WAIT            0
#define FUTEX_WAKE            1
#define FUTEX_REQUEUE         3
#define FUTEX_CMP_REQUEUE     4
#define FUTEX_WAKE_OP         5
#define FUTEX_WAIT_BITSET     9
#define FUTEX_WAKE_BITSET     10
#define FUTEX_WAIT_REQUEUE_PI 11
#define FUTEX_LOCK_PI2        13
#define FUTEX_COMMAND         127
#define FUTEX_PRIVATE_FLAG    128
#define FUTEX_CLOCK_REALTIME  256
#define FUTEX_BITSET_ANY      0xffffffffU

/* A word that is a lock */
#define FUTEX_WAITERS    0x80000000U
#define FUTEX_OWNER_DIED 0x40000000U
#define FUTEX_TID_MASK   0x3fffffffU

/* FUTEX_WAKE_OP: what is done with the second word, and how it is compared before */
#define FUTEX_OP_SET   0
#define FUTEX_OP_ADD   1
#define FUTEX_OP_OR    2
#define FUTEX_OP_ANDN  3
#define FUTEX_OP_XOR   4
#define FUTEX_OP_SHIFT 8 /* the argument is the number of a bit */
#define FUTEX_CMP_EQ   0
#define FUTEX_CMP_NE   1
#define FUTEX_CMP_LT   2
#define FUTEX_CMP_LE   3
#define FUTEX_CMP_GT   4
#define FUTEX_CMP_GE   5
