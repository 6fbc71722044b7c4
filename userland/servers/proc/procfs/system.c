/*
 * system.c: /proc/meminfo, stat, uptime, loadavg and what else is about the whole system and
 * changes. The numbers are the kernel's and proc's own.
 */
#include "files/remote.h"
#include "lib/layout.h"
#include "lib/memory.h"
#include "procfs.h"

/* ---- Numbers ---- */

void counters_read(struct counters *counters)
{
    if (debug(HANDLE_NONE, DEBUG_COUNTERS, 0, 0) < 0)
        *counters = (struct counters){0};
    else
        memcpy(counters, MESSAGE_BYTES, sizeof *counters);
}

void memory_facts_read(struct memory_facts *facts)
{
    if (debug(HANDLE_NONE, DEBUG_MEMORY, 0, 0) < 0)
        *facts = (struct memory_facts){0};
    else
        memcpy(facts, MESSAGE_BYTES, sizeof *facts);
}

/* ---- meminfo ---- */

uint64_t pages_of_files(void)
{
    uint64_t pages = 0;
    for (const struct file_system *system = file_systems(); system; system = system->next)
        pages += system->pages;
    return pages;
}

static int64_t memory(const struct subject *subject, struct text *text)
{
    struct memory_facts facts;
    struct pool_facts pool;
    struct remote_memory remote;
    uint64_t all, running, files = pages_of_files(), available;
    (void)subject;
    memory_facts_read(&facts);
    remote_memory(&remote);
    count_threads(&all, &running);
    uint64_t stored = files + remote.pages;
    available = facts.free;
    if (pool_query(configuration.programs, &pool) >= 0) {
        uint64_t left = pool.used < pool.limit ? pool.limit - pool.used : 0;
        available = left < available ? left : available;
    }
    const struct {
        const char *name;
        uint64_t pages;
    } lines[] = {{"MemTotal:", facts.total - facts.kernel},
                 {"MemFree:", facts.free},
                 {"MemAvailable:", available},
                 {"Buffers:", 0},
                 {"Cached:", files + remote.pages},
                 {"SwapCached:", 0},
                 {"Active:", facts.page},
                 {"Inactive:", 0},
                 {"Active(anon):", facts.page},
                 {"Inactive(anon):", 0},
                 {"Active(file):", 0},
                 {"Inactive(file):", remote.pages},
                 {"Unevictable:", 0},
                 {"Mlocked:", 0},
                 {"SwapTotal:", 0},
                 {"SwapFree:", 0},
                 {"Dirty:", remote.dirty},
                 {"Writeback:", remote.writeback},
                 {"AnonPages:", stored < facts.page ? facts.page - stored : 0},
                 {"Mapped:", 0},
                 {"Shmem:", files},
                 {"KReclaimable:", 0},
                 {"Slab:", facts.slab + facts.slot},
                 {"SReclaimable:", 0},
                 {"SUnreclaim:", facts.slab + facts.slot},
                 {"KernelStack:", 0},
                 {"PageTables:", facts.table},
                 {"SecPageTables:", 0},
                 {"NFS_Unstable:", 0},
                 {"Bounce:", 0},
                 {"WritebackTmp:", 0},
                 {"CommitLimit:", facts.total - facts.kernel},
                 {"Committed_AS:", facts.page},
                 {"VmallocTotal:", 0},
                 {"VmallocUsed:", 0},
                 {"VmallocChunk:", 0},
                 {"Percpu:", 0}};
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        text_add(text, "%-16s%8lu kB\n", lines[i].name, lines[i].pages * KILOBYTES);
    }
    return 0;
}

/* ---- Time ---- */

struct times { /* ns since boot */
    uint64_t up, user, system, idle;
};

/* Programs' time is what all processes and their reaped children used; what else was not idle the
 * kernel and the servers used. */
static struct times times_read(const struct counters *counters)
{
    static uint64_t user_most, system_most; /* none of these ever goes back */
    struct times times = {.up = time_now(), .idle = counters->idle_ns};
    for (struct process *process = process_first(); process; process = process->family.all_next) {
        struct usage usage = process_usage(process);
        times.user += usage.user + process->family.children_used.user;
    }
    if (times.user > user_most)
        user_most = times.user;
    times.user = user_most;
    if (times.up > times.idle + times.user && times.up - times.idle - times.user > system_most)
        system_most = times.up - times.idle - times.user;
    times.system = system_most;
    return times;
}

static int64_t uptime(const struct subject *subject, struct text *text)
{
    struct counters counters;
    uint64_t up = time_now();
    (void)subject;
    counters_read(&counters);
    text_add(text, "%lu.%02lu %lu.%02lu\n", up / SECOND, up % SECOND / TICK,
             counters.idle_ns / SECOND, counters.idle_ns % SECOND / TICK);
    return 0;
}

static int64_t load_average(const struct subject *subject, struct text *text)
{
    uint64_t loads[3], all, running;
    (void)subject;
    load_averages(loads);
    count_threads(&all, &running);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t rounded = loads[i] + 65536 / 200;
        text_add(text, "%lu.%02lu ", rounded >> 16, (rounded & 0xffff) * 100 >> 16);
    }
    text_add(text, "%lu/%lu %u\n", running, all, pid_latest());
    return 0;
}

static int64_t statistics(const struct subject *subject, struct text *text)
{
    struct counters counters;
    uint64_t all, running;
    (void)subject;
    counters_read(&counters);
    count_threads(&all, &running);
    struct times times = times_read(&counters);
    static const char *const names[] = {"cpu ", "cpu0"};
    for (unsigned i = 0; i < 2; i++)
        text_add(text, "%s %lu 0 %lu %lu 0 0 0 0 0 0\n", names[i], times.user / TICK,
                 times.system / TICK, times.idle / TICK);
    text_add(text, "intr %lu\nctxt %lu\nbtime %ld\nprocesses %u\n", counters.interrupts,
             counters.switches, clock_realtime() / (int64_t)SECOND, pid_latest());
    text_add(text, "procs_running %lu\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n", running);
    return 0;
}

static int64_t self_text(const struct subject *subject, char *text, size_t size)
{
    return (int64_t)format_text(text, size, "%u", subject->reader->process->pid);
}

static int64_t thread_self_text(const struct subject *subject, char *text, size_t size)
{
    return (int64_t)format_text(text, size, "%u/task/%u", subject->reader->process->pid,
                                subject->reader->tid);
}

static int64_t mounts_self_text(const struct subject *subject, char *text, size_t size)
{
    (void)subject;
    return (int64_t)format_text(text, size, "self/mounts");
}

static const struct item terminal_items[] = {
    {.name = "drivers", .mode = FILE_MODE, .make = terminal_drivers}, {0}};

const struct item system_items[] = {
    {.name = "self", .mode = LINK_MODE, .link_text = self_text},
    {.name = "thread-self", .mode = LINK_MODE, .link_text = thread_self_text},
    {.name = "mounts", .mode = LINK_MODE, .link_text = mounts_self_text},
    {.name = "meminfo", .mode = FILE_MODE, .make = memory},
    {.name = "uptime", .mode = FILE_MODE, .make = uptime},
    {.name = "loadavg", .mode = FILE_MODE, .make = load_average},
    {.name = "stat", .mode = FILE_MODE, .make = statistics},
    {.name = "vmstat", .mode = FILE_MODE, .make = vm_statistics},
    {.name = "buddyinfo", .mode = LINUX_S_IFREG | 0400, .make = buddy_information},
    {.name = "zoneinfo", .mode = FILE_MODE, .make = zone_information},
    {.name = "slabinfo", .mode = LINUX_S_IFREG | 0400, .make = slab_information},
    {.name = "cpuinfo", .mode = FILE_MODE, .make = processors},
    {.name = "version", .mode = FILE_MODE, .make = version},
    {.name = "cmdline", .mode = FILE_MODE, .make = kernel_arguments},
    {.name = "devices", .mode = FILE_MODE, .make = devices},
    {.name = "filesystems", .mode = FILE_MODE, .make = file_system_kinds},
    {.name = "swaps", .mode = FILE_MODE, .make = swaps},
    {.name = "partitions", .mode = FILE_MODE, .make = partitions},
    {.name = "sys", .mode = DIRECTORY_MODE, .items = settings_items},
    {.name = "tty", .mode = DIRECTORY_MODE, .items = terminal_items},
    {0},
};
