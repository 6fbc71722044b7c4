#include "debug/panic.h"
#include "arch/cpu.h"
#include "arch/memory.h"
#include "boot/fdt.h"
#include "debug/console.h"
#include "debug/trace.h"
#include "platform/platform.h"
#include "task/space.h"
#include "task/thread.h"

#define PANIC_STATUS 125
#define LAST_RECORDS 16

static bool on_stack(uint64_t address)
{
    struct cpu *cpu = this_cpu();
    char *boot_end = boot_stack_top;

    return !(address & 7) &&
           ((address < cpu->stack && address >= cpu->stack - STACK_SIZE) ||
            (address < (uint64_t)boot_end && address >= (uint64_t)boot_end - 8192) ||
            (address < cpu->emergency_stack && address >= cpu->emergency_stack - 2048));
}

/* Return addresses along the frame pointers, for tools/pagoda to name. */
static void backtrace(uint64_t pc, uint64_t frame)
{
    kprintf(LOG_PANIC, "backtrace: pc=0x%llx image=kernel\n", (unsigned long long)pc);
    for (unsigned depth = 0; depth < 32 && on_stack(frame); depth++) {
        uint64_t *pair = (uint64_t *)frame;
        kprintf(LOG_PANIC, "backtrace: pc=0x%llx image=kernel\n", (unsigned long long)pair[1] - 4);
        if (pair[0] <= frame)
            break;
        frame = pair[0];
    }
}

static void last_records(void)
{
    struct cpu *cpu = this_cpu();
    uint64_t first = cpu->trace_next > LAST_RECORDS ? cpu->trace_next - LAST_RECORDS : 0;

    if (!cpu->trace)
        return;
    for (uint64_t i = first; i < cpu->trace_next; i++) {
        struct trace_record *record = &cpu->trace[i % TRACE_RECORDS];
        kprintf(LOG_PANIC, "trace: %12llu ns thread %u %-10s %llx %llx\n",
                (unsigned long long)record->time, record->thread, trace_names[record->event],
                (unsigned long long)record->a, (unsigned long long)record->b);
    }
}

static _Noreturn void finish(uint64_t pc, uint64_t frame)
{
    backtrace(pc, frame);
    last_records();
    if (boot_info.semihosting)
        semihosting_exit(PANIC_STATUS);
    if (board)
        board->power_off();
    for (;;)
        __asm__ volatile("wfi");
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

void panic_exception(struct thread_registers *registers, uint64_t vector, uint64_t esr, uint64_t far)
{
    struct thread *thread = this_cpu()->current;

    kprintf(LOG_PANIC, "\nkernel panic: exception %llu ESR=0x%llx FAR=0x%llx while %s ran\n",
            (unsigned long long)vector, (unsigned long long)esr, (unsigned long long)far,
            thread && thread->space ? thread->space->name : "nobody");
    for (unsigned i = 0; i < 31; i++)
        kprintf(LOG_PANIC, "x%-2u %016llx%s", i, (unsigned long long)registers->x[i],
                i % 4 == 3 ? "\n" : "  ");
    kprintf(LOG_PANIC, "\nsp %016llx  pc %016llx  pstate %llx\n", (unsigned long long)registers->sp,
            (unsigned long long)registers->pc, (unsigned long long)registers->pstate);
    finish(registers->pc, registers->x[29]);
}

void kernel_bug(const char *what)
{
    panic("%s", what);
}
