/*
 * linux.h: Linux's numbers and layouts for AArch64 that proc needs and that kernel/entry/abi.h
 * does not have already (its errno values are Linux's). Sources: include/uapi of Linux 6.1.
 */
#pragma once
#include "entry/abi.h"
#include "lib/errors.h"
#include <stdint.h>

/* asm-generic/mman.h */
#define LINUX_PROT_READ           1
#define LINUX_PROT_WRITE          2
#define LINUX_PROT_EXEC           4
#define LINUX_PROT_ALLOWED        0x03000037 /* and BTI, MTE, GROWSDOWN, GROWSUP: accepted, no effect */
#define LINUX_MAP_TYPE            0xf
#define LINUX_MAP_SHARED          1
#define LINUX_MAP_PRIVATE         2
#define LINUX_MAP_SHARED_VALIDATE 3
#define LINUX_MAP_FIXED           0x10
#define LINUX_MAP_ANONYMOUS       0x20
#define LINUX_MAP_NORESERVE       0x4000
#define LINUX_MAP_POPULATE        0x8000
#define LINUX_MAP_FIXED_NOREPLACE 0x100000
#define LINUX_MREMAP_MAYMOVE      1
#define LINUX_MREMAP_FIXED        2
#define LINUX_MADV_DONTNEED       4
#define LINUX_MADV_FREE           8
#define LINUX_MADV_POPULATE_READ  22
#define LINUX_MADV_POPULATE_WRITE 23

/* fcntl.h */
#define LINUX_AT_FDCWD            (-100)
#define LINUX_AT_SYMLINK_NOFOLLOW 0x100
#define LINUX_AT_EMPTY_PATH       0x1000
#define LINUX_O_ACCMODE           3
#define LINUX_O_CREAT             0x40
#define LINUX_O_EXCL              0x80
#define LINUX_O_TRUNC             0x200
#define LINUX_O_APPEND            0x400
#define LINUX_O_NONBLOCK          0x800
#define LINUX_O_DIRECTORY         0x4000 /* arm64 differs from the generic numbers in these four */
#define LINUX_O_NOFOLLOW          0x8000
#define LINUX_O_LARGEFILE         0x20000
#define LINUX_O_CLOEXEC           0x80000
#define LINUX_F_DUPFD             0
#define LINUX_F_GETFD             1
#define LINUX_F_SETFD             2
#define LINUX_F_GETFL             3
#define LINUX_F_SETFL             4
#define LINUX_F_DUPFD_CLOEXEC     1030
#define LINUX_FD_CLOEXEC          1
#define LINUX_S_IFMT              0170000
#define LINUX_S_IFDIR             0040000
#define LINUX_S_IFCHR             0020000
#define LINUX_S_IFREG             0100000
#define LINUX_S_IFLNK             0120000
#define LINUX_PATH_MAX            4096
#define LINUX_IOV_MAX             1024
#define LINUX_MAX_RW_COUNT        0x7ffff000UL /* bytes one read or write moves at most */

/* signal.h; sizeof sigset_t for the kernel is 8 */
#define LINUX_SIGNALS 64
#define LINUX_SIG_DFL 0
#define LINUX_SIG_IGN 1
#define SIGILL        4
#define SIGTRAP       5
#define SIGABRT       6
#define SIGBUS        7
#define SIGKILL       9
#define SIGSEGV       11
#define SIGCHLD       17
#define SIGCONT       18
#define SIGSTOP       19
#define SIGTSTP       20
#define SIGTTIN       21
#define SIGTTOU       22
#define SIGURG        23
#define SIGWINCH      28
#define SIGSYS        31

/* resource.h */
#define LINUX_LIMITS        16
#define LINUX_RLIMIT_STACK  3
#define LINUX_RLIMIT_NOFILE 7
#define LINUX_RLIMIT_SIGPENDING 11
#define LINUX_RLIM_INFINITY UINT64_MAX
#define STACK_BYTES         (8UL << 20)

/* auxvec.h */
#define AT_NULL        0
#define AT_PHDR        3
#define AT_PHENT       4
#define AT_PHNUM       5
#define AT_PAGESZ      6
#define AT_BASE        7
#define AT_FLAGS       8
#define AT_ENTRY       9
#define AT_UID         11
#define AT_EUID        12
#define AT_GID         13
#define AT_EGID        14
#define AT_PLATFORM    15
#define AT_HWCAP       16
#define AT_CLKTCK      17
#define AT_SECURE      23
#define AT_RANDOM      25
#define AT_HWCAP2      26
#define AT_EXECFN      31
#define AT_SYSINFO_EHDR 33
#define AT_MINSIGSTKSZ 51
#define HWCAP_FP       1
#define HWCAP_ASIMD    2

struct linux_timespec {
    int64_t seconds, nanoseconds;
};

struct linux_iovec {
    uint64_t base, length;
};

struct linux_rusage {
    struct {
        int64_t seconds, microseconds;
    } user, system;
    int64_t maximum_resident, shared, unshared_data,
        unshared_stack; /* KiB; the last three unused */
    int64_t minor_faults, major_faults, swaps, blocks_in, blocks_out, messages_sent,
        messages_received, signals, voluntary_switches, involuntary_switches;
};

struct linux_stat {
    uint64_t device, inode;
    uint32_t mode, links, user, group;
    uint64_t special_device, padding;
    int64_t size;
    int32_t block_size, padding2;
    int64_t blocks; /* of 512 bytes */
    struct linux_timespec accessed, modified, changed;
    uint32_t unused[2];
};
_Static_assert(sizeof(struct linux_stat) == 128, "asm-generic/stat.h");

struct linux_directory_entry { /* followed by the name and its NUL; the whole a multiple of 8 */
    uint64_t inode;
    int64_t next;
    uint16_t length;
    uint8_t type; /* mode >> 12 */
} __attribute__((packed));

struct linux_sysinfo {
    int64_t uptime;
    uint64_t loads[3], total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
    uint16_t processes, padding;
    uint64_t total_high, free_high;
    uint32_t unit;
};
_Static_assert(sizeof(struct linux_sysinfo) == 112, "linux/sysinfo.h");
