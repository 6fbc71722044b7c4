/*
 * chaos.c: random system calls with random arguments, from a seed. Each round is a process of its
 * own that may break itself in any way; what it may not do is reach anybody else: calls that
 * signal or trace others, or end the system, are left out. A round that blocks is killed.
 */
#define _GNU_SOURCE
#include "hostile.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NUMBERS     470 /* one past the highest call tried */
#define PATIENCE_MS 300

static uint64_t state;

/* xorshift64*, Vigna 2016: the same row everywhere. */
static uint64_t next(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dUL;
}

static const short left_out[] = {
    SYS_kill,
    SYS_tkill,
    SYS_tgkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_reboot,
    SYS_ptrace,
    SYS_exit,
    SYS_exit_group,
    SYS_pidfd_send_signal,
    SYS_setpriority,
    SYS_sched_setscheduler,
    SYS_sched_setattr,
    SYS_sched_setparam,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_clock_settime,
    SYS_settimeofday,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_swapoff,
    SYS_chroot,
    SYS_vhangup,
    SYS_kexec_load,
    SYS_init_module,
    SYS_delete_module,
    SYS_prlimit64,
    SYS_clone,
    SYS_clone3,
    SYS_rt_sigreturn,
    SYS_unlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_setns,
    SYS_unshare,
    SYS_ioctl,
    SYS_process_madvise,
    SYS_process_vm_writev,
    SYS_fchmodat,
    SYS_fchownat,
    SYS_truncate,
    SYS_acct,
    SYS_syslog,
    SYS_kexec_file_load,
    SYS_bpf,
};

static int is_left_out(long number)
{
    for (unsigned i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if (left_out[i] == number)
            return 1;
    return 0;
}

static char *arena; /* 16 pages: some readable, some not there */

static long argument(void)
{
    static const long edges[] = {0,
                                 1,
                                 -1,
                                 2,
                                 3,
                                 7,
                                 4095,
                                 4096,
                                 65536,
                                 0x7fffffff,
                                 0x80000000,
                                 0x7fffffffffffffff,
                                 (long)0x8000000000000000,
                                 0x1000000000000,
                                 (long)0xffff000000000000,
                                 AT_FDCWD};
    switch (next() % 6) {
    case 0:
        return edges[next() % (sizeof edges / sizeof edges[0])];
    case 1:
        return (long)(next() % 64);
    case 2:
        return (long)(arena + next() % (16 * 4096));
    case 3:
        return (long)(arena + next() % 16 * 4096);
    case 4:
        return (long)(next() >> next() % 64);
    default:
        return (long)(1UL << next() % 64);
    }
}

static _Noreturn void round_of_calls(unsigned count)
{
    arena = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(arena, "/tmp/chaos");
    strcpy(arena + 3 * 4096, "chaos");
    munmap(arena + 5 * 4096, 4096);
    mprotect(arena + 9 * 4096, 4096, PROT_READ);
    mprotect(arena + 13 * 4096, 4096, PROT_NONE);
    for (unsigned i = 0; i < count; i++) {
        long number = (long)(next() % NUMBERS);
        long a = argument(), b = argument(), c = argument(), d = argument(), e = argument(),
             f = argument();
        if (!is_left_out(number))
            syscall(number, a, b, c, d, e, f);
    }
    syscall(SYS_exit_group, 0);
    __builtin_unreachable();
}

/* A child that makes random calls, away from the terminal; its pid. */
static pid_t begin(uint64_t seed, unsigned count)
{
    state = seed * 0x9e3779b97f4a7c15UL | 1;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        setsid();
        for (int i = 0; i < 3; i++)
            dup2(null, i);
        round_of_calls(count);
    }
    if (pid < 0)
        perror("hostile: fork");
    return pid;
}

/* Waits for a round to end, not for ever. True when it had to be killed. */
static int wait_for(pid_t pid)
{
    const struct timespec moment = {0, 5 * 1000000};
    for (unsigned i = 0; i < PATIENCE_MS / 5; i++) {
        if (waitpid(pid, NULL, WNOHANG) == pid)
            return 0;
        nanosleep(&moment, NULL);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return 1;
}

int chaos(uint64_t seed, unsigned rounds, unsigned count)
{
    unsigned killed = 0;
    printf("hostile: chaos %#lx %u %u\n", seed, rounds, count);
    fflush(stdout);
    for (unsigned i = 0; i < rounds; i++) {
        pid_t pid = begin(seed + i, count);
        if (pid < 0)
            return 1;
        killed += (unsigned)wait_for(pid);
    }
    printf("hostile: %u rounds of %u random calls, %u of them blocked and were killed\n", rounds,
           count, killed);
    return 0;
}

int killed(uint64_t seed, unsigned rounds)
{
    unsigned while_running = 0;
    printf("hostile: killed %#lx %u\n", seed, rounds);
    fflush(stdout);
    for (unsigned i = 0; i < rounds; i++) {
        int status;
        pid_t pid = begin(seed + i, 100000);
        if (pid < 0)
            return 1;
        const struct timespec moment = {0, (long)(next() % 3000000)};
        nanosleep(&moment, NULL);
        kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        while_running += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }
    printf("hostile: %u processes, %u of them killed in the middle of something\n", rounds,
           while_running);
    return 0;
}
