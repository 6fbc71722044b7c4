/* pointers.c of differ: calls that are given pointers to nothing. */
#define _GNU_SOURCE
#include "differ.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BAD  0x190000000 /* nothing is ever mapped there */
#define MOST 6

/* Arguments that stand for something else. */
enum {
    READ_END = 0x5a58, /* of a pipe that holds some bytes and never waits */
    WRITE_END,
    OWN_ID,   /* of this process */
    OWN_PATH, /* of this program */
    GOOD,     /* memory that is there */
    PAGE_END  /* the last bytes of such memory */
};

/* A call, and its arguments; those that are one of the names above are put in. */
static const struct {
    const char *name;
    long number, arguments[MOST];
} calls[] = {
    {"read", SYS_read, {READ_END, BAD, 10}},
    {"write", SYS_write, {WRITE_END, BAD, 10}},
    {"readv", SYS_readv, {READ_END, BAD, 2}},
    {"writev", SYS_writev, {WRITE_END, BAD, 2}},
    {"openat", SYS_openat, {AT_FDCWD, BAD, O_RDONLY}},
    {"openat-end", SYS_openat, {AT_FDCWD, PAGE_END, O_RDONLY}},
    {"newfstatat", SYS_newfstatat, {AT_FDCWD, BAD, GOOD, 0}},
    {"fstat", SYS_fstat, {0, BAD}},
    {"readlinkat", SYS_readlinkat, {AT_FDCWD, BAD, GOOD, 10}},
    {"getcwd", SYS_getcwd, {BAD, 100}},
    {"chdir", SYS_chdir, {BAD}},
    {"mkdirat", SYS_mkdirat, {AT_FDCWD, BAD, 0700}},
    {"unlinkat", SYS_unlinkat, {AT_FDCWD, BAD, 0}},
    {"faccessat", SYS_faccessat, {AT_FDCWD, BAD, 0}},
    {"pipe2", SYS_pipe2, {BAD, 0}},
    {"ppoll", SYS_ppoll, {BAD, 1, 0, 0, 0}},
    {"getdents64", SYS_getdents64, {READ_END, BAD, 100}},
    {"uname", SYS_uname, {BAD}},
    {"sysinfo", SYS_sysinfo, {BAD}},
    {"getrusage", SYS_getrusage, {0, BAD}},
    {"times", SYS_times, {BAD}},
    {"gettimeofday", SYS_gettimeofday, {BAD, 0}},
    {"clock_gettime", SYS_clock_gettime, {0, BAD}},
    {"clock_getres", SYS_clock_getres, {0, BAD}},
    {"nanosleep", SYS_nanosleep, {BAD, 0}},
    {"clock_nanosleep", SYS_clock_nanosleep, {0, 0, BAD, 0}},
    {"rt_sigaction", SYS_rt_sigaction, {10, BAD, 0, 8}},
    {"rt_sigaction-old", SYS_rt_sigaction, {10, 0, BAD, 8}},
    {"rt_sigaction-size", SYS_rt_sigaction, {10, 0, 0, 4}},
    {"rt_sigprocmask", SYS_rt_sigprocmask, {0, BAD, 0, 8}},
    {"rt_sigprocmask-old", SYS_rt_sigprocmask, {0, 0, BAD, 8}},
    {"rt_sigpending", SYS_rt_sigpending, {BAD, 8}},
    {"rt_sigsuspend", SYS_rt_sigsuspend, {BAD, 8}},
    {"rt_sigtimedwait", SYS_rt_sigtimedwait, {BAD, 0, 0, 8}},
    {"rt_sigqueueinfo", SYS_rt_sigqueueinfo, {OWN_ID, 10, BAD}},
    {"sigaltstack", SYS_sigaltstack, {BAD, 0}},
    {"sigaltstack-old", SYS_sigaltstack, {0, BAD}},
    {"set_robust_list", SYS_set_robust_list, {BAD, 23}},
    {"get_robust_list", SYS_get_robust_list, {0, BAD, BAD}},
    {"futex-wait", SYS_futex, {BAD, 0, 1, 0, 0, 0}},
    {"futex-time", SYS_futex, {GOOD, 0, 0, BAD, 0, 0}},
    {"execve", SYS_execve, {BAD, 0, 0}},
    {"execve-words", SYS_execve, {OWN_PATH, BAD, 0}},
    {"prlimit64", SYS_prlimit64, {0, 7, 0, BAD}},
    {"prlimit64-new", SYS_prlimit64, {0, 7, BAD, 0}},
    {"prlimit64-which", SYS_prlimit64, {0, 99, 0, GOOD}},
    {"getrandom", SYS_getrandom, {BAD, 10, 0}},
    {"mincore", SYS_mincore, {GOOD, 4096, BAD}},
    {"wait4", SYS_wait4, {-1, BAD, 0, 0}},
    {"waitid", SYS_waitid, {0, 0, BAD, 4, 0}},
    {"sched_getaffinity", SYS_sched_getaffinity, {0, 8, BAD}},
    {"getitimer", SYS_getitimer, {0, BAD}},
    {"setitimer", SYS_setitimer, {0, BAD, 0}},
    {"getgroups", SYS_getgroups, {0, BAD}},
    {"socket", SYS_socketpair, {1, 1, 0, BAD}},
    {"memfd_create", SYS_memfd_create, {BAD, 0}},
    {"prctl-name", SYS_prctl, {15, BAD}},
    {"prctl-get-name", SYS_prctl, {16, BAD}},
    {"ioctl", SYS_ioctl, {READ_END, 0x5401, BAD}},
    {"fcntl-lock", SYS_fcntl, {READ_END, 5, BAD}},
    {"fcntl-what", SYS_fcntl, {READ_END, 4444, 0}},
};

static char there[PAGE] __attribute__((aligned(4096)));

static long put_in(long argument, const int *ends)
{
    switch (argument) {
    case READ_END:
        return ends[0];
    case WRITE_END:
        return ends[1];
    case OWN_ID:
        return getpid();
    case OWN_PATH:
        return (long)own_path;
    case GOOD:
        return (long)there;
    case PAGE_END:
        return BAD - 6;
    default:
        return argument;
    }
}

static void step_pointers(void)
{
    unsigned i = pick(sizeof(calls) / sizeof(calls[0]));
    long words[MOST];
    char *page = mmap((void *)(BAD - PAGE), PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    int ends[2];

    say(" %s", calls[i].name);
    if (page == MAP_FAILED || pipe2(ends, O_NONBLOCK | O_CLOEXEC) ||
        write(ends[1], "text", 4) != 4) {
        say_result(-1);
        return;
    }
    for (unsigned k = 0; k < PAGE; k++)
        page[k] = 'a';
    there[0] = 0;
    for (unsigned k = 0; k < MOST; k++)
        words[k] = calls[i].number == SYS_wait4 ? calls[i].arguments[k]
                                                : put_in(calls[i].arguments[k], ends);
    say_result(
        syscall(calls[i].number, words[0], words[1], words[2], words[3], words[4], words[5]));
    close(ends[0]);
    close(ends[1]);
    munmap(page, PAGE);
}

const struct step pointer_steps[] = {
    {"pointers", step_pointers, 12, FILES},
    {NULL, NULL, 0, FILES},
};
