/*
 * faults_late.c: the world changes while a request is under way.
 */
#include "faults.h"

/* Contents forgotten while a page is asked for: the answer is too late, the faulter asks again. */
static void reclaimed(void)
{
    struct area area = area_new(4);
    struct message fault, again;
    struct worker worker;

    worker_start(&worker, write_byte, area.address, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 0, FAULT_WRITE);
    CHECK_IS(page_reclaim(area.object, 0, 4, RECLAIM_DISCARD), 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), -ESTALE);
    sleep_for(1);
    again = expect_fault(area.pager, 0, FAULT_WRITE);
    CHECK(again.request != fault.request);
    CHECK_IS(supply(&again, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    area_free(&area);
}

static void expect_exception(struct world *world, uint64_t reason)
{
    struct message message = world_expect(world, KIND_EXCEPTION);

    CHECK_IS(message.w[0], reason);
    CHECK_IS(message.w[1], AREA);
}

/* The region goes: with what is behind it, the request is over; without, its answer is kept unseen.
 */
static void unmapped(bool discard)
{
    struct world world = world_new(4, PRIORITY_ABOVE);
    struct message fault;

    child_start(&world.child, write_byte, AREA);
    fault = expect_fault(world.pager, 0, FAULT_WRITE);
    CHECK_IS(region_unmap(world.child.space, AREA, 4, discard ? UNMAP_DISCARD : 0), 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), discard ? -ESTALE : 0);
    expect_exception(&world, EXCEPTION_NO_REGION);
    world_free(&world);
}

/* Rights that were taken away meanwhile stay away, for reading as for writing. */
static void protected(bool write)
{
    struct world world = world_new(4, PRIORITY_ABOVE);
    struct message fault;

    child_start(&world.child, write ? write_byte : read_byte, AREA);
    fault = expect_fault(world.pager, 0, write ? FAULT_WRITE : 0);
    CHECK_IS(region_protect(world.child.space, AREA, 4, write ? MAP_READ : 0), 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    expect_exception(&world, EXCEPTION_RIGHTS);
    CHECK(!world.child.worker->done);
    world_free(&world);
}

/* Another object there now: the page goes where it was asked for, the program sees the new one. */
static void replaced(void)
{
    struct world world = world_new(4, PRIORITY_ABOVE);
    struct area other = area_new(4);
    struct message fault;

    child_start(&world.child, read_byte, AREA);
    fault = expect_fault(world.pager, 0, 0);
    CHECK_IS(region_unmap(world.child.space, AREA, 4, 0), 0);
    CHECK_IS(page_supply_unasked(other.object, WRITABLE_ZERO, 0, 4, 0, 0), 0);
    *(volatile uint8_t *)other.address = 81;
    CHECK_IS(region_map(world.child.space, AREA, 4, MAP_READ, other.object, 0, 0, 0), 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    WAIT_FOR(world.child.worker->done);
    CHECK_IS(world.child.worker->result, 81);
    world_free(&world);
    area_free(&other);
}

/* The program is killed, or its thread: the answer is too late, nothing else. */
static void killed(bool space)
{
    struct world world = world_new(4, PRIORITY_ABOVE);
    struct message fault;

    child_start(&world.child, write_byte, AREA);
    fault = expect_fault(world.pager, 0, FAULT_WRITE);
    if (space)
        CHECK_IS(space_ctl(world.child.space, SPACE_KILL, 0, 0), 0);
    else
        CHECK_IS(thread_ctl(world.child.thread, THREAD_KILL, 0, 0, 0), 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), -ESTALE);
    world_free(&world);
}

/* A stopped faulter: its page comes, it stays where it is until it may go on. */
static void stopped(void)
{
    struct world world = world_new(4, PRIORITY_ABOVE);
    struct message fault;

    child_start(&world.child, write_byte, AREA);
    fault = expect_fault(world.pager, 0, FAULT_WRITE);
    CHECK_IS(thread_ctl(world.child.thread, THREAD_STOP, 0, 0, 0), 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    sleep_for(2);
    CHECK(!world.child.worker->done);
    CHECK_IS(thread_ctl(world.child.thread, THREAD_RESUME, 0, 0, 0), 0);
    WAIT_FOR(world.child.worker->done);
    world_free(&world);
}

void late_answers(void)
{
    reclaimed();
    unmapped(false);
    unmapped(true);
    protected(false);
    protected(true);
    replaced();
    killed(false);
    killed(true);
    stopped();
}
