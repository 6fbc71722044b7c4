/*
 * identities: what a process says about itself (ids, groups, capabilities, limits, names, nice
 * values), compared with what Linux does. Status 0 when there is no difference. Runs on Linux
 * unchanged, as user 0. Calls are raw: C libraries would make them in every thread.
 */
#define _GNU_SOURCE
#include "check.h"
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <linux/reboot.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#define BAD ((void *)16)

/* Each part runs in a process of its own, so that it may give up what it has. */
static void apart(const char *what, void (*part)(void))
{
    int status = -1;
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        checks_failed = 0;
        part();
        fflush(stdout);
        _exit(checks_failed != 0);
    }
    waitpid(child, &status, 0);
    expect(what, status, 0);
}

static void three(const char *what, int call, long real, long effective, long saved)
{
    uint32_t got[3] = {9, 9, 9};
    expect(what, CALL(call, &got[0], &got[1], &got[2]), 0);
    expect("… real", got[0], real);
    expect("… effective", got[1], effective);
    expect("… saved", got[2], saved);
}

/* ---- Users ---- */

static void as_root(void)
{
    three("root", SYS_getresuid, 0, 0, 0);
    expect("setreuid", CALL(SYS_setreuid, -1, 5), 0);
    three("effective 5", SYS_getresuid, 0, 5, 5);
    expect("back", CALL(SYS_setreuid, -1, 0), 0);
    three("root again, saved follows not", SYS_getresuid, 0, 0, 5);
    expect("setresuid", CALL(SYS_setresuid, 1, 2, 3), 0);
    three("three", SYS_getresuid, 1, 2, 3);
    expect("geteuid", CALL(SYS_geteuid), 2);
    expect("getuid", CALL(SYS_getuid), 1);
    expect("to the saved", CALL(SYS_setuid, 3), 0);
    three("only effective", SYS_getresuid, 1, 3, 3);
    expect("to root", CALL(SYS_setuid, 0), -EPERM);
    expect("to another", CALL(SYS_setresuid, -1, 4, -1), -EPERM);
    expect("real and effective swapped", CALL(SYS_setreuid, 3, 1), 0);
    three("swapped", SYS_getresuid, 3, 1, 1);
    expect("setreuid to another", CALL(SYS_setreuid, 7, -1), -EPERM);
    expect("file id", CALL(SYS_setfsuid, 3), 1);
    expect("… is that now", CALL(SYS_setfsuid, -1), 3);
    expect("… and no other", CALL(SYS_setfsuid, 77), 3);
    expect("… it stays", CALL(SYS_setfsuid, -1), 3);
    expect("setuid to nobody", CALL(SYS_setuid, -1), -EINVAL);
    expect("nowhere to tell", CALL(SYS_getresuid, BAD, BAD, BAD), -EFAULT);
}

static void all_of_root(void)
{
    expect("setuid", CALL(SYS_setuid, 1000), 0);
    three("all three", SYS_getresuid, 1000, 1000, 1000);
    expect("no way back", CALL(SYS_setuid, 0), -EPERM);
    expect("no groups", CALL(SYS_setgroups, 0, NULL), -EPERM);
    expect("no group", CALL(SYS_setgid, 5), -EPERM);
    expect("no lower nice value", CALL(SYS_setpriority, PRIO_PROCESS, 0, -5), -EACCES);
    expect("a higher one", CALL(SYS_setpriority, PRIO_PROCESS, 0, 5), 0);
    expect("no reboot", CALL(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, 0, NULL),
           -EPERM);
    struct rlimit limit = {10, 20}, more = {10, 30};
    expect("a limit", setrlimit(RLIMIT_MSGQUEUE, &limit), 0);
    expect("not up again", CALL(SYS_setrlimit, RLIMIT_MSGQUEUE, &more), -EPERM);
    expect("soft over hard", CALL(SYS_setrlimit, RLIMIT_MSGQUEUE, &(struct rlimit){30, 20}),
           -EINVAL);
}

static void groups(void)
{
    gid_t groups[] = {30, 10, 20}, got[4] = {0};
    three("root's group", SYS_getresgid, 0, 0, 0);
    expect("setgroups", CALL(SYS_setgroups, 3, groups), 0);
    expect("how many", CALL(SYS_getgroups, 0, NULL), 3);
    expect("too little room", CALL(SYS_getgroups, 2, got), -EINVAL);
    expect("negative room", CALL(SYS_getgroups, -1, got), -EINVAL);
    expect("getgroups", CALL(SYS_getgroups, 4, got), 3);
    expect_true("in order", got[0] == 10 && got[1] == 20 && got[2] == 30);
    expect("too many", CALL(SYS_setgroups, 65537, groups), -EINVAL);
    expect("bad list", CALL(SYS_setgroups, 3, BAD), -EFAULT);
    expect("bad room", CALL(SYS_getgroups, 4, BAD), -EFAULT);
    expect("none", CALL(SYS_setgroups, 0, NULL), 0);
    expect("none now", CALL(SYS_getgroups, 0, NULL), 0);
    expect("setresgid", CALL(SYS_setresgid, 1, 2, 3), 0);
    three("groups", SYS_getresgid, 1, 2, 3);
    expect("getgid", CALL(SYS_getgid), 1);
    expect("getegid", CALL(SYS_getegid), 2);
    expect("setregid", CALL(SYS_setregid, 4, -1), 0);
    three("real follows, saved too", SYS_getresgid, 4, 2, 2);
    expect("setgid", CALL(SYS_setgid, 9), 0);
    three("all of them", SYS_getresgid, 9, 9, 9);
    expect("file id", CALL(SYS_setfsgid, 8), 9);
    expect("file id", CALL(SYS_setfsgid, -1), 8);
}

/* ---- Capabilities ---- */

static void capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2], none[2] = {{0}};
    expect("capget", CALL(SYS_capget, &header, data), 0);
    expect_true("root has them", data[0].effective == 0xffffffff && data[1].effective);
    expect("in the bounding set", prctl(PR_CAPBSET_READ, CAP_KILL), 1);
    expect("no such capability", CALL(SYS_prctl, PR_CAPBSET_READ, 99), -EINVAL);
    expect("drop it", prctl(PR_CAPBSET_DROP, CAP_KILL), 0);
    expect("not any more", prctl(PR_CAPBSET_READ, CAP_KILL), 0);
    header.version = 1;
    expect("unknown version", CALL(SYS_capget, &header, data), -EINVAL);
    expect("… the right one is told", header.version, _LINUX_CAPABILITY_VERSION_3);
    header.version = 1;
    expect("asking for it", CALL(SYS_capget, &header, NULL), 0);
    header.pid = 99999;
    expect("nobody's", CALL(SYS_capget, &header, data), -ESRCH);
    header.pid = -1;
    expect("a negative pid", CALL(SYS_capget, &header, data), -EINVAL);
    header.pid = getppid();
    expect("another's cannot be set", CALL(SYS_capset, &header, none), -EPERM);
    header.pid = 0;
    expect("capset", CALL(SYS_capset, &header, none), 0);
    expect("… gives them up", CALL(SYS_setuid, 5), -EPERM);
    expect("none back", CALL(SYS_capset, &header, data), -EPERM);
    expect("bad header", CALL(SYS_capget, BAD, data), -EFAULT);
    expect("bad data", CALL(SYS_capset, &header, BAD), -EFAULT);
}

/* ---- prctl, personality ---- */

static void controls(void)
{
    char name[16] = "";
    int number = -1;
    expect("a name", prctl(PR_SET_NAME, "sixteen-letters-and-more"), 0);
    expect("its name", prctl(PR_GET_NAME, name), 0);
    expect("cut off", strcmp(name, "sixteen-letters"), 0);
    expect("bad name", CALL(SYS_prctl, PR_SET_NAME, BAD), -EFAULT);
    expect("dumpable", prctl(PR_GET_DUMPABLE), 1);
    expect("not any more", prctl(PR_SET_DUMPABLE, 0), 0);
    expect("not dumpable", prctl(PR_GET_DUMPABLE), 0);
    expect("what is that", CALL(SYS_prctl, PR_SET_DUMPABLE, 2), -EINVAL);
    expect("death signal", prctl(PR_SET_PDEATHSIG, SIGHUP), 0);
    expect("which", prctl(PR_GET_PDEATHSIG, &number), 0);
    expect("death signal is", number, SIGHUP);
    expect("no such signal", CALL(SYS_prctl, PR_SET_PDEATHSIG, 65), -EINVAL);
    expect("no new privileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
    expect("never again", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    expect("none", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    expect("not back", CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), -EINVAL);
    expect("slack", prctl(PR_GET_TIMERSLACK), 50000);
    expect("more", prctl(PR_SET_TIMERSLACK, 70000), 0);
    expect("slack", prctl(PR_GET_TIMERSLACK), 70000);
    expect("keep capabilities", prctl(PR_GET_KEEPCAPS), 0);
    expect("keep them", prctl(PR_SET_KEEPCAPS, 1), 0);
    expect("kept", prctl(PR_GET_KEEPCAPS), 1);
    expect("keep 2", CALL(SYS_prctl, PR_SET_KEEPCAPS, 2), -EINVAL);
    expect("no such thing", CALL(SYS_prctl, 12345, 0, 0, 0, 0), -EINVAL);
    expect("personality", CALL(SYS_personality, 0xffffffff), 0);
    expect("another", CALL(SYS_personality, ADDR_NO_RANDOMIZE), 0);
    expect("is kept", CALL(SYS_personality, 0xffffffff), ADDR_NO_RANDOMIZE);
}

/* ---- Scheduling ---- */

static void scheduling(void)
{
    struct sched_param parameter = {.sched_priority = 1};
    uint64_t mask[16] = {0};
    struct timespec interval;
    expect("policy", CALL(SYS_sched_getscheduler, 0), SCHED_OTHER);
    expect("of nobody", CALL(SYS_sched_getscheduler, 99999), -ESRCH);
    expect("of a negative pid", CALL(SYS_sched_getscheduler, -1), -EINVAL);
    expect("most of FIFO", CALL(SYS_sched_get_priority_max, SCHED_FIFO), 99);
    expect("least of RR", CALL(SYS_sched_get_priority_min, SCHED_RR), 1);
    expect("most of OTHER", CALL(SYS_sched_get_priority_max, SCHED_OTHER), 0);
    expect("of no policy", CALL(SYS_sched_get_priority_max, 77), -EINVAL);
    expect("OTHER with a priority", CALL(SYS_sched_setscheduler, 0, SCHED_OTHER, &parameter),
           -EINVAL);
    expect("no parameter", CALL(SYS_sched_setscheduler, 0, SCHED_FIFO, NULL), -EINVAL);
    expect("bad parameter", CALL(SYS_sched_setscheduler, 0, SCHED_FIFO, BAD), -EFAULT);
    parameter.sched_priority = 0;
    expect("FIFO without", CALL(SYS_sched_setscheduler, 0, SCHED_FIFO, &parameter), -EINVAL);
    expect("BATCH", CALL(SYS_sched_setscheduler, 0, SCHED_BATCH, &parameter), 0);
    expect("is BATCH", CALL(SYS_sched_getscheduler, 0), SCHED_BATCH);
    expect("parameter", CALL(SYS_sched_getparam, 0, &parameter), 0);
    expect("is 0", parameter.sched_priority, 0);
    expect("interval", CALL(SYS_sched_rr_get_interval, 0, &interval), 0);
    expect("affinity", CALL(SYS_sched_getaffinity, 0, sizeof mask, mask), 8);
    expect("one CPU", (long)mask[0], 1);
    expect("odd room", CALL(SYS_sched_getaffinity, 0, 7, mask), -EINVAL);
    expect("no room", CALL(SYS_sched_getaffinity, 0, 0, mask), -EINVAL);
    expect("nobody's", CALL(SYS_sched_getaffinity, 99999, 8, mask), -ESRCH);
    expect("set it", CALL(SYS_sched_setaffinity, 0, 8, mask), 0);
    mask[0] = 0;
    expect("no CPU", CALL(SYS_sched_setaffinity, 0, 8, mask), -EINVAL);
    expect("bad mask", CALL(SYS_sched_setaffinity, 0, 8, BAD), -EFAULT);
    expect("yield", CALL(SYS_sched_yield), 0);
}

static void nice_values(void)
{
    expect("nice 0", CALL(SYS_getpriority, PRIO_PROCESS, 0), 20);
    expect("nice 7", CALL(SYS_setpriority, PRIO_PROCESS, 0, 7), 0);
    expect("is 7", CALL(SYS_getpriority, PRIO_PROCESS, getpid()), 13);
    expect("far", CALL(SYS_setpriority, PRIO_PROCESS, 0, 100), 0);
    expect("is 19", CALL(SYS_getpriority, PRIO_PROCESS, 0), 1);
    expect("root may", CALL(SYS_setpriority, PRIO_PROCESS, 0, -100), 0);
    expect("is -20", CALL(SYS_getpriority, PRIO_PROCESS, 0), 40);
    expect("of nobody", CALL(SYS_getpriority, PRIO_PROCESS, 99999), -ESRCH);
    expect("of no group", CALL(SYS_setpriority, PRIO_PGRP, 99999, 1), -ESRCH);
    expect("of what", CALL(SYS_getpriority, 5, 0), -EINVAL);
    expect("best of the group", CALL(SYS_getpriority, PRIO_PGRP, 0), 40);
    setpgid(0, 0);
    expect("the whole group", CALL(SYS_setpriority, PRIO_PGRP, 0, 3), 0);
    expect("is 3", CALL(SYS_getpriority, PRIO_PROCESS, 0), 17);
    int status = -1;
    pid_t child = fork();
    if (!child)
        _exit((int)CALL(SYS_getpriority, PRIO_PROCESS, 0));
    waitpid(child, &status, 0);
    expect("inherited", status >> 8, 17);
}

/* ---- Limits, times, the machine ---- */

static void limits(void)
{
    struct rlimit limit, more = {2048, 4096};
    expect("stack", CALL(SYS_prlimit64, 0, RLIMIT_STACK, NULL, &limit), 0);
    expect("8 MiB", (long)limit.rlim_cur, 8 << 20);
    expect("set and get", CALL(SYS_prlimit64, getpid(), RLIMIT_NOFILE, &more, &limit), 0);
    expect("what it was", (long)limit.rlim_cur, 1024);
    expect("getrlimit", CALL(SYS_getrlimit, RLIMIT_NOFILE, &limit), 0);
    expect("what it is", (long)limit.rlim_cur, 2048);
    expect("no such limit", CALL(SYS_getrlimit, 16, &limit), -EINVAL);
    expect("of nobody", CALL(SYS_prlimit64, 99999, RLIMIT_STACK, NULL, &limit), -ESRCH);
    expect("bad old", CALL(SYS_prlimit64, 0, RLIMIT_STACK, NULL, BAD), -EFAULT);
    expect("bad new", CALL(SYS_prlimit64, 0, RLIMIT_STACK, BAD, NULL), -EFAULT);
    more = (struct rlimit){1 << 21, 1 << 21};
    expect("more than any may", CALL(SYS_setrlimit, RLIMIT_NOFILE, &more), -EPERM);
}

static void machine(void)
{
    struct utsname name;
    struct sysinfo information;
    struct tms times;
    unsigned cpu = 9, node = 9;
    expect("uname", CALL(SYS_uname, &name), 0);
    expect("Linux", strcmp(name.sysname, "Linux"), 0);
    expect("aarch64", strcmp(name.machine, "aarch64"), 0);
    expect("host name", CALL(SYS_sethostname, "another", 7), 0);
    uname(&name);
    expect("is another", strcmp(name.nodename, "another"), 0);
    expect("too long a name", CALL(SYS_sethostname, "x", 65), -EINVAL);
    expect("a negative length", CALL(SYS_sethostname, "x", -1), -EINVAL);
    expect("domain name", CALL(SYS_setdomainname, "domain", 6), 0);
    expect("bad uname", CALL(SYS_uname, BAD), -EFAULT);
    expect("sysinfo", CALL(SYS_sysinfo, &information), 0);
    expect_true("memory", information.totalram > information.freeram);
    expect_true("processes", information.procs >= 2);
    expect_true("times", CALL(SYS_times, &times) > 0);
    expect_true("times without", CALL(SYS_times, NULL) > 0);
    expect("bad times", CALL(SYS_times, BAD), -EFAULT);
    expect("getcpu", CALL(SYS_getcpu, &cpu, &node, NULL), 0);
    expect("CPU 0", cpu, 0);
    expect("no magic", CALL(SYS_reboot, 1, 2, 3, NULL), -EINVAL);
    expect("no such command", CALL(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, 3, NULL),
           -EINVAL);
    expect_true("barriers", CALL(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0) & 1);
    expect("a barrier", CALL(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0), 0);
    expect("not registered", CALL(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0), -EPERM);
    expect("register", CALL(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0), 0);
    expect("registered", CALL(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0), 0);
    expect("a flag", CALL(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 8), -EINVAL);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    apart("as root", as_root);
    apart("all of root", all_of_root);
    apart("groups", groups);
    apart("capabilities", capabilities);
    apart("controls", controls);
    apart("scheduling", scheduling);
    apart("nice values", nice_values);
    apart("limits", limits);
    apart("the machine", machine);
    return checks_end("identities");
}
