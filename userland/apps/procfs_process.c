/*
 * procfs_process: what /proc tells of processes, against what they are: stat, status, cmdline,
 * comm, environ, links, descriptors, threads, adjustments. Compares with Linux's answers and runs
 * there unchanged, as root.
 */
#define _GNU_SOURCE
#include "proc_text.h"
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <sys/wait.h>

static char *const *program_arguments, *const *program_environment;

/* Field of stat by proc(5)'s number, from 3 on: what comes after the name. */
static long field(pid_t pid, int number)
{
    if (read_text("/proc/%d/stat", pid) <= 0)
        return -1;
    char *at = strrchr(proc_text, ')') + 2;
    if (number == 3)
        return *at;
    for (int i = 3; i < number && at; i++)
        at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL;
    return at ? strtol(at, NULL, 10) : -1;
}

static long state_becomes(pid_t pid, long state)
{
    long seen = 0;
    for (int tries = 0; tries < 2000 && (seen = field(pid, 3)) != state; tries++)
        usleep(1000);
    return seen;
}

static void statistics(void)
{
    pid_t self = getpid();
    EXPECT(prctl(PR_SET_NAME, "a) b (c"), 0);
    EXPECT_TRUE(read_text("/proc/self/stat") > 0);
    EXPECT(strtol(proc_text, NULL, 10), self);
    EXPECT_TRUE(strstr(proc_text, " (a) b (c) R "));
    EXPECT(field(self, 4), getppid());
    EXPECT(field(self, 5), getpgrp());
    EXPECT(field(self, 6), getsid(0));
    EXPECT(field(self, 20), 1);
    EXPECT_TRUE(field(self, 22) <= sysconf(_SC_CLK_TCK) * 1000000L);
    EXPECT_TRUE(field(self, 23) > 0 && field(self, 24) > 0);
    EXPECT(setpriority(PRIO_PROCESS, 0, 5), 0);
    EXPECT(field(self, 18), 25);
    EXPECT(field(self, 19), 5);
    EXPECT(setpriority(PRIO_PROCESS, 0, 0), 0);
    EXPECT_TRUE(read_text("/proc/self/statm") > 0);
    int fields = 0;
    read_text("/proc/self/stat");
    for (char *at = strrchr(proc_text, ')') + 2; at; at = strchr(at + 1, ' '))
        fields++;
    EXPECT(fields, 50);
}

static void states(void)
{
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    EXPECT(state_becomes(child, 'S'), 'S');
    EXPECT(kill(child, SIGSTOP), 0);
    EXPECT(state_becomes(child, 'T'), 'T');
    read_text("/proc/%d/status", child);
    EXPECT_TRUE(strstr(proc_text, "\nState:\tT (stopped)\n"));
    EXPECT(kill(child, SIGKILL), 0);
    EXPECT(state_becomes(child, 'Z'), 'Z');
    EXPECT(field(child, 4), getpid());
    EXPECT(field(child, 23), 0);
    EXPECT(read_text("/proc/%d/cmdline", child), 0);
    EXPECT(read_text("/proc/%d/maps", child), 0);
    read_text("/proc/%d/status", child);
    EXPECT_TRUE(strstr(proc_text, "Z (zombie)") && !strstr(proc_text, "VmSize"));
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", child);
    int fd = open(path, O_RDONLY);
    EXPECT_TRUE(fd >= 0);
    EXPECT(waitpid(child, NULL, 0), child);
    EXPECT(CALL(SYS_read, fd, path, sizeof path), -ESRCH);
    EXPECT(read_text("/proc/%d/stat", child), -ENOENT);
    EXPECT(CALL(SYS_faccessat, AT_FDCWD, "/proc/999999", 0), -ENOENT);
    EXPECT(CALL(SYS_faccessat, AT_FDCWD, "/proc/01", 0), -ENOENT);
    close(fd);
}

static void usage(void)
{
    long before = field(getpid(), 14) + field(getpid(), 15), after = before;
    for (int i = 0; i < 100000 && after < before + 3; i++)
        after = field(getpid(), 14) + field(getpid(), 15);
    EXPECT_TRUE(after >= before + 3); /* ticks of a hundredth of a second */
}

static void status(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    EXPECT(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    EXPECT_TRUE(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
    EXPECT(raise(SIGUSR1), 0);
    umask(027);
    EXPECT_TRUE(read_text("/proc/self/status") > 0);
    EXPECT_TRUE(strncmp(proc_text, "Name:\ta) b (c\n", 14) == 0);
    EXPECT(number_in(proc_text, "\nUmask:\t"), 27);
    EXPECT(number_in(proc_text, "\nTgid:\t"), getpid());
    EXPECT(number_in(proc_text, "\nPPid:\t"), getppid());
    EXPECT(number_in(proc_text, "\nThreads:\t"), 1);
    EXPECT(number_in(proc_text, "\nTracerPid:\t"), 0);
    EXPECT_TRUE(strstr(proc_text, "\nUid:\t0\t0\t0\t0\n"));
    EXPECT_TRUE(strstr(proc_text, "\nSigPnd:\t0000000000000200\n"));
    EXPECT_TRUE(strstr(proc_text, "\nSigBlk:\t0000000000000200\n"));
    EXPECT_TRUE(strstr(proc_text, "\nSigIgn:\t0000000000000800\n"));
    signal(SIGUSR1, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    umask(022);
}

/* Texts one after the other, each with its 0. */
static int are_texts(char *const *texts, long length)
{
    long at = 0;
    for (; *texts; texts++) {
        if (at >= length || strcmp(proc_text + at, *texts) != 0)
            return 0;
        at += (long)strlen(*texts) + 1;
    }
    return at == length;
}

static void own_memory(void)
{
    unsigned long auxiliary[2] = {0};
    EXPECT_TRUE(are_texts(program_arguments, read_text("/proc/self/cmdline")));
    EXPECT_TRUE(are_texts(program_environment, read_text("/proc/self/environ")));
    long length = read_text("/proc/self/auxv"), differing = 0, at = 0;
    for (; at + 16 <= length; at += 16) {
        memcpy(auxiliary, proc_text + at, 16);
        differing += auxiliary[0] && getauxval(auxiliary[0]) != auxiliary[1];
    }
    EXPECT_TRUE(length > 0 && length == at);
    EXPECT(differing, 0);
    EXPECT(auxiliary[0], AT_NULL);
}

static void name(void)
{
    char own[16] = "";
    EXPECT(write_text("/proc/self/comm", "a name that is too long"), 0);
    EXPECT(prctl(PR_GET_NAME, own), 0);
    EXPECT(strcmp(own, "a name that is "), 0);
    EXPECT(read_text("/proc/self/comm"), 16);
    EXPECT(strcmp(proc_text, "a name that is \n"), 0);
    EXPECT(write_text("/proc/1/comm", "x"), getpid() == 1 ? 0 : -EINVAL);
}

/* ---- Links ---- */

static int link_is(const char *path, const char *text)
{
    char link[256];
    long length = readlink(path, link, sizeof link - 1);
    if (length < 0)
        return 0;
    link[length] = 0;
    if (strcmp(link, text) != 0)
        printf("%s leads to %s, not %s\n", path, link, text);
    return strcmp(link, text) == 0;
}

static void links(void)
{
    char text[64], directory[256];
    struct stat one, two;
    struct statfs system;
    snprintf(text, sizeof text, "%d", getpid());
    EXPECT_TRUE(link_is("/proc/self", text));
    snprintf(text, sizeof text, "%d/task/%d", getpid(), (int)syscall(SYS_gettid));
    EXPECT_TRUE(link_is("/proc/thread-self", text));
    EXPECT(stat("/proc/self/exe", &one), 0);
    EXPECT(lstat("/proc/self/exe", &two), 0);
    EXPECT_TRUE(S_ISREG(one.st_mode) && S_ISLNK(two.st_mode));
    EXPECT_TRUE(getcwd(directory, sizeof directory));
    EXPECT_TRUE(link_is("/proc/self/cwd", directory) && link_is("/proc/self/root", "/"));
    EXPECT(chdir("/tmp"), 0);
    EXPECT_TRUE(link_is("/proc/self/cwd", "/tmp"));
    EXPECT(stat("/proc/self/cwd/../proc/self/stat", &one), 0);
    EXPECT(chdir(directory), 0);
    EXPECT(statfs("/proc/self", &system), 0);
    EXPECT(system.f_type, 0x9fa0);
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "/proc/self/stat", 0), -EPERM);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "/proc/x", O_CREAT | O_RDWR, 0600), -ENOENT);
}

static void descriptors(void)
{
    char path[64], text[64], byte;
    struct stat stated;
    int ends[2], fd = open("/tmp/opened", O_CREAT | O_RDWR | O_APPEND, 0600);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    EXPECT_TRUE(link_is(path, "/tmp/opened"));
    EXPECT(write(fd, "abc", 3), 3);
    int again = open(path, O_RDONLY);
    EXPECT(read(again, text, sizeof text), 3);
    EXPECT(read_text("/proc/self/fdinfo/%d", fd) > 0, 1);
    EXPECT(number_in(proc_text, "pos:\t"), 3);
    EXPECT(strtol(strstr(proc_text, "flags:\t") + 7, NULL, 8) & 02003, O_RDWR | O_APPEND);
    EXPECT(unlink("/tmp/opened"), 0);
    EXPECT_TRUE(link_is(path, "/tmp/opened (deleted)"));
    EXPECT(lstat(path, &stated), 0);
    EXPECT(stated.st_mode & 0777, 0700);
    close(again);
    close(fd);
    EXPECT(CALL(SYS_readlinkat, AT_FDCWD, path, text, sizeof text), -ENOENT);
    EXPECT(pipe(ends), 0);
    EXPECT(fstat(ends[0], &stated), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    snprintf(text, sizeof text, "pipe:[%lu]", (unsigned long)stated.st_ino);
    EXPECT_TRUE(link_is(path, text));
    EXPECT(lstat(path, &stated), 0);
    EXPECT(stated.st_mode & 0777, 0500);
    again = open(path, O_WRONLY | O_NONBLOCK); /* the same pipe, from its other side */
    EXPECT(write(again, "x", 1), 1);
    EXPECT(read(ends[0], &byte, 1), 1);
    close(again);
    close(ends[0]);
    close(ends[1]);
}

/* What readdir tells is what lookup finds, with the same number. */
static void listing(const char *path, int least)
{
    char name[300];
    struct stat stated;
    struct dirent *entry;
    DIR *directory = opendir(path);
    int count = 0, differing = 0;
    EXPECT_TRUE(directory);
    while (directory && (entry = readdir(directory))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        count++;
        if (lstat(name, &stated) || (stated.st_mode & S_IFMT) >> 12 != entry->d_type ||
            stated.st_ino != entry->d_ino)
            differing += printf("%s is not what its directory says\n", name) > 0;
    }
    if (directory)
        closedir(directory);
    EXPECT_TRUE(count >= least);
    EXPECT(differing, 0);
}

/* ---- Threads ---- */

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *waiting(void *thread)
{
    pthread_mutex_lock(&held);
    pthread_mutex_unlock(&held);
    return thread;
}

static void threads(void)
{
    pthread_t made[5];
    char path[64];
    pthread_mutex_lock(&held);
    for (int i = 0; i < 5; i++)
        EXPECT(pthread_create(&made[i], NULL, waiting, NULL), 0);
    snprintf(path, sizeof path, "/proc/%d/task", getpid());
    listing(path, 6);
    read_text("/proc/self/status");
    EXPECT(number_in(proc_text, "\nThreads:\t"), 6);
    EXPECT(field(getpid(), 20), 6);
    read_text("/proc/self/task/%d/stat", getpid());
    EXPECT(strtol(proc_text, NULL, 10), getpid());
    pthread_mutex_unlock(&held);
    for (int i = 0; i < 5; i++)
        EXPECT(pthread_join(made[i], NULL), 0);
}

/* ---- Adjustments ---- */

static void adjustments(void)
{
    int status;
    EXPECT(write_text("/proc/self/oom_score_adj", "300\n"), 0);
    EXPECT_TRUE(read_text("/proc/self/oom_score_adj") > 0 && strcmp(proc_text, "300\n") == 0);
    EXPECT(write_text("/proc/self/oom_score_adj", "1001"), -EINVAL);
    EXPECT(write_text("/proc/self/oom_score_adj", "-1001"), -EINVAL);
    EXPECT(write_text("/proc/self/oom_score_adj", "x"), -EINVAL);
    pid_t child = fork();
    if (child == 0) {
        read_text("/proc/self/oom_score_adj");
        _exit(strcmp(proc_text, "300\n") != 0);
    }
    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(status, 0);
    EXPECT(write_text("/proc/self/oom_score_adj", "-1000"), 0);
    EXPECT_TRUE(read_text("/proc/self/oom_score") > 0 && strcmp(proc_text, "0\n") == 0);
    EXPECT_TRUE(read_text("/proc/self/oom_adj") > 0 && strcmp(proc_text, "-17\n") == 0);
    EXPECT(write_text("/proc/self/oom_score_adj", "0"), 0);
    struct rlimit limit = {123, 456};
    EXPECT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    read_text("/proc/self/limits");
    EXPECT_TRUE(strstr(proc_text, "\nMax open files            123                  456       "
                                  "           files     \n"));
}

/* ---- The system ---- */

static void whole_system(void)
{
    struct sysinfo system;
    EXPECT(sysinfo(&system), 0);
    read_text("/proc/meminfo");
    EXPECT(number_in(proc_text, "MemTotal:"), (long)(system.totalram * system.mem_unit / 1024));
    long free_memory = number_in(proc_text, "\nMemFree:");
    EXPECT_TRUE(free_memory > 0 && free_memory < number_in(proc_text, "MemTotal:"));
    double up = 0, idle = -1;
    read_text("/proc/uptime");
    EXPECT(sscanf(proc_text, "%lf %lf", &up, &idle), 2);
    EXPECT_TRUE(up >= (double)system.uptime - 1 && idle >= 0);
    unsigned long user = 0, nice = 0, kernel = 0, rest = 0;
    read_text("/proc/stat");
    EXPECT(sscanf(proc_text, "cpu %lu %lu %lu %lu", &user, &nice, &kernel, &rest), 4);
    EXPECT_TRUE(user + nice + kernel + rest > 0);
    EXPECT_TRUE(number_in(proc_text, "\nbtime ") > 0 && number_in(proc_text, "\nctxt ") > 0);
    read_text("/proc/mounts");
    EXPECT_TRUE(strstr(proc_text, "proc /proc proc "));
    EXPECT(read_text("/proc/sys/kernel/random/uuid"), 37);
    EXPECT_TRUE(proc_text[14] == '4' && proc_text[8] == '-');
    read_text("/proc/sys/kernel/ostype");
    EXPECT(strcmp(proc_text, "Linux\n"), 0);
    read_text("/sys/devices/system/cpu/online");
    EXPECT(proc_text[0], '0');
}

int main(int count, char **arguments, char **environment)
{
    (void)count;
    setvbuf(stdout, NULL, _IOLBF, 0);
    program_arguments = arguments;
    program_environment = environment;
    own_memory();
    statistics();
    states();
    usage();
    status();
    name();
    links();
    descriptors();
    listing("/proc", 10);
    listing("/proc/self", 15);
    listing("/proc/sys/kernel", 5);
    threads();
    adjustments();
    whole_system();
    return checks_end("procfs_process");
}
