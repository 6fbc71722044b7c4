/*
 * memory_copy.c: space_copy between spaces, over page and region borders, and
 * what it says when it cannot go on.
 */
#include "memory.h"

#define AREA  0x700000000000ul
#define PAGES 300

static int64_t wait_forever(uint64_t unused)
{
    (void)unused;
    return sleep_until(~0ul);
}

/* A space with `PAGES` of an object at AREA in two regions; this program sees the same at `mirror`.
 */
struct far {
    struct child child;
    handle pager, object;
    uintptr_t mirror;
};

static struct far far_new(void)
{
    struct far far = {.child = child_new(HANDLE_POOL, LEVEL_PROGRAM, 0, PRIORITY_BELOW),
                      .pager = create_endpoint(LEVEL_ANON),
                      .mirror = address_new(PAGES)};

    far.object = create_object(far.pager, 1, PAGES, 0);
    CHECK_IS(page_supply_unasked(far.object, SUPPLY_ZERO | SUPPLY_WRITABLE, 0, PAGES, 0, 0), 0);
    CHECK_IS(region_map(HANDLE_SPACE, far.mirror, PAGES, MAP_READ | MAP_WRITE, far.object, 0, 0, 0),
             0);
    CHECK_IS(region_map(far.child.space, AREA, PAGES, MAP_READ | MAP_WRITE | MAP_POPULATE,
                        far.object, 0, 0, 0),
             0);
    CHECK_IS(region_protect(far.child.space, AREA + 10 * PAGE_SIZE, 5, MAP_READ), 0);
    child_start(&far.child, wait_forever, 0);
    return far;
}

static void far_free(struct far *far)
{
    child_kill(&far->child);
    CHECK_IS(region_unmap(HANDLE_SPACE, far->mirror, PAGES, 0), 0);
    handle_close(far->object);
    handle_close(far->pager);
}

static unsigned char byte(uint64_t at)
{
    return (unsigned char)(at * 31 + (at >> 8));
}

/* Every mix of offsets on both sides. */
static void offsets(struct far *far)
{
    static const uint64_t lengths[] = {1, 7, 8, 63, 4095, 4096, 4097, 10000, 20000};
    static const uint64_t starts[] = {0, 1, 8, 4088, 4095};
    unsigned char *own = pages_new(8), *mirror = (unsigned char *)far->mirror;

    for (unsigned i = 0; i < 9 * 25; i++) {
        uint64_t length = lengths[i / 25], there = 40 * PAGE_SIZE + starts[i / 5 % 5],
                 here = starts[i % 5];
        unsigned wrong = 0;
        for (uint64_t at = 0; at < length; at++)
            own[here + at] = byte(at + i);
        mirror[there + length] = 0xee;
        CHECK_IS(space_copy(far->child.space, 0, AREA + there, own + here, COPY_OUT, length, NULL),
                 length);
        for (uint64_t at = 0; at < length; at++)
            wrong += mirror[there + at] != byte(at + i);
        CHECK_IS(wrong, 0);
        CHECK_IS(mirror[there + length], 0xee);
        memset(own, 0, 8 * PAGE_SIZE);
        CHECK_IS(space_copy(far->child.space, 0, AREA + there, own + here, COPY_IN, length, NULL),
                 length);
        for (uint64_t at = 0; at < length; at++)
            wrong += own[here + at] != byte(at + i);
        CHECK_IS(wrong, 0);
    }
    pages_free(own, 8);
}

/* A megabyte, and interrupts in between. */
static int64_t wake_often(uint64_t until)
{
    while (now() < until)
        sleep_until(now() + 20000);
    return 0;
}

static void large(struct far *far)
{
    char *own = pages_new(PAGES);
    struct worker disturbs;

    fill((uintptr_t)own, PAGES, 5);
    CHECK_IS(region_protect(far->child.space, AREA, PAGES, MAP_READ | MAP_WRITE), 0);
    fill(far->mirror, PAGES, 0);
    CHECK_IS(space_copy(far->child.space, 0, AREA, own, COPY_OUT, 10 * PAGE_SIZE, NULL),
             10 * PAGE_SIZE);
    worker_start(&disturbs, wake_often, now() + 3000000, PRIORITY_ABOVE);
    CHECK_IS(space_copy(far->child.space, 0, AREA + 16 * PAGE_SIZE, own + 16 * PAGE_SIZE, COPY_OUT,
                        (PAGES - 16) * PAGE_SIZE, NULL),
             (PAGES - 16) * PAGE_SIZE);
    CHECK_IS(worker_finish(&disturbs), 0);
    CHECK_IS(differences(far->mirror + 16 * PAGE_SIZE, PAGES - 16, 5 + 16), 0);
    CHECK_IS(differences(far->mirror, 10, 5), 0);
    CHECK_IS(differences(far->mirror + 10 * PAGE_SIZE, 6, 10), 0);
    pages_free(own, PAGES);
}

/* What stands in the way is told with what was done before it. */
static void obstacles(struct far *far)
{
    char *own = pages_new(8);
    struct copy_stop stop = {0};

    CHECK_IS(region_protect(far->child.space, AREA + 10 * PAGE_SIZE, 1, MAP_READ), 0);
    CHECK_IS(space_copy(far->child.space, 0, AREA + 9 * PAGE_SIZE + 100, own, COPY_OUT,
                        2 * PAGE_SIZE, &stop),
             -EFAULT);
    CHECK_IS(stop.address, AREA + 10 * PAGE_SIZE);
    CHECK_IS(stop.copied, PAGE_SIZE - 100);
    CHECK_IS(page_reclaim(far->object, 12, 1, RECLAIM_DISCARD), 1);
    CHECK_IS(
        space_copy(far->child.space, 0, AREA + 11 * PAGE_SIZE, own, COPY_IN, 2 * PAGE_SIZE, &stop),
        -EAGAIN);
    CHECK_IS(stop.address, AREA + 12 * PAGE_SIZE);
    CHECK_IS(stop.copied, PAGE_SIZE);
    CHECK_IS(page_supply_unasked(far->object, SUPPLY_ZERO, 12, 1, 0, 0),
             0); /* the shared page of zeroes */
    memset(own, 1, PAGE_SIZE);
    CHECK_IS(space_copy(far->child.space, 0, AREA + 12 * PAGE_SIZE, own, COPY_IN, PAGE_SIZE, &stop),
             PAGE_SIZE);
    CHECK_IS(own[0] | own[4095], 0);
    CHECK_IS(space_copy(far->child.space, 0, AREA + 12 * PAGE_SIZE, own, COPY_OUT, 8, &stop),
             -EAGAIN); /* not to be written */
    pages_free(own, 8);
}

/* From a page to itself and to its neighbour, inside one space. */
static void same_space(void)
{
    char *own = pages_new(2);

    for (unsigned i = 0; i < PAGE_SIZE; i++)
        own[i] = (char)byte(i);
    CHECK_IS(space_copy(HANDLE_SPACE, 0, (uintptr_t)own, own, COPY_OUT, PAGE_SIZE, NULL),
             PAGE_SIZE);
    CHECK_IS(
        space_copy(HANDLE_SPACE, 0, (uintptr_t)own + PAGE_SIZE, own, COPY_OUT, PAGE_SIZE, NULL),
        PAGE_SIZE);
    CHECK_IS(memcmp(own, own + PAGE_SIZE, PAGE_SIZE), 0);
    CHECK_IS((unsigned char)own[77], byte(77));
    pages_free(own, 2);
}

void copies(void)
{
    struct far far = far_new();

    offsets(&far);
    large(&far);
    obstacles(&far);
    far_free(&far);
    same_space();
}
