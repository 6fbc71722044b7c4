/*
 * linux_process.h: Linux's numbers and layouts about processes. Sources: include/uapi of Linux 6.1.
 */
#pragma once
#include "linux.h"

/* linux/sched.h: clone */
#define CLONE_SIGNAL         0xffUL /* the signal at the end, in clone's flags */
#define CLONE_VM             0x100UL
#define CLONE_FS             0x200UL
#define CLONE_FILES          0x400UL
#define CLONE_SIGHAND        0x800UL
#define CLONE_PIDFD          0x1000UL
#define CLONE_PTRACE         0x2000UL
#define CLONE_VFORK          0x4000UL
#define CLONE_PARENT         0x8000UL
#define CLONE_THREAD         0x10000UL
#define CLONE_NEWNS          0x20000UL
#define CLONE_SYSVSEM        0x40000UL
#define CLONE_SETTLS         0x80000UL
#define CLONE_PARENT_SETTID  0x100000UL
#define CLONE_CHILD_CLEARTID 0x200000UL
#define CLONE_DETACHED       0x400000UL
#define CLONE_UNTRACED       0x800000UL
#define CLONE_CHILD_SETTID   0x1000000UL
#define CLONE_NEW_SPACES     0x7e020080UL /* all CLONE_NEW*: namespaces */
#define CLONE_CLEAR_SIGHAND  0x100000000UL
#define CLONE_INTO_CGROUP    0x200000000UL

struct linux_clone_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
};
#define CLONE_ARGS_SIZE_VER0 64

/* linux/wait.h */
#define LINUX_WNOHANG    1
#define LINUX_WUNTRACED  2 /* and WSTOPPED */
#define LINUX_WEXITED    4
#define LINUX_WCONTINUED 8
#define LINUX_WNOWAIT    0x1000000
#define LINUX_WNOTHREAD  0x20000000
#define LINUX_WALL       0x40000000
#define LINUX_WCLONE     0x80000000U

#define P_ALL   0
#define P_PID   1
#define P_PGID  2
#define P_PIDFD 3

/* resource.h */
#define LINUX_RUSAGE_SELF     0
#define LINUX_RUSAGE_THREAD   1
#define LINUX_RUSAGE_CHILDREN (-1)
#define LINUX_RLIMIT_NPROC    6

/* errno */
#define ECHILD 10
