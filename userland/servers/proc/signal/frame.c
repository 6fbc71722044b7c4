/*
 * frame.c: the frame of a handler, as Linux lays it out (arch/arm64/kernel/signal.c): siginfo,
 * ucontext, records of FP registers and fault, and above all a pair of frame pointer and link
 * register, so that a debugger can walk on. Only what means something is written: the rest of the
 * reserved 4 KiB is left as it was.
 */
#include "act.h"
#include "lib/layout.h"
#include "lib/memory.h"
#include "proc.h"
#include "time/vdso.h"

#define FRAME_LINK_BYTES 16
#define PSTATE_NOT_EL0   0x3df /* mode, and masked exceptions: never of EL0 */

/* FP registers, as thread_ctl tells them. */
struct fp_registers {
    uint64_t v[64], fpsr, fpcr;
};

static struct signal_frame frame; /* what is never written stays zero */

/* ---- Registers ---- */

/* The thread's registers as they would be without a handler; `action` decides what becomes of a
 * call that was interrupted. */
static int64_t read_registers(struct delivery *delivery, const struct signal_action *action)
{
    struct thread *thread = delivery->thread;
    struct thread_registers *registers = &delivery->registers;
    if (delivery->read)
        return 0;
    if (thread_ctl(thread->handle, THREAD_READ, 0, 0, 0) < 0)
        return -EFAULT;
    memcpy(registers, MESSAGE_BYTES, sizeof *registers);
    if (delivery->result == ANSWER_INTERRUPTED) {
        if (thread->wait.restart == RESTART_BY_ACTION && action->flags & SA_RESTART)
            registers->pc -= 4; /* the svc; x0 and x8 are as they were */
        else
            registers->x[0] = (uint64_t)-EINTR;
    } else if (delivery->result != ANSWER_REGISTERS) {
        registers->x[0] = (uint64_t)delivery->result;
    }
    delivery->read = true;
    return 0;
}

void frame_commit(struct delivery *delivery)
{
    if (!delivery->changed)
        return;
    memcpy(MESSAGE_BYTES, &delivery->registers, sizeof delivery->registers);
    thread_ctl(delivery->thread->handle, THREAD_WRITE, 0, 0, 0);
    delivery->result = ANSWER_REGISTERS;
    delivery->read = delivery->changed = false;
}

/* ---- Entering a handler ---- */

/* Where the frame goes: `link` above, the frame below. */
static uint64_t place(const struct thread *thread, uint64_t sp, const struct signal_action *action,
                      uint64_t *link)
{
    if (action->flags & SA_ONSTACK && thread->signals.stack.bytes && !signal_on_stack(thread, sp))
        sp = thread->signals.stack.address + thread->signals.stack.bytes;
    *link = (sp - FRAME_LINK_BYTES) & ~15UL;
    return *link - FRAME_BYTES;
}

/* The records after the registers. Returns the bytes of the frame so far. */
static size_t fill_records(const struct thread *thread)
{
    const struct fp_registers *fp = (const struct fp_registers *)MESSAGE_BYTES;
    if (thread_ctl(thread->handle, THREAD_READ_FP, 0, 0, 0) < 0)
        return 0;
    frame.fp.head = (struct frame_record_head){FPSIMD_MAGIC, sizeof frame.fp};
    frame.fp.fpsr = (uint32_t)fp->fpsr;
    frame.fp.fpcr = (uint32_t)fp->fpcr;
    memcpy(frame.fp.v, fp->v, sizeof frame.fp.v);
    if (!thread->signals.fault_kept) {
        frame.esr.head = (struct frame_record_head){0, 0};
        frame.fault_address = 0;
        return __builtin_offsetof(struct signal_frame, end);
    }
    frame.esr.head = (struct frame_record_head){ESR_MAGIC, sizeof frame.esr};
    frame.esr.syndrome = thread->signals.fault_syndrome;
    frame.fault_address = thread->signals.fault_address;
    return sizeof frame;
}

static void fill_context(const struct thread *thread, const struct thread_registers *registers)
{
    const struct signal_thread *own = &thread->signals;
    frame.stack.address = own->stack.address;
    frame.stack.flags = (int32_t)(own->stack.bytes ? own->stack.flags : SS_DISABLE);
    frame.stack.bytes = own->stack.bytes;
    frame.mask = own->lent ? own->blocked_after : own->blocked;
    memcpy(frame.x, registers->x, sizeof frame.x);
    frame.sp = registers->sp;
    frame.pc = registers->pc;
    frame.pstate = registers->pstate;
}

int64_t frame_push(struct delivery *delivery, const struct signal_action *action,
                   const struct signal_info *info)
{
    struct thread *thread = delivery->thread;
    struct signal_thread *own = &thread->signals;
    struct thread_registers *registers = &delivery->registers;
    uint64_t link, address;
    int64_t error = read_registers(delivery, action);
    if (error)
        return error;
    address = place(thread, registers->sp, action, &link);
    own->fault_kept = info == &own->fault && own->fault_kind;
    frame.info = *info;
    fill_context(thread, registers);
    size_t bytes = fill_records(thread);
    error = bytes ? client_write(thread, address, &frame, bytes) : -EFAULT;
    if (!error)
        error = client_write(thread, link, &registers->x[29], FRAME_LINK_BYTES);
    if (error)
        return error;
    if (own->stack.flags & SS_AUTODISARM)
        memset(&own->stack, 0, sizeof own->stack);
    registers->x[0] = (uint64_t)info->signal;
    if (action->flags & SA_SIGINFO) {
        registers->x[1] = address;
        registers->x[2] = address + __builtin_offsetof(struct signal_frame, flags);
    }
    registers->x[29] = link;
    registers->x[30] =
        action->flags & SA_RESTORER ? action->restorer : vdso_sigreturn(thread->process->memory);
    registers->sp = address;
    registers->pc = action->handler;
    delivery->changed = true;
    delivery->result = ANSWER_REGISTERS;
    return 0;
}

/* ---- Returning from one ---- */

/* Looks through the records for the FP registers: NULL when they are not well-formed. `bytes`: what
 * is there of them. */
static const uint32_t *find_fp(const char *records, size_t bytes)
{
    const uint32_t *found = NULL;
    for (size_t at = 0; at + sizeof(struct frame_record_head) <= bytes;) {
        const struct frame_record_head *head = (const void *)(records + at);
        if (head->magic == 0)
            return head->bytes == 0 ? found : NULL;
        if (head->bytes < sizeof *head || head->bytes & 15 || head->bytes > bytes - at)
            return NULL;
        if (head->magic == FPSIMD_MAGIC && !found && head->bytes == sizeof frame.fp)
            found = &((const uint32_t *)head)[2];
        else if (head->magic != ESR_MAGIC)
            return NULL;
        at += head->bytes;
    }
    return NULL;
}

/* The frame at the stack pointer: what Linux wrote last comes with the first read, what a program
 * made itself may have its records anywhere. */
static int64_t read_frame(struct thread *thread, uint64_t address, struct signal_frame **at,
                          const uint32_t **fp)
{
    static union {
        struct signal_frame frame;
        char bytes[FRAME_BYTES];
    } whole;
    *at = &whole.frame;
    if (address & 15)
        return -EFAULT;
    size_t bytes = sizeof whole.frame;
    for (;;) {
        int64_t error = client_read(thread, address, &whole, bytes);
        if (error)
            return error;
        *fp = find_fp(whole.bytes + FRAME_RESERVED, bytes - FRAME_RESERVED);
        if (*fp)
            return whole.frame.pstate & PSTATE_NOT_EL0 ? -EFAULT : 0;
        if (bytes == FRAME_BYTES)
            return -EFAULT;
        bytes = FRAME_BYTES;
    }
}

static int64_t restore(struct thread *thread, const struct signal_frame *from, const uint32_t *fp,
                       struct thread_registers *registers)
{
    struct fp_registers *page = (struct fp_registers *)MESSAGE_BYTES;
    page->fpsr = fp[0];
    page->fpcr = fp[1];
    memcpy(page->v, fp + 2, sizeof page->v);
    if (thread_ctl(thread->handle, THREAD_WRITE_FP, 0, 0, 0) < 0)
        return -EFAULT;
    memcpy(registers->x, from->x, sizeof registers->x);
    registers->sp = from->sp;
    registers->pc = from->pc;
    registers->pstate = from->pstate;
    memcpy(MESSAGE_BYTES, registers, sizeof *registers);
    if (thread_ctl(thread->handle, THREAD_WRITE, 0, 0, 0) < 0)
        return -EFAULT;
    signal_mask_set(thread, from->mask);
    signal_stack_set(thread, registers->sp, &from->stack);
    return 0;
}

int64_t linux_rt_sigreturn(struct thread *thread)
{
    struct thread_registers registers;
    struct signal_frame *from;
    const uint32_t *fp;
    int64_t error = -EFAULT;
    if (thread_ctl(thread->handle, THREAD_READ, 0, 0, 0) == 0) {
        memcpy(&registers, MESSAGE_BYTES, sizeof registers);
        error = read_frame(thread, registers.sp, &from, &fp);
        if (!error)
            error = restore(thread, from, fp, &registers);
    }
    if (error == ANSWER_RETRY)
        return error;
    if (error) {
        struct region_facts facts;
        struct signal_info info = {.signal = SIGSEGV, .code = SEGV_ACCERR};
        if (region_query(thread->process->memory->space, registers.sp, &facts) < 0)
            info.code = SEGV_MAPERR;
        info.address = registers.sp;
        signal_force(thread, &info);
    }
    return ANSWER_REGISTERS;
}
