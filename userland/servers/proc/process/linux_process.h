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
#define LINUX_RLIMIT_CORE     4
#define LINUX_RLIMIT_NPROC    6
#define LINUX_RLIMIT_MEMLOCK  8
#define LINUX_RLIMIT_MSGQUEUE 12
#define LINUX_RLIMIT_NICE     13
#define LINUX_RLIMIT_RTPRIO   14
#define LINUX_NR_OPEN         1048576 /* /proc/sys/fs/nr_open */

/* errno */
#define ECHILD 10

/* linux/prctl.h */
#define PR_SET_PDEATHSIG         1
#define PR_GET_PDEATHSIG         2
#define PR_GET_DUMPABLE          3
#define PR_SET_DUMPABLE          4
#define PR_GET_KEEPCAPS          7
#define PR_SET_KEEPCAPS          8
#define PR_SET_NAME              15
#define PR_GET_NAME              16
#define PR_GET_SECCOMP           21
#define PR_CAPBSET_READ          23
#define PR_CAPBSET_DROP          24
#define PR_GET_SECUREBITS        27
#define PR_SET_TIMERSLACK        29
#define PR_GET_TIMERSLACK        30
#define PR_SET_CHILD_SUBREAPER   36
#define PR_GET_CHILD_SUBREAPER   37
#define PR_SET_NO_NEW_PRIVS      38
#define PR_GET_NO_NEW_PRIVS      39
#define PR_GET_TID_ADDRESS       40
#define PR_CAP_AMBIENT           47
#define PR_CAP_AMBIENT_RAISE     2
#define PR_CAP_AMBIENT_CLEAR_ALL 4
#define TIMER_SLACK_DEFAULT      50000 /* ns */

/* linux/capability.h */
#define CAP_SETGID           6
#define CAP_SETUID           7
#define CAP_SETPCAP          8
#define CAP_SYS_BOOT         22
#define CAP_SYS_NICE         23
#define CAP_SYS_RESOURCE     24
#define CAPABILITY_COUNT     41
#define CAPABILITY_VERSION_1 0x19980330
#define CAPABILITY_VERSION_2 0x20071026
#define CAPABILITY_VERSION_3 0x20080522

/* linux/limits.h */
#define LINUX_NGROUPS_MAX 65536

/* linux/sched.h, resource.h: scheduling */
#define SCHED_NORMAL        0
#define SCHED_FIFO          1
#define SCHED_RR            2
#define SCHED_BATCH         3
#define SCHED_IDLE          5
#define SCHED_DEADLINE      6
#define SCHED_RESET_ON_FORK 0x40000000
#define PRIO_PROCESS        0
#define PRIO_PGRP           1
#define PRIO_USER           2

struct linux_sched_attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t utilization_min, utilization_max;
};
#define SCHED_ATTR_SIZE_VER0 48

/* linux/reboot.h */
#define LINUX_REBOOT_MAGIC1        0xfee1dead
#define LINUX_REBOOT_CMD_RESTART   0x01234567
#define LINUX_REBOOT_CMD_HALT      0xcdef0123
#define LINUX_REBOOT_CMD_CAD_ON    0x89abcdef
#define LINUX_REBOOT_CMD_CAD_OFF   0
#define LINUX_REBOOT_CMD_POWER_OFF 0x4321fedc
#define LINUX_REBOOT_CMD_RESTART2  0xa1b2c3d4

/* linux/membarrier.h */
#define MEMBARRIER_QUERY                      0
#define MEMBARRIER_GLOBAL                     1
#define MEMBARRIER_GLOBAL_EXPEDITED           2
#define MEMBARRIER_REGISTER_GLOBAL_EXPEDITED  4
#define MEMBARRIER_PRIVATE_EXPEDITED          8
#define MEMBARRIER_REGISTER_PRIVATE_EXPEDITED 16

/* linux/syslog.h */
#define SYSLOG_CLOSE         0
#define SYSLOG_OPEN          1
#define SYSLOG_READ          2
#define SYSLOG_READ_ALL      3
#define SYSLOG_READ_CLEAR    4
#define SYSLOG_CLEAR         5
#define SYSLOG_CONSOLE_OFF   6
#define SYSLOG_CONSOLE_ON    7
#define SYSLOG_CONSOLE_LEVEL 8
#define SYSLOG_SIZE_UNREAD   9
#define SYSLOG_SIZE_BUFFER   10
