/*
 * proc.h: what the files of the Linux personality share.
 *
 * proc is one thread in one loop (main.c): receive a message, find the program's thread by the
 * badge, carry the call out, reply and receive in one kernel call. It never waits for a program:
 * where a page of a client is absent, the answer is "fault on these addresses, then ask again"
 * (client.c). The kernel's region table is the truth about a program's memory; proc keeps none.
 *
 * What a handler may answer is in thread.h, how it waits in wait.h.
 */
#pragma once
#include "lib/native.h"
#include "linux.h"
#include "process.h"
#include "process/start.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Handles from root, and what the manifest asked for. */
struct configuration {
    handle self, anon, bundle, console, exit, programs;
    handle vfs, file;    /* where the manifest says so, else 0 */
    handle card;         /* … all of the block device */
    handle notification; /* reaches the loop; bits below */
    bool strace;
    bool fixed_addresses; /* programs lie where they lay the last time */
    bool pager_trusted;   /* false: a program's own pager, which might never answer a call */
};
#define NOTIFY_TIMER   1
#define NOTIFY_CONSOLE 2
/* Of the servers of a remote file system, by number: something was completed; it died. */
#define NOTIFY_REMOTE_OF(server)    (4UL << (server))
#define NOTIFY_REMOTE_ENDED(server) (32UL << (server))
extern struct configuration configuration;

/* ---- The calls, from system_calls.def: linux_NAME(thread, one uint64_t for each argument) ---- */

#define ARGUMENTS_0
#define ARGUMENTS_1                             , uint64_t
#define ARGUMENTS_2                             , uint64_t, uint64_t
#define ARGUMENTS_3                             , uint64_t, uint64_t, uint64_t
#define ARGUMENTS_4                             , uint64_t, uint64_t, uint64_t, uint64_t
#define ARGUMENTS_5                             , uint64_t, uint64_t, uint64_t, uint64_t, uint64_t
#define ARGUMENTS_6                             , uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t
#define COUNT_(a, b, c, d, e, f, g, count, ...) count
#define COUNT(...)                              COUNT_(__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0)
#define PASTE_(a, b)                            a##b
#define PASTE(a, b)                             PASTE_(a, b)
#define SYSTEM_CALL(number, name, handler, ...)                                                    \
    int64_t linux_##handler(struct thread *thread PASTE(ARGUMENTS_, COUNT(0, ##__VA_ARGS__)));
#include "system_calls.def"
#undef SYSTEM_CALL

/* system_calls.c. Carries a call out; a result, a negated errno or ANSWER_*. The arguments are
 * where the message has them, x2 .. x7: so on the short way nothing is moved. */
typedef int64_t system_call(struct thread *thread, uint64_t request, uint64_t a, uint64_t b,
                            uint64_t c, uint64_t d, uint64_t e, uint64_t f);
extern system_call *const system_calls[SYSTEM_CALLS];
int64_t system_call_unknown(struct thread *thread, uint32_t number);

/* strace.c. As system_calls[number], with a line in the log when the call is answered. */
int64_t system_call_traced(struct thread *thread, uint32_t number, const uint64_t arguments[6]);

/* A call that was logged with "= ?" ends with this. Nothing unless they are logged. */
void system_call_ended(struct thread *thread, int64_t result);

/* The name of a negated errno: the kernel's and those of linux.h. */
const char *linux_error_name(int64_t error);

/* ---- client.c: memory of a program that waits for an answer ---- */

/*
 * 0 when all `bytes` were copied, -EFAULT, or ANSWER_RETRY: then the handler must answer that, and
 * will be called again with the same arguments. A handler that copies twice starts over; it must
 * not have changed anything yet, or remember in thread->progress how far it was.
 */
int64_t client_read(struct thread *thread, uint64_t address, void *own, size_t bytes);
int64_t client_write(struct thread *thread, uint64_t address, const void *own, size_t bytes);

/* The same from or to a long range: `*done` bytes of it are done already, and *done moves on even
 * when the answer is ANSWER_RETRY or -EFAULT. */
int64_t client_read_part(struct thread *thread, uint64_t address, void *own, size_t bytes,
                         uint64_t *done);
int64_t client_write_part(struct thread *thread, uint64_t address, const void *own, size_t bytes,
                          uint64_t *done);

/*
 * For long transfers, so that others get their turn: each time `done`, now `moved` bytes further,
 * passes a multiple of CLIENT_TURN the answer is ANSWER_RETRY, and the call comes again at once;
 * otherwise 0.
 */
#define CLIENT_TURN (64UL * 1024)
int64_t client_pause(struct thread *thread, uint64_t done, uint64_t moved);

/* ANSWER_RETRY without any page: others get their turn, then the call comes again. */
int64_t client_again(struct thread *thread);

/* A string with its end, at most `size` bytes in all: its length, -ENAMETOOLONG, -EFAULT or
 * ANSWER_RETRY. */
int64_t client_string(struct thread *thread, uint64_t address, char *own, size_t size);

/* ---- main.c ---- */

/* Answers a thread's open request, which nobody works on now; any ANSWER_* but NONE too. */
void loop_answer(struct thread *thread, int64_t result);

/* files/remote.h */
void remote_call_over(struct thread *thread);

/* What the handlers remember of a call that was sent back is over. */
static inline void loop_forget(struct thread *thread)
{
    thread->progress = thread->stage = 0;
    thread->retries = thread->retry_tag = 0;
    thread->refused = false;
    thread->wait.deadline = 0;
    thread->wait.restart = 0;
    thread->wait.woken = thread->wait.timed_out = false;
    if (thread->wait.let_go)
        wait_let_go(thread);
    if (thread->remote.used)
        remote_call_over(thread);
    thread->wait.tell = thread->wait.interrupted = false;
    thread->unusual &= ~(uint32_t)UNUSUAL_AGAIN;
}

/* ---- random.c ---- */

/* Not for cryptography: boards without a source of entropy start from the boot seed alone. */
void random_init(uint64_t seed);
void random_bytes(void *bytes, size_t count);
