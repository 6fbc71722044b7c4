/*
 * system_calls.c: the table from a Linux call's number to who carries it out, and the calls that
 * are too small for a file of their own.
 */
#include "lib/log.h"
#include "lib/memory.h"
#include "proc.h"

/* Every table entry takes six arguments and passes on as many as the handler wants. */
#define PASS_0
#define PASS_1 , a
#define PASS_2 , a, b
#define PASS_3 , a, b, c
#define PASS_4 , a, b, c, d
#define PASS_5 , a, b, c, d, e
#define PASS_6 , a, b, c, d, e, f
#define UNUSED __attribute__((unused))
#define SYSTEM_CALL(number, name, handler, ...)                                                    \
    static int64_t enter_##name(struct thread *thread, uint64_t request UNUSED, uint64_t a UNUSED, \
                                uint64_t b UNUSED, uint64_t c UNUSED, uint64_t d UNUSED,           \
                                uint64_t e UNUSED, uint64_t f UNUSED)                              \
    {                                                                                              \
        return linux_##handler(thread PASTE(PASS_, COUNT(0, ##__VA_ARGS__)));                      \
    }
#include "system_calls.def"
#undef SYSTEM_CALL

system_call *const system_calls[SYSTEM_CALLS] = {
#define SYSTEM_CALL(number, name, handler, ...) [number] = enter_##name,
#include "system_calls.def"
#undef SYSTEM_CALL
};

int64_t system_call_unknown(struct thread *thread, uint32_t number)
{
    struct process *process = thread->process;
    uint32_t bit = number < SYSTEM_CALLS ? number : SYSTEM_CALLS; /* all others count as one */
    uint64_t *word = &process->unknown_calls[bit / 64];
    if (!(*word >> bit % 64 & 1))
        log_print(LOG_INFO, "proc: %s (pid %u): system call %u is not known, ENOSYS\n",
                  process->memory->path, process->pid, number);
    *word |= 1UL << bit % 64;
    return -ENOSYS;
}

/* What every libc asks for, and does without: no line in the log. */
int64_t linux_not_offered(struct thread *thread, uint64_t a UNUSED, uint64_t b UNUSED,
                          uint64_t c UNUSED)
{
    (void)thread;
    return -ENOSYS;
}

int64_t linux_getpid(struct thread *thread)
{
    return thread->process->pid;
}

int64_t linux_getppid(struct thread *thread)
{
    const struct process *parent = thread->process->family.parent;
    return parent ? parent->pid : 0;
}

int64_t linux_gettid(struct thread *thread)
{
    return thread->tid;
}

int64_t linux_getrandom(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t flags)
{
    char block[256];
    if (flags & ~7UL ||
        (flags & 6) == 6) /* NONBLOCK, RANDOM, INSECURE; not the last two together */
        return -EINVAL;
    if (bytes > LINUX_MAX_RW_COUNT)
        bytes = LINUX_MAX_RW_COUNT;
    while (thread->progress < bytes) {
        uint64_t part = bytes - thread->progress;
        if (part > sizeof block)
            part = sizeof block;
        random_bytes(block, part);
        int64_t error = client_write(thread, address + thread->progress, block, part);
        if (error)
            return error == -EFAULT && thread->progress ? (int64_t)thread->progress : error;
        thread->progress += part;
        error = client_pause(thread, thread->progress, part);
        if (error && thread->progress < bytes)
            return error;
    }
    return (int64_t)bytes;
}
