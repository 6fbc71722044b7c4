/*
 * errors.h: the errors of servers beside those that the kernel has (entry/abi.h). Names and numbers
 * are Linux's.
 */
#pragma once
#include "entry/abi.h"

#define ESRCH        3
#define ENXIO        6 /* there is no such device, or no such part of it */
#define E2BIG        7
#define ENOEXEC      8
#define ENODEV       19
#define ENOTDIR      20
#define EISDIR       21
#define ENOTTY       25
#define EFBIG        27 /* larger than a file can be */
#define ENOSPC       28 /* the device is full; what was there is as before */
#define ESPIPE       29
#define EROFS        30 /* the file system must not be written to, or cannot any more */
#define EMLINK       31 /* as many names as an inode can have */
#define ERANGE       34
#define ENAMETOOLONG 36 /* a name of more than 255 bytes */
#define ENOTEMPTY    39
#define ELOOP        40
#define EPROTO       71 /* the other side breaks the rules of the protocol */
#define EOVERFLOW    75
#define EUCLEAN      117 /* what is stored contradicts itself: e2fsck must see it first */
#define EDQUOT       122
#define ENOMEDIUM    123 /* no card is in */
