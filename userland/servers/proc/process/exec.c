/*
 * exec.c: starts programs, and replaces one by another (execve). The new space is complete before
 * the old one goes, so a failure leaves the caller as it was. proc never waits for pages: the new
 * thread announces itself (KIND_START), is told to fault on the pages that must be written, and
 * comes back when they are there.
 */
#include "lib/format.h"
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "process/arguments.h"
#include "process/image.h"
#include "process/program.h"
#include "process/start.h"

#define SCRIPTS_MOST 5 /* whose interpreters are scripts again; beyond is ELOOP, as Linux */

/* ---- Loading ---- */

/* The last part of a path. */
static const char *base_name(const char *path)
{
    const char *name = path;
    for (const char *at = path; *at; at++)
        if (*at == '/' && at[1])
            name = at + 1;
    return name;
}

void thread_name(struct thread *thread, const char *path)
{
    const char *name = base_name(path);
    memset(thread->life.name, 0, sizeof thread->life.name);
    memcpy(thread->life.name, name, strnlen(name, sizeof thread->life.name - 1));
}

static void name_space(handle space, const char *path)
{
    const char *name = base_name(path);
    uint64_t words[2] = {0, 0};
    memcpy(words, name, strnlen(name, sizeof words));
    space_ctl(space, SPACE_NAME, words[0], words[1]);
}

/* A stopped thread of the program in `memory`. */
static int64_t create_thread(struct thread *thread, struct memory *memory)
{
    int64_t made = thread_create(memory->space, 0, PROGRAM_PRIORITY, (uintptr_t)thread);
    if (made < 0)
        return made;
    thread->handle = (handle)made;
    return 0;
}

/* What is loaded: the program itself, or the last interpreter of a script. */
struct found {
    struct program program, linker;
    const char *path; /* of the program */
};

static int64_t find_program(struct thread *thread, const struct exec_wanted *wanted,
                            struct found *found)
{
    int64_t error =
        program_open(thread, wanted->from, wanted->path, wanted->follow, &found->program);
    found->path = wanted->name;
    wanted->arguments->instead.bytes = wanted->arguments->instead.count = 0;
    for (unsigned depth = 0; !error && found->program.script; depth++) {
        error = depth == SCRIPTS_MOST ? -ELOOP
                                      : program_interpreter(&found->program, wanted->arguments,
                                                            wanted->name, &found->path);
        program_close(&found->program);
        if (!error)
            error = program_open(thread, thread->process->place->directory, found->path, true,
                                 &found->program);
    }
    return error;
}

static int64_t find_all(struct thread *thread, const struct exec_wanted *wanted,
                        struct found *found)
{
    int64_t error = find_program(thread, wanted, found);
    const char *linker = found->program.elf.interpreter;
    if (error || !linker)
        return error;
    error = program_open(thread, thread->process->place->directory, linker, true, &found->linker);
    if (!error && found->linker.script) {
        program_close(&found->linker);
        error = -ENOEXEC;
    }
    if (!error)
        return 0;
    if (error == -ENOENT)
        log_print(LOG_INFO, "proc: %s wants the dynamic linker %s, which is not there\n",
                  found->path, linker);
    program_close(&found->program);
    return error;
}

/* Which file the memory shows, and its name for messages. */
static int64_t note_program(const struct process *process, struct memory *memory,
                            struct entry *entry)
{
    static char text[LINUX_PATH_MAX];
    if (path_text(entry, process->place->root, text, sizeof text) < 0)
        text[0] = 0;
    memory->path = wired_text(text, strlen(text));
    memory->program = entry;
    entry_hold(entry);
    return memory->path ? 0 : -ENOMEM;
}

static int64_t load(struct thread *thread, struct memory *memory, const struct found *found,
                    const struct exec_wanted *wanted)
{
    int64_t error = create_thread(thread, memory);
    if (!error)
        error = note_program(thread->process, memory, found->program.entry);
    if (!error)
        thread->start = image_map(
            memory, &found->program, found->program.elf.interpreter ? &found->linker : NULL,
            wanted->arguments, thread, wanted->name, &error);
    if (error)
        return error;
    name_space(memory->space, found->path);
    return thread_ctl(thread->handle, THREAD_BEGIN, 0, 0, 0);
}

static int64_t load_into_new(struct thread *thread, struct memory_pool *pool,
                             const struct found *found, const struct exec_wanted *wanted)
{
    handle handle_before = thread->handle;
    int64_t error;
    struct memory *memory = memory_new(pool, &error);
    if (!memory)
        return error;
    thread->handle = HANDLE_NONE;
    error = load(thread, memory, found, wanted);
    if (!error) {
        thread->process->memory = memory;
        return 0;
    }
    image_free(thread->start);
    thread->start = NULL;
    memory_drop(memory);
    if (thread->handle)
        handle_close(thread->handle);
    thread->handle = handle_before;
    return error;
}

int64_t exec_load(struct thread *thread, struct memory_pool *pool, const struct exec_wanted *wanted)
{
    struct found found;
    int64_t error = 0;
    if (!wanted->arguments->argv.count) /* as Linux: nobody has no argv[0] */
        error = arguments_add(wanted->arguments, &wanted->arguments->argv, "", 0);
    if (!error)
        error = find_all(thread, wanted, &found);
    if (error)
        return error;
    error = load_into_new(thread, pool, &found, wanted);
    program_close(&found.program);
    if (found.program.elf.interpreter)
        program_close(&found.linker);
    return error;
}

/* ---- KIND_START ---- */

static int64_t write_parts(struct thread *thread, struct image *image)
{
    static const char zeros[PAGE_SIZE];
    while (image->parts) {
        struct image_part *part = image->parts;
        const void *contents = part->contents ? part->contents : zeros;
        int64_t error =
            client_write_part(thread, part->address, contents, part->bytes, &part->done);
        if (error)
            return error;
        image->parts = part->next;
        wired_free((void *)part->contents);
        wired_free(part);
    }
    return 0;
}

int64_t exec_start(struct thread *thread)
{
    struct image *image = thread->start;
    int64_t error = image ? write_parts(thread, image) : -EINVAL;
    if (error == ANSWER_RETRY)
        return error;
    if (!error) {
        struct thread_registers registers = {.sp = image->stack_pointer, .pc = image->entry};
        memcpy(MESSAGE_BYTES, &registers, sizeof registers);
        error = thread_ctl(thread->handle, THREAD_WRITE, 0, 0, 0);
    }
    if (error) {
        log_print(LOG_ERROR, "pagoda: %s (pid %u) cannot start: %s\n",
                  thread->process->memory->path, thread->process->pid, linux_error_name(error));
        process_exit(thread->process, SIGKILL); /* as Linux, after the point of no return */
        return ANSWER_NONE;
    }
    thread->start = NULL;
    image_free(image);
    return 0;
}

/* ---- execve ---- */

static char path_buffer[LINUX_PATH_MAX], name_buffer[LINUX_PATH_MAX + 32];

/* Back to the old program: the new one has not begun. */
static void exec_undo(struct thread *thread, struct memory *before, handle handle_before)
{
    struct memory *loaded = thread->process->memory;
    image_free(thread->start);
    thread->start = NULL;
    handle_close(thread->handle);
    thread->handle = handle_before;
    thread->process->memory = before;
    memory_drop(loaded);
}

/* Nothing can fail any more: the old program ends, with all its other threads. */
static void become(struct thread *thread, struct memory *before, handle handle_before,
                   const char *name)
{
    struct process *process = thread->process;
    usage_keep(process, before);
    process->memory->owner = process->pid;
    threads_end_others(thread);
    files_exec(process);
    thread_name(thread, name);
    thread->robust_list = thread->clear_child_tid = 0;
    process->family.executed = true;
    process->family.undumpable = process->family.keep_capabilities = false;
    process->family.private_barriers = false;
    process->family.exit_signal = SIGCHLD;
    loop_forget(thread);
    thread_ctl(handle_before, THREAD_KILL, 0, 0, 0); /* and with it the request of this call */
    handle_close(handle_before);
    memory_drop(before);
    vfork_done(process);
}

static int64_t replace(struct thread *thread, const struct exec_wanted *wanted)
{
    struct memory *before = thread->process->memory;
    handle handle_before = thread->handle;
    int64_t error = files_unshare(thread->process);
    if (!error)
        error = exec_load(thread, thread->process->family.pool, wanted);
    if (error)
        return error;
    error = signal_exec(thread);
    if (error) {
        exec_undo(thread, before, handle_before);
        return error;
    }
    become(thread, before, handle_before, wanted->name);
    return ANSWER_NONE;
}

static void forget(struct thread *thread)
{
    arguments_free(thread->wait.kept);
}

/* Reads the arguments, which may take several rounds, and then replaces the program. */
static int64_t execute(struct thread *thread, struct exec_wanted *wanted, uint64_t argv,
                       uint64_t envp)
{
    if (!thread->wait.let_go) {
        thread->wait.kept = arguments_new(thread->process->limits[LINUX_RLIMIT_STACK].current);
        if (!thread->wait.kept)
            return -ENOMEM;
        thread->wait.let_go = forget;
        thread->unusual |= UNUSUAL_AGAIN; /* so that they are freed whatever the answer is */
    }
    wanted->arguments = thread->wait.kept;
    int64_t error = arguments_read(wanted->arguments, thread, argv, envp);
    return error ? error : replace(thread, wanted);
}

int64_t linux_execve(struct thread *thread, uint64_t path, uint64_t argv, uint64_t envp)
{
    int64_t length = client_string(thread, path, path_buffer, sizeof path_buffer);
    struct exec_wanted wanted = {thread->process->place->directory, path_buffer, true, path_buffer,
                                 NULL};
    if (length < 0)
        return length;
    return execute(thread, &wanted, argv, envp);
}

/* The directory of execveat, or (an empty path) the file itself. */
static int64_t start_of(struct thread *thread, uint64_t descriptor, uint64_t flags,
                        struct exec_wanted *wanted)
{
    bool itself = !path_buffer[0];
    if (itself && !(flags & LINUX_AT_EMPTY_PATH))
        return -ENOENT;
    if (path_buffer[0] == '/' || ((int32_t)descriptor == LINUX_AT_FDCWD && !itself))
        return 0;
    struct open_file *file = file_of_any(thread->process, descriptor);
    if (!file)
        return -EBADF;
    wanted->from = file->entry;
    if (itself)
        wanted->path = NULL;
    format_text(name_buffer, sizeof name_buffer, itself ? "/dev/fd/%d%s" : "/dev/fd/%d/%s",
                (int)descriptor, path_buffer);
    wanted->name = name_buffer;
    if (!itself && node_type(file->node) != LINUX_S_IFDIR)
        return -ENOTDIR;
    return 0;
}

int64_t linux_execveat(struct thread *thread, uint64_t directory, uint64_t path, uint64_t argv,
                       uint64_t envp, uint64_t flags)
{
    if ((uint32_t)flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
        return -EINVAL;
    int64_t length = client_string(thread, path, path_buffer, sizeof path_buffer);
    struct exec_wanted wanted = {thread->process->place->directory, path_buffer,
                                 !(flags & LINUX_AT_SYMLINK_NOFOLLOW), path_buffer, NULL};
    if (length < 0)
        return length;
    int64_t error = start_of(thread, directory, flags, &wanted);
    return error ? error : execute(thread, &wanted, argv, envp);
}
