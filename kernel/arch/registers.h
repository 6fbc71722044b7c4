/*
 * registers.h: values of the system registers that are set once, bit by bit.
 */
#pragma once

/* Memory types by index (Arm ARM D19.2.97). */
#define MAIR_NORMAL 0 /* write-back */
#define MAIR_DEVICE 1 /* nGnRE: device registers */
#define MAIR_VALUE  0x00000000004404ff

/*
 * TCR_EL1 (D19.2.139): 48-bit halves, 4 KiB granules, write-back inner shareable
 * walks, TBI0 as Linux promises its programs. IPS and AS are added at run time.
 */
#define TCR_VALUE                                                                                  \
    (16 | 1 << 8 | 1 << 10 | 3 << 12 | 0 << 14 | 16 << 16 | 1 << 24 | 1 << 26 | 3 << 28 |          \
     2 << 30 | 1 << 37)

/*
 * SCTLR_EL1 (D19.2.123). RES1 bits 29, 28, 23 (SPAN, see below), 22, 20, 11.
 * ON adds: M, C, I; SA, SA0 (stack alignment); DZE, UCT, UCI (dc zva, ctr_el0 and
 * cache cleaning at EL0); nTWI, nTWE. SPAN is 0: where the CPU has PAN, it is on
 * in the kernel, which never touches memory through user addresses.
 */
#define SCTLR_EL1_OFF 0x30d00800
#define SCTLR_EL1_ON                                                                               \
    (0x30500800 | 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 12 | 1 << 14 | 1 << 15 | 1 << 16 |      \
     1 << 18 | 1 << 26)

/* Exception classes, ESR_EL1.EC (D19.2.38). */
#define EC_FP           0x07
#define EC_SVC          0x15
#define EC_ABORT_FETCH  0x20
#define EC_PC_ALIGNMENT 0x22
#define EC_ABORT_DATA   0x24
#define EC_SP_ALIGNMENT 0x26
#define EC_STEP         0x32
#define EC_BRK          0x3c
