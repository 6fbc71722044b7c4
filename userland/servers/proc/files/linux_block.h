/*
 * linux_block.h: requests of ioctl to block devices: Linux, include/uapi/linux/fs.h.
 */
#pragma once

#define LINUX_BLKROGET      0x125e     /* int: may it not be written to? */
#define LINUX_BLKRRPART     0x125f     /* read the table of partitions again */
#define LINUX_BLKGETSIZE    0x1260     /* unsigned long: sectors of 512 bytes */
#define LINUX_BLKFLSBUF     0x1261     /* forget what is kept of it */
#define LINUX_BLKSSZGET     0x1268     /* int: bytes of a sector */
#define LINUX_BLKDISCARD    0x1277     /* uint64_t[2] */
#define LINUX_BLKIOMIN      0x1278     /* unsigned int: bytes */
#define LINUX_BLKIOOPT      0x1279     /* unsigned int: bytes; 0: not known */
#define LINUX_BLKALIGNOFF   0x127a     /* int: bytes that it is off */
#define LINUX_BLKPBSZGET    0x127b     /* unsigned int: bytes of a physical sector */
#define LINUX_BLKSECDISCARD 0x127d     /* uint64_t[2] */
#define LINUX_BLKROTATIONAL 0x127e     /* unsigned short */
#define LINUX_BLKZEROOUT    0x127f     /* uint64_t[2] */
#define LINUX_BLKBSZGET     0x80081270 /* int: bytes of a block */
#define LINUX_BLKGETSIZE64  0x80081272 /* uint64_t: bytes */
