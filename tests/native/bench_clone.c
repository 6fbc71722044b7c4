/*
 * bench_clone.c: what fork is made of, without a personality: a clone, the first
 * writes after it, its end.
 */
#include "bench.h"

#define AREA   0x700000000000ul
#define PAGES  4096ul
#define LATER  0x40000000ul
#define ROUNDS 8

static handle pager, space, object;
static uint64_t begin;

/* Copies what is shared, else zeros. */
static void copying_pager(uint64_t from)
{
    struct message message = {0};

    recv(from, 0, &message);
    for (;;)
        page_supply(from, (message.head & FAULT_COW ? SUPPLY_COPY : SUPPLY_ZERO) | SUPPLY_WRITABLE,
                    message.w[1], 1, 0, 0, &message);
}

static void touch(uintptr_t address, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++)
        *(volatile char *)(address + (i << PAGE_SHIFT)) = 1;
}

/* A clone of this very space: its dozen regions, the object at AREA among them. */
static void fork(handle parents)
{
    space = space_create(HANDLE_POOL, LEVEL_ROOT, 0, 20);
    object = create_object(pager, 2, PAGES, 0);
    region_clone(HANDLE_SPACE, space, parents, object);
}

static void end(void)
{
    space_ctl(space, SPACE_KILL, 0, 0);
    handle_close(space);
    handle_close(object);
}

static uint64_t regions_here(void)
{
    struct region_facts facts = {0};
    uint64_t count = 0;

    for (uint64_t at = 0; !region_query(HANDLE_SPACE, at, &facts); count++)
        at = facts.start + (facts.pages << PAGE_SHIFT);
    return count;
}

/* As a small program does it: few dirty pages, at both ends of its memory. */
static void steps(void)
{
    handle parents = create_object(pager, 1, PAGES, 0);
    uint64_t times[6] = {0};

    region_map(HANDLE_SPACE, AREA, PAGES, MAP_READ | MAP_WRITE, parents, 0, 0, 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        touch(AREA, 20);
        touch(AREA + ((PAGES - 20) << PAGE_SHIFT), 20);
        begin = now();
        space = space_create(HANDLE_POOL, LEVEL_ROOT, 0, 20);
        times[0] += now() - begin;
        begin = now();
        object = create_object(pager, 2, PAGES, 0);
        times[1] += now() - begin;
        begin = now();
        region_clone(HANDLE_SPACE, space, parents, object);
        times[2] += now() - begin;
        begin = now();
        handle thread = thread_create(space, 0, 5, 0);
        times[3] += now() - begin;
        begin = now();
        space_ctl(space, SPACE_KILL, 0, 0);
        times[4] += now() - begin;
        begin = now();
        handle_close(thread);
        handle_close(space);
        handle_close(object);
        times[5] += now() - begin;
    }
    report("fork_regions", regions_here(), 1);
    report("fork_space_create", times[0], ROUNDS);
    report("fork_object_create", times[1], ROUNDS);
    report("fork_region_clone", times[2], ROUNDS);
    report("fork_thread_create", times[3], ROUNDS);
    report("fork_space_kill", times[4], ROUNDS);
    report("fork_handles_close", times[5], ROUNDS);
    region_unmap(HANDLE_SPACE, AREA, PAGES, UNMAP_DISCARD);
    handle_close(parents);
}

/* All pages written before each fork. */
static void per_page(void)
{
    handle parents = create_object(pager, 1, PAGES, 0);
    uint64_t times[4] = {0};

    region_map(HANDLE_SPACE, AREA, PAGES, MAP_READ | MAP_WRITE, parents, 0, 0, 0);
    touch(AREA, PAGES);
    for (unsigned i = 0; i < ROUNDS; i++) {
        begin = now();
        fork(parents);
        times[0] += now() - begin;
        touch(AREA, 1);
        begin = now();
        touch(AREA, 256);
        times[1] += now() - begin;
        begin = now();
        end();
        times[2] += now() - begin;
        fork(parents);
        end();
        touch(AREA, 1);
        begin = now();
        touch(AREA, PAGES);
        times[3] += now() - begin;
    }
    report("clone_per_page", times[0], ROUNDS * PAGES);
    report("fault_copy_on_write", times[1], ROUNDS * 255);
    report("clone_end_per_page", times[2], ROUNDS * PAGES);
    report("fault_reuse_in_place", times[3], ROUNDS * (PAGES - 1));
    region_unmap(HANDLE_SPACE, AREA, PAGES, UNMAP_DISCARD);
    handle_close(parents);
}

/* What mremap does to touched pages: from one address to the other and back. */
static void moving(void)
{
    handle moved = create_object(pager, 1, PAGES, 0);
    uint64_t time = 0;

    region_map(HANDLE_SPACE, AREA, 256, MAP_READ | MAP_WRITE, moved, 0, 0, 0);
    touch(AREA, 256);
    for (unsigned i = 0; i < ROUNDS; i++) {
        begin = now();
        region_unmap(HANDLE_SPACE, AREA, 256, 0);
        region_map(HANDLE_SPACE, AREA + LATER, 256, MAP_READ | MAP_WRITE | MAP_POPULATE, moved, 0,
                   0, 0);
        time += now() - begin;
        touch(AREA + LATER, 256); /* no fault */
        region_unmap(HANDLE_SPACE, AREA + LATER, 256, 0);
        region_map(HANDLE_SPACE, AREA, 256, MAP_READ | MAP_WRITE | MAP_POPULATE, moved, 0, 0, 0);
    }
    report("move_256_pages", time, ROUNDS);
    region_unmap(HANDLE_SPACE, AREA, 256, UNMAP_DISCARD);
    handle_close(moved);
}

void bench_clone(void)
{
    pager = create_endpoint(LEVEL_ANON);
    struct child child = child_new(HANDLE_POOL, LEVEL_ANON, 0, 25);
    child_run(&child, copying_pager, handle_dup(pager, RIGHTS_ALL, 0, child.space));
    steps();
    per_page();
    moving();
}
