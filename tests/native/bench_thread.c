/*
 * bench_thread.c: what a signal, a fork's new thread and a debugger are made of.
 */
#include "bench.h"

#define ROUNDS 1000

static handle program;

/* Goes by exceptions, or by calls answered with the registers as they are. Its time is on the
 * board. */
static void breaks(uint64_t rounds)
{
    uint64_t begin = now();

    for (uint64_t i = 0; i < rounds; i++)
        __asm__ volatile("brk #0");
    BOARD[1] = now() - begin;
    for (;;)
        sleep_until(~0ul);
}

static void calls(uint64_t rounds)
{
    uint64_t begin = now();

    for (uint64_t i = 0; i < rounds; i++)
        __asm__ volatile("mov x8, #139\n svc #0" ::: "x0", "x8", "memory");
    BOARD[1] = now() - begin;
    for (;;)
        sleep_until(~0ul);
}

/* The next instruction, as a signal's handler would be it. */
static struct worker worker;

static int64_t personality(uint64_t from)
{
    volatile struct thread_registers *registers =
        (volatile struct thread_registers *)worker.message;
    struct message message = {0};
    uint64_t tag;

    recv(from, 0, &message);
    do {
        tag = TAG_REGISTERS;
        if (message_kind(&message) == KIND_EXCEPTION) {
            thread_ctl(program, THREAD_READ, 0, 0, 0);
            registers->pc += 4;
            thread_ctl(program, THREAD_WRITE, 0, 0, 0);
            tag = 0;
        }
    } while (!reply_recv(from, tag, &message));
    return 0;
}

static void measure(const char *name, void (*act)(uint64_t), handle endpoint)
{
    struct child child = child_new(HANDLE_POOL, LEVEL_PROGRAM, endpoint, 20);

    program = child.thread;
    BOARD[1] = 0;
    child_run(&child, act, ROUNDS);
    while (!BOARD[1])
        sleep_for(1);
    report(name, BOARD[1], ROUNDS);
    child_kill(&child);
}

/* One thread made of another, with its space's handle at hand. */
static void copies(void)
{
    handle from = thread_create(HANDLE_SPACE, 0, 1, 0), to = thread_create(HANDLE_SPACE, 0, 1, 0);
    uint64_t begin = now();

    for (unsigned i = 0; i < ROUNDS; i++)
        thread_copy(to, from, COPY_TLS, 0, 0, 0);
    report("thread_copy", now() - begin, ROUNDS);
    handle_close(from);
    handle_close(to);
}

void bench_thread(void)
{
    handle endpoint = create_endpoint(LEVEL_PROC);

    worker_start(&worker, personality, endpoint, 25);
    measure("exception_new_registers", breaks, endpoint);
    measure("call_new_registers", calls, endpoint);
    copies();
    worker_kill(&worker);
    handle_close(endpoint);
}
