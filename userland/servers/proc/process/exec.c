/*
 * exec.c: starts programs, and replaces one by another (execve). The new space is complete before
 * the old one goes, so a failure leaves the caller as it was. proc never waits for pages: the new
 * thread announces itself (KIND_START), is told to fault on the pages that must be written, and
 * comes back when they are there.
 */
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

#define STRINGS_MAX (STACK_BYTES / 4) /* as Linux: argv and envp together, */
#define STRING_MAX  (32 * PAGE_SIZE)  /* … and each of their strings: then E2BIG */

/* ---- Loading ---- */

static void name_space(handle space, const char *path)
{
    const char *name = path;
    uint64_t words[2] = {0, 0};
    for (const char *at = path; *at; at++)
        if (*at == '/' && at[1])
            name = at + 1;
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

static int64_t load(struct thread *thread, struct memory *memory, const char *path,
                    char *const arguments[], char *const environment[])
{
    int64_t error = create_thread(thread, memory);
    memory->path = wired_text(path, strlen(path));
    if (!error && !memory->path)
        error = -ENOMEM;
    if (!error)
        error = image_map(thread->process, memory, path, arguments, environment, &thread->start);
    if (error)
        return error;
    name_space(memory->space, path);
    return thread_ctl(thread->handle, THREAD_BEGIN, 0, 0, 0);
}

int64_t exec_load(struct thread *thread, struct memory_pool *pool, const char *path,
                  char *const arguments[], char *const environment[])
{
    handle handle_before = thread->handle;
    int64_t error;
    struct memory *memory = memory_new(pool, &error);
    if (!memory)
        return error;
    thread->handle = HANDLE_NONE;
    error = load(thread, memory, path, arguments, environment);
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

static char path_buffer[LINUX_PATH_MAX];

/* Strings of a program in proc's memory; text of all of them in one block. */
struct strings {
    char **pointers; /* NULL-ended */
    char *text;
    size_t count, bytes;
};

static void strings_free(struct strings *strings)
{
    wired_free(strings->pointers);
    wired_free(strings->text);
}

/* Appends the string at `address`. Long texts grow the block by doubling. */
static int64_t read_string(struct thread *thread, struct strings *strings, uint64_t address,
                           size_t *room)
{
    for (;;) {
        int64_t length = *room == strings->bytes
                             ? -ENAMETOOLONG
                             : client_string(thread, address, strings->text + strings->bytes,
                                             *room - strings->bytes);
        if (length >= 0) {
            strings->bytes += (size_t)length + 1;
            return 0;
        }
        if (length != -ENAMETOOLONG)
            return length;
        if (*room >= STRINGS_MAX || *room - strings->bytes >= STRING_MAX)
            return -E2BIG;
        size_t larger = *room ? *room * 2 : PAGE_SIZE;
        char *grown = wired_resize(strings->text, larger);
        if (!grown)
            return -ENOMEM;
        strings->text = grown;
        *room = larger;
    }
}

/* Copies a vector of strings. Nothing has changed yet when a page is absent: all comes again. */
static int64_t read_strings(struct thread *thread, uint64_t vector, struct strings *strings)
{
    size_t room = 0, slots = 0;
    for (;; strings->count++) {
        uint64_t address = 0;
        int64_t error = vector ? client_read(thread, vector + 8 * strings->count, &address, 8) : 0;
        if (error)
            return error;
        if (strings->count == slots) {
            slots = slots ? slots * 2 : 32;
            char **grown = wired_resize(strings->pointers, slots * sizeof *grown);
            if (!grown)
                return -ENOMEM;
            strings->pointers = grown;
        }
        if (!address)
            break;
        error = read_string(thread, strings, address, &room);
        if (error)
            return error;
    }
    /* The block stands still now. */
    char *text = strings->text;
    for (size_t i = 0; i < strings->count; i++, text += strlen(text) + 1)
        strings->pointers[i] = text;
    strings->pointers[strings->count] = NULL;
    return 0;
}

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

static int64_t replace(struct thread *thread, const char *path, char *const arguments[],
                       char *const environment[])
{
    struct process *process = thread->process;
    struct memory *before = process->memory;
    handle handle_before = thread->handle;
    int64_t error = exec_load(thread, before->pool, path, arguments, environment);
    if (error)
        return error;
    error = signal_exec(thread);
    if (error) {
        exec_undo(thread, before, handle_before);
        return error;
    }
    usage_keep(process, before);
    threads_end_others(thread);
    descriptors_close(process, false);
    thread->robust_list = thread->clear_child_tid = 0;
    process->family.executed = true;
    process->family.exit_signal = SIGCHLD;
    loop_forget(thread);
    thread_ctl(handle_before, THREAD_KILL, 0, 0, 0); /* and with it the request of this call */
    handle_close(handle_before);
    memory_drop(before);
    vfork_done(process);
    return ANSWER_NONE;
}

int64_t linux_execve(struct thread *thread, uint64_t path, uint64_t arguments, uint64_t environment)
{
    struct strings argument_strings = {0}, environment_strings = {0};
    int64_t error = client_string(thread, path, path_buffer, sizeof path_buffer);
    if (error < 0)
        return error;
    error = read_strings(thread, arguments, &argument_strings);
    if (!error)
        error = read_strings(thread, environment, &environment_strings);
    if (!error)
        error =
            replace(thread, path_buffer, argument_strings.pointers, environment_strings.pointers);
    strings_free(&argument_strings);
    strings_free(&environment_strings);
    return error;
}
