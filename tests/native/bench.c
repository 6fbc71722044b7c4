/*
 * bench.c: guest instructions per kernel operation, under icount. Each line is
 * `bench NAME VALUE`; the host puts them beside the anchors.
 */
#include "bench.h"
#include "lib/format.h"
#include "lib/startup.h"

static uint64_t ROUNDS;
#define AREA 0x10000000ul

static handle endpoint, pager_endpoint, note, object;

void report(const char *name, uint64_t total, uint64_t rounds)
{
    say("bench %s %llu\n", name, (unsigned long long)(total / rounds));
}

/* Runs `body` ROUNDS times; reports its instructions, those of the empty loop taken off. */
#define MEASURE(name, body)                                                                        \
    do {                                                                                           \
        uint64_t begin_ = now(), empty_;                                                           \
        for (unsigned i = 0; i < ROUNDS; i++)                                                      \
            __asm__ volatile("" ::: "memory");                                                     \
        empty_ = now() - begin_;                                                                   \
        begin_ = now();                                                                            \
        for (unsigned i = 0; i < ROUNDS; i++) {                                                    \
            body;                                                                                  \
        }                                                                                          \
        report(name, now() - begin_ - empty_, ROUNDS);                                             \
    } while (0)

/* Answers every call with the words it got; w0 = how many words to send back in the page. */
static void echo_server(uint64_t from)
{
    struct message message = {0};

    recv(from, 0, &message);
    for (;;)
        reply_recv(from, message_tag(&message), &message);
}

/* The same for messages of registers: a round trip is the kernel's work and five instructions here.
 */
static void echo_registers(uint64_t from)
{
    __asm__ volatile("   mov x9, %0\n mov x1, xzr\n mov x8, %1\n"
                     "1: mov x0, x9\n svc #1\n mov x8, %2\n b 1b" ::"r"(from),
                     "i"(SYSCALL_recv), "i"(SYSCALL_reply_recv)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "memory");
}

static void call_registers(handle to)
{
    register uint64_t x0 __asm__("x0") = to;
    register uint64_t x8 __asm__("x8") = SYSCALL_call;

    __asm__ volatile("svc #1"
                     : "+r"(x0), "+r"(x8)::"x1", "x2", "x3", "x4", "x5", "x6", "x7", "memory");
}

static void pager(uint64_t from)
{
    struct message message = {0};

    recv(from, 0, &message);
    for (;;)
        page_supply(from, SUPPLY_ZERO | SUPPLY_WRITABLE, message.w[1], 1, 0, 0, &message);
}

/* Answers COW by a copy of the region's source. */
static void copy_pager(uint64_t from)
{
    struct message message = {0};

    recv(from, 0, &message);
    for (;;)
        page_supply(from, (message.head & FAULT_COW ? SUPPLY_COPY : SUPPLY_ZERO) | SUPPLY_WRITABLE,
                    message.w[1], 1, 0, 0, &message);
}

/* Read faults are answered by a writable, still clean page. */
static void waiter(uint64_t from)
{
    struct message message = {0};

    for (;;)
        recv(from, 0, &message);
}

static void touch(uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++)
        *(volatile char *)(AREA + (i << PAGE_SHIFT)) = 1;
}

static void look(uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++)
        (void)*(volatile char *)(AREA + (i << PAGE_SHIFT));
}

static void messages(const char *where, handle registers)
{
    static char name[64];
    struct message message = {0};

    format_text(name, sizeof name, "ipc_%s_0_words", where);
    MEASURE(name, call_registers(registers));
    format_text(name, sizeof name, "ipc_%s_16_words", where);
    MEASURE(name, call(endpoint, 10, &message));
    format_text(name, sizeof name, "ipc_%s_64_words", where);
    MEASURE(name, call(endpoint, 58, &message));
}

static void faults(void)
{
    uint64_t begin;

    region_map(HANDLE_SPACE, AREA, 4096, MAP_READ | MAP_WRITE, object, 0, 0, 0);
    touch(1);
    begin = now();
    touch(256);
    report("fault_anonymous_write", now() - begin, 255);
    /* The translations go, the pages stay: faults that only the kernel sees. */
    region_unmap(HANDLE_SPACE, AREA, 256, 0);
    region_map(HANDLE_SPACE, AREA, 256, MAP_READ | MAP_WRITE, object, 0, 0, 0);
    touch(1);
    begin = now();
    touch(256);
    report("fault_resident_soft", now() - begin, 255);
    begin = now();
    region_unmap(HANDLE_SPACE, AREA, 256, UNMAP_DISCARD);
    report("munmap_touched_page", now() - begin, 256);
    region_map(HANDLE_SPACE, AREA, 256, MAP_READ | MAP_WRITE, object, 0, 0, 0);
    touch(1); /* tables */
    begin = now();
    for (unsigned i = 1; i < 16; i++)
        page_supply_unasked(object, SUPPLY_ZERO | SUPPLY_WRITABLE, i * 16, 16, 0, 0);
    report("populate_16_per_page", now() - begin, 15 * 16);
    region_unmap(HANDLE_SPACE, AREA, 4096, UNMAP_DISCARD);
    /* Read first: the pager gives zeroed pages, writable; the first write is the kernel's alone. */
    region_map(HANDLE_SPACE, AREA, 256, MAP_READ | MAP_WRITE, object, 0, 0, 0);
    look(256);
    begin = now();
    touch(256);
    report("fault_first_dirty", now() - begin, 256);
    region_unmap(HANDLE_SPACE, AREA, 256, UNMAP_DISCARD);
}

static void private_copies(void)
{
    uint64_t begin;
    handle from = create_endpoint(LEVEL_ANON), copies;

    thread_run(copy_pager, from, 25);
    copies = create_object(from, 3, 4096, 0);
    debug(HANDLE_SYSTEM, DEBUG_BOOT, 0, 0);
    uint64_t pages = ((const struct boot_facts *)LAYOUT_MESSAGE_PAGE)->bundle_bytes >> PAGE_SHIFT;
    region_map(HANDLE_SPACE, AREA, pages, MAP_READ | MAP_WRITE, copies, 0, HANDLE_BUNDLE, 0);
    look(1);
    begin = now();
    look(pages);
    report("fault_source_read", now() - begin, pages - 1);
    touch(1);
    begin = now();
    touch(pages);
    report("fault_private_write", now() - begin, pages - 1);
    region_unmap(HANDLE_SPACE, AREA, pages, UNMAP_DISCARD);
}

static void regions(void)
{
    MEASURE("map_unmap_empty", {
        region_map(HANDLE_SPACE, AREA, 1, MAP_READ | MAP_WRITE, object, 0, 0, 0);
        region_unmap(HANDLE_SPACE, AREA, 1, UNMAP_DISCARD);
    });
    region_map(HANDLE_SPACE, AREA, 64, MAP_READ | MAP_WRITE, object, 0, 0, 0);
    touch(64);
    MEASURE("protect_middle_and_back", {
        region_protect(HANDLE_SPACE, AREA + 0x8000, 1, MAP_READ);
        region_protect(HANDLE_SPACE, AREA + 0x8000, 1, MAP_READ | MAP_WRITE);
    });
    region_unmap(HANDLE_SPACE, AREA, 64, UNMAP_DISCARD);
}

#define TICK 3000 /* ns between two timer interrupts while long calls run */

/* Keeps the timer firing; the kernel notes how late each interrupt was taken. */
static void ticker(uint64_t unused)
{
    (void)unused;
    for (;;)
        sleep_until(now() + TICK);
}

static uint64_t worst_delay(void)
{
    debug(HANDLE_SYSTEM, DEBUG_COUNTERS, 0, 0);
    return ((const struct counters *)LAYOUT_MESSAGE_PAGE)->interrupt_delay_worst_ns;
}

/* Every call that could hold interrupts off for long, under a ticking timer. */
static void delays(void)
{
    uint64_t worst;

    thread_run(ticker, 0, 31);
    handle wired = create_wired(1024, 0);
    say("bench delay_wired_4_mib %llu\n", (unsigned long long)worst_delay());
    region_map(HANDLE_SPACE, AREA, 1024, MAP_READ | MAP_WRITE | MAP_POPULATE, wired, 0, 0, 0);
    region_unmap(HANDLE_SPACE, AREA, 1024, 0);
    handle_close(wired);
    say("bench delay_map_and_close_4_mib %llu\n", (unsigned long long)worst_delay());
    region_map(HANDLE_SPACE, AREA, 4096, MAP_READ | MAP_WRITE, object, 0, 0, 0);
    page_supply_unasked(object, SUPPLY_ZERO | SUPPLY_WRITABLE, 0, 512, 0, 0);
    say("bench delay_populate_2_mib %llu\n", (unsigned long long)worst_delay());
    region_protect(HANDLE_SPACE, AREA, 4096, MAP_READ);
    region_unmap(HANDLE_SPACE, AREA, 4096, UNMAP_DISCARD);
    say("bench delay_unmap_2_mib %llu\n", (unsigned long long)worst_delay());
    struct child child = child_new(HANDLE_POOL, LEVEL_PROC, 0, 20);
    for (unsigned i = 0; i < 1000; i++)
        handle_dup(note, RIGHTS_ALL, 0, child.space);
    space_ctl(child.space, SPACE_KILL, 0, 0);
    worst = worst_delay();
    say("bench delay_kill_space %llu\n", (unsigned long long)worst);
    say("bench interrupts_masked_longest %llu\n", (unsigned long long)worst);
    say("bench interrupt_delay_worst %llu\n", (unsigned long long)worst);
}

static void counters(void)
{
    static struct counters seen;
    struct ledger ledger;

    debug(HANDLE_SYSTEM, DEBUG_COUNTERS, 0, 0);
    seen = *(const struct counters *)LAYOUT_MESSAGE_PAGE;
    say("bench reset_to_first_instruction %llu\n", (unsigned long long)seen.boot_ns);
    ledger_balances(&ledger);
    say("bench idle_kernel_frames %llu\n", (unsigned long long)(ledger.total - ledger.free));
}

int main(const struct startup *startup)
{
    struct child child;
    struct message message = {0};

    (void)startup;
    ROUNDS = argument("rounds", 1000);
    endpoint = create_endpoint(LEVEL_PROC);
    pager_endpoint = create_endpoint(LEVEL_ANON);
    note = create_notification(1, 0);
    object = create_object(pager_endpoint, 1, 1ul << 20, 0);
    thread_ctl(HANDLE_THREAD, THREAD_PRIORITY, 10, 0, 0);

    MEASURE("null_call", debug(0, DEBUG_NOTHING, 0, 0));
    MEASURE("call_bad_handle", notify(9999, 1));
    thread_run(echo_server, endpoint, 25);
    handle registers = create_endpoint(LEVEL_PROC);
    thread_run(echo_registers, registers, 25);
    messages("same_space", registers);
    endpoint = create_endpoint(LEVEL_PROC);
    child = child_new(HANDLE_POOL, LEVEL_PROC, 0, 25);
    child_run(&child, echo_server, handle_dup(endpoint, RIGHTS_ALL, 0, child.space));
    registers = create_endpoint(LEVEL_PROC);
    child = child_new(HANDLE_POOL, LEVEL_PROC, 0, 25);
    child_run(&child, echo_registers, handle_dup(registers, RIGHTS_ALL, 0, child.space));
    messages("cross_space", registers);
    MEASURE("signal_no_waiter", notify(note, 1));
    recv(note, 1, &message);
    child = child_new(HANDLE_POOL, LEVEL_PROC, 0, 25);
    child_run(&child, waiter, handle_dup(note, RIGHTS_ALL, 0, child.space));
    MEASURE("signal_waiter_and_its_wait", notify(note, 1));
    child = child_new(HANDLE_POOL, LEVEL_ANON, 0, 25);
    child_run(&child, pager, handle_dup(pager_endpoint, RIGHTS_ALL, 0, child.space));
    faults();
    private_copies();
    regions();
    bench_clone();
    bench_thread();
    counters();
    delays();
    finish();
}
