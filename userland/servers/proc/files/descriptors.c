/*
 * descriptors.c: tables of open files. One grows as far as RLIMIT_NOFILE says, which a program may
 * raise; there is no other bound but memory.
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

#define FIRST_DESCRIPTORS 16

/* ---- Open files ---- */

struct open_file *file_new(struct entry *entry, uint32_t flags)
{
    struct open_file *file = wired_alloc(sizeof *file);
    if (!file)
        return NULL;
    file->references = 1;
    file->flags = flags;
    file->entry = entry;
    file->node = entry->node;
    file->operations = entry->node->file;
    entry_hold(entry);
    node_hold(file->node);
    return file;
}

struct open_file *file_new_unnamed(struct node *node, const char *name, uint32_t flags)
{
    struct entry *entry = entry_new(NULL, name, strlen(name), node);
    struct open_file *file = entry ? file_new(entry, flags) : NULL;
    entry_drop(entry);
    node_drop(node);
    return file;
}

void file_hold(struct open_file *file)
{
    file->references++;
}

void file_drop(struct open_file *file)
{
    if (!file || --file->references)
        return;
    watches_end(file);
    if (file->operations && file->operations->release)
        file->operations->release(file);
    locks_release(file);
    node_drop(file->node);
    entry_drop(file->entry);
    wired_free(file);
}

/* ---- Tables ---- */

/* The lowest free descriptor not below `from`, the table grown for it. */
static int64_t free_descriptor(struct process *process, uint64_t from)
{
    struct files *files = process->files;
    uint64_t at = from < files->lowest ? files->lowest : from;
    while (at < files->count && files->table[at].file)
        at++;
    if (at >= process->limits[LINUX_RLIMIT_NOFILE].current)
        return -EMFILE;
    if (at >= files->count) {
        uint64_t count = files->count ? files->count : FIRST_DESCRIPTORS;
        while (count <= at)
            count *= 2;
        struct descriptor *grown = wired_resize(files->table, count * sizeof *files->table);
        if (!grown)
            return -ENOMEM;
        files->table = grown;
        files->count = (uint32_t)count;
    }
    if (from <= files->lowest)
        files->lowest = (uint32_t)at;
    return (int64_t)at;
}

static int64_t add_from(struct process *process, struct open_file *file, uint64_t from,
                        bool close_on_exec)
{
    int64_t number = free_descriptor(process, from);
    if (number < 0)
        file_drop(file);
    else
        process->files->table[number] = (struct descriptor){file, close_on_exec};
    return number;
}

int64_t descriptor_room(struct process *process)
{
    int64_t number = free_descriptor(process, 0);
    return number < 0 ? number : 0;
}

int64_t descriptor_add(struct process *process, struct open_file *file, bool close_on_exec)
{
    return add_from(process, file, 0, close_on_exec);
}

int64_t descriptor_duplicate(struct process *process, struct open_file *file, uint64_t from,
                             bool close_on_exec)
{
    file_hold(file);
    return add_from(process, file, from, close_on_exec);
}

/* Frees one descriptor of a table; `process` NULL: nobody's locks end. */
static void close_one(struct files *files, uint32_t number, struct process *process)
{
    struct open_file *file = files->table[number].file;
    if (!file)
        return;
    files->table[number] = (struct descriptor){NULL, false};
    if (number < files->lowest)
        files->lowest = number;
    if (process && file->node->locks)
        locks_close(process, file->node);
    file_drop(file);
}

struct files *files_new(void)
{
    struct files *files = wired_alloc(sizeof *files);
    if (files)
        files->references = 1;
    return files;
}

struct files *files_first(void)
{
    struct files *files = files_new();
    struct entry *console = tree_directory(runs_terminal());
    struct open_file *file = files && console ? file_new(console, LINUX_O_RDWR) : NULL;
    entry_drop(console);
    if (file)
        files->table = wired_alloc_array(FIRST_DESCRIPTORS, sizeof *files->table);
    if (!file || !files->table) {
        file_drop(file);
        wired_free(files);
        return NULL;
    }
    files->count = FIRST_DESCRIPTORS;
    file->references = 3;
    for (unsigned i = 0; i < 3; i++)
        files->table[i].file = file;
    return files;
}

struct files *files_fork(struct files *files)
{
    struct files *copy = files_new();
    if (!copy)
        return NULL;
    if (files->count) {
        copy->table = wired_alloc_array(files->count, sizeof *copy->table);
        if (!copy->table) {
            wired_free(copy);
            return NULL;
        }
        memcpy(copy->table, files->table, files->count * sizeof *copy->table);
    }
    copy->count = files->count;
    copy->lowest = files->lowest;
    for (uint32_t i = 0; i < copy->count; i++)
        if (copy->table[i].file)
            file_hold(copy->table[i].file);
    return copy;
}

void files_drop(struct files *files, struct process *process)
{
    if (!files || --files->references)
        return;
    for (uint32_t i = 0; i < files->count; i++)
        close_one(files, i, process);
    wired_free(files->table);
    wired_free(files);
}

int64_t files_unshare(struct process *process)
{
    if (process->files->references == 1)
        return 0;
    struct files *copy = files_fork(process->files);
    if (!copy)
        return -ENOMEM;
    files_drop(process->files, process);
    process->files = copy;
    return 0;
}

void files_exec(struct process *process)
{
    for (uint32_t i = 0; i < process->files->count; i++)
        if (process->files->table[i].close_on_exec)
            close_one(process->files, i, process);
}

int64_t descriptors_add_pair(struct thread *thread, struct open_file *a, struct open_file *b,
                             uint64_t address, bool close_on_exec)
{
    struct process *process = thread->process;
    int64_t first = descriptor_add(process, a, close_on_exec);
    int64_t second = -EBADF;
    if (first < 0)
        file_drop(b);
    else
        second = descriptor_add(process, b, close_on_exec);
    int32_t numbers[2] = {(int32_t)first, (int32_t)second};
    int64_t error = first < 0    ? first
                    : second < 0 ? second
                                 : client_write(thread, address, numbers, sizeof numbers);
    if (!error)
        return 0;
    if (second >= 0)
        close_one(process->files, (uint32_t)second, NULL);
    if (first >= 0)
        close_one(process->files, (uint32_t)first, NULL);
    return error;
}

/* ---- The calls ---- */

int64_t linux_close(struct thread *thread, uint64_t descriptor)
{
    if (!file_of_any(thread->process, descriptor))
        return -EBADF;
    close_one(thread->process->files, (uint32_t)descriptor, thread->process);
    return 0;
}

int64_t linux_dup(struct thread *thread, uint64_t descriptor)
{
    struct open_file *file = file_of_any(thread->process, descriptor);
    return file ? descriptor_duplicate(thread->process, file, 0, false) : -EBADF;
}

int64_t linux_dup3(struct thread *thread, uint64_t old, uint64_t wanted, uint64_t flags)
{
    struct process *process = thread->process;
    struct open_file *file = file_of_any(process, old);
    uint32_t number = (uint32_t)wanted;
    if (flags & ~(uint64_t)LINUX_O_CLOEXEC || (uint32_t)old == number)
        return -EINVAL;
    if (!file || number >= process->limits[LINUX_RLIMIT_NOFILE].current)
        return -EBADF;
    file_hold(file); /* closing the other must not end it */
    if (file_of_any(process, number)) {
        close_one(process->files, number, process);
    } else {
        int64_t error = free_descriptor(process, number);
        if (error < 0) {
            file_drop(file);
            return error;
        }
    }
    process->files->table[number] = (struct descriptor){file, flags & LINUX_O_CLOEXEC};
    return number;
}

int64_t linux_close_range(struct thread *thread, uint64_t first, uint64_t last, uint64_t flags)
{
    struct process *process = thread->process;
    uint32_t from = (uint32_t)first, to = (uint32_t)last;
    if (flags & ~6UL || from > to) /* CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC */
        return -EINVAL;
    int64_t error = flags & 2 ? files_unshare(process) : 0;
    if (error)
        return error;
    for (uint32_t i = from; i < process->files->count && i <= to; i++) {
        if (!(flags & 4))
            close_one(process->files, i, process);
        else if (process->files->table[i].file)
            process->files->table[i].close_on_exec = true;
    }
    return 0;
}
