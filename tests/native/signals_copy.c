/*
 * signals_copy.c: a thread is made a copy of another: fork, clone.
 */
#include "signals.h"

/* Both sides of a fork go on behind the svc: x0 says which. The rest is what the parent had. */
int64_t fork_like(uint64_t argument);
__asm__(".text\n .arch armv8-a+fp+simd\n"
        "fork_like:\n"
        " mov x9, x0\n mov x10, #0x2020\n fmov d16, x10\n mov x8, #220\n mov x0, #17\n"
        " svc #0\n"
        " fmov x1, d16\n sub x1, x1, x10\n add x0, x0, x1\n add x0, x0, x9\n"
        " mrs x2, tpidr_el0\n mov x1, #0x90000000\n str x2, [x1, #8]\n"
        " mov x2, sp\n str x2, [x1, #16]\n"
        " ret\n"
        " .arch armv8-a+nofp\n");

#define ARGUMENT 1000
#define CHILD_ID 5

/* Same space, its own stack and thread pointer: a thread. The child's x0 is 0, the parent's its id.
 */
static void clone_like(void)
{
    struct world world = world_new(4, PRIORITY_ABOVE);
    struct message message, answer = {.w = {CHILD_ID}};
    struct thread_registers parent;
    int64_t thread = thread_create(world.child.space, 0, PRIORITY_ABOVE, 0x77);

    child_start(&world.child, fork_like, ARGUMENT);
    message = world_expect(&world, KIND_SYSCALL);
    registers_read(world.child.thread);
    memcpy(&parent, (const void *)PAGE_REGISTERS, sizeof parent);
    CHECK_IS(
        thread_copy(thread, world.child.thread, COPY_SP | COPY_TLS, 0, AREA + 2 * PAGE_SIZE, 0x715),
        0);
    registers_read(thread);
    for (unsigned i = 1; i < 31; i++)
        CHECK_IS(PAGE_REGISTERS->x[i], parent.x[i]);
    CHECK_IS(PAGE_REGISTERS->x[0], 0);
    CHECK_IS(PAGE_REGISTERS->sp, AREA + 2 * PAGE_SIZE);
    CHECK_IS(PAGE_REGISTERS->pc, parent.pc);
    CHECK_IS(PAGE_REGISTERS->pstate, parent.pstate);
    CHECK_IS(PAGE_REGISTERS->tls, 0x715);
    PAGE_REGISTERS->x[30] = 0; /* the copy has no frame to return to */
    registers_write(thread);
    world_expect_nothing(&world); /* it is stopped until resumed */
    CHECK_IS(thread_ctl(thread, THREAD_RESUME, 0, 0, 0), 0);
    CHECK_IS(world_expect(&world, KIND_EXCEPTION).badge, 0x77);
    registers_read(thread);
    CHECK_IS(PAGE_REGISTERS->x[0], ARGUMENT);
    CHECK_IS(BOARD[1], 0x715);
    CHECK_IS(BOARD[2], AREA + 2 * PAGE_SIZE);
    CHECK_IS(reply(0, message.request, &answer), 0);
    sleep_for(1);
    CHECK_IS(world.child.worker->result, ARGUMENT + CHILD_ID);
    CHECK_IS(BOARD[1], parent.tls);
    handle_close(thread);
    world_free(&world);
}

/* Another space, everything else the same: a process. */
static void fork_into_space(void)
{
    struct world world = world_new(1, PRIORITY_ABOVE), other = world_new(1, PRIORITY_ABOVE);
    struct message message, answer = {.w = {CHILD_ID}};
    uint64_t sp;

    child_start(&world.child, fork_like, ARGUMENT);
    message = world_expect(&world, KIND_SYSCALL);
    registers_read(world.child.thread);
    sp = PAGE_REGISTERS->sp;
    CHECK_IS(thread_copy(other.child.thread, world.child.thread, 0, 0, 0, 0), 0);
    registers_read(other.child.thread);
    PAGE_REGISTERS->x[30] =
        0; /* its stack was not copied here: where it would return to is not there */
    registers_write(other.child.thread);
    CHECK_IS(thread_ctl(other.child.thread, THREAD_RESUME, 0, 0, 0), 0);
    world_expect(&other, KIND_EXCEPTION);
    registers_read(other.child.thread);
    CHECK_IS(PAGE_REGISTERS->x[0], ARGUMENT);
    CHECK_IS(BOARD[2], sp);
    CHECK_IS(reply(0, message.request, &answer), 0);
    sleep_for(1);
    CHECK_IS(world.child.worker->result, ARGUMENT + CHILD_ID);
    world_free(&other);
    world_free(&world);
}

/* FP registers of one that never used them are 0, also in a copy that had others. */
static void floating_point(void)
{
    handle thread = thread_create(HANDLE_SPACE, 0, 1, 0),
           fresh = thread_create(HANDLE_SPACE, 0, 1, 0);
    volatile uint64_t *q = (volatile uint64_t *)LAYOUT_MESSAGE_PAGE;

    for (unsigned i = 0; i < 64; i++)
        q[i] = 100 + i;
    q[64] = 1, q[65] = 0;
    CHECK_IS(thread_ctl(thread, THREAD_WRITE_FP, 0, 0, 0), 0);
    CHECK_IS(thread_copy(fresh, thread, 0, 0, 0, 0), 0);
    q[0] = q[63] = 0;
    CHECK_IS(thread_ctl(fresh, THREAD_READ_FP, 0, 0, 0), 0);
    CHECK_IS(q[0], 100);
    CHECK_IS(q[63], 163);
    CHECK_IS(q[64], 1);
    handle_close(thread);
    thread = thread_create(HANDLE_SPACE, 0, 1, 0);
    CHECK_IS(thread_copy(fresh, thread, 0, 0, 0, 0), 0);
    CHECK_IS(thread_ctl(fresh, THREAD_READ_FP, 0, 0, 0), 0);
    for (unsigned i = 0; i < 66; i++)
        CHECK_IS(q[i], 0);
    CHECK_IS(thread_ctl(thread, THREAD_KILL, 0, 0, 0), 0);
    CHECK_IS(thread_ctl(fresh, THREAD_KILL, 0, 0, 0), 0);
    handle_close(thread);
    handle_close(fresh);
}

/* General and FP registers in one call, wherever they are wanted in the message page. */
static void anywhere_in_the_page(void)
{
    handle thread = thread_create(HANDLE_SPACE, 0, 1, 0);
    volatile uint64_t *page = (volatile uint64_t *)LAYOUT_MESSAGE_PAGE;
    const unsigned at = PAGE_SIZE / 8 - sizeof(struct thread_registers) / 8, fp = 8;

    for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
        page[i] = i;
    page[at + 33] = 0; /* pstate */
    CHECK_IS(thread_write(thread, 8 * at, 8 * fp), 0);
    for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
        page[i] = ~0ul;
    CHECK_IS(thread_read(thread, 8 * 100, 8 * 200), 0);
    for (unsigned i = 0; i < 35; i++)
        CHECK_IS(page[100 + i], i == 33 ? 0 : at + i);
    for (unsigned i = 0; i < 66; i++)
        CHECK_IS(page[200 + i], fp + i);
    CHECK_IS(page[99] & page[135] & page[199] & page[266], ~0ul); /* and nothing beside it */
    CHECK_IS(thread_ctl(thread, THREAD_READ_FP, 8, 0, 0), 0);
    CHECK_IS(page[1], fp);
    CHECK_IS(thread_ctl(thread, THREAD_KILL, 0, 0, 0), 0);
    handle_close(thread);
}

void copies(void)
{
    anywhere_in_the_page();
    clone_like();
    fork_into_space();
    floating_point();
}
