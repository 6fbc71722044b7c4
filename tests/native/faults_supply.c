/*
 * faults_supply.c: each way to answer a fault, and what the program sees then.
 */
#include "faults.h"

static int64_t write_then_read(uint64_t address)
{
    volatile uint64_t *words = (volatile uint64_t *)address;
    uint64_t sum = 0;

    for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
        sum |= words[i];
    words[5] = 0x1234;
    return sum ? -1 : (int64_t)words[5];
}

/* Dirties frames and gives them back, so that what is not zeroed shows. */
static void dirty_frames(void)
{
    uint64_t *memory = pages_new(64);

    for (unsigned i = 0; i < 64 * PAGE_SIZE / 8; i++)
        memory[i] = ~0ul;
    pages_free(memory, 64);
}

/* Zeroes, writable: one request, and all of the page is zero. */
static void zero_writable(void)
{
    struct area area = area_new(100);
    struct message fault;
    struct worker worker;

    dirty_frames();
    worker_start(&worker, write_byte, area.address + 9 * PAGE_SIZE + 8, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 9, FAULT_WRITE);
    CHECK_IS(fault.w[0], 0xc00c1e);
    CHECK_IS(fault.w[2], 91); /* to the end of the region */
    CHECK_IS(fault.w[3], 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    *(volatile uint64_t *)(area.address + 9 * PAGE_SIZE + 8) = 0;
    CHECK_IS(write_then_read(area.address + 9 * PAGE_SIZE), 0x1234); /* no further request */
    /* The next request tells what is resident around it. */
    worker_start(&worker, read_byte, area.address + 10 * PAGE_SIZE, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 10, 0);
    CHECK_IS(fault.w[3], 1 << 9);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0); /* read now; written later without a request */
    CHECK_IS(worker_finish(&worker), 0);
    CHECK_IS(write_then_read(area.address + 10 * PAGE_SIZE), 0x1234);
    area_free(&area);
}

/* Zeroes, read-only: one shared page that costs no frame, until somebody writes. */
static void zero_read_only(void)
{
    struct area area = area_new(8);
    struct message fault;
    struct worker worker;
    uint64_t frames;

    worker_start(&worker, read_byte, area.address, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 0, 0);
    frames = frames_used();
    CHECK_IS(supply(&fault, SUPPLY_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    CHECK(frames_used() <= frames);
    worker_start(&worker, write_then_read, area.address, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 0, FAULT_WRITE);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0x1234);
    area_free(&area);
}

static int64_t sum_pages(uint64_t address)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < 600; i++)
        sum += *(volatile uint8_t *)(address + i * PAGE_SIZE);
    return sum;
}

/* Several at once, where nothing is yet: what is there stays. The window ends with a run of slots.
 */
static void window(void)
{
    struct area area = area_new(600);
    struct message fault;
    struct worker worker;

    CHECK_IS(page_supply_unasked(area.object, WRITABLE_ZERO, 7, 1, 0, 0), 0);
    *(volatile uint8_t *)(area.address + 7 * PAGE_SIZE) = 9;
    worker_start(&worker, sum_pages, area.address, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 0, 0);
    CHECK_IS(fault.w[2], 512);
    CHECK_IS(fault.w[3], 1 << 7);
    CHECK_IS(page_supply_only(fault.request, WRITABLE_ZERO, 0, 512, 0, 0), 0);
    fault = expect_fault(area.pager, 512, 0);
    CHECK_IS(fault.w[2], 88);
    CHECK_IS(page_supply_only(fault.request, SUPPLY_ZERO, 512, 88, 0, 0), 0);
    CHECK_IS(worker_finish(&worker), 9);
    CHECK_IS(page_reclaim(area.object, 0, 600, RECLAIM_DISCARD), 600);
    CHECK_IS(page_reclaim(area.object, 0, 600, RECLAIM_DISCARD), 0);
    area_free(&area);
}

/* A copy of a page of another object. */
static void copy(void)
{
    struct area area = area_new(4);
    handle source = create_wired(2, 0);
    uint64_t *words = (uint64_t *)address_new(2);
    struct message fault;
    struct worker worker;

    CHECK_IS(region_map(HANDLE_SPACE, (uintptr_t)words, 2, MAP_READ | MAP_WRITE, source, 0, 0, 0),
             0);
    for (unsigned i = 0; i < 512; i++)
        words[512 + i] = i * 3;
    worker_start(&worker, read_byte, area.address + PAGE_SIZE + 8, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 1, 0);
    CHECK_IS(supply_from(&fault, SUPPLY_COPY, source, 1), 0);
    CHECK_IS(worker_finish(&worker), 3);
    CHECK_IS(memcmp((void *)(area.address + PAGE_SIZE), &words[512], PAGE_SIZE), 0);
    words[512] = 99; /* it is a copy */
    CHECK_IS(*(volatile uint64_t *)(area.address + PAGE_SIZE), 0);
    /* Supplied read-only: the first write asks again, and may be allowed by UPGRADE. */
    worker_start(&worker, write_byte, area.address + PAGE_SIZE, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 1, FAULT_WRITE | FAULT_COW | FAULT_SOLE);
    CHECK_IS(supply(&fault, SUPPLY_UPGRADE), 0);
    CHECK_IS(worker_finish(&worker), 0);
    CHECK_IS(*(volatile uint8_t *)(area.address + PAGE_SIZE), 7);
    CHECK_IS(*(volatile uint64_t *)(area.address + PAGE_SIZE + 8), 3);
    /* … or replaced by a copy of itself. */
    worker_start(&worker, read_byte, area.address, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 0, 0);
    CHECK_IS(supply_from(&fault, SUPPLY_COPY, source, 1), 0);
    CHECK_IS(worker_finish(&worker), 99);
    worker_start(&worker, write_byte, area.address + 8, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 0, FAULT_WRITE | FAULT_COW | FAULT_SOLE);
    CHECK_IS(supply(&fault, SUPPLY_COPY | SUPPLY_WRITABLE), 0);
    CHECK_IS(worker_finish(&worker), 0);
    CHECK_IS(*(volatile uint64_t *)area.address, 99);
    CHECK_IS(*(volatile uint8_t *)(area.address + 8), 7);
    CHECK_IS(region_unmap(HANDLE_SPACE, (uintptr_t)words, 2, 0), 0);
    handle_close(source);
    area_free(&area);
}

/* The frame itself moves: contents arrive, the source has it no more, nor shows it. */
static void move(void)
{
    struct area area = area_new(4);
    handle endpoint = create_endpoint(LEVEL_FILE), source = create_object(endpoint, 1, 4, 0);
    uintptr_t at = address_new(4);
    struct message fault;
    struct worker worker;

    CHECK_IS(region_map(HANDLE_SPACE, at, 4, MAP_READ | MAP_WRITE, source, 0, 0, 0), 0);
    CHECK_IS(page_supply_unasked(source, WRITABLE_ZERO, 2, 1, 0, 0), 0);
    *(volatile uint64_t *)(at + 2 * PAGE_SIZE + 16) = 0x77;
    worker_start(&worker, read_byte, area.address + 16, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, 0, 0);
    CHECK_IS(supply_from(&fault, SUPPLY_MOVE | SUPPLY_WRITABLE, source, 2), 0);
    CHECK_IS(worker_finish(&worker), 0x77);
    CHECK_IS(page_reclaim(source, 0, 4, RECLAIM_DISCARD), 0);
    worker_start(&worker, read_byte, at + 2 * PAGE_SIZE, PRIORITY_ABOVE);
    fault = expect_fault(endpoint, 2, 0); /* the old owner asks its pager again */
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    CHECK_IS(*(volatile uint64_t *)(area.address + 16), 0x77);
    CHECK_IS(region_unmap(HANDLE_SPACE, at, 4, 0), 0);
    handle_close(source);
    handle_close(endpoint);
    area_free(&area);
}

/* A region's own source: read in place, copied when written. */
static void source(void)
{
    handle pager = create_endpoint(LEVEL_ANON), private = create_object(pager, 5, 8, 0),
           file = create_wired(4, 0);
    uintptr_t at = address_new(4), file_at = address_new(4);
    struct message fault;
    struct worker worker;

    CHECK_IS(region_map(HANDLE_SPACE, file_at, 4, MAP_READ | MAP_WRITE, file, 0, 0, 0), 0);
    CHECK_IS(region_map(HANDLE_SPACE, at, 3, MAP_READ | MAP_WRITE, private, 4, file, 1), 0);
    for (unsigned i = 0; i < 4; i++)
        *(volatile uint64_t *)(file_at + i * PAGE_SIZE) = 100 + i;
    for (unsigned i = 0; i < 3; i++) /* no pager is asked */
        CHECK_IS(*(volatile uint64_t *)(at + i * PAGE_SIZE), 101 + i);
    *(volatile uint64_t *)(file_at + 2 * PAGE_SIZE) = 200; /* the same frame */
    CHECK_IS(*(volatile uint64_t *)(at + PAGE_SIZE), 200);
    worker_start(&worker, write_byte, at + PAGE_SIZE + 8, PRIORITY_ABOVE);
    fault = expect_fault(pager, 5, FAULT_WRITE | FAULT_COW);
    CHECK_IS(supply(&fault, SUPPLY_COPY | SUPPLY_WRITABLE), 0);
    CHECK_IS(worker_finish(&worker), 0);
    *(volatile uint64_t *)(file_at + 2 * PAGE_SIZE) = 300;
    CHECK_IS(*(volatile uint64_t *)(at + PAGE_SIZE), 200);
    CHECK_IS(*(volatile uint8_t *)(file_at + 2 * PAGE_SIZE + 8), 0);
    CHECK_IS(region_unmap(HANDLE_SPACE, at, 3, UNMAP_DISCARD), 0);
    CHECK_IS(region_unmap(HANDLE_SPACE, file_at, 4, 0), 0);
    handle_close(private);
    handle_close(file);
    handle_close(pager);
}

/* Counted where they belong: minor, and major when the pager says so. */
static void statistics(void)
{
    struct area area = area_new(4);
    struct space_statistics before = {0}, after = {0};
    struct message fault;
    struct worker worker;

    space_statistics(HANDLE_SPACE, &before);
    for (unsigned i = 0; i < 4; i++) {
        worker_start(&worker, write_byte, area.address + i * PAGE_SIZE, PRIORITY_ABOVE);
        fault = expect_fault(area.pager, i, FAULT_WRITE);
        CHECK_IS(supply(&fault, WRITABLE_ZERO | (i == 2 ? SUPPLY_MAJOR : 0)), 0);
        CHECK_IS(worker_finish(&worker), 0);
    }
    space_statistics(HANDLE_SPACE, &after);
    CHECK_IS(after.major - before.major, 1);
    CHECK(after.minor - before.minor >= 3);
    area_free(&area);
}

void supplies(void)
{
    zero_writable();
    zero_read_only();
    window();
    copy();
    move();
    source();
    statistics();
}
