/*
 * signals_step.c: single steps and breakpoints as a debugger of Linux programs uses them: through
 * system calls, signals, page faults.
 */
#include "signals.h"

#define EC(esr) ((esr) >> 26)
#define EC_STEP 0x32
#define EC_BRK  0x3c

/* Eight steps: a Linux call, a page, a breakpoint. */
extern const char walk[], walk_handler[];
__asm__(".text\n"
        "walk:\n"
        " mov x8, #100\n"   /* 0 */
        " svc #0\n"         /* 4 */
        " add x1, x1, #1\n" /* 8 */
        " str x1, [x9]\n"   /* 12 */
        " add x1, x1, #1\n" /* 16 */
        " brk #7\n"         /* 20 */
        " add x1, x1, #1\n" /* 24 */
        " b .\n"            /* 28 */
        "walk_handler:\n"
        " add x2, x2, #1\n"
        " add x2, x2, #1\n"
        " b .\n");

/* The exception that must come next: there, of that class. */
static struct message expect_stop(struct world *world, uintptr_t pc, uint64_t class)
{
    struct message message = world_expect(world, KIND_EXCEPTION);

    CHECK_IS(message.w[0], EXCEPTION_BREAKPOINT);
    CHECK_IS(message.w[2], pc);
    CHECK_IS(EC(message.w[3]), class);
    return message;
}

static void go_on(const struct message *message)
{
    CHECK_IS(reply(0, message->request, message), 0);
}

static struct world walker(bool stepping)
{
    struct world world = world_new(1, PRIORITY_ABOVE);
    handle thread = world.child.thread;

    registers_read(thread);
    PAGE_REGISTERS->x[9] = AREA;
    registers_write(thread);
    CHECK_IS(thread_ctl(thread, THREAD_STEP, stepping, 0, 0), 0);
    CHECK_IS(thread_ctl(thread, THREAD_START, (uintptr_t)walk, LAYOUT_MESSAGE_PAGE - PAGE_SIZE, 0),
             0);
    return world;
}

static void step_through(void)
{
    const uintptr_t pc = (uintptr_t)walk;
    struct world world = walker(true);
    struct message message = expect_stop(&world, pc + 4, EC_STEP);

    go_on(&message);
    message = world_expect(&world, KIND_SYSCALL); /* the call is made, then the step is over */
    CHECK_IS(message.head >> 32, 100);
    message.w[0] = 42;
    go_on(&message);
    message = expect_stop(&world, pc + 8, EC_STEP);
    registers_read(world.child.thread);
    CHECK_IS(PAGE_REGISTERS->x[0], 42);
    go_on(&message);
    message = expect_stop(&world, pc + 12, EC_STEP);
    go_on(&message);
    world_supply(&world, 0, FAULT_WRITE); /* one step, page fault and all */
    message = expect_stop(&world, pc + 16, EC_STEP);
    CHECK_IS(thread_ctl(world.child.thread, THREAD_STEP, 0, 0, 0), 0);
    go_on(&message);
    message = expect_stop(&world, pc + 20, EC_BRK); /* at it, not behind it */
    registers_read(world.child.thread);
    CHECK_IS(PAGE_REGISTERS->x[1], 2);
    CHECK_IS(PAGE_REGISTERS->pc, pc + 20);
    PAGE_REGISTERS->pc += 4;
    registers_write(world.child.thread);
    CHECK_IS(thread_ctl(world.child.thread, THREAD_STEP, 1, 0, 0), 0);
    go_on(&message);
    message = expect_stop(&world, pc + 28, EC_STEP);
    world_free(&world);
}

/* Into a handler, from an interrupt and from a system call. */
static void step_into_handler(bool from_call)
{
    const uintptr_t pc = (uintptr_t)walk, handler = (uintptr_t)walk_handler;
    struct world world = walker(true);
    struct message message = expect_stop(&world, pc + 4, EC_STEP);

    if (from_call) {
        go_on(&message);
        message = world_expect(&world, KIND_SYSCALL);
    } else {
        CHECK_IS(thread_interrupt(world.child.thread), 1);
    }
    registers_read(world.child.thread);
    PAGE_REGISTERS->pc = handler;
    registers_write(world.child.thread);
    CHECK_IS(reply(TAG_REGISTERS, message.request, &message), 0);
    if (from_call) { /* the call was the step: stopped before the handler's first instruction */
        message = expect_stop(&world, handler, EC_STEP);
        go_on(&message);
    }
    message = expect_stop(&world, handler + 4, EC_STEP);
    registers_read(world.child.thread);
    CHECK_IS(PAGE_REGISTERS->x[2], 1);
    world_free(&world);
}

/* A debugger that comes while the program is in a call, or computes. */
static void step_begins_late(bool in_call)
{
    struct world world = walker(false);
    struct message message = world_expect(&world, KIND_SYSCALL);

    if (!in_call) {
        registers_read(world.child.thread);
        PAGE_REGISTERS->pc = (uintptr_t)walk_handler;
        registers_write(world.child.thread);
        CHECK_IS(thread_ctl(world.child.thread, THREAD_PRIORITY, PRIORITY_BELOW, 0, 0), 0);
        CHECK_IS(reply(TAG_REGISTERS, message.request, &message), 0);
        sleep_for(1);
        CHECK_IS(thread_ctl(world.child.thread, THREAD_STEP, 1, 0, 0), -EBUSY);
        CHECK_IS(thread_interrupt(world.child.thread), 0);
        message = world_expect(&world, KIND_INTERRUPT);
    }
    CHECK_IS(thread_ctl(world.child.thread, THREAD_STEP, 1, 0, 0), 0);
    go_on(&message);
    message =
        expect_stop(&world, in_call ? (uintptr_t)walk + 12 : (uintptr_t)walk_handler + 8, EC_STEP);
    /* A copy does not step, whatever it is a copy of. */
    int64_t thread = thread_create(world.child.space, 0, PRIORITY_BELOW, 0);
    CHECK_IS(thread_copy(thread, world.child.thread, 0, 0, 0, 0), 0);
    registers_read(thread);
    CHECK(!(PAGE_REGISTERS->pstate & 1 << 21));
    handle_close(thread);
    world_free(&world);
}

void steps(void)
{
    step_through();
    step_into_handler(false);
    step_into_handler(true);
    step_begins_late(false);
    step_begins_late(true);
}
