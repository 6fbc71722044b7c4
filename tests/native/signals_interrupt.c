/*
 * signals_interrupt.c: a thread is interrupted wherever it is, and goes to its personality before
 * its next instruction; once, and with its registers as they were.
 */
#include "signals.h"

/* One that computes stops at an instruction of its own, and goes on there, changed or not. */
static void running(void)
{
    struct world world = world_new(1, PRIORITY_BELOW);
    int64_t thread = thread_create(world.child.space, 0, PRIORITY_BELOW, 0x99);
    struct message message;
    uint64_t seen;

    BOARD[0] = 0;
    CHECK_IS(thread_ctl(thread, THREAD_START, (uintptr_t)count_for_ever,
                        LAYOUT_MESSAGE_PAGE - PAGE_SIZE, 0),
             0);
    sleep_for(2);
    CHECK(BOARD[0]);
    CHECK_IS(thread_interrupt(thread), 0);
    CHECK_IS(thread_interrupt(thread), 1); /* it is on its way: once is enough */
    message = world_expect(&world, KIND_INTERRUPT);
    CHECK_IS(message.badge, 0x99);
    CHECK_IS(
        message.w[0] | message.w[1] | message.w[2] | message.w[3] | message.w[4] | message.w[5], 0);
    CHECK_IS(thread_interrupt(thread), 1); /* it waits for this very answer */
    seen = BOARD[0];
    world_expect_nothing(&world);
    CHECK_IS(BOARD[0], seen);
    registers_read(thread);
    CHECK(PAGE_REGISTERS->pc - (uintptr_t)count_for_ever < 64);
    PAGE_REGISTERS->x[28] = 0x2828;
    registers_write(thread);
    CHECK_IS(reply(0, message.request, &message), 0);
    sleep_for(1);
    CHECK(BOARD[0] > seen);
    registers_read(thread);
    CHECK_IS(PAGE_REGISTERS->x[28], 0x2828);
    CHECK_IS(thread_interrupt(thread), 0); /* and again */
    message = world_expect(&world, KIND_INTERRUPT);
    handle_close(thread);
    world_free(&world);
}

/* A stopped one, or one that never ran, goes there when it would run. */
static void not_running(void)
{
    struct world world = world_new(1, PRIORITY_BELOW);
    struct message message;
    uint64_t seen;

    BOARD[0] = 0;
    CHECK_IS(thread_interrupt(world.child.thread), 0);
    world_expect_nothing(&world);
    child_start(&world.child, count_for_ever, 0);
    message = world_expect(&world, KIND_INTERRUPT);
    CHECK_IS(BOARD[0], 0);
    CHECK_IS(reply(0, message.request, &message), 0);
    sleep_for(2);
    CHECK_IS(thread_ctl(world.child.thread, THREAD_STOP, 0, 0, 0), 0);
    seen = BOARD[0];
    CHECK_IS(thread_interrupt(world.child.thread), 0);
    CHECK_IS(thread_interrupt(world.child.thread), 0);
    world_expect_nothing(&world);
    CHECK_IS(thread_ctl(world.child.thread, THREAD_RESUME, 0, 0, 0), 0);
    message = world_expect(&world, KIND_INTERRUPT);
    CHECK_IS(BOARD[0], seen);
    /* Stopped while it waits there: answered, it is held. */
    CHECK_IS(thread_ctl(world.child.thread, THREAD_STOP, 0, 0, 0), 0);
    CHECK_IS(reply(0, message.request, &message), 0);
    world_expect_nothing(&world);
    CHECK_IS(BOARD[0], seen);
    world_free(&world);
}

/* BEGIN brings it to its personality anyway: nothing is left of the interrupt. */
static void begins(void)
{
    struct world world = world_new(1, PRIORITY_ABOVE);
    struct message message;

    CHECK_IS(thread_interrupt(world.child.thread), 0);
    CHECK_IS(thread_ctl(world.child.thread, THREAD_BEGIN, 0, 0, 0), 0);
    message = world_expect(&world, KIND_START);
    CHECK_IS(thread_interrupt(world.child.thread), 1);
    registers_read(world.child.thread);
    PAGE_REGISTERS->pc = (uintptr_t)count_for_ever;
    registers_write(world.child.thread);
    CHECK_IS(thread_ctl(world.child.thread, THREAD_PRIORITY, PRIORITY_BELOW, 0, 0), 0);
    CHECK_IS(reply(TAG_REGISTERS, message.request, &message), 0);
    world_expect_nothing(&world);
    world_free(&world);
}

static int64_t sleep_long(uint64_t until)
{
    return sleep_until(until);
}

static int64_t call_it(uint64_t endpoint)
{
    struct message message = {0};

    return call(endpoint, 0, &message);
}

static int64_t receive_it(uint64_t endpoint)
{
    struct message message = {0};

    return recv(endpoint, 0, &message);
}

/* A native wait is kept; whoever wants it to end cancels it, and then the thread comes. */
static void native_waits(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct message message;

    for (unsigned i = 0; i < 3; i++) {
        struct world world = world_new(1, PRIORITY_ABOVE);
        uint64_t argument = i ? child_give(&world.child, endpoint) : ~0ul;

        child_start(&world.child, i == 0 ? sleep_long : i == 1 ? call_it : receive_it, argument);
        CHECK_IS(thread_interrupt(world.child.thread), 0);
        world_expect_nothing(&world);
        CHECK_IS(thread_ctl(world.child.thread, THREAD_CANCEL, 0, 0, 0), 0);
        message = world_expect(&world, KIND_INTERRUPT);
        registers_read(world.child.thread);
        CHECK_IS(PAGE_REGISTERS->x[0], -EINTR);
        CHECK_IS(reply(0, message.request, &message), 0);
        CHECK_IS(child_finish(&world.child), -EINTR);
        handle_close(world.object);
        handle_close(world.personality);
        handle_close(world.pager);
    }
    handle_close(endpoint);
}

/* A wait that ends by itself: the message it got is kept, too. */
static void answered_waits(void)
{
    struct world world = world_new(1, PRIORITY_ABOVE);
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct message call_message = {0}, message;

    child_start(&world.child, call_it, child_give(&world.child, endpoint));
    CHECK_IS(take(endpoint, &call_message), KIND_CALL);
    CHECK_IS(thread_interrupt(world.child.thread), 0);
    world_expect_nothing(&world);
    call_message.w[5] = 0x55;
    CHECK_IS(reply(0, call_message.request, &call_message), 0);
    message = world_expect(&world, KIND_INTERRUPT);
    registers_read(world.child.thread);
    CHECK_IS(PAGE_REGISTERS->x[7], 0x55);
    CHECK_IS(reply(0, message.request, &message), 0);
    sleep_for(1);
    CHECK_IS(child_finish(&world.child), 0);
    handle_close(world.object);
    handle_close(world.personality);
    handle_close(world.pager);
    handle_close(endpoint);
}

static int64_t touch_area(uint64_t address)
{
    *(volatile uint8_t *)address = 1;
    return 0;
}

/* A page comes first; where it cannot come, that is what the personality hears of. */
static void page_waits(bool refused)
{
    struct world world = world_new(2, PRIORITY_ABOVE);
    struct message fault, message;

    child_start(&world.child, touch_area, AREA);
    CHECK_IS(thread_interrupt(world.child.thread), 0);
    CHECK_IS(thread_interrupt(world.child.thread), 0);
    world_expect_nothing(&world);
    fault = expect_fault(world.pager, 0, FAULT_WRITE);
    CHECK_IS(supply(&fault, refused ? SUPPLY_FAIL | (uint64_t)EIO << 32 : WRITABLE_ZERO), 0);
    message = world_expect(&world, refused ? KIND_EXCEPTION : KIND_INTERRUPT);
    CHECK(!world.child.worker->done);
    registers_read(world.child.thread);
    CHECK(PAGE_REGISTERS->pc - (uintptr_t)touch_area < 32);
    if (refused) {
        CHECK_IS(message.w[0], EXCEPTION_PAGER);
        PAGE_REGISTERS->pc += 4;
        registers_write(world.child.thread);
    }
    CHECK_IS(reply(0, message.request, &message), 0);
    world_expect_nothing(&world);
    CHECK(world.child.worker->done);
    world_free(&world);
}

static int64_t interrupt_myself(uint64_t own)
{
    return thread_interrupt(own) + 1;
}

static void itself(void)
{
    struct world world = world_new(1, PRIORITY_ABOVE);
    struct message message;

    child_start(&world.child, interrupt_myself, child_give(&world.child, world.child.thread));
    message = world_expect(&world, KIND_INTERRUPT);
    CHECK(!world.child.worker->done);
    CHECK_IS(reply(0, message.request, &message), 0);
    sleep_for(1);
    CHECK(world.child.worker->done);
    CHECK_IS(world.child.worker->result, 1);
    world_free(&world);
}

void interrupts(void)
{
    running();
    not_running();
    begins();
    native_waits();
    answered_waits();
    page_waits(false);
    page_waits(true);
    itself();
}
