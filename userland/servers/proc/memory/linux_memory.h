/*
 * linux_memory.h: Linux's numbers about memory beyond those of linux.h. Sources: include/uapi of
 * Linux 6.1, asm-generic/mman-common.h, asm-generic/resource.h, linux/capability.h.
 */
#pragma once

#define LINUX_PROT_SEM         0x8
#define LINUX_PROT_GROWSDOWN   0x01000000
#define LINUX_PROT_GROWSUP     0x02000000
#define LINUX_MAP_GROWSDOWN    0x100
#define LINUX_MAP_DENYWRITE    0x800
#define LINUX_MAP_EXECUTABLE   0x1000
#define LINUX_MAP_LOCKED       0x2000
#define LINUX_MAP_NONBLOCK     0x10000
#define LINUX_MAP_STACK        0x20000
#define LINUX_MAP_HUGETLB      0x40000
#define LINUX_MREMAP_DONTUNMAP 4

#define LINUX_MADV_NORMAL          0
#define LINUX_MADV_RANDOM          1
#define LINUX_MADV_SEQUENTIAL      2
#define LINUX_MADV_WILLNEED        3
#define LINUX_MADV_REMOVE          9
#define LINUX_MADV_DONTFORK        10
#define LINUX_MADV_DOFORK          11
#define LINUX_MADV_MERGEABLE       12
#define LINUX_MADV_UNMERGEABLE     13
#define LINUX_MADV_HUGEPAGE        14
#define LINUX_MADV_NOHUGEPAGE      15
#define LINUX_MADV_DONTDUMP        16
#define LINUX_MADV_DODUMP          17
#define LINUX_MADV_WIPEONFORK      18
#define LINUX_MADV_KEEPONFORK      19
#define LINUX_MADV_COLD            20
#define LINUX_MADV_PAGEOUT         21
#define LINUX_MADV_DONTNEED_LOCKED 24
#define LINUX_MADV_COLLAPSE        25
#define LINUX_MADV_HWPOISON        100
#define LINUX_MADV_SOFT_OFFLINE    101

#define LINUX_MLOCK_ONFAULT 1
#define LINUX_MCL_CURRENT   1
#define LINUX_MCL_FUTURE    2
#define LINUX_MCL_ONFAULT   4

#define LINUX_MS_ASYNC      1
#define LINUX_MS_INVALIDATE 2
#define LINUX_MS_SYNC       4

#define LINUX_RLIMIT_DATA    2
#define LINUX_RLIMIT_MEMLOCK 8
#define LINUX_RLIMIT_AS      9

#define LINUX_CAP_IPC_LOCK  14
#define LINUX_CAP_SYS_RAWIO 17

#ifndef EOPNOTSUPP
#define EOPNOTSUPP 95
#endif
