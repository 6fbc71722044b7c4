/*
 * pointers.c: bad pointers to every call that takes one. A line of the table is a call with one
 * argument in doubt; each is made with addresses of six bad kinds, and must answer EFAULT every
 * time, as Linux does, and leave the descriptors and the files as they were.
 */
#define _GNU_SOURCE
#include "hostile.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096L
#define IN   1 /* the kernel reads there */
#define OUT  2 /* … writes there */
#define TEXT 3 /* … reads a string there */

/* What stands for the pointer in doubt, and for things made at the start. */
#define BAD       0x7bad0001L
#define FILE_     0x7bad0002L
#define PIPE_OUT  0x7bad0003L
#define PIPE_IN   0x7bad0004L
#define DIRECTORY 0x7bad0005L
#define GOOD      0x7bad0006L /* a page that can be read and written */
#define NAME      0x7bad0007L /* "/tmp/hostile" */
#define TERMINAL  0x7bad0008L

struct doubt {
    long number;
    int direction;
    long arguments[6];
    const char *name;
};

#define C(name, direction, ...)                                                                    \
    {                                                                                              \
        SYS_##name, direction, {__VA_ARGS__}, #name                                                \
    }

static const struct doubt doubts[] = {
    C(getcwd, OUT, BAD, 4096),
    C(mkdirat, TEXT, AT_FDCWD, BAD, 0700),
    C(mknodat, TEXT, AT_FDCWD, BAD, S_IFIFO | 0600, 0),
    C(unlinkat, TEXT, AT_FDCWD, BAD, 0),
    C(symlinkat, TEXT, BAD, AT_FDCWD, NAME),
    C(symlinkat, TEXT, NAME, AT_FDCWD, BAD),
    C(linkat, TEXT, AT_FDCWD, BAD, AT_FDCWD, NAME, 0),
    C(linkat, TEXT, AT_FDCWD, NAME, AT_FDCWD, BAD, 0),
    C(renameat2, TEXT, AT_FDCWD, BAD, AT_FDCWD, NAME, 0),
    C(renameat2, TEXT, AT_FDCWD, NAME, AT_FDCWD, BAD, 0),
    C(statfs, TEXT, BAD, GOOD),
    C(statfs, OUT, NAME, BAD),
    C(fstatfs, OUT, FILE_, BAD),
    C(truncate, TEXT, BAD, 0),
    C(faccessat, TEXT, AT_FDCWD, BAD, R_OK),
    C(chdir, TEXT, BAD),
    C(chroot, TEXT, BAD),
    C(fchmodat, TEXT, AT_FDCWD, BAD, 0600),
    C(fchownat, TEXT, AT_FDCWD, BAD, 0, 0, 0),
    C(openat, TEXT, AT_FDCWD, BAD, O_RDONLY),
    C(openat, TEXT, AT_FDCWD, BAD, O_RDWR | O_CREAT, 0600),
    C(pipe2, OUT, BAD, 0),
    C(getdents64, OUT, DIRECTORY, BAD, 4096),
    C(read, OUT, FILE_, BAD, 100),
    C(write, IN, FILE_, BAD, 100),
    C(write, IN, PIPE_IN, BAD, 100),
    C(readv, IN, FILE_, BAD, 2),
    C(writev, IN, FILE_, BAD, 2),
    C(pread64, OUT, FILE_, BAD, 100, 0),
    C(pwrite64, IN, FILE_, BAD, 100, 0),
    C(preadv, IN, FILE_, BAD, 2, 0, 0),
    C(pwritev, IN, FILE_, BAD, 2, 0, 0),
    C(sendfile, IN, PIPE_IN, FILE_, BAD, 10),
    C(pselect6, IN, 8, BAD, 0, 0, 0, 0),
    C(ppoll, IN, BAD, 2, 0, 0, 0),
    C(readlinkat, TEXT, AT_FDCWD, BAD, GOOD, 100),
    C(newfstatat, TEXT, AT_FDCWD, BAD, GOOD, 0),
    C(newfstatat, OUT, AT_FDCWD, NAME, BAD, 0),
    C(fstat, OUT, FILE_, BAD),
    C(statx, TEXT, AT_FDCWD, BAD, 0, 0x7ff, GOOD),
    C(statx, OUT, AT_FDCWD, NAME, 0, 0x7ff, BAD),
    C(utimensat, TEXT, AT_FDCWD, BAD, 0, 0),
    C(utimensat, IN, AT_FDCWD, NAME, BAD, 0),
    C(waitid, OUT, P_ALL, 0, BAD, WEXITED | WNOHANG, 0),
    C(nanosleep, IN, BAD, 0),
    C(getitimer, OUT, ITIMER_REAL, BAD),
    C(setitimer, IN, ITIMER_REAL, BAD, 0),
    C(clock_settime, IN, CLOCK_REALTIME, BAD),
    C(clock_gettime, OUT, CLOCK_MONOTONIC, BAD),
    C(clock_getres, OUT, CLOCK_MONOTONIC, BAD),
    C(clock_nanosleep, IN, CLOCK_MONOTONIC, 0, BAD, 0),
    C(sched_getaffinity, OUT, 0, 128, BAD),
    C(sched_setparam, IN, 0, BAD),
    C(sigaltstack, IN, BAD, 0),
    C(sigaltstack, OUT, 0, BAD),
    C(rt_sigsuspend, IN, BAD, 8),
    C(rt_sigaction, IN, SIGUSR1, BAD, 0, 8),
    C(rt_sigaction, OUT, SIGUSR1, 0, BAD, 8),
    C(rt_sigprocmask, IN, SIG_BLOCK, BAD, 0, 8),
    C(rt_sigprocmask, OUT, SIG_BLOCK, 0, BAD, 8),
    C(rt_sigpending, OUT, BAD, 8),
    C(rt_sigtimedwait, IN, BAD, 0, 0, 8),
    C(rt_sigqueueinfo, IN, 0, SIGUSR1, BAD),
    C(getresuid, OUT, BAD, GOOD, GOOD),
    C(getresgid, OUT, GOOD, BAD, GOOD),
    C(setgroups, IN, 2, BAD),
    C(times, OUT, BAD),
    C(uname, OUT, BAD),
    C(sethostname, IN, BAD, 8),
    C(getrusage, OUT, RUSAGE_SELF, BAD),
    C(gettimeofday, OUT, BAD, 0),
    C(settimeofday, IN, BAD, 0),
    C(sysinfo, OUT, BAD),
    C(execve, TEXT, BAD, 0, 0),
    C(execve, IN, NAME, BAD, 0),
    C(execve, IN, NAME, 0, BAD),
    C(prlimit64, IN, 0, 7, BAD, 0),
    C(prlimit64, OUT, 0, 7, 0, BAD),
    C(getrandom, OUT, BAD, 64, 0),
    C(memfd_create, TEXT, BAD, 0),
    C(futex, IN, BAD, 0 /* WAIT */, 0, 0, 0, 0),
    C(mincore, OUT, GOOD, PAGE, BAD),
    C(epoll_ctl, IN, 0, 1, 0, BAD),
    C(timer_create, OUT, CLOCK_MONOTONIC, 0, BAD),
    C(faccessat2, TEXT, AT_FDCWD, BAD, R_OK, 0),
    C(renameat, TEXT, AT_FDCWD, BAD, AT_FDCWD, NAME),
    C(preadv2, IN, FILE_, BAD, 2, 0, 0, 0),
    C(pwritev2, IN, FILE_, BAD, 2, 0, 0, 0),
    C(copy_file_range, IN, FILE_, BAD, FILE_, 0, 10, 0),
    C(copy_file_range, IN, FILE_, 0, FILE_, BAD, 10, 0),
    C(fcntl, IN, FILE_, F_SETLK, BAD),
    C(fcntl, IN, FILE_, F_GETLK, BAD),
    C(ioctl, IN, PIPE_OUT, 0x5421 /* FIONBIO */, BAD),
    C(pselect6, IN, 8, 0, BAD, 0, 0, 0),
    C(pselect6, IN, 8, 0, 0, 0, BAD, 0),
    C(pselect6, IN, 8, 0, 0, 0, 0, BAD),
    C(ppoll, IN, 0, 0, BAD, 0, 8),
    C(ppoll, IN, 0, 0, 0, BAD, 8),
    C(getxattr, TEXT, BAD, NAME, GOOD, 10),
    C(getxattr, TEXT, NAME, BAD, GOOD, 10),
    C(setxattr, TEXT, BAD, NAME, GOOD, 1, 0),
    C(listxattr, TEXT, BAD, GOOD, 10),
    C(removexattr, TEXT, NAME, BAD),
    C(mount, TEXT, 0, BAD, 0, 0, 0),
    C(mount, TEXT, 0, NAME, BAD, 0, 0),
    C(umount2, TEXT, BAD, 0),
    C(socketpair, OUT, 1, 1, 0, BAD),
    C(ioctl, OUT, PIPE_OUT, 0x541b /* FIONREAD */, BAD),
    C(wait4, OUT, -1, BAD, WNOHANG, 0),
};

static int file, pipes[2], directory;
static char *good, *bads[6];
static const char *const kinds[] = {
    "unmapped", "no rights", "kernel half", "beyond 48 bits", "the last byte before nothing",
    "read-only"};
static const char path[] = "/tmp/hostile";

static long value(long argument, long bad)
{
    switch (argument) {
    case BAD:
        return bad;
    case FILE_:
        return file;
    case PIPE_OUT:
        return pipes[0];
    case PIPE_IN:
        return pipes[1];
    case DIRECTORY:
        return directory;
    case GOOD:
        return (long)good;
    case NAME:
        return (long)path;
    default:
        return argument;
    }
}

static int prepare(void)
{
    file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    directory = open("/tmp", O_RDONLY | O_DIRECTORY);
    good = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *none = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *last = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *constant = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (file < 0 || directory < 0 || pipe(pipes) || good == MAP_FAILED || none == MAP_FAILED ||
        last == MAP_FAILED || constant == MAP_FAILED || write(file, kinds, sizeof kinds) < 0)
        return -1;
    mprotect(last + PAGE, PAGE, PROT_NONE); /* and nothing else comes there */
    last[PAGE - 1] = 'x';                   /* a string without end, a structure cut off */
    bads[0] = (char *)0x330000000000;
    bads[1] = none;
    bads[2] = (char *)0xffff800000000000;
    bads[3] = (char *)0x0123000000000000;
    bads[4] = last + PAGE - 1;
    bads[5] = constant;
    return 0;
}

/* One byte is enough for some calls; what is read-only can be read. */
static int applies(const struct doubt *doubt, unsigned kind)
{
    return kind != 5 || doubt->direction == OUT;
}

/* In a child: a wait4 that succeeds, an execve that does not fail, do no harm there. */
static int try(const struct doubt *doubt, unsigned kind)
{
    long a[6];
    for (int i = 0; i < 6; i++)
        a[i] = value(doubt->arguments[i], (long)bads[kind]);
    lseek(file, 0, SEEK_SET);
    *bads[4] = 'x'; /* what was written before the bad byte was met may be anything */
    long result = syscall(doubt->number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (result == -1 && errno == EFAULT)
        return 0;
    /* These answer before they look, or look only when there is something to tell. */
    if (result == -1 && (errno == ECHILD || errno == EBADF) &&
        (doubt->number == SYS_wait4 || doubt->number == SYS_waitid ||
         doubt->number == SYS_epoll_ctl))
        return 0;
    /* Bytes moved before the bad one count; one byte is all that mincore writes for a page; a futex
     * must be aligned first. */
    if (kind == 4 && ((result > 0 && doubt->number != SYS_execve) ||
                      (result == 0 && doubt->number == SYS_mincore) ||
                      (result == -1 && errno == EINVAL && doubt->number == SYS_futex)))
        return 0;
    printf("hostile: %s with %s memory: %ld %s, Linux says EFAULT\n", doubt->name, kinds[kind],
           result, result < 0 ? strerror(errno) : "");
    return 1;
}

int pointers(void)
{
    unsigned tried = 0, wrong = 0;
    if (prepare()) {
        perror("hostile: prepare");
        return 2;
    }
    for (unsigned i = 0; i < sizeof doubts / sizeof doubts[0]; i++)
        for (unsigned kind = 0; kind < 6; kind++)
            if (applies(&doubts[i], kind)) {
                tried++;
                wrong += (unsigned)try(&doubts[i], kind);
            }
    unlink(path);
    printf("hostile: %u bad pointers to %zu calls, %u answers not Linux's\n", tried,
           sizeof doubts / sizeof doubts[0], wrong);
    return wrong != 0;
}
