/*
 * main.c: the loop of the Linux personality. The way of a null call (getpid) is short on purpose:
 * the message stays in registers, the badge is the thread, the number indexes a table.
 */
#include "files/remote.h"
#include "lib/cpio.h"
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/manifest.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/server.h"
#include "lib/startup.h"
#include "lib/wired.h"
#include "proc.h"
#include "procfs/procfs.h"
#include "signal/trace.h"
#include "time/vdso.h"
#include "tty/tty.h"

#define BUNDLE_ADDRESS     LAYOUT_WIRED_END /* where proc maps it for itself */
#define NANOSECONDS        1000000000L
#define STATUS_NOT_STARTED 126 /* proc itself could not begin its work */

struct configuration configuration;

/* ---- The loop ---- */

/* A system call off the short way: traced, sent back before, or not known. */
static int64_t carry_out(struct thread *thread, const struct registers *r)
{
    uint32_t number = (uint32_t)(r->x[0] >> TAG_SHIFT);
    int64_t result;
    thread->refused = r->x[0] & MESSAGE_REFUSED;
    if (thread->unusual & UNUSUAL_ATTENTION &&
        signal_comes_again(thread, true, r->x[0] & MESSAGE_AGAIN, number, &result))
        return result;
    if (thread->remote.operation && r->x[0] & MESSAGE_AGAIN && remote_comes_again(thread, &result))
        return result;
    if (thread->unusual & UNUSUAL_TRACED)
        number = trace_number(thread, number);
    /* What was sent back may have become an exception meanwhile: this is another call. */
    if (!(r->x[0] & MESSAGE_AGAIN))
        loop_forget(thread);
    if (thread->unusual & UNUSUAL_STRACE)
        return system_call_traced(thread, number, &r->x[2]);
    if (number >= SYSTEM_CALLS || !system_calls[number])
        return system_call_unknown(thread, number);
    return system_calls[number](thread, r->x[1], r->x[2], r->x[3], r->x[4], r->x[5], r->x[6],
                                r->x[7]);
}

/* Makes a handler's answer a message; the tag to reply with, or ANSWER_LATER. */
static int64_t answer(struct thread *thread, struct message *message, int64_t result)
{
    if (result != ANSWER_RETRY && result != ANSWER_NONE &&
        (thread->unusual & UNUSUAL_ATTENTION || result == ANSWER_INTERRUPTED))
        result = signal_attention(thread, result);
    if (result == ANSWER_NONE)
        return ANSWER_LATER;
    if (result == ANSWER_RETRY) {
        memcpy(message->w, thread->retry, sizeof message->w);
        thread->unusual |= UNUSUAL_AGAIN;
        return thread->retry_tag;
    }
    loop_forget(thread);
    message->w[0] = (uint64_t)result;
    return result == ANSWER_REGISTERS ? TAG_REGISTERS : 0;
}

void loop_answer(struct thread *thread, int64_t result)
{
    if (result > ANSWER_LAST && !(thread->unusual & ~(uint32_t)UNUSUAL_AGAIN)) {
        loop_forget(thread);
        NATIVE_CALL(SYSCALL_reply, IN(0, 0) IN(1, thread->request) IN(2, result));
        return;
    }
    struct message message = {.w = {0}};
    uint64_t request = thread->request;
    int64_t tag = answer(thread, &message, result);
    if (tag != ANSWER_LATER)
        reply((uint64_t)tag, request, &message);
}

/* From root. */
static int64_t on_call(struct message *message, uint64_t answered)
{
    message_refuse_handle(message);
    if (message->w[0] != PROC_STATUS) {
        message->w[0] = (uint64_t)-ENOSYS;
        return 0;
    }
    message->w[0] = process_report.ended ? 0 : (uint64_t)-EAGAIN;
    message->w[1] = process_report.status;
    message->w[2] = process_report.minor;
    message->w[3] = process_report.major;
    message->w[4] = answered;
    message->w[5] = process_report.started;
    return 0;
}

/* An access or instruction failed. What a stack grew for succeeds now. */
static int64_t on_exception(struct thread *thread, const struct message *message)
{
    uint64_t kind = memory_exception(thread, message->w[0], message->w[1]);
    return kind ? signal_exception(thread, kind, message->w[1], message->w[2], message->w[3])
                : ANSWER_REGISTERS;
}

/* A thread that makes no call but needs its personality. The tag to answer with, or ANSWER_LATER.
 */
static int64_t on_thread(struct message *message)
{
    struct thread *thread = (struct thread *)message->badge;
    int64_t result = ANSWER_REGISTERS;
    thread->request = message->request;
    if (thread->unusual & UNUSUAL_ATTENTION &&
        signal_comes_again(thread, false, message->head & MESSAGE_AGAIN, 0, &result))
        return answer(thread, message, result);
    if (thread->life.set_child_tid)
        result = clone_begin(thread, message->head & MESSAGE_AGAIN,
                             message_kind(message) == KIND_EXCEPTION);
    else if (message_kind(message) == KIND_START)
        result = exec_start(thread);
    else if (message_kind(message) == KIND_EXCEPTION)
        result = on_exception(thread, message);
    return answer(thread, message, result);
}

/* What is not a system call. The tag to answer with, or ANSWER_LATER. */
static int64_t on_other(struct message *message, uint64_t answered)
{
    switch (message_kind(message)) {
    case KIND_START:
    case KIND_EXCEPTION:
    case KIND_INTERRUPT:
        return on_thread(message);
    case KIND_NOTIFY:
        if (message->w[0] & NOTIFY_TIMER)
            timers_run();
        if (message->w[0] & NOTIFY_CONSOLE)
            console_wake();
        if (message->w[0] & ~(uint64_t)(NOTIFY_TIMER | NOTIFY_CONSOLE))
            remote_notified(message->w[0]);
        return ANSWER_LATER;
    case KIND_CALL:
        return on_call(message, answered);
    default:
        return ANSWER_LATER;
    }
}

/* Answers `message` unless the tag says ANSWER_LATER, and receives the next. */
static struct registers next(int64_t tag, struct message *message)
{
    server_next(configuration.self, tag, message);
    return (struct registers){{message->head, message->request, message->w[0], message->w[1],
                               message->w[2], message->w[3], message->w[4], message->w[5],
                               message->badge}};
}

/* A receive that brought no system call: another message, or an error (then receives again). */
static __attribute__((noinline)) struct registers serve_other(struct registers r, uint64_t answered)
{
    struct message message;
    int64_t error = message_take(&message, &r);
    if (error)
        server_recover(configuration.self, error, &message);
    if (message_kind(&message) == KIND_SYSCALL) /* what came after the error */
        return (struct registers){{message.head, message.request, message.w[0], message.w[1],
                                   message.w[2], message.w[3], message.w[4], message.w[5],
                                   message.badge}};
    int64_t tag = on_other(&message, answered);
    family_bury();
    return next(tag, &message);
}

/* A call that is sent back, or may not be answered now. */
static __attribute__((noinline)) struct registers answer_otherwise(struct thread *thread,
                                                                   int64_t result)
{
    struct message message = {.request = thread->request};
    int64_t tag = answer(thread, &message, result);
    if (thread->unusual & UNUSUAL_YIELDS && tag != ANSWER_LATER) {
        thread->unusual &= ~(uint32_t)UNUSUAL_YIELDS;
        reply((uint64_t)tag, message.request, &message); /* to the end of the queue */
        tag = ANSWER_LATER;
    }
    family_bury();
    return next(tag, &message);
}

/*
 * The short way, for a call that is answered at once: some thirty instructions of proc's own, the
 * message in registers all along. The low half of x0 is KIND_SYSCALL, but for what MESSAGE_AGAIN says,
 * exactly when a system call came in; other messages and errors of the receive go the long way.
 */
static _Noreturn void serve(void)
{
    const handle self = configuration.self;
    uint64_t answered = 0;
    struct message nothing = {.w = {0}};
    struct registers r = next(ANSWER_LATER, &nothing);
    for (;;) {
        if (__builtin_expect(((uint32_t)r.x[0] & ~(MESSAGE_AGAIN | MESSAGE_REFUSED)) != KIND_SYSCALL, 0)) {
            r = serve_other(r, answered);
            continue;
        }
        struct thread *thread = (struct thread *)r.x[8];
        uint64_t number = r.x[0] >> TAG_SHIFT;
        system_call *handler = number < SYSTEM_CALLS ? system_calls[number] : NULL;
        int64_t result;
        answered++;
        thread->request = r.x[1];
        if (__builtin_expect(!handler || thread->unusual, 0)) {
            struct registers copy = r; /* the address of r must not escape */
            result = carry_out(thread, &copy);
        } else {
            result = handler(thread, r.x[1], r.x[2], r.x[3], r.x[4], r.x[5], r.x[6], r.x[7]);
        }
        if (result == ANSWER_NONE) {
            family_bury();
            r = NATIVE_CALL(SYSCALL_recv, IN(0, self) IN(1, 0));
            continue;
        }
        if (__builtin_expect(result <= ANSWER_LAST || thread->unusual, 0)) {
            r = answer_otherwise(thread, result);
            continue;
        }
        thread->progress = thread->stage = 0; /* all that a call which never stopped can leave */
        r = NATIVE_CALL(SYSCALL_reply_recv,
                        IN(0, HEAD(self, 0)) IN(1, thread->request) IN(2, result));
    }
}

/* ---- Start ---- */

/* Maps the bundle and reads the manifest out of it. */
static int64_t read_bundle(size_t bytes, struct manifest *manifest)
{
    const void *archive = (const void *)BUNDLE_ADDRESS;
    static char error_text[MANIFEST_ERROR_BYTES];
    struct cpio_entry entry;
    int64_t error = region_map(HANDLE_SPACE, BUNDLE_ADDRESS, (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT,
                               MAP_READ | MAP_POPULATE, configuration.bundle, 0, 0, 0);
    if (error) {
        log_print(LOG_ERROR, "proc: cannot map the bundle: %s\n", error_name(error));
        return error;
    }
    if (cpio_find(archive, bytes, "manifest", &entry) != 1) {
        log_print(LOG_ERROR, "proc: the bundle has no manifest\n");
        return -ENOENT;
    }
    error = manifest_parse(manifest, (const char *)entry.data, entry.size, error_text);
    if (error)
        log_print(LOG_ERROR, "proc: %s\n", error_text);
    return error ? error : tree_init(archive, bytes, manifest->root);
}

static void take_handles(void)
{
    configuration.self = startup_handle_needed("self");
    configuration.bundle = startup_handle_needed("bundle");
    configuration.console = startup_handle_needed("console");
    configuration.exit = startup_handle_needed("exit");
    configuration.vfs = startup_handle("vfs");
    configuration.file = startup_handle("file");
    configuration.card = startup_handle("card");
    configuration.programs = startup_handle_needed("programs");
    int64_t notification = create_notification(0, configuration.self);
    if (notification < 0)
        log_print(LOG_ERROR, "proc: no notification: %s\n", error_name(notification));
    else
        configuration.notification = (handle)notification;
}

static void take_pager(const struct manifest *manifest)
{
    const char *name = manifest->program_pager ? manifest->program_pager : "anon";
    configuration.anon = startup_handle_needed(name);
    configuration.pager_trusted = strcmp(name, "anon") == 0;
    configuration.strace = manifest->strace;
    configuration.fixed_addresses = manifest->fixed_addresses;
}

/* The last eighth of proc's memory is not for new processes and threads. */
static void reserve_memory(void)
{
    struct pool_facts facts;
    if (pool_query(HANDLE_POOL, &facts) >= 0)
        wired_reserve(facts.limit - facts.limit / 8);
}

int main(const struct startup *startup)
{
    static struct manifest manifest;
    take_handles();
    int64_t error = read_bundle(startup->bundle_bytes, &manifest);
    if (!error) {
        take_pager(&manifest);
        reserve_memory();
        random_init(startup->seed ? startup->seed : time_now());
        vdso_init((const void *)BUNDLE_ADDRESS, startup->bundle_bytes);
        clock_set_realtime((int64_t)manifest.time * NANOSECONDS);
        if (console_init(manifest.window_rows, manifest.window_columns) < 0)
            log_print(LOG_ERROR, "proc: no terminal\n");
        if (timers_init() < 0)
            log_print(LOG_ERROR, "proc: no timers: nothing that waits for a time will end\n");
        if (procfs_init() < 0)
            log_print(LOG_ERROR, "proc: no /proc\n");
        runs_prepare(&manifest);
        remote_init(&manifest, runs_begin);
    } else {
        runs_give_up(STATUS_NOT_STARTED);
    }
    serve();
}
