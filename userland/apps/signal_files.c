/*
 * signal_files: signals and files: timerfd, signalfd, reads and polls that a signal ends, compared
 * with what Linux does. Status 0 when there is no difference. Runs on Linux unchanged.
 */
#define _GNU_SOURCE
#include "children.h"
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>

static volatile int alarms;

static void note(int signal)
{
    (void)signal;
    alarms++;
}

static void handle(int flags)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = flags};
    sigaction(SIGALRM, &action, NULL);
    alarms = 0;
}

static void alarm_in(long nanoseconds)
{
    struct itimerval set = {{0, 0}, {nanoseconds / SECOND, nanoseconds % SECOND / 1000}};
    setitimer(ITIMER_REAL, &set, NULL);
}

static struct itimerspec times(long value, long interval)
{
    return (struct itimerspec){{interval / SECOND, interval % SECOND},
                               {value / SECOND, value % SECOND}};
}

/* ---- timerfd ---- */

static void timer_files(void)
{
    uint64_t count = 0;
    struct itimerspec set = times(5 * MS, 0), now_set;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    expect_true("timerfd_create", fd >= 0);
    long begin = now();
    expect("settime", timerfd_settime(fd, 0, &set, NULL), 0);
    expect("read waits", read(fd, &count, 8), 8);
    expect_true("until then", now() - begin >= 5 * MS);
    expect("once", (long)count, 1);
    set = times(2 * MS, 2 * MS);
    timerfd_settime(fd, 0, &set, NULL);
    pass(15 * MS);
    struct pollfd ready = {fd, POLLIN, 0};
    expect("poll", poll(&ready, 1, 0), 1);
    expect("read", read(fd, &count, 8), 8);
    expect_true("missed ones are counted", count >= 6);
    expect("gettime", timerfd_gettime(fd, &now_set), 0);
    expect("interval", now_set.it_interval.tv_nsec, 2 * MS);
    expect_true("the next", now_set.it_value.tv_nsec > 0 && now_set.it_value.tv_nsec <= 2 * MS);
    expect("short read", read(fd, &count, 4) == -1 ? errno : 0, EINVAL);
    set = times(0, 0);
    expect("stop", timerfd_settime(fd, 0, &set, &now_set), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    expect("nothing", read(fd, &count, 8) == -1 ? errno : 0, EAGAIN);
    set.it_value.tv_nsec = SECOND;
    expect("range", timerfd_settime(fd, 0, &set, NULL) ? errno : 0, EINVAL);
    expect("flags", CALL(SYS_timerfd_settime, fd, 8, &now_set, NULL), -EINVAL);
    expect("no timer", CALL(SYS_timerfd_settime, 1, 0, &now_set, NULL), -EINVAL);
    expect("no file", CALL(SYS_timerfd_gettime, 99, &now_set), -EBADF);
    expect("clock", CALL(SYS_timerfd_create, CLOCK_PROCESS_CPUTIME_ID, 0), -EINVAL);
    close(fd);
}

/* TFD_CANCEL_ON_SET: a reader hears that the time of day was set. */
static void set_time_of_day(void)
{
    struct timespec day, wanted;
    struct itimerspec set;
    uint64_t count;
    int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    clock_gettime(CLOCK_REALTIME, &day);
    set = times(0, 0);
    set.it_value.tv_sec = day.tv_sec + 500;
    timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &set, NULL);
    expect("not yet", read(fd, &count, 8) == -1 ? errno : 0, EAGAIN);
    if (geteuid() != 0)
        return;
    wanted = (struct timespec){day.tv_sec + 1000, 0};
    expect("settime", clock_settime(CLOCK_REALTIME, &wanted), 0);
    struct pollfd ready = {fd, POLLIN, 0};
    expect("both", poll(&ready, 1, 1000), 1);
    expect("cancelled", read(fd, &count, 8) == -1 ? errno : 0, ECANCELED);
    expect("and its time has come", read(fd, &count, 8), 8);
    wanted.tv_sec = day.tv_sec + 1;
    clock_settime(CLOCK_REALTIME, &wanted);
    close(fd);
}

/* ---- signalfd ---- */

static void signal_files(void)
{
    sigset_t set;
    struct signalfd_siginfo info[4];
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGRTMIN);
    mask(SIG_BLOCK, BIT(SIGUSR2) | BIT(SIGRTMIN));
    int fd = signalfd(-1, &set, SFD_NONBLOCK), epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 7}, told;
    expect_true("signalfd", fd >= 0);
    expect("nothing", read(fd, info, sizeof info) == -1 ? errno : 0, EAGAIN);
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    expect("epoll: nothing", epoll_wait(epoll, &told, 1, 0), 0);
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 5});
    raise(SIGUSR2);
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 6});
    expect("epoll: ready", epoll_wait(epoll, &told, 1, 1000), 1);
    struct pollfd ready = {fd, POLLIN, 0};
    expect("poll", poll(&ready, 1, 0), 1);
    expect("three", read(fd, info, sizeof info), 3 * sizeof info[0]);
    expect("lowest first", info[0].ssi_signo, SIGUSR2);
    expect("from oneself", info[0].ssi_pid, getpid());
    expect_true("values in order", info[1].ssi_int == 5 && info[2].ssi_int == 6);
    expect("SI_QUEUE", info[1].ssi_code, SI_QUEUE);
    expect("all taken", poll(&ready, 1, 0), 0);
    expect("short", read(fd, info, 100) == -1 ? errno : 0, EINVAL);
    sigemptyset(&set);
    expect("another mask", signalfd(fd, &set, 0), fd);
    raise(SIGUSR2);
    expect("not this one", poll(&ready, 1, 0), 0);
    expect("no signalfd", signalfd(1, &set, 0) == -1 ? errno : 0, EINVAL);
    expect("size", CALL(SYS_signalfd4, -1, &set, 4, 0), -EINVAL);
    close(fd);
    close(epoll);
    expect("still pending", await(BIT(SIGUSR2), NULL), SIGUSR2);
    mask(SIG_UNBLOCK, BIT(SIGUSR2) | BIT(SIGRTMIN));
}

/* ---- What a signal ends ---- */

static pid_t writer_in(int fd, long nanoseconds)
{
    pid_t pid = fork();
    if (pid == 0) {
        pass(nanoseconds);
        if (write(fd, "x", 1) != 1)
            _exit(1);
        _exit(0);
    }
    return pid;
}

static void reads(void)
{
    int ends[2];
    char byte;
    if (pipe(ends))
        return;
    handle(0);
    alarm_in(5 * MS);
    expect("read is ended", read(ends[0], &byte, 1) == -1 ? errno : 0, EINTR);
    handle(SA_RESTART);
    pid_t pid = writer_in(ends[1], 30 * MS);
    alarm_in(5 * MS);
    expect("SA_RESTART", read(ends[0], &byte, 1), 1);
    expect("it ran", alarms, 1);
    status_of(pid, 0);
    signal(SIGALRM, SIG_IGN);
    pid = writer_in(ends[1], 30 * MS);
    alarm_in(5 * MS);
    expect("ignored", read(ends[0], &byte, 1), 1);
    status_of(pid, 0);
    handle(SA_RESTART);
    struct pollfd ready = {ends[0], POLLIN, 0};
    alarm_in(5 * MS);
    expect("poll is never restarted", poll(&ready, 1, 1000) == -1 ? errno : 0, EINTR);
    fd_set set;
    struct timeval limit = {1, 0};
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    alarm_in(5 * MS);
    expect("nor select", select(ends[0] + 1, &set, NULL, NULL, &limit) == -1 ? errno : 0, EINTR);
    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    expect("no reader", write(ends[1], "x", 1) == -1 ? errno : 0, EPIPE);
    close(ends[1]);
    signal(SIGPIPE, SIG_DFL);
}

/* ppoll and pselect let a blocked signal through for as long as they wait. */
static void lent_masks(void)
{
    int ends[2];
    sigset_t none;
    struct timespec limit = {1, 0}, now_already = {0, 0};
    if (pipe(ends))
        return;
    struct pollfd ready = {ends[0], POLLIN, 0};
    sigemptyset(&none);
    handle(SA_RESTART);
    mask(SIG_BLOCK, BIT(SIGALRM));
    raise(SIGALRM);
    expect("blocked", alarms, 0);
    expect("ppoll", ppoll(&ready, 1, &limit, &none) == -1 ? errno : 0, EINTR);
    expect("it ran", alarms, 1);
    alarm_in(5 * MS);
    expect("ppoll waits", ppoll(&ready, 1, &limit, &none) == -1 ? errno : 0, EINTR);
    expect("again", alarms, 2);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    alarm_in(5 * MS);
    expect("pselect", pselect(ends[0] + 1, &set, NULL, NULL, &limit, &none) == -1 ? errno : 0,
           EINTR);
    expect("once more", alarms, 3);
    raise(SIGALRM);
    expect("what is ready comes first", write(ends[1], "x", 1), 1);
    expect("ppoll", ppoll(&ready, 1, &now_already, NULL), 1);
    expect("nothing ran", alarms, 3);
    mask(SIG_UNBLOCK, BIT(SIGALRM));
    expect("now it did", alarms, 4);
    close(ends[0]);
    close(ends[1]);
}

static int stopped_ends[2];

static void read_on(void)
{
    char byte = 0;
    ready();
    _exit(read(stopped_ends[0], &byte, 1) == 1 && byte == 'y' ? 51 : 52);
}

/* A reader that is stopped takes nothing. */
static void stopped_reader(void)
{
    char byte = 0;
    if (pipe(stopped_ends))
        return;
    pid_t pid = start(read_on);
    pass(5 * MS);
    kill(pid, SIGSTOP);
    status_of(pid, WUNTRACED);
    expect("write", write(stopped_ends[1], "x", 1), 1);
    pass(5 * MS);
    expect("it is still there", read(stopped_ends[0], &byte, 1), 1);
    kill(pid, SIGCONT);
    pass(5 * MS);
    expect("write", write(stopped_ends[1], "y", 1), 1);
    expect("it read on", WEXITSTATUS(status_of(pid, 0)), 51);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    leave_init();
    mask(SIG_BLOCK, BIT(SIGUSR1));
    timer_files();
    set_time_of_day();
    signal_files();
    reads();
    lent_masks();
    stopped_reader();
    return checks_end("signal_files");
}
