/*
 * process.c: what is in /proc/PID.
 */
#include "lib/memory.h"
#include "procfs.h"

static int64_t name(const struct subject *subject, struct text *text)
{
    text_add(text, "%s\n", subject->thread ? subject->thread->life.name : "");
    return 0;
}

static int64_t take_name(const struct subject *subject, const char *bytes, size_t length)
{
    struct thread *thread = subject->thread;
    if (subject->process != subject->reader->process)
        return -EINVAL;
    if (!thread)
        return -ESRCH;
    length = strnlen(bytes,
                     length < sizeof thread->life.name - 1 ? length : sizeof thread->life.name - 1);
    memset(thread->life.name, 0, sizeof thread->life.name);
    memcpy(thread->life.name, bytes, length);
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

/* ---- mounts ---- */

static int64_t mounts(const struct subject *subject, struct text *text)
{
    static char path[LINUX_PATH_MAX];
    const struct file_system_state *place = subject->process->place;
    for (const struct file_system *system = file_systems(); place && system;
         system = system->next) {
        if (path_text(system->root, place->root, path, sizeof path) < 0 || path[0] != '/')
            continue; /* out of reach */
        text_add(text, "%s %s %s rw,relatime 0 0\n", system->source, path, system->type);
    }
    return place ? 0 : -EINVAL;
}

static const struct item items[] = {
    {.name = "stat", .mode = FILE_MODE, .make = process_stat},
    {.name = "statm", .mode = FILE_MODE, .make = process_statm},
    {.name = "status", .mode = FILE_MODE, .make = process_status},
    {.name = "cmdline", .mode = FILE_MODE, .make = command_line},
    {.name = "comm", .mode = LINUX_S_IFREG | 0644, .make = name, .take = take_name},
    {.name = "environ", .mode = LINUX_S_IFREG | 0400, .private = true, .make = environment},
    {.name = "auxv", .mode = LINUX_S_IFREG | 0400, .private = true, .make = auxiliary_vector},
    {.name = "exe", .mode = LINK_MODE, .private = true, .target = program},
    {.name = "cwd", .mode = LINK_MODE, .private = true, .target = directory},
    {.name = "root", .mode = LINK_MODE, .private = true, .target = root},
    {.name = "mounts", .mode = FILE_MODE, .make = mounts},
    {0},
};

const struct item process_item = {.name = "", .mode = DIRECTORY_MODE, .items = items};
