/*
 * between: files between processes: pipes, fifos, locks and what waits for them; poll, select,
 * epoll and eventfd. Compares with Linux's answers and runs there unchanged.
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static void pause_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static long now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Waits for a child: its exit status, or minus its signal. */
static int status_of(pid_t child)
{
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        return 1000;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static unsigned char block[1 << 20], other[1 << 20];

static void fill(unsigned seed)
{
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
}

/* ---- Pipes ---- */

static void much_through_a_pipe(void)
{
    int ends[2];
    fill(3);
    EXPECT(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        long done = 0, got;
        while (done < (long)sizeof block &&
               (got = write(ends[1], block + done, sizeof block - done)) > 0)
            done += got;
        _exit(done != sizeof block);
    }
    EXPECT(close(ends[1]), 0);
    long done = 0, got;
    for (long size = 1; (got = read(ends[0], other + done, size)) > 0; size = size * 7 % 100003)
        done += got;
    EXPECT(got, 0);
    EXPECT(done, sizeof block);
    EXPECT(memcmp(block, other, sizeof block), 0);
    EXPECT(status_of(child), 0);
    EXPECT(close(ends[0]), 0);
}

/* Four writers of records, each of which must arrive in one piece. */
static void whole_records(void)
{
    enum { WRITERS = 4, RECORDS = 100, LENGTH = 3000 };
    int ends[2], counts[WRITERS] = {0}, broken = 0;
    static unsigned char record[LENGTH];
    EXPECT(pipe(ends), 0);
    for (int i = 0; i < WRITERS; i++)
        if (fork() == 0) {
            memset(record, 'a' + i, LENGTH);
            for (int n = 0; n < RECORDS; n++)
                if (write(ends[1], record, LENGTH) != LENGTH)
                    _exit(1);
            _exit(0);
        }
    close(ends[1]);
    for (;;) {
        long have = 0, got;
        while (have < LENGTH && (got = read(ends[0], record + have, LENGTH - have)) > 0)
            have += got;
        if (have == 0)
            break;
        for (int i = 1; i < LENGTH; i++)
            broken += record[i] != record[0];
        counts[(record[0] - 'a') & 3]++;
    }
    for (int i = 0; i < WRITERS; i++) {
        int status;
        EXPECT(counts[i], RECORDS);
        EXPECT_TRUE(wait(&status) > 0 && status == 0);
    }
    EXPECT(broken, 0);
    close(ends[0]);
}

static volatile int alarms;

static void on_signal(int number)
{
    alarms += number == SIGUSR1 || number == SIGPIPE;
}

static pid_t signal_parent_in(long ms)
{
    pid_t child = fork();
    if (child == 0) {
        pause_ms(ms);
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    return child;
}

static void interrupted(void)
{
    int ends[2];
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    EXPECT(pipe(ends), 0);
    alarms = 0;
    pid_t child = signal_parent_in(20);
    EXPECT(CALL(SYS_read, ends[0], other, 10), -EINTR);
    EXPECT(alarms, 1);
    EXPECT(status_of(child), 0);
    /* Bytes that have gone count more than the signal. */
    child = signal_parent_in(20);
    EXPECT(write(ends[1], block, 100000), 65536);
    EXPECT(status_of(child), 0);
    EXPECT(read(ends[0], other, 65536), 65536);
    /* SA_RESTART: the call goes on. */
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, NULL);
    child = signal_parent_in(20);
    pid_t writer = fork();
    if (writer == 0) {
        pause_ms(60);
        _exit(write(ends[1], "after", 5) != 5);
    }
    EXPECT(read(ends[0], other, 10), 5);
    EXPECT(alarms, 3);
    EXPECT(status_of(child) + status_of(writer), 0);
    /* Nobody reads: SIGPIPE, EPIPE. */
    action.sa_handler = on_signal;
    sigaction(SIGPIPE, &action, NULL);
    EXPECT(close(ends[0]), 0);
    EXPECT(CALL(SYS_write, ends[1], "x", 1), -EPIPE);
    EXPECT(alarms, 4);
    signal(SIGPIPE, SIG_IGN);
    EXPECT(CALL(SYS_write, ends[1], "x", 1), -EPIPE);
    signal(SIGPIPE, SIG_DFL);
    child = fork();
    if (child == 0) {
        if (write(ends[1], block, 100000) == -1)
            _exit(1);
        _exit(0);
    }
    EXPECT(status_of(child), -SIGPIPE);
    EXPECT(close(ends[1]), 0);
}

static void fifo(void)
{
    unlink("/tmp/between-fifo");
    EXPECT(mkfifo("/tmp/between-fifo", 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = open("/tmp/between-fifo", O_WRONLY);
        pause_ms(20);
        _exit(write(fd, "one", 3) != 3);
    }
    int fd = open("/tmp/between-fifo", O_RDONLY);
    EXPECT(read(fd, other, 10), 3);
    EXPECT(read(fd, other, 10), 0);
    EXPECT(status_of(child), 0);
    EXPECT(close(fd), 0);
    /* A writer that is gone before its reader looks again. */
    child = fork();
    if (child == 0) {
        pause_ms(20);
        int writer = open("/tmp/between-fifo", O_WRONLY);
        _exit(write(writer, "two", 3) != 3);
    }
    fd = open("/tmp/between-fifo", O_RDONLY);
    EXPECT(read(fd, other, 10), 3);
    EXPECT(status_of(child), 0);
    EXPECT(close(fd), 0);
    /* A signal ends the wait for the other side. */
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    child = signal_parent_in(20);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "/tmp/between-fifo", O_RDONLY), -EINTR);
    EXPECT(status_of(child), 0);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "/tmp/between-fifo", O_WRONLY | O_NONBLOCK), -ENXIO);
    EXPECT(unlink("/tmp/between-fifo"), 0);
}

/* ---- Descriptors and offsets shared by fork ---- */

static void sharing(void)
{
    int fd = open("/tmp/between", O_CREAT | O_RDWR | O_TRUNC, 0600);
    EXPECT(write(fd, "0123456789", 10), 10);
    EXPECT(lseek(fd, 0, SEEK_SET), 0);
    pid_t child = fork();
    if (child == 0) {
        char text[4];
        close(0);
        _exit(read(fd, text, 4) != 4 || chdir("/tmp") != 0 || umask(0) != 022);
    }
    EXPECT(status_of(child), 0);
    EXPECT(lseek(fd, 0, SEEK_CUR), 4);
    EXPECT(fcntl(0, F_GETFD) >= 0, 1);
    char place[64];
    EXPECT_TRUE(strcmp(getcwd(place, sizeof place), "/tmp") != 0);
    EXPECT(umask(022), 022);
    EXPECT(close(fd), 0);
    EXPECT(unlink("/tmp/between"), 0);
}

/* ---- Locks ---- */

static long lock(int fd, int command, int type, long start, long length)
{
    struct flock range = {.l_type = (short)type, .l_start = start, .l_len = length};
    long result = CALL(SYS_fcntl, fd, command, &range);
    return result || command != F_GETLK ? result : range.l_type == F_UNLCK ? 0 : range.l_pid;
}

static void locking(void)
{
    int fd = open("/tmp/between-locks", O_CREAT | O_RDWR, 0600), ready[2];
    EXPECT(pipe(ready), 0);
    EXPECT(lock(fd, F_SETLK, F_WRLCK, 0, 10), 0);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        int bad = lock(fd, F_GETLK, F_WRLCK, 5, 1) != parent;
        bad |= lock(fd, F_SETLK, F_WRLCK, 5, 1) != -EAGAIN;
        bad |= lock(fd, F_SETLK, F_WRLCK, 20, 1) != 0;
        bad |= write(ready[1], "x", 1) != 1;
        bad |= lock(fd, F_SETLKW, F_WRLCK, 5, 1) != 0; /* until the parent lets go */
        _exit(bad);
    }
    EXPECT(read(ready[0], other, 1), 1);
    pause_ms(20);
    EXPECT(lock(fd, F_SETLKW, F_WRLCK, 20, 1), -EDEADLK);
    EXPECT(lock(fd, F_SETLK, F_UNLCK, 0, 0), 0);
    EXPECT(status_of(child), 0);
    EXPECT(lock(fd, F_SETLK, F_WRLCK, 0, 100), 0); /* the child's ended with it */
    /* Closing any descriptor of the file lets go. */
    EXPECT(close(dup(fd)), 0);
    child = fork();
    if (child == 0)
        _exit(lock(fd, F_SETLK, F_WRLCK, 0, 0) != 0);
    EXPECT(status_of(child), 0);
    /* flock belongs to the open file: the child holds it, too, until both close. */
    EXPECT(flock(fd, LOCK_EX), 0);
    child = fork();
    if (child == 0) {
        pause_ms(30);
        _exit(flock(fd, LOCK_UN));
    }
    int second = open("/tmp/between-locks", O_RDWR);
    EXPECT(CALL(SYS_flock, second, LOCK_EX | LOCK_NB), -EAGAIN);
    EXPECT(flock(second, LOCK_EX), 0);
    EXPECT(status_of(child), 0);
    EXPECT(close(second) + close(fd) + close(ready[0]) + close(ready[1]), 0);
    EXPECT(unlink("/tmp/between-locks"), 0);
}

/* ---- poll and select ---- */

static long poll_one(int fd, int events, int ms)
{
    struct pollfd one = {fd, (short)events, -1};
    long count = poll(&one, 1, ms);
    return count < 0 ? -errno : count == 0 ? 0 : one.revents;
}

static void polling(void)
{
    int ends[2];
    EXPECT(pipe(ends), 0);
    EXPECT(poll_one(ends[0], POLLIN, 0), 0);
    long before = now_ms();
    EXPECT(poll_one(ends[0], POLLIN, 30), 0);
    EXPECT_TRUE(now_ms() - before >= 29);
    EXPECT(poll_one(ends[1], POLLIN | POLLOUT, -1), POLLOUT);
    EXPECT(poll_one(99, POLLIN, -1), POLLNVAL);
    EXPECT(poll_one(-5, POLLIN, 10), 0);
    pid_t child = fork();
    if (child == 0) {
        pause_ms(20);
        _exit(write(ends[1], "x", 1) != 1);
    }
    EXPECT(poll_one(ends[0], POLLIN, -1), POLLIN);
    EXPECT(status_of(child), 0);
    fd_set in, out;
    struct timeval none = {0, 0};
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(ends[0], &in);
    FD_SET(0, &out);
    FD_SET(ends[1], &out);
    EXPECT(select(ends[1] + 1, &in, &out, NULL, &none), 3);
    EXPECT_TRUE(FD_ISSET(ends[0], &in) && FD_ISSET(ends[1], &out));
    EXPECT(read(ends[0], other, 1), 1);
    FD_ZERO(&in);
    FD_SET(ends[0], &in);
    struct timespec some = {0, 20000000};
    EXPECT(CALL(SYS_pselect6, ends[1] + 1, &in, NULL, NULL, &some, NULL), 0);
    EXPECT(FD_ISSET(ends[0], &in), 0);
    EXPECT(some.tv_sec + some.tv_nsec, 0);
    FD_SET(40, &in);
    EXPECT(CALL(SYS_pselect6, 60, &in, NULL, NULL, NULL, NULL), -EBADF);
    EXPECT(CALL(SYS_pselect6, -1, NULL, NULL, NULL, NULL, NULL), -EINVAL);
    EXPECT(CALL(SYS_pselect6, 5, BAD_POINTER, NULL, NULL, NULL, NULL), -EFAULT);
    EXPECT(CALL(SYS_ppoll, BAD_POINTER, 1, NULL, NULL, 8), -EFAULT);
    EXPECT(CALL(SYS_ppoll, NULL, 10000000, NULL, NULL, 8), -EINVAL);
    struct timespec bad = {0, 1000000000};
    EXPECT(CALL(SYS_ppoll, NULL, 0, &bad, NULL, 8), -EINVAL);
    /* A mask for as long as the call waits. */
    sigset_t usr1, nothing;
    sigemptyset(&nothing);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    alarms = 0;
    kill(getpid(), SIGUSR1);
    struct timespec long_time = {5, 0};
    EXPECT(ppoll(NULL, 0, &(struct timespec){0, 1000000}, NULL), 0);
    EXPECT(alarms, 0);
    EXPECT(ppoll(NULL, 0, &long_time, &nothing) == -1 ? errno : 0, EINTR);
    EXPECT(alarms, 1);
    sigprocmask(SIG_UNBLOCK, &usr1, NULL);
    EXPECT(close(ends[1]), 0);
    EXPECT(poll_one(ends[0], POLLIN, -1), POLLHUP);
    EXPECT(close(ends[0]), 0);
    int file = open("/proc/self/exe", O_RDONLY);
    EXPECT(poll_one(file, POLLIN | POLLOUT, -1), POLLIN | POLLOUT);
    EXPECT(close(file), 0);
}

/* ---- epoll and eventfd ---- */

static void events(void)
{
    uint64_t value = 0;
    int fd = eventfd(3, EFD_NONBLOCK);
    EXPECT(poll_one(fd, POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
    EXPECT(read(fd, &value, 8), 8);
    EXPECT(value, 3);
    EXPECT(CALL(SYS_read, fd, &value, 8), -EAGAIN);
    EXPECT(CALL(SYS_read, fd, &value, 4), -EINVAL);
    value = UINT64_MAX;
    EXPECT(CALL(SYS_write, fd, &value, 8), -EINVAL);
    value = UINT64_MAX - 1;
    EXPECT(write(fd, &value, 8), 8);
    value = 1;
    EXPECT(CALL(SYS_write, fd, &value, 8), -EAGAIN);
    EXPECT(poll_one(fd, POLLIN | POLLOUT, 0), POLLIN);
    EXPECT(close(fd), 0);
    fd = eventfd(2, EFD_SEMAPHORE);
    EXPECT(read(fd, &value, 8), 8);
    EXPECT(value, 1);
    EXPECT(read(fd, &value, 8), 8);
    pid_t child = fork();
    if (child == 0) {
        pause_ms(20);
        value = 1;
        _exit(write(fd, &value, 8) != 8);
    }
    EXPECT(read(fd, &value, 8), 8);
    EXPECT(status_of(child), 0);
    EXPECT(CALL(SYS_eventfd2, 0, 0x10), -EINVAL);
    EXPECT(close(fd), 0);
}

static long control(int epoll, int operation, int fd, unsigned wanted)
{
    struct epoll_event event = {.events = wanted, .data.fd = fd};
    return CALL(SYS_epoll_ctl, epoll, operation, fd, &event);
}

/* The events of the first that is ready, or 0, or an error. */
static long wait_one(int epoll, int ms)
{
    struct epoll_event event[4];
    long count = CALL(SYS_epoll_pwait, epoll, event, 4, ms, NULL, 8);
    return count <= 0 ? count : (long)event[0].events;
}

static void epolls(void)
{
    int ends[2], epoll = epoll_create1(EPOLL_CLOEXEC);
    EXPECT(pipe2(ends, O_NONBLOCK), 0);
    EXPECT(control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN), 0);
    EXPECT(control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN), -EEXIST);
    EXPECT(control(epoll, EPOLL_CTL_MOD, ends[1], EPOLLIN), -ENOENT);
    EXPECT(control(epoll, EPOLL_CTL_DEL, ends[1], 0), -ENOENT);
    EXPECT(control(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN), -EINVAL);
    EXPECT(control(epoll, EPOLL_CTL_ADD, 99, EPOLLIN), -EBADF);
    EXPECT(control(epoll, 9, ends[0], EPOLLIN), -EINVAL);
    EXPECT(CALL(SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, ends[0], BAD_POINTER), -EFAULT);
    int file = open("/proc/self/exe", O_RDONLY);
    EXPECT(control(epoll, EPOLL_CTL_ADD, file, EPOLLIN), -EPERM);
    EXPECT(close(file), 0);
    EXPECT(wait_one(epoll, 0), 0);
    EXPECT(CALL(SYS_epoll_pwait, epoll, other, 0, 0, NULL, 8), -EINVAL);
    EXPECT(CALL(SYS_epoll_pwait, ends[0], other, 1, 0, NULL, 8), -EINVAL);
    /* Level: as long as it is so. */
    EXPECT(write(ends[1], "ab", 2), 2);
    EXPECT(wait_one(epoll, -1), EPOLLIN);
    EXPECT(wait_one(epoll, -1), EPOLLIN);
    EXPECT(poll_one(epoll, POLLIN, 0), POLLIN);
    EXPECT(CALL(SYS_epoll_pwait, epoll, BAD_POINTER, 1, 0, NULL, 8), -EFAULT);
    EXPECT(read(ends[0], other, 2), 2);
    EXPECT(wait_one(epoll, 0), 0);
    EXPECT(poll_one(epoll, POLLIN, 0), 0);
    /* Edge: once for each change. */
    EXPECT(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET), 0);
    EXPECT(write(ends[1], "a", 1), 1);
    EXPECT(wait_one(epoll, -1), EPOLLIN);
    EXPECT(wait_one(epoll, 0), 0);
    EXPECT(write(ends[1], "b", 1), 1);
    EXPECT(wait_one(epoll, -1), EPOLLIN);
    EXPECT(read(ends[0], other, 2), 2);
    /* One shot, then silence until it is armed again. */
    EXPECT(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT), 0);
    EXPECT(write(ends[1], "a", 1), 1);
    EXPECT(wait_one(epoll, -1), EPOLLIN);
    EXPECT(write(ends[1], "b", 1), 1);
    EXPECT(wait_one(epoll, 0), 0);
    EXPECT(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT), 0);
    EXPECT(wait_one(epoll, -1), EPOLLIN);
    EXPECT(read(ends[0], other, 2), 2);
    EXPECT(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN), 0);
    pid_t child = fork();
    if (child == 0) {
        pause_ms(20);
        _exit(write(ends[1], "x", 1) != 1);
    }
    EXPECT(wait_one(epoll, 5000), EPOLLIN);
    EXPECT(status_of(child), 0);
    EXPECT(read(ends[0], other, 2), 1);
    EXPECT(wait_one(epoll, 20), 0);
    /* An epoll that watches an epoll; not in a circle. */
    int outer = epoll_create1(0);
    EXPECT(control(outer, EPOLL_CTL_ADD, epoll, EPOLLIN), 0);
    EXPECT(control(epoll, EPOLL_CTL_ADD, outer, EPOLLIN), -ELOOP);
    EXPECT(write(ends[1], "x", 1), 1);
    EXPECT(wait_one(outer, -1), EPOLLIN);
    EXPECT(close(ends[1]), 0);
    EXPECT(wait_one(epoll, -1), EPOLLIN | EPOLLHUP);
    EXPECT(close(ends[0]), 0); /* and is watched no more */
    EXPECT(wait_one(epoll, 0), 0);
    EXPECT(close(epoll) + close(outer), 0);
}

int main(void)
{
    much_through_a_pipe();
    whole_records();
    interrupted();
    fifo();
    sharing();
    locking();
    polling();
    events();
    epolls();
    return checks_end("between");
}
