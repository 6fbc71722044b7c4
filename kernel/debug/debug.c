/*
 * debug.c: the call for logs, audits, counters, traces and power.
 */
#include "arch/string.h"
#include "debug/console.h"
#include "debug/ledger.h"
#include "debug/panic.h"
#include "debug/trace.h"
#include "mm/buddy.h"
#include "platform/platform.h"
#include "task/lookup.h"

#define PER_PAGE (PAGE_SIZE / sizeof(struct trace_record))

static void add_counters(struct counters *sum)
{
    const uint64_t *from;
    uint64_t *to = (uint64_t *)sum;

    memset(sum, 0, sizeof *sum);
    for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
        from = (const uint64_t *)&cpus[cpu].counters;
        for (unsigned i = 0; i < sizeof *sum / sizeof *to; i++)
            to[i] += from[i];
    }
}

static void boot_facts(struct boot_facts *facts)
{
    memset(facts, 0, sizeof *facts);
    memcpy(facts->board, boot_info.model, sizeof facts->board);
    memcpy(facts->arguments, boot_info.arguments, sizeof facts->arguments);
    for (unsigned i = 0; i < boot_info.memory_count; i++)
        facts->memory_bytes += boot_info.memory[i].size;
    facts->cpus = boot_info.cpu_count;
    facts->bundle_bytes = boot_info.bundle.size;
    facts->seed = boot_info.seed;
    facts->console_base = boot_info.uart.regs.start;
    facts->console_irq = boot_info.uart.intid;
    const struct uart *uart = boot_info.uart.regs.size ? platform_uart(boot_info.uart.compatible) : NULL;
    if (uart)
        memcpy(facts->console_kind, uart->kind, strnlen(uart->kind, sizeof facts->console_kind - 1));
}

/* *number: asked for and, on return, really given: the ring may have lost older ones. */
static int64_t read_trace(unsigned cpu, uint64_t *number, struct trace_record *to)
{
    struct cpu *of = &cpus[cpu];
    uint64_t count = 0, oldest;

    if (!of->trace)
        return 0;
    oldest = of->trace_next > TRACE_RECORDS ? of->trace_next - TRACE_RECORDS : 0;
    if (*number < oldest)
        *number = oldest;
    for (uint64_t i = *number; i < of->trace_next && count < PER_PAGE; i++)
        to[count++] = of->trace[i % TRACE_RECORDS];
    return count;
}

static _Noreturn void power_off(int status)
{
    if (boot_info.semihosting)
        semihosting_exit(status);
    board->power_off();
    for (;;) /* a board that cannot: stay off as well as it can */
        __asm__ volatile("wfi");
}

/* The ways a kernel dies, each reported by another path. */
static __attribute__((noinline)) uint64_t overflow_stack(volatile uint64_t depth)
{
    volatile char frame[256];

    frame[0] = (char)depth;
    return depth ? overflow_stack(depth + 1) + frame[0] : 0; /* it is never 0 */
}

static _Noreturn void panic_on_purpose(uint64_t how)
{
    if (how == 1)
        (void)*(volatile uint64_t *)(KERNEL_BASE + 0x10000000);
    if (how == 2)
        overflow_stack(1);
    panic("asked for by DEBUG_PANIC");
}

static struct thread *with_page(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    void *page = thread->message_page;

    if (!page)
        return answer(thread, -EMSGSIZE);
    switch (x[1]) {
    case DEBUG_LOG:
        if (x[2] > PAGE_SIZE || x[3] > LOG_DEBUG)
            return answer(thread, -EINVAL);
        console_write(x[3] < LOG_ERROR ? LOG_ERROR : x[3], page, x[2]);
        return answer(thread, 0);
    case DEBUG_LEDGER:
        ledger_audit(page);
        return answer(thread, ((struct ledger *)page)->errors);
    case DEBUG_COUNTERS:
        add_counters(page);
        return answer(thread, 0);
    case DEBUG_TRACE:
        if (x[2] >= CPUS_MAX)
            return answer(thread, -EINVAL);
        x[1] = x[3];
        return answer(thread, read_trace(x[2], &x[1], page));
    case DEBUG_BOOT:
        boot_facts(page);
        return answer(thread, 0);
    case DEBUG_LOG_READ:
        answer(thread, console_read_log(&x[2], page, PAGE_SIZE));
        return thread;
    }
    return answer(thread, -ENOSYS);
}

/* Operations that do more than look. */
static bool changes(uint64_t operation)
{
    return operation == DEBUG_EXIT || operation == DEBUG_PANIC || operation == DEBUG_FAIL_AT;
}

struct thread *call_debug(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    int64_t error;

    if (x[1] == DEBUG_NOTHING)
        return answer(thread, 0);
    if (x[1] > DEBUG_PANIC)
        return answer(thread, -ENOSYS);
    /* Words to the log are anybody's; the rest shows what others do, or ends them. */
    if (x[1] != DEBUG_LOG && !lookup(thread, x[0], KERNEL_OBJECT_SYSTEM,
                                     changes(x[1]) ? RIGHT_MANAGE : RIGHT_READ, &error))
        return answer(thread, error);
    if (x[1] == DEBUG_EXIT)
        power_off((int)x[2]);
    if (x[1] == DEBUG_PANIC)
        panic_on_purpose(x[2]);
    if (x[1] == DEBUG_FAIL_AT)
        return answer(thread, buddy_fail_at(x[2]));
    return with_page(thread);
}
