/*
 * signals_answer.c: how a personality lets a thread go on: with other registers, after pages it
 * needs (for the frame of a signal) were brought, at another place.
 */
#include "signals.h"

static int64_t call_77(uint64_t a)
{
    return system_call(77, a, 0);
}

/* A system call ends with all registers as the personality wrote them: rt_sigreturn, execve. */
static void call_with_registers(void)
{
    struct world world = world_new(1, PRIORITY_ABOVE);
    struct message message, answer = {.w = {1111}};

    child_start(&world.child, call_77, 5);
    message = world_expect(&world, KIND_SYSCALL);
    CHECK_IS(thread_interrupt(world.child.thread), 1);
    registers_read(world.child.thread);
    PAGE_REGISTERS->x[0] = 2222;
    registers_write(world.child.thread);
    CHECK_IS(reply(TAG_REGISTERS | 1, message.request, &answer), -EINVAL);
    CHECK_IS(reply(TAG_REGISTERS | TAG_HANDLE, message.request, &answer), -EINVAL);
    CHECK_IS(reply(TAG_REGISTERS, message.request, &answer), 0);
    sleep_for(1);
    CHECK(world.child.worker->done);
    CHECK_IS(world.child.worker->result, 2222);
    world_expect_nothing(&world); /* the interrupt was that call */
    world_free(&world);
}

/* Started anew: pc back on the svc, x0 as it was. */
static void call_restarted(void)
{
    struct world world = world_new(1, PRIORITY_ABOVE);
    struct message message, answer = {.w = {1111}};

    child_start(&world.child, call_77, 5);
    for (unsigned i = 0; i < 3; i++) {
        message = world_expect(&world, KIND_SYSCALL);
        CHECK_IS(message.w[0], 5);
        registers_read(world.child.thread);
        PAGE_REGISTERS->pc -= 4;
        registers_write(world.child.thread);
        CHECK_IS(reply(TAG_REGISTERS, message.request, &answer), 0);
    }
    message = world_expect(&world, KIND_SYSCALL);
    CHECK_IS(reply(0, message.request, &answer), 0);
    sleep_for(1);
    CHECK_IS(world.child.worker->result, 1111);
    world_free(&world);
}

static int64_t call_native(uint64_t endpoint)
{
    struct message message = {0};

    return call(endpoint, 0, &message);
}

static void not_for_calls(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct message message = {0};
    struct worker worker;

    worker_start(&worker, call_native, endpoint, PRIORITY_ABOVE);
    CHECK_IS(take(endpoint, &message), KIND_CALL);
    CHECK_IS(reply(TAG_REGISTERS, message.request, &message), -EINVAL);
    CHECK_IS(reply(TAG_RETRY_READ, message.request, &message), -EINVAL);
    CHECK_IS(reply(0, message.request, &message), 0);
    CHECK_IS(worker_finish(&worker), 0);
    handle_close(endpoint);
}

static int64_t break_it(uint64_t unused)
{
    (void)unused;
    __asm__ volatile("brk #5");
    return 3;
}

static volatile uint64_t *const handled = &BOARD[1];

static _Noreturn void handler(void)
{
    *handled = 1;
    for (;;)
        system_call(139, 0, 0); /* as a trampoline does: rt_sigreturn */
}

/* A whole signal: an exception, its frame's pages brought, the handler, back. */
static void signal_on_new_stack(void)
{
    struct world world = world_new(4, PRIORITY_ABOVE);
    struct message message, first;
    struct thread_registers saved;

    *handled = 0;
    child_start(&world.child, break_it, 0);
    first = world_expect(&world, KIND_EXCEPTION);
    CHECK_IS(first.w[0], EXCEPTION_BREAKPOINT);
    retry(&first, TAG_RETRY_WRITE, AREA + 3 * PAGE_SIZE, AREA + 2 * PAGE_SIZE);
    CHECK_IS(thread_interrupt(world.child.thread), 0); /* it comes anyway */
    world_supply(&world, 3, FAULT_WRITE);
    world_supply(&world, 2, FAULT_WRITE);
    message = world_expect(&world, KIND_EXCEPTION | MESSAGE_AGAIN);
    CHECK(message.request != first.request);
    for (unsigned i = 0; i < 6; i++)
        CHECK_IS(message.w[i], first.w[i]);
    registers_read(world.child.thread);
    memcpy(&saved, (const void *)PAGE_REGISTERS, sizeof saved);
    CHECK_IS(saved.pc, first.w[2]);
    PAGE_REGISTERS->pc = (uintptr_t)handler;
    PAGE_REGISTERS->sp = AREA + 4 * PAGE_SIZE;
    registers_write(world.child.thread);
    CHECK_IS(reply(0, message.request, &message), 0);
    message = world_expect(&world, KIND_SYSCALL);
    CHECK_IS(message.head >> 32, 139);
    CHECK_IS(*handled, 1);
    saved.pc += 4;
    memcpy((void *)PAGE_REGISTERS, &saved, sizeof saved);
    registers_write(world.child.thread);
    CHECK_IS(reply(TAG_REGISTERS, message.request, &message), 0);
    sleep_for(1);
    CHECK(world.child.worker->done);
    CHECK_IS(world.child.worker->result, 3);
    world_free(&world);
}

/* The same for an interrupt: pages, and the message once more. Where the page cannot be: an
 * exception with its address, registers untouched. */
static void interrupt_and_pages(bool refused)
{
    struct world world = world_new(4, PRIORITY_BELOW);
    struct message message;

    child_start(&world.child, count_for_ever, 0);
    sleep_for(1);
    CHECK_IS(thread_interrupt(world.child.thread), 0);
    message = world_expect(&world, KIND_INTERRUPT);
    registers_read(world.child.thread);
    uint64_t pc = PAGE_REGISTERS->pc;
    retry(&message, TAG_RETRY_WRITE, AREA, refused ? 0x123456000 : 0);
    world_supply(&world, 0, FAULT_WRITE);
    message = world_expect(&world, refused ? KIND_EXCEPTION : KIND_INTERRUPT | MESSAGE_AGAIN);
    CHECK_IS(message.w[0], refused ? EXCEPTION_NO_REGION : 0);
    CHECK_IS(message.w[1], refused ? 0x123456000 : 0);
    CHECK_IS(message.w[2], refused ? pc : 0);
    registers_read(world.child.thread);
    CHECK_IS(PAGE_REGISTERS->pc, pc);
    CHECK_IS(reply(0, message.request, &message), 0);
    world_expect_nothing(&world);
    world_free(&world);
}

/* Interrupted while a page is brought for its call, which then comes again without the page: that
 * is the interruption. */
static void interrupt_while_retrying(void)
{
    struct world world = world_new(4, PRIORITY_ABOVE);
    struct message message, fault;

    child_start(&world.child, call_77, AREA);
    message = world_expect(&world, KIND_SYSCALL);
    retry(&message, TAG_RETRY_WRITE, AREA, 0);
    CHECK_IS(thread_interrupt(world.child.thread), 0);
    sleep_for(1);
    fault = expect_fault(world.pager, 0, FAULT_WRITE);
    CHECK_IS(supply(&fault, SUPPLY_FAIL | (uint64_t)EIO << 32), 0);
    message = world_expect(&world, KIND_SYSCALL | MESSAGE_AGAIN | MESSAGE_REFUSED);
    message.w[0] = (uint64_t)-EFAULT;
    CHECK_IS(reply(0, message.request, &message), 0);
    world_expect_nothing(&world);
    CHECK_IS(world.child.worker->result, -EFAULT);
    world_free(&world);
}

void answers(void)
{
    call_with_registers();
    call_restarted();
    not_for_calls();
    signal_on_new_stack();
    interrupt_and_pages(false);
    interrupt_and_pages(true);
    interrupt_while_retrying();
}
