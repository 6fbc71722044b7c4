#include "ipc/personality.h"
#include "arch/string.h"
#include "debug/console.h"
#include "debug/trace.h"
#include "ipc/fast.h"

static const char *const reasons[] = {
    [EXCEPTION_NO_REGION] = "no memory there",
    [EXCEPTION_RIGHTS] = "memory does not allow it",
    [EXCEPTION_PAGER] = "its pager failed",
    [EXCEPTION_NO_MEMORY] = "its pool is exhausted",
    [EXCEPTION_UNDEFINED] = "undefined or privileged instruction",
    [EXCEPTION_ALIGNMENT] = "misaligned",
    [EXCEPTION_BREAKPOINT] = "breakpoint",
    [EXCEPTION_SYSTEM_CALL] = "Linux system call, but it has no personality",
};

/* A server did what only programs may: nobody will answer for it. */
static struct thread *without_personality(struct thread *thread, unsigned reason, uint64_t address)
{
    struct space *space = thread->space;

    kprintf(LOG_ERROR,
            "pagoda: %s (space %lu) ended: exception %u (%s) at 0x%lx pc=0x%lx image=%s\n",
            space->name, space->id, reason, reasons[reason], address, thread->registers.pc,
            space->name);
    space_kill(space);
    return this_cpu()->current == thread ? schedule() : NULL;
}

static struct thread *send_to_personality(struct thread *thread, unsigned kind, unsigned flags)
{
    struct request *request = &thread->request;

    thread->special &= ~SPECIAL_INTERRUPTED; /* this is its chance to interrupt */
    request_new_id(thread);
    request->head = kind;
    request->flags = flags;
    memcpy(request->words, thread->told, sizeof thread->told);
    request->words[4] = request->words[5] = 0;
    return request_send(thread, thread->space->personality);
}

struct thread *syscall_slow(struct thread *thread)
{
    struct endpoint *endpoint = thread->space->personality;

    if (!endpoint)
        return without_personality(thread, EXCEPTION_SYSTEM_CALL, thread->registers.x[8]);
    trace(TRACE_SEND, thread->registers.x[8], KIND_SYSCALL);
    return send_to_personality(thread, KIND_SYSCALL, 0);
}

struct thread *personality_exception(struct thread *thread, unsigned reason, uint64_t address,
                                     uint64_t esr)
{
    trace(TRACE_EXCEPTION, reason, address);
    if (!thread->space->personality)
        return without_personality(thread, reason, address);
    thread->told[0] = reason;
    thread->told[1] = address;
    thread->told[2] = thread->registers.pc;
    thread->told[3] = esr;
    return send_to_personality(thread, KIND_EXCEPTION, 0);
}

struct thread *personality_ask(struct thread *thread, unsigned kind)
{
    memset(thread->told, 0, sizeof thread->told);
    return send_to_personality(thread, kind, 0);
}

struct thread *personality_retry(struct thread *thread, unsigned flags)
{
    unsigned kind = thread->retry;

    thread->retry = 0;
    return send_to_personality(thread, kind, flags);
}
