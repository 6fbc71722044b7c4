/*
 * timers: clocks, sleeping and timers, compared with what Linux does. Status 0 when there is no
 * difference. Runs on Linux unchanged (as root it sets the time of day, and sets it back).
 */
#define _GNU_SOURCE
#include "check.h"
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <time.h>

#define SECOND    1000000000L
#define MS        1000000L
#define RUNS_MOST 100 /* then an alarm ends */
#define BAD       ((void *)0x330000000000L)

static volatile int runs, overrun, last_code, last_value;

static void note(int signal, siginfo_t *info, void *context)
{
    (void)context;
    if (++runs == RUNS_MOST && signal == SIGALRM)
        setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    last_code = info->si_code;
    last_value = info->si_value.sival_int;
    overrun += info->si_overrun;
}

static void handle(int signal, int flags)
{
    struct sigaction action = {.sa_sigaction = note, .sa_flags = flags | SA_SIGINFO};
    sigaction(signal, &action, NULL);
    runs = overrun = 0;
}

static long call_time(int clock)
{
    struct timespec time;
    long error = CALL(SYS_clock_gettime, clock, &time);
    return error ? error : time.tv_sec * SECOND + time.tv_nsec;
}

static long quick_time(int clock)
{
    struct timespec time;
    return clock_gettime(clock, &time) ? -1 : time.tv_sec * SECOND + time.tv_nsec;
}

static void burn(long nanoseconds)
{
    for (long end = quick_time(CLOCK_MONOTONIC) + nanoseconds; quick_time(CLOCK_MONOTONIC) < end;)
        continue;
}

static struct timespec spec(long nanoseconds)
{
    return (struct timespec){nanoseconds / SECOND, nanoseconds % SECOND};
}

/* ---- Clocks ---- */

/* What needs no call must lie between two calls, on each clock. */
static void clocks(void)
{
    static const int all[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME};
    struct timespec step;
    expect_true("AT_SYSINFO_EHDR", getauxval(AT_SYSINFO_EHDR) != 0);
    for (int i = 0; i < 4; i++) {
        int backwards = 0;
        for (int n = 0; n < 100; n++) {
            long before = call_time(all[i]), quick = quick_time(all[i]), after = call_time(all[i]);
            backwards += before > quick || quick > after;
        }
        expect("never backwards", backwards, 0);
        expect("clock_getres", CALL(SYS_clock_getres, all[i], &step), 0);
        expect("one ns", step.tv_sec * SECOND + step.tv_nsec, 1);
        expect("getres without a call", clock_getres(all[i], &step), 0);
        expect("one ns again", step.tv_sec * SECOND + step.tv_nsec, 1);
    }
    struct timeval day;
    long before = call_time(CLOCK_REALTIME);
    expect("gettimeofday", gettimeofday(&day, NULL), 0);
    long now = day.tv_sec * SECOND + day.tv_usec * 1000L;
    expect_true("gettimeofday agrees", now >= before - 1000 && now <= call_time(CLOCK_REALTIME));
    expect("no such clock", CALL(SYS_clock_gettime, 77, &step), -EINVAL);
    expect("no such clock either", CALL(SYS_clock_gettime, 10, &step), -EINVAL);
    expect("clock_gettime fault", CALL(SYS_clock_gettime, CLOCK_REALTIME, BAD), -EFAULT);
    expect("clock_getres nowhere", CALL(SYS_clock_getres, CLOCK_REALTIME, NULL), 0);
    expect("a clock of nobody", CALL(SYS_clock_gettime, -(0x3ffffffL << 3) | 2, &step), -EINVAL);
}

static void cpu_time(void)
{
    clockid_t mine;
    struct tms times_now;
    long process = call_time(CLOCK_PROCESS_CPUTIME_ID), thread = call_time(CLOCK_THREAD_CPUTIME_ID);
    burn(50 * MS);
    process = call_time(CLOCK_PROCESS_CPUTIME_ID) - process;
    thread = call_time(CLOCK_THREAD_CPUTIME_ID) - thread;
    expect_true("process time passes", process > 30 * MS && process < 80 * MS);
    expect_true("thread time passes", thread > 30 * MS && thread < 80 * MS);
    expect("clock_getcpuclockid", clock_getcpuclockid(getpid(), &mine), 0);
    expect_true("its clock", call_time(mine) >= process);
    expect_true("times", times(&times_now) != (clock_t)-1 && times_now.tms_utime >= 0);
    struct timespec wait = spec(20 * MS), value;
    process = call_time(CLOCK_PROCESS_CPUTIME_ID);
    nanosleep(&wait, NULL);
    expect_true("not while asleep", call_time(CLOCK_PROCESS_CPUTIME_ID) - process < 12 * MS);
    expect("not to be set", CALL(SYS_clock_settime, CLOCK_PROCESS_CPUTIME_ID, &wait), -EPERM);
    expect("nor slept on", CALL(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &wait, &value),
           -EOPNOTSUPP);
}

static void setting(void)
{
    long real = call_time(CLOCK_REALTIME), boot = call_time(CLOCK_MONOTONIC);
    struct timespec wanted = spec(real + 1000 * SECOND), bad = {5, SECOND};
    struct timex adjustment;
    expect("settime of MONOTONIC", CALL(SYS_clock_settime, CLOCK_MONOTONIC, &wanted), -EINVAL);
    expect("settime range", CALL(SYS_clock_settime, CLOCK_REALTIME, &bad), -EINVAL);
    expect("settime fault", CALL(SYS_clock_settime, CLOCK_REALTIME, BAD), -EFAULT);
    memset(&adjustment, 0, sizeof adjustment);
    expect_true("adjtimex", CALL(SYS_adjtimex, &adjustment) >= 0);
    expect_true("its time", labs(adjustment.time.tv_sec - real / SECOND) < 100);
    if (geteuid() != 0)
        return;
    expect("clock_settime", CALL(SYS_clock_settime, CLOCK_REALTIME, &wanted), 0);
    long jump = quick_time(CLOCK_REALTIME) - real;
    expect_true("it moved", jump >= 1000 * SECOND && jump < 1010 * SECOND);
    expect_true("nothing else did", quick_time(CLOCK_MONOTONIC) - boot < 10 * SECOND);
    wanted = spec(call_time(CLOCK_REALTIME) - 900 * SECOND);
    struct timeval back = {wanted.tv_sec, wanted.tv_nsec / 1000};
    expect("settimeofday", settimeofday(&back, NULL), 0);
    expect_true("and back", quick_time(CLOCK_REALTIME) - real < 110 * SECOND);
}

/* ---- Sleeping ---- */

static void sleeping(void)
{
    struct timespec wait = spec(10 * MS), left = {9, 9}, bad = {0, SECOND};
    long begin = quick_time(CLOCK_MONOTONIC);
    expect("nanosleep", CALL(SYS_nanosleep, &wait, &left), 0);
    expect_true("long enough", quick_time(CLOCK_MONOTONIC) - begin >= 10 * MS);
    expect_true("nothing is written", left.tv_sec == 9 && left.tv_nsec == 9);
    wait = spec(quick_time(CLOCK_MONOTONIC) + 5 * MS);
    expect("until a time", CALL(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &wait, NULL),
           0);
    expect_true("not earlier", quick_time(CLOCK_MONOTONIC) >= wait.tv_sec * SECOND + wait.tv_nsec);
    expect("long ago",
           CALL(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &(struct timespec){0, 1}, NULL),
           0);
    wait = spec(quick_time(CLOCK_REALTIME) + 5 * MS);
    expect("until a time of day",
           CALL(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &wait, NULL), 0);
    expect("range", CALL(SYS_nanosleep, &bad, NULL), -EINVAL);
    expect("fault", CALL(SYS_nanosleep, BAD, NULL), -EFAULT);
    expect("coarse", CALL(SYS_clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &wait, NULL),
           -EOPNOTSUPP);
    expect("no clock", CALL(SYS_clock_nanosleep, 77, 0, &wait, NULL), -EINVAL);
}

static void alarm_in(long nanoseconds, long interval)
{
    struct itimerval set = {{interval / SECOND, interval % SECOND / 1000},
                            {nanoseconds / SECOND, nanoseconds % SECOND / 1000}};
    expect("setitimer", setitimer(ITIMER_REAL, &set, NULL), 0);
}

/* A signal ends a sleep and tells what is left; without a handler the sleep goes on. */
static void interrupted(void)
{
    struct timespec wait = spec(SECOND), left = {9, 9};
    handle(SIGALRM, SA_RESTART);
    alarm_in(10 * MS, 0);
    expect("EINTR in spite of SA_RESTART", CALL(SYS_nanosleep, &wait, &left), -EINTR);
    long rest = left.tv_sec * SECOND + left.tv_nsec;
    expect_true("what is left", rest > 200 * MS && rest <= 990 * MS);
    expect("one signal", runs, 1);
    wait = spec(quick_time(CLOCK_MONOTONIC) + 50 * MS);
    left.tv_nsec = 9;
    alarm_in(5 * MS, 0);
    expect("absolute", CALL(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &wait, &left),
           -EINTR);
    expect("tells nothing", left.tv_nsec, 9);
    alarm_in(5 * MS, 0);
    expect("fault at the end", CALL(SYS_nanosleep, &(struct timespec){1, 0}, BAD), -EFAULT);
    expect("still three", runs, 3);
}

/* ---- Timers ---- */

static void intervals(void)
{
    struct itimerval set = {{0, 0}, {0, 5000}}, now;
    handle(SIGALRM, 0);
    handle(SIGVTALRM, 0);
    alarm_in(5 * MS, 5 * MS);
    for (int i = 0; i < 5; i++)
        expect("sigsuspend", CALL(SYS_rt_sigsuspend, &(uint64_t){0}, 8), -EINTR);
    expect("five", runs, 5);
    expect("from the kernel", last_code, SI_KERNEL);
    expect("getitimer", getitimer(ITIMER_REAL, &now), 0);
    expect("interval", now.it_interval.tv_sec * 1000000L + now.it_interval.tv_usec, 5000);
    expect_true("value", now.it_value.tv_sec == 0 && now.it_value.tv_usec <= 5000);
    memset(&set, 0, sizeof set);
    expect("stop", setitimer(ITIMER_REAL, &set, &now), 0);
    expect_true("old value", now.it_interval.tv_usec == 5000);
    runs = 0;
    burn(20 * MS);
    expect("stopped", runs, 0);
    set.it_value.tv_usec = 10000;
    expect("ITIMER_VIRTUAL", setitimer(ITIMER_VIRTUAL, &set, NULL), 0);
    burn(60 * MS);
    expect("fired once", runs, 1);
    set.it_value.tv_usec = 1000000;
    expect("microseconds", setitimer(ITIMER_REAL, &set, NULL) ? errno : 0, EINVAL);
    expect("kind", CALL(SYS_setitimer, 3, &set, NULL), -EINVAL);
    expect("kind to get", CALL(SYS_getitimer, 3, &set), -EINVAL);
    expect("alarm", alarm(100), 0);
    expect("alarm again", alarm(0), 100);
    /* An interval too short to be kept: nothing but the handler may run, yet it does. */
    runs = 0;
    alarm_in(1000, 1000);
    burn(10 * MS);
    alarm_in(0, 0);
    expect_true("storm", runs > 5);
}

static timer_t make(int clock, int how, int signal, int value)
{
    struct sigevent event;
    timer_t timer = (timer_t)-1;
    memset(&event, 0, sizeof event);
    event.sigev_notify = how;
    event.sigev_signo = signal;
    event.sigev_value.sival_int = value;
    expect("timer_create", timer_create(clock, &event, &timer), 0);
    return timer;
}

static void set_timer(timer_t timer, long value, long interval, int flags)
{
    struct itimerspec set = {spec(interval), spec(value)};
    expect("timer_settime", timer_settime(timer, flags, &set, NULL), 0);
}

static void posix_timers(void)
{
    struct itimerspec now;
    struct timespec wait = spec(200 * MS);
    uint64_t mask = 1UL << (SIGRTMIN - 1);
    timer_t first = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 42);
    timer_t second = make(CLOCK_REALTIME, SIGEV_NONE, 0, 0);
    handle(SIGRTMIN, 0);
    set_timer(first, 5 * MS, 0, 0);
    set_timer(second, 100 * SECOND, 0, 0);
    nanosleep(&wait, NULL);
    expect("it fired", runs, 1);
    expect("SI_TIMER", last_code, SI_TIMER);
    expect("its value", last_value, 42);
    expect("timer_gettime", timer_gettime(first, &now), 0);
    expect("over", now.it_value.tv_sec + now.it_value.tv_nsec, 0);
    expect("timer_gettime", timer_gettime(second, &now), 0);
    expect_true("still to come", now.it_value.tv_sec >= 90 && now.it_value.tv_sec <= 100);
    /* Blocked, it is sent once; the rest is its overrun. */
    CALL(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8);
    runs = overrun = 0;
    set_timer(first, 2 * MS, 2 * MS, 0);
    burn(21 * MS);
    CALL(SYS_rt_sigprocmask, SIG_UNBLOCK, &mask, NULL, 8);
    int told = timer_getoverrun(first);
    set_timer(first, 0, 0, 0);
    expect("sent once", runs > 3 ? runs : 1, 1);
    expect_true("overrun", overrun >= 8 && told >= 0);
    set_timer(first, quick_time(CLOCK_MONOTONIC) + 5 * MS, 0, TIMER_ABSTIME);
    runs = 0;
    nanosleep(&wait, NULL);
    expect("until a time", runs, 1);
    expect("timer_delete", timer_delete(first), 0);
    expect("timer_delete", timer_delete(second), 0);
    timer_t cpu = make(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN, 7);
    set_timer(cpu, 10 * MS, 0, 0);
    runs = 0;
    burn(60 * MS);
    expect("CPU time", runs, 1);
    expect("timer_delete", timer_delete(cpu), 0);
}

static void mistakes(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 99};
    struct itimerspec bad = {{0, 0}, {0, SECOND}};
    int id;
    expect("no such timer", CALL(SYS_timer_gettime, 12345, &bad), -EINVAL);
    expect("none to delete", CALL(SYS_timer_delete, 12345), -EINVAL);
    expect("none to ask", CALL(SYS_timer_getoverrun, 12345), -EINVAL);
    expect("signal", CALL(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), -EINVAL);
    expect("clock", CALL(SYS_timer_create, 77, NULL, &id), -EINVAL);
    expect("coarse", CALL(SYS_timer_create, CLOCK_MONOTONIC_COARSE, NULL, &id), -EOPNOTSUPP);
    expect("nowhere", CALL(SYS_timer_create, CLOCK_MONOTONIC, NULL, BAD), -EFAULT);
    expect("create", CALL(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id), 0);
    expect("range", CALL(SYS_timer_settime, id, 0, &bad, NULL), -EINVAL);
    expect("nothing to set", CALL(SYS_timer_settime, id, 0, NULL, NULL), -EINVAL);
    expect("delete", CALL(SYS_timer_delete, id), 0);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    clocks();
    cpu_time();
    setting();
    sleeping();
    interrupted();
    intervals();
    posix_timers();
    mistakes();
    return checks_end("timers");
}
