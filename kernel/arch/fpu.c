#include "arch/fpu.h"
#include "task/thread.h"

/* fp.S */
void fpu_store(void *q);
void fpu_load(const void *q);

void fpu_take(struct cpu *cpu, struct thread *thread)
{
    fpu_enable(true);
    instruction_barrier(); /* the kernel itself uses the registers next */
    if (cpu->fpu_owner)
        fpu_store(&cpu->fpu_owner->fp), cpu->fpu_owner->user_state &= ~USER_FP;
    fpu_load(&thread->fp);
    cpu->fpu_owner = thread;
    thread->fp_used = true;
    cpu->user_state |= USER_FP;
    thread->user_state |= USER_FP;
}

void fpu_save(struct thread *thread)
{
    struct cpu *cpu = thread->cpu;

    if (cpu->fpu_owner != thread)
        return;
    fpu_enable(true);
    instruction_barrier();
    fpu_store(&thread->fp);
    fpu_enable(cpu->user_state & USER_FP);
}

void fpu_forget(struct thread *thread)
{
    struct cpu *cpu = thread->cpu;

    if (cpu->fpu_owner != thread)
        return;
    cpu->fpu_owner = NULL;
    thread->user_state &= ~USER_FP;
    cpu->user_state &= ~USER_FP;
    fpu_enable(false);
}
