/*
 * descriptors.c: the table of open files of a process. It grows as far as RLIMIT_NOFILE says, which
 * a program may raise; there is no other bound but memory.
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

#define FIRST_DESCRIPTORS 16

struct open_file *file_of(struct process *process, uint64_t descriptor)
{
    uint32_t number = (uint32_t)descriptor;
    return number < process->descriptor_count ? process->descriptors[number].file : NULL;
}

static void release(struct open_file *file)
{
    if (--file->references == 0)
        wired_free(file);
}

/* The lowest free descriptor not below `from`, the table grown for it. */
static int64_t free_descriptor(struct process *process, uint64_t from)
{
    while (from < process->descriptor_count && process->descriptors[from].file)
        from++;
    if (from >= process->limits[LINUX_RLIMIT_NOFILE].current)
        return -EMFILE;
    if (from >= process->descriptor_count) {
        uint64_t count = process->descriptor_count ? process->descriptor_count : FIRST_DESCRIPTORS;
        while (count <= from)
            count *= 2;
        struct descriptor *grown =
            wired_resize(process->descriptors, count * sizeof *process->descriptors);
        if (!grown)
            return -ENOMEM;
        process->descriptors = grown;
        process->descriptor_count = (uint32_t)count;
    }
    return (int64_t)from;
}

int64_t descriptor_open(struct process *process, struct node *node, uint32_t flags)
{
    int64_t number = free_descriptor(process, 0);
    if (number < 0)
        return number;
    struct open_file *file = wired_alloc(sizeof *file);
    if (!file)
        return -ENOMEM;
    file->references = 1;
    file->node = node;
    file->flags = flags & ~(uint32_t)(LINUX_O_CLOEXEC | LINUX_O_CREAT | LINUX_O_EXCL);
    process->descriptors[number] = (struct descriptor){file, flags & LINUX_O_CLOEXEC};
    return number;
}

int64_t descriptors_init(struct process *process)
{
    int64_t error;
    struct node *console = tree_find(process, tree_root(), "/dev/console", true, &error);
    if (!console)
        return error;
    error = descriptor_open(process, console, 2 /* O_RDWR */);
    for (unsigned i = 1; i < 3 && error >= 0; i++) {
        error = free_descriptor(process, i);
        if (error >= 0) {
            process->descriptors[i].file = process->descriptors[0].file;
            process->descriptors[0].file->references++;
        }
    }
    return error < 0 ? error : 0;
}

void descriptors_close(struct process *process, bool all)
{
    for (uint32_t i = 0; i < process->descriptor_count; i++) {
        struct descriptor *descriptor = &process->descriptors[i];
        if (descriptor->file && (all || descriptor->close_on_exec)) {
            release(descriptor->file);
            descriptor->file = NULL;
        }
    }
    if (all) {
        wired_free(process->descriptors);
        process->descriptors = NULL;
        process->descriptor_count = 0;
    }
}

int64_t linux_close(struct thread *thread, uint64_t descriptor)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file)
        return -EBADF;
    thread->process->descriptors[(uint32_t)descriptor].file = NULL;
    release(file);
    return 0;
}

/* A second descriptor for `file`, not below `from`. */
static int64_t duplicate(struct process *process, struct open_file *file, uint64_t from,
                         bool close_on_exec)
{
    int64_t number = free_descriptor(process, from);
    if (number < 0)
        return number;
    file->references++;
    process->descriptors[number] = (struct descriptor){file, close_on_exec};
    return number;
}

int64_t linux_dup(struct thread *thread, uint64_t descriptor)
{
    struct open_file *file = file_of(thread->process, descriptor);
    return file ? duplicate(thread->process, file, 0, false) : -EBADF;
}

int64_t linux_dup3(struct thread *thread, uint64_t old, uint64_t wanted, uint64_t flags)
{
    struct process *process = thread->process;
    struct open_file *file = file_of(process, old);
    uint32_t number = (uint32_t)wanted;
    if (flags & ~(uint64_t)LINUX_O_CLOEXEC || (uint32_t)old == number)
        return -EINVAL;
    if (!file || number >= process->limits[LINUX_RLIMIT_NOFILE].current)
        return -EBADF;
    struct open_file *before = file_of(process, number);
    if (!before) {
        int64_t error = free_descriptor(process, number);
        if (error < 0)
            return error;
    }
    file->references++;
    process->descriptors[number] = (struct descriptor){file, flags & LINUX_O_CLOEXEC};
    if (before)
        release(before);
    return number;
}

int64_t linux_fcntl(struct thread *thread, uint64_t descriptor, uint64_t command, uint64_t argument)
{
    struct process *process = thread->process;
    struct open_file *file = file_of(process, descriptor);
    if (!file)
        return -EBADF;
    struct descriptor *entry = &process->descriptors[(uint32_t)descriptor];
    const uint32_t settable = LINUX_O_APPEND | LINUX_O_NONBLOCK;
    switch ((uint32_t)command) {
    case LINUX_F_DUPFD:
    case LINUX_F_DUPFD_CLOEXEC:
        if (argument >= process->limits[LINUX_RLIMIT_NOFILE].current)
            return -EINVAL;
        return duplicate(process, file, argument, command == LINUX_F_DUPFD_CLOEXEC);
    case LINUX_F_GETFD:
        return entry->close_on_exec ? LINUX_FD_CLOEXEC : 0;
    case LINUX_F_SETFD:
        entry->close_on_exec = argument & LINUX_FD_CLOEXEC;
        return 0;
    case LINUX_F_GETFL:
        return file->flags;
    case LINUX_F_SETFL:
        file->flags = (file->flags & ~settable) | ((uint32_t)argument & settable);
        return 0;
    default:
        return -EINVAL;
    }
}
