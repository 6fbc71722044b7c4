/*
 * frame.c: the frame of a handler, as Linux lays it out (arch/arm64/kernel/signal.c): siginfo,
 * ucontext, records of FP registers and fault, and a pair of frame pointer and link register, so
 * that a debugger can walk on (behind the records, not above the frame: one copy writes all). Only
 * what means something is written: the rest of the reserved 4 KiB is left as it was.
 *
 * A frame is made and read in the message page, where the kernel puts registers to where the frame
 * has them: nothing is copied but from there to the program.
 */
#include "act.h"
#include "lib/layout.h"
#include "lib/memory.h"
#include "proc.h"
#include "time/vdso.h"

#define FRAME_LINK_BYTES 16
#define PSTATE_NOT_EL0   0x3df /* mode, and masked exceptions: never of EL0 */

#define PAGE_FRAME ((struct signal_frame *)MESSAGE_BYTES)
#define GENERAL_AT __builtin_offsetof(struct signal_frame, x)
#define FP_AT      __builtin_offsetof(struct signal_frame, fp.v)
_Static_assert(GENERAL_AT + sizeof(struct thread_registers) == FRAME_RESERVED, "tls: alignment");

/* Where thread_ctl has FPSR and FPCR: right after the vectors, over the records that follow. */
static uint64_t *fp_control(void)
{
    return &PAGE_FRAME->fp.v[64];
}

/* ---- Entering a handler ---- */

/* What the thread would go on with but for the handler; `action` decides what becomes of a call
 * that was interrupted. */
static void take_result(const struct thread *thread, int64_t result,
                        const struct signal_action *action)
{
    if (result == ANSWER_REGISTERS)
        return;
    if (result != ANSWER_INTERRUPTED)
        PAGE_FRAME->x[0] = (uint64_t)result;
    else if (thread->wait.restart == RESTART_BY_ACTION && action->flags & SA_RESTART)
        PAGE_FRAME->pc -= 4; /* the svc; x0 and x8 are as they were */
    else
        PAGE_FRAME->x[0] = (uint64_t)-EINTR;
}

/* Where the frame goes: the pair for debuggers above, the frame below. */
static uint64_t place(const struct thread *thread, uint64_t sp, const struct signal_action *action)
{
    const struct signal_stack *stack = &thread->signals.stack;
    if (action->flags & SA_ONSTACK && stack->bytes && !signal_on_stack(thread, sp))
        sp = stack->address + stack->bytes;
    return ((sp - FRAME_LINK_BYTES) & ~15UL) - FRAME_BYTES;
}

/* The records after the registers. */
static void fill_records(const struct thread *thread)
{
    struct signal_frame *frame = PAGE_FRAME;
    uint64_t fpsr = fp_control()[0], fpcr = fp_control()[1];
    bool fault = thread->signals.fault_kept;
    frame->alignment = 0;
    frame->fp.head = (struct frame_record_head){FPSIMD_MAGIC, sizeof frame->fp};
    frame->fp.fpsr = (uint32_t)fpsr;
    frame->fp.fpcr = (uint32_t)fpcr;
    frame->fault_address = fault ? thread->signals.fault_address : 0;
    frame->esr.head = fault ? (struct frame_record_head){ESR_MAGIC, sizeof frame->esr}
                            : (struct frame_record_head){0, 0};
    frame->esr.syndrome = fault ? thread->signals.fault_syndrome : 0;
    frame->end = frame->end_rest = (struct frame_record_head){0, 0};
    frame->link_pair[0] = frame->x[29];
    frame->link_pair[1] = frame->x[30];
}

/* Inline: there are few, and a call for them would cost as much again. */
static inline __attribute__((always_inline)) void clear(uint64_t *words, size_t count)
{
#pragma GCC unroll 16
    for (size_t i = 0; i < count; i++)
        words[i] = 0;
}

/* What comes before the registers. */
static void fill_context(const struct thread *thread, const struct signal_info *info)
{
    const struct signal_thread *own = &thread->signals;
    struct signal_frame *frame = PAGE_FRAME;
    frame->info = *info;
    clear(frame->info_rest, sizeof frame->info_rest / 8);
    frame->flags = frame->link = 0;
    frame->stack.address = own->stack.address;
    frame->stack.flags = (int32_t)(own->stack.bytes ? own->stack.flags : SS_DISABLE);
    frame->stack.padding = 0;
    frame->stack.bytes = own->stack.bytes;
    frame->mask = own->lent ? own->blocked_after : own->blocked;
    clear(frame->mask_rest, sizeof frame->mask_rest / 8);
}

/* Makes the frame's registers those that the handler begins with. */
static void enter(const struct thread *thread, const struct signal_action *action, int32_t signal,
                  uint64_t address, uint64_t tls)
{
    struct signal_frame *frame = PAGE_FRAME;
    frame->x[0] = (uint64_t)signal;
    if (action->flags & SA_SIGINFO) {
        frame->x[1] = address;
        frame->x[2] = address + __builtin_offsetof(struct signal_frame, flags);
    }
    frame->x[29] = address + __builtin_offsetof(struct signal_frame, link_pair);
    frame->x[30] =
        action->flags & SA_RESTORER ? action->restorer : vdso_sigreturn(thread->process->memory);
    frame->sp = address;
    frame->pc = action->handler;
    frame->alignment = tls;
    thread_ctl(thread->handle, THREAD_WRITE, GENERAL_AT, 0, 0);
}

int64_t frame_push(struct thread *thread, int64_t *result, const struct signal_action *action,
                   const struct signal_info *info)
{
    struct signal_thread *own = &thread->signals;
    if (thread_ctl(thread->handle, THREAD_READ, GENERAL_AT, FP_AT, 0) < 0)
        return -EFAULT;
    uint64_t tls = PAGE_FRAME->alignment, address = place(thread, PAGE_FRAME->sp, action);
    own->fault_kept = info == &own->fault && own->fault_kind;
    take_result(thread, *result, action);
    fill_context(thread, info);
    fill_records(thread);
    int64_t error = client_write(thread, address, PAGE_FRAME, sizeof *PAGE_FRAME);
    if (error)
        return error;
    if (own->stack.flags & SS_AUTODISARM)
        own->stack = (struct signal_stack){0, 0, 0};
    enter(thread, action, info->signal, address, tls);
    *result = ANSWER_REGISTERS;
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
        if (head->magic == FPSIMD_MAGIC && !found && head->bytes == sizeof PAGE_FRAME->fp)
            found = &((const uint32_t *)head)[2];
        else if (head->magic != ESR_MAGIC)
            return NULL;
        at += head->bytes;
    }
    return NULL;
}

/* Reads all of a frame whose records a program has put elsewhere, and the FP registers to where the
 * kernel's own have them. */
static int64_t read_whole(struct thread *thread, uint64_t address)
{
    static char whole[FRAME_BYTES];
    int64_t error = client_read(thread, address, whole, sizeof whole);
    if (error)
        return error;
    const uint32_t *fp = find_fp(whole + FRAME_RESERVED, sizeof whole - FRAME_RESERVED);
    if (!fp)
        return -EFAULT;
    memcpy(PAGE_FRAME, whole, FRAME_RESERVED);
    memcpy(&PAGE_FRAME->fp.fpsr, fp, sizeof PAGE_FRAME->fp - sizeof PAGE_FRAME->fp.head);
    return 0;
}

static bool same(const struct frame_record_head *head, uint32_t magic, size_t bytes)
{
    return head->magic == magic && head->bytes == bytes;
}

/* The records are where this file puts them. */
static bool is_usual(const struct signal_frame *frame)
{
    return same(&frame->fp.head, FPSIMD_MAGIC, sizeof frame->fp) &&
           (same(&frame->esr.head, 0, 0) ||
            (same(&frame->esr.head, ESR_MAGIC, sizeof frame->esr) && same(&frame->end, 0, 0)));
}

/* The frame at the stack pointer into the message page. What Linux wrote last, and the kernel here,
 * comes with the first read. */
static int64_t read_frame(struct thread *thread, uint64_t address)
{
    struct signal_frame *frame = PAGE_FRAME;
    if (address & 15)
        return -EFAULT;
    int64_t error = client_read(thread, address, frame, sizeof *frame);
    if (!error && !is_usual(frame))
        error = read_whole(thread, address);
    return !error && frame->pstate & PSTATE_NOT_EL0 ? -EFAULT : error;
}

static int64_t restore(struct thread *thread, uint64_t tls)
{
    struct signal_frame *frame = PAGE_FRAME;
    struct linux_stack stack = frame->stack;
    uint64_t fpsr = frame->fp.fpsr, fpcr = frame->fp.fpcr, mask = frame->mask, sp = frame->sp;
    frame->alignment = tls;
    fp_control()[0] = fpsr;
    fp_control()[1] = fpcr;
    if (thread_ctl(thread->handle, THREAD_WRITE, GENERAL_AT, FP_AT, 0) < 0)
        return -EFAULT;
    signal_mask_set(thread, mask);
    signal_stack_set(thread, sp, &stack);
    return 0;
}

int64_t linux_rt_sigreturn(struct thread *thread)
{
    int64_t error = thread_ctl(thread->handle, THREAD_READ, GENERAL_AT, 0, 0);
    uint64_t tls = PAGE_FRAME->alignment, sp = PAGE_FRAME->sp;
    if (!error)
        error = read_frame(thread, sp);
    if (!error)
        error = restore(thread, tls);
    if (error == ANSWER_RETRY)
        return error;
    if (error) {
        struct region_facts facts;
        struct signal_info info = {.signal = SIGSEGV, .code = SEGV_ACCERR};
        if (region_query(thread->process->memory->space, sp, &facts) < 0)
            info.code = SEGV_MAPERR;
        info.address = sp;
        signal_force(thread, &info);
    }
    return ANSWER_REGISTERS;
}
