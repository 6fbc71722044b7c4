/*
 * faults_shared.c: several threads want the same page; one region is seen twice.
 */
#include "faults.h"

/* Two faulters, one request: both go on when it was answered. */
static void two_faulters(void)
{
    struct area area = area_new(4);
    struct message fault, none = {0};
    struct worker workers[3];

    for (unsigned i = 0; i < 3; i++)
        worker_start(&workers[i], write_byte, area.address + 64 * i, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 0, FAULT_WRITE);
    CHECK_IS(take(area.pager, &none), -EAGAIN);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_IS(worker_finish(&workers[i]), 0);
        CHECK_IS(*(volatile uint8_t *)(area.address + 64 * i), 7);
    }
    area_free(&area);
}

/* The one that asked is killed: the next takes its place, and the first one's request is over. */
static void killed_first_faulter(bool received)
{
    struct area area = area_new(4);
    struct message first = {0}, fault;
    struct worker workers[3];

    for (unsigned i = 0; i < 3; i++)
        worker_start(&workers[i], write_byte, area.address + i, PRIORITY_ABOVE);
    if (received)
        first = expect_fault(area.pager, 0, FAULT_WRITE);
    worker_kill(&workers[0]);
    sleep_for(1);
    if (received)
        CHECK_IS(supply(&first, WRITABLE_ZERO), -ESTALE);
    fault = expect_fault(area.pager, 0, FAULT_WRITE);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&workers[1]), 0);
    CHECK_IS(worker_finish(&workers[2]), 0);
    CHECK_IS(*(volatile uint8_t *)(area.address + 1), 7);
    CHECK_IS(*(volatile uint8_t *)area.address, 0);
    area_free(&area);
}

/* Refused for the first: the others ask for themselves. */
static void refused_first_faulter(void)
{
    handle pager = create_endpoint(LEVEL_ANON), object = create_object(pager, 1, 4, 0);
    handle personality = create_endpoint(LEVEL_PROC);
    struct child child = child_new(HANDLE_POOL, LEVEL_PROGRAM, personality, PRIORITY_ABOVE);
    struct area area = {pager, object, address_new(4), 4};
    struct message fault, exception = {0};
    struct worker worker;

    CHECK_IS(region_map(child.space, AREA, 4, MAP_READ | MAP_WRITE, object, 0, 0, 0), 0);
    CHECK_IS(region_map(HANDLE_SPACE, area.address, 4, MAP_READ | MAP_WRITE, object, 0, 0, 0), 0);
    child_start(&child, write_byte, AREA);
    worker_start(&worker, write_byte, area.address + 1, PRIORITY_ABOVE);
    fault = expect_fault(pager, 0, FAULT_WRITE);
    CHECK_IS(supply(&fault, SUPPLY_FAIL | (uint64_t)EIO << 32), 0);
    CHECK_IS(take(personality, &exception), KIND_EXCEPTION);
    sleep_for(1);
    fault = expect_fault(pager, 0, FAULT_WRITE); /* the worker's own */
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    child_kill(&child);
    handle_close(personality);
    area_free(&area);
}

/* ---- One object, seen at two addresses and in two spaces ---- */

static void two_views(void)
{
    struct area area = area_new(8);
    uintptr_t second = address_new(8);
    struct message fault;
    struct worker worker;

    CHECK_IS(region_map(HANDLE_SPACE, second, 8, MAP_READ | MAP_WRITE, area.object, 0, 0, 0), 0);
    CHECK_IS(page_supply_unasked(area.object, WRITABLE_ZERO, 0, 8, 0, 0), 0);
    *(volatile uint64_t *)(area.address + 3 * PAGE_SIZE) = 0x5aa5;
    CHECK_IS(*(volatile uint64_t *)(second + 3 * PAGE_SIZE), 0x5aa5);
    /* Taken back by the pager: gone from both. */
    CHECK_IS(page_reclaim(area.object, 3, 1, RECLAIM_DISCARD), 1);
    worker_start(&worker, read_byte, second + 3 * PAGE_SIZE, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 3, 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    CHECK_IS(*(volatile uint64_t *)(area.address + 3 * PAGE_SIZE), 0);
    /* Unmapped and discarded through one: the other does not go on using frames that are free. */
    *(volatile uint64_t *)(second + 5 * PAGE_SIZE) = 0x1111;
    CHECK_IS(region_unmap(HANDLE_SPACE, area.address, 8, UNMAP_DISCARD), 0);
    worker_start(&worker, read_byte, second + 5 * PAGE_SIZE, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 5, 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    CHECK_IS(region_unmap(HANDLE_SPACE, second, 8, 0), 0);
    CHECK_IS(region_map(HANDLE_SPACE, area.address, 8, MAP_READ, area.object, 0, 0, 0), 0);
    area_free(&area);
}

/* Who may only look at an object cannot make others lose its contents. */
static void discard_needs_writing(void)
{
    struct area area = area_new(4);
    uintptr_t second = address_new(4);
    handle reader = handle_dup(area.object, RIGHT_READ, 0, 0);

    CHECK_IS(page_supply_unasked(area.object, WRITABLE_ZERO, 0, 4, 0, 0), 0);
    *(volatile uint8_t *)area.address = 55;
    CHECK_IS(region_map(HANDLE_SPACE, second, 4, MAP_READ, reader, 0, 0, 0), 0);
    CHECK_IS(*(volatile uint8_t *)second, 55);
    CHECK_IS(region_unmap(HANDLE_SPACE, second, 4, UNMAP_DISCARD), 0);
    CHECK_IS(*(volatile uint8_t *)area.address, 55);
    handle_close(reader);
    area_free(&area);
}

void shared_faults(void)
{
    two_faulters();
    killed_first_faulter(false);
    killed_first_faulter(true);
    refused_first_faulter();
    two_views();
    discard_needs_writing();
}
