/*
 * debug.c: the call for logs, audits, counters, traces and power.
 */
#include "arch/string.h"
#include "debug/console.h"
#include "debug/trace.h"
#include "mm/slab.h"
#include "platform/platform.h"
#include "task/lookup.h"

/* Every frame is counted once, every pool checked against what names it (invariant 4,
 * conservation). Slow, in one step: for tests and quiet moments. Returns how many contradictions
 * there are. */
static int64_t audit(struct ledger *ledger)
{
    uint64_t states[FRAME_STATES];
    slab_trim();
    frame_count(states);
    *ledger = (struct ledger){
        .free = states[FRAME_FREE] + states[FRAME_CACHED],
        .kernel = states[FRAME_KERNEL] + states[FRAME_RAW],
        .slab = states[FRAME_SLAB],
        .table = states[FRAME_TABLE],
        .slot = states[FRAME_SLOT],
        .page = states[FRAME_PAGE],
        .charged = pool_charged_frames(),
    };
    for (unsigned i = 0; i < FRAME_STATES; i++)
        ledger->total += states[i];
    ledger->errors = pool_audit(&ledger->pools) + (ledger->free != buddy_free_frames()) +
                     (ledger->charged != ledger->total - ledger->free);
    return (int64_t)ledger->errors;
}

/* The same from running counts; pages are what is left. */
static void memory_facts(struct memory_facts *facts)
{
    *facts = (struct memory_facts){.kernel = kernel_frames, .slab = slab_frames};
    for (const struct cpu *cpu = cpus; cpu < &cpus[CPUS_MAX]; cpu++) {
        facts->table += cpu->counters.tables;
        facts->slot += cpu->counters.slots;
    }
    for (unsigned zone = 0; zone < ZONES; zone++) {
        facts->zones[zone] = buddy_zone_facts(zone);
        facts->total += facts->zones[zone].total;
        facts->free += facts->zones[zone].free;
    }
    facts->page =
        facts->total - facts->free - facts->kernel - facts->slab - facts->table - facts->slot;
}

static void add_counters(struct counters *sum)
{
    uint64_t *to = (uint64_t *)sum;
    memset(sum, 0, sizeof *sum);
    for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
        for (unsigned i = 0; i < sizeof *sum / sizeof *to; i++)
            to[i] += ((const uint64_t *)&cpus[cpu].counters)[i];
    sum->ready = scheduler_ready(this_cpu());
}

static void boot_facts(struct boot_facts *facts)
{
    const struct uart *uart =
        boot_info.uart.regs.size ? platform_uart(boot_info.uart.compatible) : NULL;
    *facts = (struct boot_facts){
        .cpus = boot_info.cpu_count,
        .bundle_bytes = boot_info.bundle.size,
        .seed = boot_info.seed,
        .console_base = boot_info.uart.regs.start,
        .console_irq = boot_info.uart.intid,
        .tree_offset = boot_info.tree.start % PAGE_SIZE,
        .tree_bytes = boot_info.tree.size,
    };
    memcpy(facts->board, boot_info.model, sizeof facts->board);
    memcpy(facts->arguments, boot_info.arguments, sizeof facts->arguments);
    for (unsigned i = 0; i < boot_info.memory_count; i++)
        facts->memory_bytes += boot_info.memory[i].size;
    if (uart)
        memcpy(facts->console_kind, uart->kind,
               strnlen(uart->kind, sizeof facts->console_kind - 1));
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

static int64_t with_page(uint64_t *x, void *page)
{
    if (!page)
        return -EMSGSIZE;
    switch (x[1]) {
    case DEBUG_LOG:
        if (x[2] > PAGE_SIZE || x[3] > LOG_DEBUG)
            return -EINVAL;
        console_write(x[3] < LOG_ERROR ? LOG_ERROR : x[3], page, x[2]);
        return 0;
    case DEBUG_LEDGER:
        return audit(page);
    case DEBUG_COUNTERS:
        add_counters(page);
        return 0;
    case DEBUG_MEMORY:
        memory_facts(page);
        return 0;
    case DEBUG_SLAB:
        return slab_facts(x[2], page, PAGE_SIZE / sizeof(struct slab_facts));
    case DEBUG_TRACE:
        if (x[2] >= CPUS_MAX)
            return -EINVAL;
        x[1] = x[3]; /* the number asked for and, on return, really given */
        return trace_read(&cpus[x[2]], &x[1], page, PAGE_SIZE / sizeof(struct trace_record));
    case DEBUG_BOOT:
        boot_facts(page);
        return 0;
    default: /* DEBUG_LOG_READ */
        return (int64_t)console_read_log(&x[2], page, PAGE_SIZE);
    }
}

/* RIGHT_* to the system that an operation needs; 0: it is anybody's, words to the log and sums. */
static unsigned rights_for(uint64_t operation)
{
    switch (operation) {
    case DEBUG_LOG:
    case DEBUG_COUNTERS:
    case DEBUG_MEMORY:
    case DEBUG_SLAB:
        return 0;
    case DEBUG_EXIT:
    case DEBUG_PANIC:
    case DEBUG_FAIL_AT:
        return RIGHT_MANAGE; /* they do more than look */
    default:
        return RIGHT_READ;
    }
}

static __attribute__((noinline)) struct thread *do_debug(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    if (x[1] > DEBUG_SLAB)
        return answer(thread, -ENOSYS);
    unsigned rights = rights_for(x[1]);
    if (rights && !lookup(thread, x[0], KERNEL_OBJECT_SYSTEM, rights))
        return thread;
    if (x[1] == DEBUG_EXIT)
        platform_exit((int)x[2]);
    if (x[1] == DEBUG_PANIC)
        panic_on_purpose(x[2]);
    if (x[1] == DEBUG_FAIL_AT)
        return answer(thread, buddy_fail_at(x[2]));
    return answer(thread, with_page(x, thread->message_page));
}

struct thread *call_debug(struct thread *thread)
{
    return thread->registers.x[1] == DEBUG_NOTHING ? answer(thread, 0) : do_debug(thread);
}
