/*
 * block.h: what protocols/block.def carries beside words.
 */
#pragma once

#define BLOCK_SECTOR       512
#define BLOCK_PAGE_SECTORS 8 /* in a data page of a ring */
#define BLOCK_PARTITIONS   4 /* that an MBR has; badge 0 is the whole device */

/* FACTS, w2. */
#define BLOCK_FACT_READ_ONLY 0x1
#define BLOCK_FACT_CACHE     0x2 /* what was written is on the medium after a FLUSH only */
#define BLOCK_FACT_REMOVABLE 0x4

/* WRITE, w3. */
#define BLOCK_WRITE_THROUGH 0x1 /* completed when it is on the medium, as if FLUSH came behind it  \
                                 */
