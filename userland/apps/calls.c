/*
 * calls: makes the system calls of tier T1 and their neighbours, right and wrong, and
 * compares what comes back with what Linux says. One line for each difference, then
 * one line of totals; status 0 when there was none. Runs on Linux unchanged.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PAGE        4096L
#define BAD_POINTER ((void *)0x330000000000L) /* nobody mapped it */

static int passed, failed;

static void expect(const char *what, long got, long want)
{
    if (got == want) {
        passed++;
        return;
    }
    failed++;
    printf("calls: %s: got %ld (%#lx), Linux says %ld\n", what, got, got, want);
}

static void expect_true(const char *what, int truth)
{
    expect(what, truth != 0, 1);
}

/* The raw call: a result, or a negated errno, as it crosses the boundary. */
#define CALL(...)                                                                                  \
    ({                                                                                             \
        long result_ = syscall(__VA_ARGS__);                                                       \
        result_ == -1 ? -(long)errno : result_;                                                    \
    })

static void identity(void)
{
    expect("getpid = gettid", CALL(SYS_getpid), CALL(SYS_gettid));
    expect_true("getpid positive", CALL(SYS_getpid) > 0);
    expect("getuid = geteuid", CALL(SYS_getuid), CALL(SYS_geteuid));
    expect("getgid = getegid", CALL(SYS_getgid), CALL(SYS_getegid));
    expect_true("getppid", CALL(SYS_getppid) >= 0);
    static int tid;
    expect("set_tid_address", CALL(SYS_set_tid_address, &tid), CALL(SYS_gettid));
    expect("set_robust_list", CALL(SYS_set_robust_list, &tid, 24), 0);
    expect("set_robust_list size", CALL(SYS_set_robust_list, &tid, 8), -EINVAL);
    struct utsname name;
    expect("uname", CALL(SYS_uname, &name), 0);
    expect("uname machine", strcmp(name.machine, "aarch64"), 0);
    expect("uname fault", CALL(SYS_uname, BAD_POINTER), -EFAULT);
    expect("no such call", CALL(2000), -ENOSYS);
    expect("negative call", CALL(-5), -ENOSYS);
}

static void output(void)
{
    char text[] = "calls: written in two parts";
    struct iovec parts[3] = {{text, 16}, {NULL, 0}, {text + 16, sizeof text - 17}};
    expect("writev", CALL(SYS_writev, 1, parts, 3), sizeof text - 1);
    expect("write", CALL(SYS_write, 1, "\n", 1), 1);
    expect("write nothing", CALL(SYS_write, 1, "", 0), 0);
    expect("write fault", CALL(SYS_write, 1, BAD_POINTER, 4), -EFAULT);
    expect("write bad descriptor", CALL(SYS_write, 77, "x", 1), -EBADF);
    expect("writev bad descriptor", CALL(SYS_writev, 77, parts, 3), -EBADF);
    expect("writev none", CALL(SYS_writev, 1, parts, 0), 0);
    expect("writev too many", CALL(SYS_writev, 1, parts, 2000), -EINVAL);
    expect("writev fault", CALL(SYS_writev, 1, BAD_POINTER, 1), -EFAULT);
    struct iovec negative = {text, (size_t)-1};
    expect("writev negative length", CALL(SYS_writev, 1, &negative, 1), -EINVAL);
    struct winsize size;
    long answer = CALL(SYS_ioctl, 1, TIOCGWINSZ, &size);
    expect_true("ioctl TIOCGWINSZ", answer == 0 || answer == -ENOTTY);
    expect("ioctl bad descriptor", CALL(SYS_ioctl, 77, TIOCGWINSZ, &size), -EBADF);
}

/* The program reads its own file: the one that surely exists. */
static void files(const char *self)
{
    char magic[4], start[4];
    struct stat status, other;
    long fd = CALL(SYS_openat, AT_FDCWD, self, O_RDONLY, 0);
    expect_true("openat self", fd >= 3);
    expect("read", CALL(SYS_read, fd, magic, 4), 4);
    expect("read contents", memcmp(magic, "\177ELF", 4), 0);
    expect("lseek current", CALL(SYS_lseek, fd, 0, SEEK_CUR), 4);
    expect("pread", CALL(SYS_pread64, fd, start, 4, 0), 4);
    expect("pread contents", memcmp(start, magic, 4), 0);
    expect("pread negative", CALL(SYS_pread64, fd, start, 4, -1L), -EINVAL);
    expect("fstat", CALL(SYS_fstat, fd, &status), 0);
    expect_true("fstat regular", S_ISREG(status.st_mode) && status.st_size > 1000);
    expect("newfstatat", CALL(SYS_newfstatat, AT_FDCWD, self, &other, 0), 0);
    expect_true("same inode", other.st_ino == status.st_ino && other.st_size == status.st_size);
    expect("lseek end", CALL(SYS_lseek, fd, 0, SEEK_END), status.st_size);
    expect("read at end", CALL(SYS_read, fd, magic, 4), 0);
    expect("lseek before start", CALL(SYS_lseek, fd, -1L, SEEK_SET), -EINVAL);
    expect("lseek whence", CALL(SYS_lseek, fd, 0, 9), -EINVAL);
    expect("read fault", CALL(SYS_pread64, fd, BAD_POINTER, 4, 0), -EFAULT);
    expect("write to a reader", CALL(SYS_write, fd, "x", 1), -EBADF);
    expect("ioctl on a file", CALL(SYS_ioctl, fd, TCGETS, magic), -ENOTTY);
    long second = CALL(SYS_dup, fd);
    expect_true("dup", second > fd);
    CALL(SYS_lseek, fd, 100, SEEK_SET);
    expect("dup shares the offset", CALL(SYS_lseek, second, 0, SEEK_CUR), 100);
    expect("F_GETFD", CALL(SYS_fcntl, fd, F_GETFD), 0);
    expect("F_SETFD", CALL(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC), 0);
    expect("F_GETFD set", CALL(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
    expect("F_GETFD of the other", CALL(SYS_fcntl, second, F_GETFD), 0);
    expect("F_DUPFD", CALL(SYS_fcntl, fd, F_DUPFD, 100), 100);
    expect("close", CALL(SYS_close, 100), 0);
    expect("close again", CALL(SYS_close, 100), -EBADF);
    expect("close second", CALL(SYS_close, second), 0);
    expect("openat missing", CALL(SYS_openat, AT_FDCWD, "/no/such/file", O_RDONLY, 0), -ENOENT);
    expect("openat fault", CALL(SYS_openat, AT_FDCWD, BAD_POINTER, O_RDONLY, 0), -EFAULT);
    expect("faccessat", CALL(SYS_faccessat, AT_FDCWD, self, R_OK), 0);
    expect("faccessat missing", CALL(SYS_faccessat, AT_FDCWD, "/no/such", R_OK), -ENOENT);
    expect("stat of empty", CALL(SYS_newfstatat, AT_FDCWD, "", &other, 0), -ENOENT);
    expect("stat descriptor", CALL(SYS_newfstatat, fd, "", &other, AT_EMPTY_PATH), 0);
    long directory = CALL(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
    expect_true("openat /", directory >= 3);
    expect("read directory", CALL(SYS_read, directory, magic, 4), -EISDIR);
    expect("close directory", CALL(SYS_close, directory), 0);
    char path[256];
    expect("getcwd", CALL(SYS_getcwd, path, sizeof path) > 0 && path[0] == '/', 1);
    expect("getcwd short", CALL(SYS_getcwd, path, 1), -ERANGE);
    char *copy = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, (int)fd, 0);
    expect_true("mmap file", copy != MAP_FAILED);
    if (copy != MAP_FAILED) {
        expect("mapped contents", memcmp(copy, "\177ELF", 4), 0);
        copy[0] = 'x';
        expect("private copy", CALL(SYS_pread64, fd, start, 1, 0) == 1 && start[0] == 0x7f, 1);
        munmap(copy, PAGE);
    }
    long last = status.st_size & ~(PAGE - 1);
    char *tail = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, (int)fd, last);
    int zeros = 1;
    for (long i = status.st_size - last; tail != MAP_FAILED && i < PAGE; i++)
        zeros &= tail[i] == 0;
    expect_true("zeros after the end of file", tail != MAP_FAILED && zeros);
    expect("close file", CALL(SYS_close, fd), 0);
}

static void memory(void)
{
    long start = CALL(SYS_brk, 0);
    expect_true("brk 0", start > 0);
    expect("brk up", CALL(SYS_brk, start + 3 * PAGE), start + 3 * PAGE);
    ((volatile char *)start)[3 * PAGE - 1] = 7;
    expect("brk down", CALL(SYS_brk, start), start);
    expect("brk up again", CALL(SYS_brk, start + 3 * PAGE), start + 3 * PAGE);
    expect("brk memory is new", ((volatile char *)start)[3 * PAGE - 1], 0);
    expect("brk absurd", CALL(SYS_brk, -1L), start + 3 * PAGE);
    expect("brk back", CALL(SYS_brk, start), start);

    int anonymous = MAP_PRIVATE | MAP_ANONYMOUS, rw = PROT_READ | PROT_WRITE;
    long block = CALL(SYS_mmap, 0, 8 * PAGE, rw, anonymous, -1, 0);
    expect_true("mmap", block > 0 && block % PAGE == 0);
    expect("mmap zeroed", *(volatile long *)block, 0);
    *(volatile long *)block = 1;
    expect("mmap nothing", CALL(SYS_mmap, 0, 0, rw, anonymous, -1, 0), -EINVAL);
    expect("mmap no type", CALL(SYS_mmap, 0, PAGE, rw, MAP_ANONYMOUS, -1, 0), -EINVAL);
    expect("mmap bad descriptor", CALL(SYS_mmap, 0, PAGE, rw, MAP_PRIVATE, 77, 0), -EBADF);
    expect("mmap absurd", CALL(SYS_mmap, 0, 1L << 62, rw, anonymous, -1, 0), -ENOMEM);
    expect("mmap fixed over", CALL(SYS_mmap, block, PAGE, rw, anonymous | MAP_FIXED, -1, 0), block);
    expect("fixed is new", *(volatile long *)block, 0);
    expect("fixed misaligned", CALL(SYS_mmap, block + 1, PAGE, rw, anonymous | MAP_FIXED, -1, 0),
           -EINVAL);
    expect("noreplace", CALL(SYS_mmap, block, PAGE, rw, anonymous | 0x100000, -1, 0), -EEXIST);
    expect_true("hint in use", CALL(SYS_mmap, block, PAGE, rw, anonymous, -1, 0) != block);
    expect("munmap middle", CALL(SYS_munmap, block + 2 * PAGE, PAGE), 0);
    expect("hint free", CALL(SYS_mmap, block + 2 * PAGE, PAGE, rw, anonymous, -1, 0),
           block + 2 * PAGE);
    expect("munmap misaligned", CALL(SYS_munmap, block + 1, PAGE), -EINVAL);
    expect("munmap nothing", CALL(SYS_munmap, block, 0), -EINVAL);
    expect("mprotect", CALL(SYS_mprotect, block + PAGE, 2 * PAGE, PROT_READ), 0);
    expect("mprotect back", CALL(SYS_mprotect, block + PAGE, 2 * PAGE, rw), 0);
    expect("mprotect misaligned", CALL(SYS_mprotect, block + 1, PAGE, rw), -EINVAL);
    expect("mprotect bits", CALL(SYS_mprotect, block, PAGE, 0x100), -EINVAL);
    expect("mprotect nothing", CALL(SYS_mprotect, block, 0, rw), 0);
    *(volatile long *)(block + PAGE) = 5;
    expect("MADV_DONTNEED", CALL(SYS_madvise, block + PAGE, PAGE, MADV_DONTNEED), 0);
    expect("dontneed is new", *(volatile long *)(block + PAGE), 0);
    expect("munmap", CALL(SYS_munmap, block, 8 * PAGE), 0);
    expect("munmap hole", CALL(SYS_munmap, block, 8 * PAGE), 0);
    expect("mprotect hole", CALL(SYS_mprotect, block, PAGE, rw), -ENOMEM);
    expect("madvise hole", CALL(SYS_madvise, block, PAGE, MADV_DONTNEED), -ENOMEM);
    long none = CALL(SYS_mmap, 0, 64 * PAGE, PROT_NONE, anonymous | MAP_NORESERVE, -1, 0);
    expect("thread stack pattern", CALL(SYS_mprotect, none + PAGE, 63 * PAGE, rw), 0);
    ((volatile char *)none)[64 * PAGE - 1] = 1;
    expect("munmap reservation", CALL(SYS_munmap, none, 64 * PAGE), 0);
    long filled = CALL(SYS_mmap, 0, 16 * PAGE, rw, anonymous | MAP_POPULATE, -1, 0);
    expect_true("populate", filled > 0);
    struct rusage before, after;
    CALL(SYS_getrusage, RUSAGE_SELF, &before);
    CALL(SYS_getrusage, RUSAGE_SELF, &after);
    CALL(SYS_getrusage, RUSAGE_SELF, &before);
    for (int i = 0; i < 16; i++)
        ((volatile char *)filled)[i * PAGE] = 1;
    CALL(SYS_getrusage, RUSAGE_SELF, &after);
    expect("populated pages do not fault", after.ru_minflt - before.ru_minflt, 0);
    expect("munmap populated", CALL(SYS_munmap, filled, 16 * PAGE), 0);
}

static void limits_and_time(void)
{
    struct rlimit limit = {0, 0};
    expect("prlimit64", CALL(SYS_prlimit64, 0, RLIMIT_STACK, NULL, &limit), 0);
    expect("stack limit", (long)limit.rlim_cur, 8L << 20);
    expect("prlimit64 resource", CALL(SYS_prlimit64, 0, 99, NULL, &limit), -EINVAL);
    expect("prlimit64 fault", CALL(SYS_prlimit64, 0, RLIMIT_STACK, NULL, BAD_POINTER), -EFAULT);
    struct rusage usage;
    expect("getrusage", CALL(SYS_getrusage, RUSAGE_SELF, &usage), 0);
    expect_true("minor faults", usage.ru_minflt > 0);
    expect("getrusage who", CALL(SYS_getrusage, 7, &usage), -EINVAL);
    expect("getrusage fault", CALL(SYS_getrusage, 0, BAD_POINTER), -EFAULT);
    unsigned char first[16], second[16];
    expect("getrandom", CALL(SYS_getrandom, first, 16, 0), 16);
    expect("getrandom again", CALL(SYS_getrandom, second, 16, 0), 16);
    expect_true("random differs", memcmp(first, second, 16) != 0);
    expect("getrandom flags", CALL(SYS_getrandom, first, 16, 0x80), -EINVAL);
    expect("getrandom fault", CALL(SYS_getrandom, BAD_POINTER, 16, 0), -EFAULT);
    struct timespec now, later;
    expect("clock_gettime", CALL(SYS_clock_gettime, CLOCK_MONOTONIC, &now), 0);
    struct timespec wait = {0, 2000000};
    expect("clock_nanosleep", CALL(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &wait, NULL), 0);
    expect("clock_gettime later", CALL(SYS_clock_gettime, CLOCK_MONOTONIC, &later), 0);
    long passed_ns = (later.tv_sec - now.tv_sec) * 1000000000L + later.tv_nsec - now.tv_nsec;
    expect_true("slept at least 2 ms", passed_ns >= 2000000);
    wait.tv_nsec = 1000000000;
    expect("nanosleep range", CALL(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &wait, NULL), -EINVAL);
    expect("clock_gettime clock", CALL(SYS_clock_gettime, 77, &now), -EINVAL);
    expect("sched_yield", CALL(SYS_sched_yield), 0);
}

static void signals(void)
{
    uint64_t set = 1UL << (SIGUSR1 - 1), old = 99;
    expect("rt_sigprocmask", CALL(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 8), 0);
    expect("mask was empty", (long)old, 0);
    expect("rt_sigprocmask read", CALL(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &old, 8), 0);
    expect("mask is kept", (long)old, (long)set);
    expect("rt_sigprocmask size", CALL(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 4), -EINVAL);
    expect("rt_sigprocmask how", CALL(SYS_rt_sigprocmask, 9, &set, &old, 8), -EINVAL);
    set = 0;
    expect("unblock", CALL(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8), 0);
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } action = {SIG_IGN, 0, NULL, 0}, previous = {BAD_POINTER, 0, NULL, 0};
    expect("rt_sigaction", CALL(SYS_rt_sigaction, SIGUSR1, &action, &previous, 8), 0);
    expect_true("was default", previous.handler == SIG_DFL);
    expect("rt_sigaction SIGKILL", CALL(SYS_rt_sigaction, SIGKILL, &action, NULL, 8), -EINVAL);
    expect("rt_sigaction 0", CALL(SYS_rt_sigaction, 0, &action, NULL, 8), -EINVAL);
    long pid = CALL(SYS_getpid), tid = CALL(SYS_gettid);
    expect("kill ignored signal", CALL(SYS_kill, pid, SIGUSR1), 0);
    expect("kill 0", CALL(SYS_kill, pid, 0), 0);
    expect("kill nobody", CALL(SYS_kill, 0x3ffffff, 0), -ESRCH);
    expect("kill signal", CALL(SYS_kill, pid, 99), -EINVAL);
    expect("tgkill 0", CALL(SYS_tgkill, pid, tid, 0), 0);
    expect("tgkill nobody", CALL(SYS_tgkill, pid, 0x3ffffff, 0), -ESRCH);
}

int main(int argc, char **argv)
{
    (void)argc;
    setvbuf(stdout, NULL, _IONBF, 0);
    identity();
    output();
    files(argv[0]);
    memory();
    limits_and_time();
    signals();
    printf("calls: %d passed, %d failed\n", passed, failed);
    return failed != 0;
}
