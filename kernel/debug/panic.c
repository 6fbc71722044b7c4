#include "debug/panic.h"
#include "arch/memory.h"
#include "debug/console.h"
#include "debug/trace.h"
#include "platform/platform.h"
#include "task/space.h"
#include "task/thread.h"

#define PANIC_STATUS 125
#define LAST_RECORDS 16

static bool on_stack(uint64_t address)
{
    const struct {
        uint64_t top, size;
    } stacks[] = {{this_cpu()->stack, STACK_SIZE},
                  {(uint64_t)boot_stack_top, 8192},
                  {this_cpu()->emergency_stack, 2048}};
    for (unsigned i = 0; i < sizeof stacks / sizeof stacks[0]; i++)
        if (address < stacks[i].top && address >= stacks[i].top - stacks[i].size)
            return !(address & 7);
    return false;
}

/* Return addresses along the frame pointers, for tools/pagoda to name; the last records; off. */
static _Noreturn void finish(uint64_t pc, uint64_t frame)
{
    const struct cpu *cpu = this_cpu();
    struct trace_record record;
    kprintf(LOG_PANIC, "backtrace: pc=0x%lx image=kernel\n", pc);
    for (unsigned depth = 0; depth < 32 && on_stack(frame); depth++) {
        const uint64_t *pair = (const uint64_t *)frame;
        if (!pair[1])
            break; /* start.S: nobody called it */
        kprintf(LOG_PANIC, "backtrace: pc=0x%lx image=kernel\n", pair[1] - 4);
        frame = pair[0] > frame ? pair[0] : 0;
    }
    uint64_t i = cpu->trace_next > LAST_RECORDS ? cpu->trace_next - LAST_RECORDS : 0;
    for (; trace_read(cpu, &i, &record, 1); i++)
        kprintf(LOG_PANIC, "trace: %12lu ns thread %u %-10s %lx %lx\n", record.time, record.thread,
                trace_names[record.event], record.a, record.b);
    platform_exit(PANIC_STATUS);
}

void panic(const char *format, ...)
{
    va_list arguments;
    kprintf(LOG_PANIC, "\nkernel panic: ");
    va_start(arguments, format);
    kvprintf(LOG_PANIC, format, arguments);
    va_end(arguments);
    kprintf(LOG_PANIC, "\n");
    finish((uint64_t)__builtin_return_address(0) - 4, (uint64_t)__builtin_frame_address(0));
}

void panic_exception(struct thread_registers *registers, uint64_t vector, uint64_t esr,
                     uint64_t far)
{
    const struct thread *thread = this_cpu()->current;
    kprintf(LOG_PANIC, "\nkernel panic: exception %lu ESR=0x%lx FAR=0x%lx while %s ran\n", vector,
            esr, far, thread && thread->space ? thread->space->name : "nobody");
    for (unsigned i = 0; i < 31; i++)
        kprintf(LOG_PANIC, "x%-2u %016lx%s", i, registers->x[i], i % 4 == 3 ? "\n" : "  ");
    kprintf(LOG_PANIC, "\nsp %016lx  pc %016lx  pstate %lx\n", registers->sp, registers->pc,
            registers->pstate);
    finish(registers->pc, registers->x[29]);
}

void kernel_bug(const char *what)
{
    panic("%s", what);
}
