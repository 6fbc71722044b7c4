/*
 * linux_files.h: Linux's numbers and layouts for files, beside those of linux.h. Sources:
 * include/uapi of Linux 6.1, asm-generic and arm64.
 */
#pragma once
#include "linux.h"

/* errno */
#define EDOM            33
#define EXDEV           18
#define ENFILE          23
#define ETXTBSY         26
#define EPIPE           32
#define EDEADLK         35
#define ENOLCK          37
#define ENODATA         61
#define EBADFD          77
#define ENOTSOCK        88
#define EDESTADDRREQ    89
#define EPROTOTYPE      91
#define ENOPROTOOPT     92
#define EPROTONOSUPPORT 93
#define ESOCKTNOSUPPORT 94
#define EOPNOTSUPP      95
#define EAFNOSUPPORT    97
#define EADDRINUSE      98
#define EADDRNOTAVAIL   99
#define ENETUNREACH     101
#define ECONNRESET      104
#define ENOBUFS         105
#define EISCONN         106
#define ENOTCONN        107
#define ECONNREFUSED    111
#define EALREADY        114
#define EINPROGRESS     115

/* fcntl.h */
#define LINUX_O_WRONLY           1
#define LINUX_O_RDWR             2
#define LINUX_O_NOCTTY           0x100
#define LINUX_O_DSYNC            0x1000
#define LINUX_O_ASYNC            0x2000
#define LINUX_O_DIRECT           0x10000
#define LINUX_O_NOATIME          0x40000
#define LINUX_O_SYNC             0x101000
#define LINUX_O_PATH             0x200000
#define LINUX_O_TMPFILE          0x404000 /* with O_DIRECTORY in it */
#define LINUX_AT_EACCESS         0x200
#define LINUX_AT_REMOVEDIR       0x200
#define LINUX_AT_SYMLINK_FOLLOW  0x400
#define LINUX_AT_NO_AUTOMOUNT    0x800
#define LINUX_AT_STATX_SYNC_TYPE 0x6000
#define LINUX_F_GETLK            5
#define LINUX_F_SETLK            6
#define LINUX_F_SETLKW           7
#define LINUX_F_SETOWN           8
#define LINUX_F_GETOWN           9
#define LINUX_F_SETSIG           10
#define LINUX_F_GETSIG           11
#define LINUX_F_SETOWN_EX        15
#define LINUX_F_GETOWN_EX        16
#define LINUX_F_OFD_GETLK        36
#define LINUX_F_OFD_SETLK        37
#define LINUX_F_OFD_SETLKW       38
#define LINUX_F_SETLEASE         1024
#define LINUX_F_GETLEASE         1025
#define LINUX_F_SETPIPE_SZ       1031
#define LINUX_F_GETPIPE_SZ       1032
#define LINUX_F_ADD_SEALS        1033
#define LINUX_F_GET_SEALS        1034
#define LINUX_S_IFIFO            0010000
#define LINUX_S_IFBLK            0060000
#define LINUX_S_IFSOCK           0140000
#define LINUX_S_ISUID            04000
#define LINUX_S_ISGID            02000
#define LINUX_S_ISVTX            01000
#define LINUX_NAME_MAX           255
#define LINUX_RENAME_NOREPLACE   1
#define LINUX_RENAME_EXCHANGE    2
#define LINUX_RENAME_WHITEOUT    4
#define LINUX_UTIME_NOW          0x3fffffff
#define LINUX_UTIME_OMIT         0x3ffffffe
#define LINUX_SEEK_SET           0
#define LINUX_SEEK_CUR           1
#define LINUX_SEEK_END           2
#define LINUX_SEEK_DATA          3
#define LINUX_SEEK_HOLE          4
#define LINUX_LOCK_SH            1
#define LINUX_LOCK_EX            2
#define LINUX_LOCK_NB            4
#define LINUX_LOCK_UN            8
#define LINUX_F_RDLCK            0
#define LINUX_F_WRLCK            1
#define LINUX_F_UNLCK            2

#define LINUX_F_SEAL_SEAL         1
#define LINUX_F_SEAL_SHRINK       2
#define LINUX_F_SEAL_GROW         4
#define LINUX_F_SEAL_WRITE        8
#define LINUX_F_SEAL_FUTURE_WRITE 16

/* falloc.h */
#define LINUX_FALLOC_KEEP_SIZE  1
#define LINUX_FALLOC_PUNCH_HOLE 2

/* ioctls.h */
#define LINUX_FIONREAD 0x541b
#define LINUX_FIONBIO  0x5421
#define LINUX_FIONCLEX 0x5450
#define LINUX_FIOCLEX  0x5451
#define LINUX_FIOASYNC 0x5452

/* magic.h */
#define LINUX_TMPFS_MAGIC  0x01021994
#define LINUX_PIPEFS_MAGIC 0x50495045
#define LINUX_SOCKFS_MAGIC 0x534f434b
#define LINUX_ANON_MAGIC   0x09041934

#define LINUX_PIPE_BUF     4096
#define LINUX_SIGPIPE      13
#define LINUX_RLIMIT_FSIZE 1
#define LINUX_SIGXFSZ      25

struct linux_statfs {
    int64_t type, block_size;
    uint64_t blocks, free, available, files, files_free;
    int32_t id[2];
    int64_t name_length, fragment_size, flags, spare[4];
};
_Static_assert(sizeof(struct linux_statfs) == 120, "asm-generic/statfs.h");

struct linux_statx_time {
    int64_t seconds;
    uint32_t nanoseconds;
    int32_t reserved;
};

struct linux_statx {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, user, group;
    uint16_t mode, spare0;
    uint64_t inode, size, blocks, attributes_mask;
    struct linux_statx_time accessed, born, changed, modified;
    uint32_t special_major, special_minor, device_major, device_minor;
    uint64_t mount, spare2[13];
};
_Static_assert(sizeof(struct linux_statx) == 256, "linux/stat.h");

struct linux_flock {
    int16_t type, whence;
    int64_t start, length;
    int32_t pid;
};
_Static_assert(sizeof(struct linux_flock) == 32, "asm-generic/fcntl.h");
