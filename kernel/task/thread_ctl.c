/*
 * thread_ctl.c: everything one thread may do to another: start it, stop it, look
 * into it, end it. Enough for signals and debuggers.
 */
#include "arch/string.h"
#include "ipc/personality.h"
#include "task/lookup.h"

#define PSTATE_USER_BITS 0xf0000000ul /* N Z C V: the rest of PSTATE is the kernel's */

/* The living thread that a handle names. NULL: answered, also EOWNERDEAD. */
static struct thread *lookup_thread(struct thread *caller, uint64_t handle, unsigned rights)
{
    struct kernel_object *object = lookup(caller, handle, KERNEL_OBJECT_THREAD, rights);
    struct thread *thread = object ? tree_entry(object, struct thread, object) : NULL;

    if (!thread || (thread->state != THREAD_STATE_DEAD && !thread->space->dying))
        return thread;
    answer(caller, -EOWNERDEAD);
    return NULL;
}

/* Its registers are its own business only while it cannot use them. */
static bool holds_still(const struct thread *thread, const struct thread *caller)
{
    switch (thread->state) {
    case THREAD_STATE_NEW:
    case THREAD_STATE_HELD:
        return true;
    case THREAD_STATE_ANSWER:
        return thread->request.server == caller->space || thread->special & SPECIAL_STOPPED;
    case THREAD_STATE_RUNNING:
    case THREAD_STATE_READY:
        return false;
    default:
        return thread->special & SPECIAL_STOPPED;
    }
}

static struct thread *start(struct thread *caller, struct thread *thread)
{
    uint64_t *x = caller->registers.x;

    if (thread->state != THREAD_STATE_NEW)
        return answer(caller, -EBUSY);
    if (x[2] >= USER_END || x[3] > USER_END)
        return answer(caller, -EINVAL);
    thread->registers.pc = x[2];
    thread->registers.sp = x[3];
    thread->registers.x[0] = x[4];
    thread_ready(thread);
    return reschedule(answer(caller, 0));
}

static struct thread *stop(struct thread *caller, struct thread *thread)
{
    thread->special |= SPECIAL_STOPPED;
    answer(caller, 0);
    if (thread == caller) {
        thread->state = THREAD_STATE_HELD;
        return schedule();
    }
    if (thread->state == THREAD_STATE_READY) {
        thread_unready(thread);
        thread->state = THREAD_STATE_HELD;
    }
    return caller;
}

static struct thread *resume(struct thread *caller, struct thread *thread)
{
    thread->special &= ~SPECIAL_STOPPED;
    if (thread->state == THREAD_STATE_HELD)
        thread_ready(thread);
    return reschedule(answer(caller, 0));
}

static struct thread *cancel(struct thread *caller, struct thread *thread)
{
    bool ours = thread->request.kind == KIND_CALL || thread->request.kind == KIND_SEND;

    switch (thread->state) {
    case THREAD_STATE_QUEUED:
    case THREAD_STATE_ANSWER:
        if (!ours)
            return answer(caller, -EBUSY);
        break;
    case THREAD_STATE_RECEIVING:
    case THREAD_STATE_SLEEPING:
        break;
    default:
        return answer(caller, -EBUSY);
    }
    thread_unwait(thread);
    thread_wake_with(thread, -EINTR);
    return reschedule(answer(caller, 0));
}

static struct thread *begin(struct thread *caller, struct thread *thread)
{
    if (thread->state != THREAD_STATE_NEW)
        return answer(caller, -EBUSY);
    if (!thread->space->personality)
        return answer(caller, -EINVAL);
    personality_ask(thread, KIND_START);
    return reschedule(answer(caller, 0));
}

/* A request of its own lies with its personality: queued there, or received by the caller. */
static bool asks_personality(const struct thread *thread, const struct thread *caller)
{
    const struct request *request = &thread->request;

    if (thread->state == THREAD_STATE_ANSWER)
        return request->kind >= KIND_SYSCALL && request->server == caller->space;
    return thread->state == THREAD_STATE_QUEUED && request->kind >= KIND_SYSCALL &&
           !request->forwarded;
}

static struct thread *interrupt(struct thread *caller, struct thread *thread)
{
    if (!thread->space->personality)
        return answer(caller, -EINVAL);
    if (asks_personality(thread, caller))
        return answer(caller, 1);
    answer(caller, 0);
    if (thread == caller)
        return personality_ask(thread, KIND_INTERRUPT);
    thread->special |= SPECIAL_INTERRUPTED;
    if (thread->state == THREAD_STATE_READY) {
        thread_unready(thread);
        thread_ready(thread);
    }
    return reschedule(caller);
}

static void registers_set(struct thread *thread, const void *registers)
{
    uint64_t own_bits = thread->registers.pstate & ~PSTATE_USER_BITS;

    thread->populating = false; /* whatever long call it was in is not continued */
    memcpy(&thread->registers, registers, sizeof thread->registers);
    thread->registers.pstate = (thread->registers.pstate & PSTATE_USER_BITS) | own_bits;
}

/* Where in the message page `size` bytes may lie. */
static bool fits(uint64_t at, size_t size)
{
    return !(at & 7) && at <= PAGE_SIZE - size;
}

static struct thread *look(struct thread *caller, struct thread *thread, uint64_t operation)
{
    bool write = operation == THREAD_WRITE || operation == THREAD_WRITE_FP;
    bool general = operation == THREAD_READ || operation == THREAD_WRITE;
    uint64_t *x = caller->registers.x, at = x[2], fp_at = x[general ? 3 : 2];
    char *page = caller->message_page;

    if (!page)
        return answer(caller, -EMSGSIZE);
    if ((general && !fits(at, sizeof thread->registers)) || !fits(fp_at, sizeof thread->fp))
        return answer(caller, -EINVAL);
    if (write && !holds_still(thread, caller))
        return answer(caller, -EBUSY);
    if (thread == caller)
        thread->registers.tls = read_register(tpidr_el0);
    if (general && write)
        registers_set(thread, page + at);
    else if (general)
        memcpy(page + at, &thread->registers, sizeof thread->registers);
    if (general && !fp_at)
        return answer(caller, 0);
    if (write) {
        fpu_forget(thread);
        memcpy(&thread->fp, page + fp_at, sizeof thread->fp);
        thread->fp_used = true;
    } else {
        fpu_save(thread);
        memcpy(page + fp_at, &thread->fp, sizeof thread->fp);
    }
    return answer(caller, 0);
}

static struct thread *copy(struct thread *caller, struct thread *thread)
{
    uint64_t *x = caller->registers.x;
    struct thread *other = lookup_thread(caller, x[2], RIGHT_READ);

    if (!other)
        return caller;
    if (x[3] & ~(uint64_t)(COPY_SP | COPY_TLS) || (x[3] & COPY_SP && x[5] > USER_END))
        return answer(caller, -EINVAL);
    if (!holds_still(thread, caller) || !holds_still(other, caller))
        return answer(caller, -EBUSY);
    registers_set(thread, &other->registers);
    thread->registers.x[0] = x[4];
    if (x[3] & COPY_SP)
        thread->registers.sp = x[5];
    if (x[3] & COPY_TLS)
        thread->registers.tls = x[6];
    fpu_save(other);
    if (thread->fp_used | other->fp_used) {
        fpu_forget(thread);
        memcpy(&thread->fp, &other->fp, sizeof thread->fp);
        thread->fp_used = other->fp_used;
    }
    if (thread->state == THREAD_STATE_NEW) {
        thread->special |= SPECIAL_STOPPED;
        thread->state = THREAD_STATE_HELD;
    }
    return answer(caller, 0);
}

struct thread *call_thread_ctl(struct thread *caller)
{
    uint64_t *x = caller->registers.x, operation = x[1];
    unsigned rights =
        operation == THREAD_READ || operation == THREAD_READ_FP || operation == THREAD_TIME
            ? RIGHT_READ
            : RIGHT_MANAGE;
    struct thread *thread = lookup_thread(caller, x[0], rights);

    if (!thread)
        return caller;
    switch (operation) {
    case THREAD_START:
        return start(caller, thread);
    case THREAD_STOP:
        return stop(caller, thread);
    case THREAD_RESUME:
        return resume(caller, thread);
    case THREAD_KILL:
        answer(caller, 0);
        thread_kill(thread);
        return thread == caller ? schedule() : caller;
    case THREAD_READ:
    case THREAD_WRITE:
    case THREAD_READ_FP:
    case THREAD_WRITE_FP:
        return look(caller, thread, operation);
    case THREAD_PRIORITY:
        if (x[2] > thread->space->priority_limit)
            return answer(caller, -EINVAL);
        if (thread->state == THREAD_STATE_READY)
            thread_unready(thread);
        thread->priority = thread->base_priority = x[2];
        if (thread->state == THREAD_STATE_READY)
            thread_ready(thread);
        return reschedule(answer(caller, 0));
    case THREAD_CANCEL:
        return cancel(caller, thread);
    case THREAD_STEP:
        if (x[2] > 1)
            return answer(caller, -EINVAL);
        if (!holds_still(thread, caller))
            return answer(caller, -EBUSY);
        thread->user_state = (thread->user_state & ~USER_STEPPING) | (x[2] ? USER_STEPPING : 0);
        thread->registers.pstate =
            (thread->registers.pstate & ~PSTATE_STEP) | (x[2] ? PSTATE_STEP : 0);
        return answer(caller, 0);
    case THREAD_BEGIN:
        return begin(caller, thread);
    case THREAD_INTERRUPT:
        return interrupt(caller, thread);
    case THREAD_COPY:
        return copy(caller, thread);
    case THREAD_TIME:
        x[1] = thread->time;
        return answer(caller, 0);
    }
    return answer(caller, -ENOSYS);
}
