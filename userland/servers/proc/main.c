/*
 * main.c: the loop of the Linux personality. The way of a null call (getpid) is short on purpose:
 * the message stays in registers, the badge is the thread, the number indexes a table.
 */
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

#define BUNDLE_ADDRESS LAYOUT_WIRED_END /* where proc maps it for itself */
#define STATUS_NOT_STARTED 126          /* proc itself could not begin its work */

struct configuration configuration;
static uint64_t answered; /* system calls */

/* ---- Messages ---- */

/*
 * A call that was sent back comes again with the same registers. Unless the kernel could not bring
 * the pages: then it has answered EFAULT itself, and what comes is another call.
 */
static __attribute__((noinline)) void check_again(struct thread *thread, uint64_t head, uint64_t a,
                                                  uint64_t b, uint64_t c)
{
    if (thread->again[0] == head && thread->again[1] == a && thread->again[2] == b &&
        thread->again[3] == c)
        return;
    thread->progress = thread->stage = 0;
    thread->retries = thread->retry_tag = 0;
}

/* Puts a handler's answer into the message; the tag to reply with. */
native_inline int64_t answer(struct thread *thread, struct message *message, int64_t result)
{
    if (__builtin_expect(result > ANSWER_NONE, 1)) {
        thread->progress = thread->stage = 0;
        thread->retries = thread->retry_tag = 0;
        message->w[0] = (uint64_t)result;
        return 0;
    }
    if (result == ANSWER_NONE)
        return ANSWER_LATER;
    thread->again[0] = message->head;
    thread->again[1] = message->w[0];
    thread->again[2] = message->w[1];
    thread->again[3] = message->w[2];
    message->w[0] = thread->retry[0];
    message->w[1] = thread->retry[1];
    message->w[2] = thread->retry[2];
    message->w[3] = thread->retry[3];
    message->w[4] = thread->retry[4];
    message->w[5] = thread->retry[5];
    return thread->retry_tag;
}

/* Out of line, so that the words need not be in memory otherwise. */
static __attribute__((noinline)) int64_t traced(struct thread *thread, uint32_t number, uint64_t a,
                                                uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                                                uint64_t f)
{
    const uint64_t arguments[6] = {a, b, c, d, e, f};
    return system_call_traced(thread, number, arguments);
}

native_inline int64_t on_syscall(struct message *message)
{
    struct thread *thread = (struct thread *)message->badge;
    uint32_t number = message_tag(message);
    int64_t result;
    thread->request = message->request;
    answered++;
    if (__builtin_expect(thread->retry_tag, 0))
        check_again(thread, message->head, message->w[0], message->w[1], message->w[2]);
    if (__builtin_expect(configuration.strace, 0))
        result = traced(thread, number, message->w[0], message->w[1], message->w[2],
                        message->w[3], message->w[4], message->w[5]);
    else if (__builtin_expect(number < SYSTEM_CALLS && system_calls[number], 1))
        result = system_calls[number](thread, message->w[0], message->w[1], message->w[2],
                                      message->w[3], message->w[4], message->w[5]);
    else
        result = system_call_unknown(thread, number);
    return answer(thread, message, result);
}

native_inline int64_t on_start(struct message *message)
{
    struct thread *thread = (struct thread *)message->badge;
    thread->request = message->request;
    return answer(thread, message, exec_start(thread));
}

native_inline int64_t on_exception(struct message *message)
{
    struct thread *thread = (struct thread *)message->badge;
    thread->request = message->request;
    signal_exception(thread, message->w[0], message->w[1], message->w[2], message->w[3]);
    return ANSWER_LATER;
}

native_inline int64_t on_notify(struct message *message)
{
    uint64_t bits = message->w[0];
    if (bits & NOTIFY_SLEEPER)
        time_wake();
    if (bits & NOTIFY_CONSOLE)
        console_wake();
    return ANSWER_LATER;
}

/* From root. */
native_inline int64_t on_call(struct message *message)
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
    return error ? error : tree_init(archive, bytes);
}

static void take_handles(void)
{
    configuration.self = startup_handle_needed("self");
    configuration.bundle = startup_handle_needed("bundle");
    configuration.console = startup_handle_needed("console");
    configuration.exit = startup_handle_needed("exit");
    configuration.programs = startup_handle_needed("programs");
    int64_t notification = create_notification(0, configuration.self);
    if (notification < 0)
        log_print(LOG_ERROR, "proc: no notification: %s\n", error_name(notification));
    else
        configuration.notification = (handle)notification;
}

/* The boot seed, for whoever gave proc the system handle; else what the counter says. */
static uint64_t seed(void)
{
    const struct boot_facts *facts = (const struct boot_facts *)MESSAGE_BYTES;
    handle system = startup_handle("system");
    return system && debug(system, DEBUG_BOOT, 0, 0) >= 0 && facts->seed ? facts->seed : time_now();
}

static void take_pager(const struct manifest *manifest)
{
    const char *name = manifest->program_pager ? manifest->program_pager : "anon";
    configuration.anon = startup_handle_needed(name);
    configuration.pager_trusted = strcmp(name, "anon") == 0;
    configuration.strace = manifest->strace;
}

int main(const struct startup *startup)
{
    static struct manifest manifest;
    take_handles();
    int64_t error = read_bundle(startup->bundle_bytes, &manifest);
    if (!error) {
        take_pager(&manifest);
        random_init(seed());
        console_init();
        runs_begin(&manifest);
    } else {
        runs_give_up(STATUS_NOT_STARTED);
    }
    static const struct server_operations operations = {.on_call = on_call,
                                                        .on_notify = on_notify,
                                                        .on_syscall = on_syscall,
                                                        .on_exception = on_exception,
                                                        .on_start = on_start};
    server_loop(configuration.self, &operations);
}
