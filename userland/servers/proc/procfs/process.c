/*
 * process.c: what is in /proc/PID and /proc/PID/task/TID.
 */
#include "lib/manifest_words.h"
#include "lib/memory.h"
#include "memory_file.h"
#include "page_facts.h"
#include "process/pool.h"
#include "procfs/oom.h"

/* ---- comm ---- */

static int64_t name(const struct subject *subject, struct text *text)
{
    text_add(text, "%s\n", subject->thread ? subject->thread->life.name : "");
    return 0;
}

static int64_t take_name(const struct subject *subject, const char *bytes, size_t length)
{
    struct thread *thread = subject->thread;
    const size_t most = sizeof thread->life.name - 1;
    if (subject->process != subject->reader->process)
        return -EINVAL;
    if (!thread)
        return -ESRCH;
    memset(thread->life.name, 0, sizeof thread->life.name);
    memcpy(thread->life.name, bytes, strnlen(bytes, length < most ? length : most));
    return 0;
}

/* ---- Links ---- */

static int64_t program(const struct subject *subject, struct entry **target)
{
    const struct memory *memory = subject->process->memory;
    if (!memory || !memory->program)
        return -ENOENT;
    entry_hold(*target = memory->program);
    return 0;
}

static int64_t directory(const struct subject *subject, struct entry **target)
{
    const struct file_system_state *place = subject->process->place;
    if (!place)
        return -ENOENT;
    entry_hold(*target = place->directory);
    return 0;
}

static int64_t root(const struct subject *subject, struct entry **target)
{
    const struct file_system_state *place = subject->process->place;
    if (!place)
        return -ENOENT;
    entry_hold(*target = place->root);
    return 0;
}

/* ---- pool ---- */

static int64_t pool(const struct subject *subject, struct text *text)
{
    struct pool_facts facts;
    if (!subject->process->family.pool)
        return -ESRCH;
    int64_t error = pool_query(subject->process->family.pool->handle, &facts);
    if (error < 0)
        return error;
    text_add(text, "limit %lu kB\nused  %lu kB\n", facts.limit * KILOBYTES, facts.used * KILOBYTES);
    return 0;
}

static int64_t take_pool(const struct subject *subject, const char *bytes, size_t length)
{
    char word[32] = {0};
    uint64_t size;
    while (length && (bytes[length - 1] == '\n' || bytes[length - 1] == ' '))
        length--;
    if (length >= sizeof word)
        return -EINVAL;
    memcpy(word, bytes, length);
    if (manifest_size(word, &size) < 0)
        return -EINVAL;
    return subject->process->family.pool ? process_new_pool(subject->process, size) : -ESRCH;
}

/* ---- Small ones ---- */

/* What a thread waits for has no name. */
static int64_t waits_for(const struct subject *subject, struct text *text)
{
    (void)subject;
    text_add(text, "0");
    return 0;
}

static int64_t personality(const struct subject *subject, struct text *text)
{
    text_add(text, "%08x\n", subject->process->family.personality);
    return 0;
}

static int64_t children(const struct subject *subject, struct text *text)
{
    const struct process *child = subject->process->family.children;
    for (; child; child = child->family.sibling_next)
        text_add(text, "%u ", child->pid);
    return 0;
}

/* ---- Threads ---- */

static const struct item task_item;

static int64_t find_task(const struct subject *subject, const char *name, size_t length,
                         struct node **child)
{
    uint64_t number;
    if (!number_read(name, length, PID_MAX, &number))
        return -ENOENT;
    struct pid *pid = pid_find((uint32_t)number);
    bool leader = pid && pid->process == subject->process;
    if (!pid || !(leader || (pid->thread && pid->thread->process == subject->process)))
        return -ENOENT;
    return item_node(subject, &task_item, pid, true, 0, child);
}

/* By number, so that threads that begin and end meanwhile change nothing for the others. */
static int64_t list_tasks(const struct subject *subject, uint64_t position, struct listing *listing)
{
    const struct process *process = subject->process;
    char name[16];
    for (uint32_t tid = (uint32_t)position; tid < PID_MAX; tid++) {
        if (process->family.threads <= 1 && tid > process->pid)
            break; /* no need to look at all numbers */
        const struct pid *pid = pid_find(tid);
        if (!pid || (pid->process != process && !(pid->thread && pid->thread->process == process)))
            continue;
        size_t length = format_text(name, sizeof name, "%u", tid);
        if (!list_child(listing, name, length, item_inode(&task_item, tid, true, 0), LINUX_S_IFDIR,
                        LISTED + tid + 1))
            break;
    }
    return 0;
}

/* ---- All ---- */

#define OWNERS_MODE   (LINUX_S_IFREG | 0400)
#define WRITABLE_MODE (LINUX_S_IFREG | 0644)
#define SECRET_MODE   (LINUX_S_IFREG | 0600)

/* Those of processes alone, before those of threads, too. */
#define PROCESS_ITEMS 2
static const struct item items[] = {
    {.name = "task", .mode = DIRECTORY_MODE, .find = find_task, .list = list_tasks},
    {.name = "pool", .mode = WRITABLE_MODE, .private = true, .make = pool, .take = take_pool},
    {.name = "fd",
     .mode = LINUX_S_IFDIR | 0500,
     .private = true,
     .find = find_descriptor,
     .list = list_descriptors},
    {.name = "fdinfo",
     .mode = DIRECTORY_MODE,
     .private = true,
     .find = find_descriptor_facts,
     .list = list_descriptor_facts},
    {.name = "stat", .mode = FILE_MODE, .make = process_stat},
    {.name = "statm", .mode = FILE_MODE, .make = process_statm},
    {.name = "status", .mode = FILE_MODE, .make = process_status},
    {.name = "cmdline", .mode = FILE_MODE, .step = command_line_step},
    {.name = "comm", .mode = WRITABLE_MODE, .make = name, .take = take_name},
    {.name = "environ", .mode = OWNERS_MODE, .private = true, .step = environment_step},
    {.name = "auxv", .mode = OWNERS_MODE, .private = true, .make = auxiliary_vector},
    {.name = "maps", .mode = FILE_MODE, .private = true, .step = maps_step},
    {.name = "smaps", .mode = FILE_MODE, .private = true, .step = smaps_step},
    {.name = "smaps_rollup", .mode = FILE_MODE, .private = true, .step = smaps_rollup_step},
    {.name = "pagemap", .mode = OWNERS_MODE, .private = true, .file = &pagemap_operations},
    {.name = "mem", .mode = SECRET_MODE, .private = true, .file = &memory_file_operations},
    {.name = "clear_refs", .mode = LINUX_S_IFREG | 0200, .private = true, .take = clear_references},
    {.name = "exe", .mode = LINK_MODE, .private = true, .target = program},
    {.name = "cwd", .mode = LINK_MODE, .private = true, .target = directory},
    {.name = "root", .mode = LINK_MODE, .private = true, .target = root},
    {.name = "mounts", .mode = FILE_MODE, .make = mounts},
    {.name = "mountinfo", .mode = FILE_MODE, .make = mount_information},
    {.name = "limits", .mode = FILE_MODE, .make = limits},
    {.name = "oom_score", .mode = FILE_MODE, .make = oom_score},
    {.name = "oom_score_adj",
     .mode = WRITABLE_MODE,
     .make = oom_adjustment,
     .take = oom_adjustment_take},
    {.name = "oom_adj",
     .mode = WRITABLE_MODE,
     .make = oom_old_adjustment,
     .take = oom_old_adjustment_take},
    {.name = "wchan", .mode = FILE_MODE, .make = waits_for},
    {.name = "personality", .mode = OWNERS_MODE, .private = true, .make = personality},
    {.name = "children", .mode = FILE_MODE, .make = children},
    {0},
};

static const struct item task_item = {
    .name = "", .mode = DIRECTORY_MODE, .items = items + PROCESS_ITEMS};
const struct item process_item = {.name = "", .mode = DIRECTORY_MODE, .items = items};
