/*
 * linux_init.c: the first program on the Linux that Pagoda is compared with. Runs what
 * the file /commands lists (words, each ended by a zero byte; an empty word ends a
 * command), one after another, then powers the machine off. Before each command stands
 * the line "\001begin N", behind it "\001end N STATUS", STATUS as a shell has it.
 *
 * From the kernel's command line, as its environment: LIMIT=SECONDS, after which a command
 * is killed.
 * Tells of itself, and ends with 0, when it is not the first program.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MOST 64

static char *const environment[] = {"PATH=/bin", "HOME=/", NULL};

static void fail(const char *what)
{
    printf("linux_init: %s: %s\n", what, strerror(errno));
    fflush(stdout);
    reboot(RB_POWER_OFF);
    _exit(1);
}

static void mount_at(const char *type, const char *place)
{
    mkdir(place, 0755);
    if (mount(type, place, type, 0, NULL))
        fail(place);
}

/* The console as standard streams, bytes unchanged. */
static void open_console(void)
{
    struct termios settings;
    int console = open("/dev/console", O_RDWR | O_NOCTTY);

    if (console < 0)
        _exit(1);
    for (int stream = 0; stream < 3; stream++)
        dup2(console, stream);
    if (!tcgetattr(0, &settings)) {
        settings.c_oflag &= ~(tcflag_t)OPOST;
        tcsetattr(0, TCSANOW, &settings);
    }
}

/* The loopback interface; where there is none, programs that want it say so. */
static void raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int any = socket(AF_INET, SOCK_DGRAM, 0);

    if (any >= 0) {
        ioctl(any, SIOCSIFFLAGS, &request);
        close(any);
    }
}

/* Waits for `child`, which leads a process group; kills the group after `limit` seconds. */
static int wait_for(pid_t child, long limit)
{
    struct timespec left = {.tv_sec = limit};
    sigset_t ended;
    int status;
    pid_t who;

    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    for (;;) {
        while ((who = waitpid(-1, &status, WNOHANG)) > 0)
            if (who == child)
                return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (sigtimedwait(&ended, NULL, limit ? &left : NULL) < 0 && errno == EAGAIN)
            kill(-child, SIGKILL);
    }
}

static int run(char **words, long limit)
{
    sigset_t none;
    int status;
    pid_t child = fork();

    if (child < 0)
        fail("fork");
    if (child == 0) {
        setsid();
        close(0);
        open("/dev/null", O_RDWR);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execve(words[0], words, environment);
        fprintf(stderr, "linux_init: %s: %s\n", words[0], strerror(errno));
        _exit(127);
    }
    status = wait_for(child, limit);
    kill(-child, SIGKILL); /* what it left behind */
    return status;
}

static void run_all(const char *list, size_t size, long limit)
{
    const char *at = list, *end = list + size;
    char *words[WORDS_MOST + 1];
    int count = 0, number = 0;

    for (; at < end; at += strlen(at) + 1) {
        if (*at && count < WORDS_MOST) {
            words[count++] = (char *)at;
            continue;
        }
        words[count] = NULL;
        printf("\001begin %d\n", number);
        fflush(stdout);
        int status = run(words, limit);

        printf("\001end %d %d\n", number++, status);
        fflush(stdout);
        count = 0;
    }
}

int main(void)
{
    const char *limit = getenv("LIMIT");
    struct stat found;
    sigset_t ended;
    char *list;
    int file;

    if (getpid() != 1) {
        puts("linux_init: for the first process only");
        return 0;
    }
    mount_at("devtmpfs", "/dev");
    open_console();
    mount_at("proc", "/proc");
    mount_at("sysfs", "/sys");
    mount_at("tmpfs", "/tmp");
    mount_at("tmpfs", "/dev/shm");
    if (mkdir("/dev/pts", 0755) && errno != EEXIST)
        fail("/dev/pts");
    raise_loopback();
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ended, NULL);
    file = open("/commands", O_RDONLY);
    if (file < 0 || fstat(file, &found))
        fail("/commands");
    list = calloc(1, (size_t)found.st_size + 1);
    if (!list || read(file, list, (size_t)found.st_size) != found.st_size)
        fail("/commands");
    run_all(list, (size_t)found.st_size, limit ? atol(limit) : 0);
    tcdrain(1);
    sync();
    reboot(RB_POWER_OFF);
    return 1;
}
