/*
 * trap.c: exceptions from EL0 that are neither calls nor page faults, and
 * interrupts.
 */
#include "entry/trap.h"
#include "arch/registers.h"
#include "arch/timer_hardware.h"
#include "debug/console.h"
#include "debug/panic.h"
#include "debug/trace.h"
#include "ipc/irq.h"
#include "ipc/personality.h"
#include "platform/platform.h"
#include "sched/timer.h"

#define SPURIOUS 1020 /* this and above (IHI 0048B 3.2.4) */

struct thread *trap_interrupt(struct thread *thread);
struct thread *trap_exception(struct thread *thread, uint64_t esr, uint64_t far);
struct thread *trap_32bit(struct thread *thread);
struct thread *trap_system_error(struct thread *thread, uint64_t esr);

void interrupts_handle(void)
{
    struct cpu *cpu = this_cpu();
    uint32_t intid;

    while ((intid = interrupts->acknowledge()) < SPURIOUS) {
        cpu->counters.interrupts++;
        trace(TRACE_INTERRUPT, intid, 0);
        if (intid == boot_info.timer_virtual) {
            uint64_t delay = timer_now() - cpu->timer_set;
            if (cpu->timer_set != ~0ul && (int64_t)delay > 0 &&
                delay > cpu->counters.interrupt_delay_worst_ns)
                cpu->counters.interrupt_delay_worst_ns = delay;
            timer_interrupt(cpu);
        } else if (!irq_deliver(intid)) {
            kprintf(LOG_WARNING, "interrupt %u belongs to nobody: disabled\n", intid);
        }
        interrupts->end(intid);
    }
}

struct thread *trap_interrupt(struct thread *thread)
{
    struct cpu *cpu = this_cpu();

    interrupts_handle();
    if (cpu->current != thread)
        return schedule(); /* what came in ended it */
    return cpu->slice_over ? yield_from(thread) : reschedule(thread);
}

/* EL0 may not read most ID registers; the few that programs ask for anyway get Linux's answer
 * from their personality, which sees the ESR. */
struct thread *trap_exception(struct thread *thread, uint64_t esr, uint64_t far)
{
    switch (esr >> 26) {
    case EC_FP:
        fpu_take(this_cpu(), thread);
        return thread;
    case EC_PC_ALIGNMENT:
    case EC_SP_ALIGNMENT:
        return personality_exception(thread, EXCEPTION_ALIGNMENT, far, esr);
    case EC_STEP:
        if (thread->user_state & USER_STEPPING)
            thread->registers.pstate |= PSTATE_STEP; /* one more when it goes on */
        /* fall through */
    case EC_BRK:
        return personality_exception(thread, EXCEPTION_BREAKPOINT, thread->registers.pc, esr);
    default: /* unknown, trapped system register or instruction, illegal state */
        return personality_exception(thread, EXCEPTION_UNDEFINED, thread->registers.pc, esr);
    }
}

struct thread *trap_32bit(struct thread *thread)
{
    return personality_exception(thread, EXCEPTION_UNDEFINED, thread->registers.pc, 0);
}

/* An asynchronous external abort: hardware reports that some access failed; which, nobody knows. */
struct thread *trap_system_error(struct thread *thread, uint64_t esr)
{
    panic("system error (SError), ESR 0x%lx, while %s ran", esr, thread->space->name);
}
