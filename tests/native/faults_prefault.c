/*
 * faults_prefault.c: a personality serves calls that carry pointers: it copies by
 * the request, and where a page is absent lets the kernel bring it and ask again.
 */
#include "faults.h"

static int64_t write_call(uint64_t address)
{
    return system_call(64, address, 100);
}

/* `again`: MESSAGE_AGAIN when its pages were brought meanwhile. */
static struct message expect_call(struct world *world, uint64_t number, uint64_t a, uint64_t again)
{
    struct message message = world_expect(world, KIND_SYSCALL | again);

    CHECK_IS(message.head >> 32, number);
    CHECK_IS(message.w[0], a);
    return message;
}

/* The whole story: EAGAIN, retry, pages come, the same call again, copy, answer. */
static void copy_after_retry(void)
{
    struct world world = world_new(8, PRIORITY_ABOVE);
    struct copy_stop stop = {0};
    char *buffer = pages_new(1);
    struct message message;

    child_start(&world.child, write_call, AREA + PAGE_SIZE - 50);
    message = expect_call(&world, 64, AREA + PAGE_SIZE - 50, 0);
    CHECK_IS(space_copy(0, message.request, AREA + PAGE_SIZE - 50, buffer, COPY_IN, 100, &stop),
             -EAGAIN);
    CHECK_IS(stop.address, AREA + PAGE_SIZE - 50);
    retry(&message, TAG_RETRY_WRITE, AREA, AREA + PAGE_SIZE);
    CHECK_IS(space_copy(0, message.request, AREA, buffer, COPY_IN, 1, &stop), -ESTALE);
    world_supply(&world, 0, FAULT_WRITE);
    world_supply(&world, 1, FAULT_WRITE);
    message = expect_call(&world, 64, AREA + PAGE_SIZE - 50,
                          MESSAGE_AGAIN); /* the same call, a new request */
    memset(buffer, 'x', 100);
    CHECK_IS(space_copy(0, message.request, AREA + PAGE_SIZE - 50, buffer, COPY_OUT, 100, &stop),
             100);
    memset(buffer, 0, 100);
    CHECK_IS(space_copy(0, message.request, AREA + PAGE_SIZE - 50, buffer, COPY_IN, 100, &stop),
             100);
    CHECK_IS(buffer[0], 'x');
    CHECK_IS(buffer[99], 'x');
    message.w[0] = -5ul;
    CHECK_IS(reply(0, message.request, &message), 0);
    WAIT_FOR(world.child.worker->done);
    CHECK_IS(world.child.worker->result, -5);
    world_free(&world);
    pages_free(buffer, 1);
}

/* The call comes again without its pages, and the program goes on as it is told. */
static void expect_refused(struct world *world)
{
    struct message message = {0};

    CHECK_IS(recv(world->personality, 0, &message), 0);
    CHECK_IS(message.head & 0xffffffff, KIND_SYSCALL | MESSAGE_AGAIN | MESSAGE_REFUSED);
    CHECK_IS(message.head >> 32, 64);
    CHECK_IS(message.w[0], AREA);
    message.w[0] = (uint64_t)-EPERM;
    CHECK_IS(reply(0, message.request, &message), 0);
    WAIT_FOR(world->child.worker->done);
    CHECK_IS(world->child.worker->result, -EPERM);
}

/* What cannot be brought is told with the call. */
static void retry_refused(void)
{
    static const uint64_t addresses[] = {0x123456000, 1ul << 48, ~0ul, 0x400000};
    struct message message, fault;

    for (unsigned i = 0; i < 5; i++) {
        struct world world = world_new(8, PRIORITY_ABOVE);
        child_start(&world.child, write_call, AREA);
        message = expect_call(&world, 64, AREA, 0);
        retry(&message, TAG_RETRY_WRITE, i < 4 ? addresses[i] : AREA, 0);
        if (i == 4) { /* the pager fails */
            sleep_for(1);
            fault = expect_fault(world.pager, 0, FAULT_WRITE);
            CHECK_IS(supply(&fault, SUPPLY_FAIL | (uint64_t)EIO << 32), 0);
        }
        expect_refused(&world);
        world_free(&world);
    }
}

/* Pages that are wanted and taken back at the same time: the kernel comes to an end with it. */
static void retry_and_reclaim(void)
{
    struct world world = world_new(8, PRIORITY_ABOVE);
    struct message message, fault = {0};

    child_start(&world.child, write_call, AREA);
    message = expect_call(&world, 64, AREA, 0);
    retry(&message, TAG_RETRY_WRITE, AREA, 0);
    sleep_for(1);
    fault = expect_fault(world.pager, 0, FAULT_WRITE);
    CHECK_IS(page_reclaim(world.object, 0, 8, RECLAIM_DISCARD), 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), -ESTALE);
    world_supply(&world, 0, FAULT_WRITE); /* it asked again */
    message = expect_call(&world, 64, AREA, MESSAGE_AGAIN);
    /* The same by unmapping: then nothing is left to ask for. */
    CHECK_IS(page_reclaim(world.object, 0, 8, RECLAIM_DISCARD), 1);
    retry(&message, TAG_RETRY_WRITE, AREA, 0);
    sleep_for(1);
    fault = expect_fault(world.pager, 0, FAULT_WRITE);
    CHECK_IS(region_unmap(world.child.space, AREA, 8, UNMAP_DISCARD), 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), -ESTALE);
    expect_refused(&world);
    world_free(&world);
}

/* Two threads of a program prefault the same page; the first is killed. */
static void retry_of_two(void)
{
    struct world world = world_new(8, PRIORITY_ABOVE);
    struct message message, fault;
    int64_t second = thread_create(world.child.space, 0, PRIORITY_ABOVE, 0);

    child_start(&world.child, write_call, AREA);
    message = expect_call(&world, 64, AREA, 0);
    retry(&message, TAG_RETRY_WRITE, AREA, 0);
    CHECK_IS(thread_ctl(second, THREAD_START, (uintptr_t)write_call,
                        LAYOUT_MESSAGE_PAGE - 3 * PAGE_SIZE, AREA),
             0);
    message = expect_call(&world, 64, AREA, 0);
    retry(&message, TAG_RETRY_WRITE, AREA, AREA + PAGE_SIZE);
    sleep_for(1);
    fault = expect_fault(world.pager, 0, FAULT_WRITE);
    CHECK_IS(thread_ctl(world.child.thread, THREAD_KILL, 0, 0, 0), 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), -ESTALE);
    world_supply(&world, 0, FAULT_WRITE);
    world_supply(&world, 1, FAULT_WRITE);
    message = expect_call(&world, 64, AREA, MESSAGE_AGAIN);
    CHECK_IS(thread_ctl(second, THREAD_KILL, 0, 0, 0), 0);
    CHECK_IS(reply(0, message.request, &message), -ESTALE);
    handle_close(second);
    world_free(&world);
}

/* Nobody answers a prefault: refused after the deadline. Or the pager dies: the same, at once. */
static int64_t take_and_wait(uint64_t endpoint)
{
    struct message message = {0};

    recv(endpoint, 0, &message);
    return sleep_until(~0ul);
}

static void retry_without_pager(bool dies)
{
    struct world world = world_new(8, PRIORITY_ABOVE);
    struct child server = child_new(HANDLE_POOL, LEVEL_ANON, 0, PRIORITY_ABOVE);
    struct message message;

    child_start(&server, take_and_wait, child_give(&server, world.pager));
    child_start(&world.child, write_call, AREA);
    message = expect_call(&world, 64, AREA, 0);
    retry(&message, TAG_RETRY_READ, AREA, 0);
    sleep_for(1);
    if (dies)
        child_kill(&server);
    expect_refused(&world);
    if (!dies)
        child_kill(&server);
    world_free(&world);
}

/* ---- START: a thread asks before its first instruction ---- */

static int64_t started(uint64_t argument)
{
    BOARD[0] = argument;
    return 0;
}

static void begin(void)
{
    struct world world = world_new(8, PRIORITY_ABOVE);
    volatile struct thread_registers *page =
        (volatile struct thread_registers *)LAYOUT_MESSAGE_PAGE;
    int64_t thread = thread_create(world.child.space, 0, PRIORITY_ABOVE, 0x99);
    struct message message = {0};

    BOARD[0] = 0;
    CHECK_IS(thread_ctl(thread, THREAD_BEGIN, 0, 0, 0), 0);
    CHECK_IS(thread_ctl(thread, THREAD_BEGIN, 0, 0, 0), -EBUSY);
    CHECK_IS(take(world.personality, &message), KIND_START);
    CHECK_IS(message.badge, 0x99);
    retry(&message, TAG_RETRY_WRITE, AREA + 3 * PAGE_SIZE, 0);
    world_supply(&world, 3, FAULT_WRITE);
    sleep_for(1);
    CHECK_IS(take(world.personality, &message), KIND_START | MESSAGE_AGAIN);
    CHECK_IS(thread_ctl(thread, THREAD_READ, 0, 0, 0), 0);
    page->pc = (uintptr_t)started;
    page->sp = LAYOUT_MESSAGE_PAGE - PAGE_SIZE;
    page->x[0] = 0x4242;
    CHECK_IS(thread_ctl(thread, THREAD_WRITE, 0, 0, 0), 0);
    CHECK_IS(reply(0, message.request, &message), 0);
    sleep_for(1);
    CHECK_IS(BOARD[0], 0x4242);
    handle_close(thread);
    world_free(&world);
}

void prefaults(void)
{
    copy_after_retry();
    retry_refused();
    retry_and_reclaim();
    retry_of_two();
    retry_without_pager(false);
    retry_without_pager(true);
    begin();
}
