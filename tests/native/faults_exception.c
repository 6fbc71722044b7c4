/*
 * faults_exception.c: what a program may not do reaches its personality: reason,
 * address, pc. And the personality decides.
 */
#include "faults.h"

static int64_t fault_at(uint64_t address)
{
    *(volatile uint8_t *)address = 1;
    return 1;
}

static int64_t read_at(uint64_t address)
{
    return *(volatile uint8_t *)address;
}

static int64_t jump_to(uint64_t address)
{
    ((void (*)(void))address)();
    return 1;
}

static int64_t undefined(uint64_t unused)
{
    (void)unused;
    __asm__ volatile(".inst 0x00000000");
    return 1;
}

static int64_t privileged(uint64_t unused)
{
    (void)unused;
    __asm__ volatile("mrs %0, sctlr_el1" : "=r"(unused));
    return 1;
}

static int64_t breakpoint(uint64_t unused)
{
    (void)unused;
    __asm__ volatile("brk #5");
    return 1;
}

#define TEXT  0x400000ul
#define AT_PC 0xff /* the address is that of the instruction */

static const struct {
    int64_t (*act)(uint64_t);
    uint64_t argument, reason, address;
} acts[] = {
    {fault_at, 0, EXCEPTION_NO_REGION, 0},
    {fault_at, 0x123456789000, EXCEPTION_NO_REGION, 0x123456789000},
    {read_at, 0xffff000040000000, EXCEPTION_NO_REGION, 0xffff000040000000},
    {read_at, 0xffffff8000000000, EXCEPTION_NO_REGION, 0xffffff8000000000},
    {read_at, 1ul << 48, EXCEPTION_NO_REGION, 1ul << 48},
    {read_at, 1ul << 52, EXCEPTION_NO_REGION, 1ul << 52},
    {fault_at, TEXT, EXCEPTION_RIGHTS, TEXT},
    {jump_to, (uintptr_t)BOARD, EXCEPTION_RIGHTS, (uintptr_t)BOARD},
    {jump_to, 0, EXCEPTION_NO_REGION, 0},
    {jump_to, 0xffffff8000000000, EXCEPTION_NO_REGION, 0xffffff8000000000},
    {jump_to, TEXT + 2, EXCEPTION_ALIGNMENT, TEXT + 2},
    {undefined, 0, EXCEPTION_UNDEFINED, AT_PC},
    {privileged, 0, EXCEPTION_UNDEFINED, AT_PC},
    {breakpoint, 0, EXCEPTION_BREAKPOINT, AT_PC},
};

static void each_act(void)
{
    handle personality = create_endpoint(LEVEL_PROC);

    for (unsigned i = 0; i < sizeof acts / sizeof *acts; i++) {
        struct child child = child_new(HANDLE_POOL, LEVEL_PROGRAM, personality, PRIORITY_ABOVE);
        struct message message = {0};
        child_start(&child, acts[i].act, acts[i].argument);
        CHECK_IS(take(personality, &message), KIND_EXCEPTION);
        CHECK_IS(message.w[0], acts[i].reason);
        CHECK_IS(message.w[1], acts[i].address == AT_PC ? message.w[2] : acts[i].address);
        CHECK(!child.worker->done);
        child_kill(&child);
    }
    handle_close(personality);
}

/* The personality moves the program past what it did. */
static void repaired(void)
{
    handle personality = create_endpoint(LEVEL_PROC);
    struct child child = child_new(HANDLE_POOL, LEVEL_PROGRAM, personality, PRIORITY_ABOVE);
    volatile struct thread_registers *page =
        (volatile struct thread_registers *)LAYOUT_MESSAGE_PAGE;
    struct message message = {0};

    child_start(&child, breakpoint, 0);
    CHECK_IS(take(personality, &message), KIND_EXCEPTION);
    CHECK_IS(thread_ctl(child.thread, THREAD_READ, 0, 0, 0), 0);
    CHECK_IS(page->pc, message.w[2]);
    page->pc += 4;
    CHECK_IS(thread_ctl(child.thread, THREAD_WRITE, 0, 0, 0), 0);
    CHECK_IS(reply(0, message.request, &message), 0);
    CHECK_IS(child_finish(&child), 1);
    handle_close(personality);
}

/* Without a personality the space ends, alone; who watches it is told. */
static void nobody_to_ask(void)
{
    handle note = create_notification(0, 0);
    struct child child = child_new(HANDLE_POOL, LEVEL_PROGRAM, 0, PRIORITY_ABOVE);
    struct message message = {0};

    CHECK_IS(space_ctl(child.space, SPACE_WATCH, note, 1), 0);
    child_start(&child, breakpoint, 0);
    CHECK_IS(recv(note, 0, &message), 0);
    CHECK_IS(space_ctl(child.space, SPACE_KILL, 0, 0), -EOWNERDEAD);
    child_kill(&child);
    handle_close(note);
}

/*
 * A space that lost its last handle is taken apart in steps; a thread of it that is still to be
 * ended wakes between two of them, above everybody, and does what ends a space a second time.
 */
static void breaks(uint64_t until)
{
    sleep_until(until);
    breakpoint(0);
}

static void dies_while_it_is_freed(void)
{
    struct child child = child_new(HANDLE_POOL, LEVEL_PROGRAM, 0, 31);
    uint64_t until = now() + 100000000;

    for (unsigned i = 0; i < 200; i++) {
        int64_t thread = thread_create(child.space, 0, 31, 0);
        CHECK_IS(thread_ctl(thread, THREAD_START, (uintptr_t)breaks,
                            LAYOUT_MESSAGE_PAGE - PAGE_SIZE, until + i * 400),
                 0);
        CHECK_IS(handle_close(thread), 0);
    }
    CHECK_IS(handle_close(child.thread), 0);
    sleep_until(until - 5000);
    CHECK_IS(handle_close(child.space), 0);
    child.worker->memory = NULL;
}

void exceptions(void)
{
    each_act();
    repaired();
    nobody_to_ask();
    dies_while_it_is_freed();
}
