/*
 * calls_region.c: region_map, region_unmap, region_protect, region_query.
 */
#include "calls.h"

#define AREA 0x700000000000ul /* nothing else is near */

static handle object, other_space;

static int64_t map_into(uint64_t space)
{
    return region_map(space, AREA, 1, MAP_READ, object, 0, 0, 0);
}

static int64_t map_object(uint64_t which)
{
    return region_map(HANDLE_SPACE, AREA, 1, MAP_READ | MAP_WRITE | MAP_EXEC, which, 0, 0, 0);
}

static int64_t map_source(uint64_t source)
{
    return region_map(HANDLE_SPACE, AREA, 1, MAP_READ | MAP_EXEC, object, 0, source, 0);
}

static int64_t unmap_from(uint64_t space)
{
    return region_unmap(space, AREA, 1, 0);
}

static int64_t protect_in(uint64_t space)
{
    return region_protect(space, AREA, 1, MAP_READ);
}

static int64_t query_in(uint64_t space)
{
    struct region_facts facts = {0};

    return region_query(space, AREA, &facts);
}

static void wrong_handles(void)
{
    handle dead = dead_space();

    TRY_HANDLES(region_map, SPACE, RIGHT_MANAGE, map_into);
    TRY_HANDLES(region_map, OBJECT, RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC, map_object);
    TRY_HANDLES(region_map, OBJECT, RIGHT_READ | RIGHT_EXEC, map_source);
    TRY_HANDLES(region_unmap, SPACE, RIGHT_MANAGE, unmap_from);
    TRY_HANDLES(region_protect, SPACE, RIGHT_MANAGE, protect_in);
    TRY_HANDLES(region_query, SPACE, RIGHT_READ, query_in);
    FAILS(region_map, EOWNERDEAD, map_into(dead));
    FAILS(region_unmap, EOWNERDEAD, unmap_from(dead));
    FAILS(region_protect, EOWNERDEAD, protect_in(dead));
    FAILS(region_query, EOWNERDEAD, query_in(dead));
    WORKS(handle_close(dead));
}

/* Misaligned, empty, overflowing, beyond the user's half. */
static const struct {
    uint64_t address, pages;
} wrong_ranges[] = {
    {AREA + 1, 1},
    {AREA + 8, 1},
    {AREA, 0},
    {0, (1ul << 36) + 1},
    {AREA, ~0ul},
    {AREA, 1ul << 52},
    {AREA, 1ul << 51},
    {PAGE_SIZE, 1ul << 36},
    {1ul << 48, 1},
    {(1ul << 48) - PAGE_SIZE, 2},
    {-4096ul, 1},
    {0xffff000040000000, 1},
    {0xffffff8000000000, 1},
    {~0ul, 1},
    {1ul << 63, 1ul << 51},
};

static void ranges(void)
{
    handle big = WORKS(create_object(make(ENDPOINT), 0, 1ul << 36, 0));

    for (unsigned i = 0; i < sizeof wrong_ranges / sizeof *wrong_ranges; i++) {
        uint64_t address = wrong_ranges[i].address, pages = wrong_ranges[i].pages;
        FAILS(region_map, EINVAL, region_map(HANDLE_SPACE, address, pages, MAP_READ, big, 0, 0, 0));
        FAILS(region_unmap, EINVAL, region_unmap(HANDLE_SPACE, address, pages, 0));
        FAILS(region_protect, EINVAL, region_protect(HANDLE_SPACE, address, pages, MAP_READ));
    }
    /* The whole user half and the last page of it are fine. */
    WORKS(region_map(other_space, 0, 1ul << 36, MAP_READ, big, 0, 0, 0));
    WORKS(region_protect(other_space, 0, 1ul << 36, 0));
    WORKS(region_unmap(other_space, 0, 1ul << 36, UNMAP_DISCARD));
    WORKS(
        region_map(other_space, (1ul << 48) - PAGE_SIZE, 1, MAP_READ, big, (1ul << 36) - 1, 0, 0));
    WORKS(region_unmap(other_space, 0, 1ul << 36, 0));
    WORKS(handle_close(big));
}

static void map_arguments(void)
{
    handle pager = make(ENDPOINT), high = WORKS(create_endpoint(LEVEL_ROOT)), paged, above, device;

    paged = WORKS(create_object(pager, 0, 4, 0));
    above = WORKS(create_object(high, 0, 4, 0));
    device = WORKS(create_device(HANDLE_SYSTEM, 0x1000, 1));
    FAILS(region_map, EINVAL, region_map(HANDLE_SPACE, AREA, 1, 8, object, 0, 0, 0));
    FAILS(region_map, EINVAL, region_map(HANDLE_SPACE, AREA, 1, ~0ul << 5, object, 0, 0, 0));
    FAILS(region_map, EINVAL,
          region_map(HANDLE_SPACE, AREA, 2, MAP_READ, object, 0, 0, 0)); /* one page */
    FAILS(region_map, EINVAL, region_map(HANDLE_SPACE, AREA, 1, MAP_READ, object, 1, 0, 0));
    FAILS(region_map, EINVAL, region_map(HANDLE_SPACE, AREA, 1, MAP_READ, object, ~0ul, 0, 0));
    FAILS(region_map, EINVAL, /* beyond the end is fine, beyond all numbers not */
          region_map(HANDLE_SPACE, AREA, 2, MAP_READ, paged, (1ul << 48) - 1, 0, 0));
    FAILS(region_map, EINVAL,
          region_map(HANDLE_SPACE, AREA, 1, MAP_READ, object, 0, object, 0)); /* wired: no source */
    FAILS(region_map, EINVAL, region_map(HANDLE_SPACE, AREA, 1, MAP_READ, paged, 0, object, 1));
    FAILS(region_map, EINVAL, region_map(HANDLE_SPACE, AREA, 1, MAP_READ, paged, 0, object, ~0ul));
    FAILS(region_map, EINVAL,
          region_map(HANDLE_SPACE, AREA, 1, MAP_READ, paged, 0, device,
                     0)); /* registers are no file */
    FAILS(region_map, EPERM, region_map(HANDLE_SPACE, AREA, 1, MAP_READ, above, 0, 0, 0));
    FAILS(region_map, EPERM, region_map(HANDLE_SPACE, AREA, 1, MAP_READ, paged, 0, above, 0));
    WORKS(region_map(HANDLE_SPACE, AREA, 1, MAP_READ, object, 0, 0, 0));
    FAILS(region_map, EEXIST, region_map(HANDLE_SPACE, AREA, 1, MAP_READ, object, 0, 0, 0));
    FAILS(region_map, EEXIST,
          region_map(HANDLE_SPACE, AREA - PAGE_SIZE, 3, MAP_READ, paged, 0, 0, 0));
    FAILS(region_map, EEXIST,
          region_map(HANDLE_SPACE, AREA - PAGE_SIZE, 2, MAP_READ, paged, 0, 0, 0));
    WORKS(region_unmap(HANDLE_SPACE, AREA, 1, 0));
    FAILS(region_unmap, EINVAL, region_unmap(HANDLE_SPACE, AREA, 1, 2));
    FAILS(region_protect, EINVAL, region_protect(HANDLE_SPACE, AREA, 1, 8));
    FAILS(region_protect, EINVAL, region_protect(HANDLE_SPACE, AREA, 1, MAP_POPULATE));
    handle handles[] = {pager, high, paged, above, device};
    for (unsigned i = 0; i < sizeof handles / sizeof *handles; i++)
        WORKS(handle_close(handles[i]));
}

/* Advice is kept and shown, and each bit of MAP_* can be changed without the others. */
static void kept_bits(handle paged)
{
    const uint64_t advice = 0xa5a50000;
    struct region_facts facts = {0};

    WORKS(region_map(HANDLE_SPACE, AREA, 4, MAP_READ | advice, paged, 0, object, 0));
    WORKS(region_change(HANDLE_SPACE, AREA, 4, MAP_READ | MAP_WRITE, MAP_READ | MAP_WRITE));
    WORKS(region_query(HANDLE_SPACE, AREA, &facts));
    CHECK_IS(facts.map, MAP_READ | MAP_WRITE | advice);
    CHECK_IS(facts.source_first, 0);
    WORKS(
        region_change(HANDLE_SPACE, AREA + PAGE_SIZE, 1, MAP_DONTFORK, MAP_DONTFORK | MAP_ADVICE));
    WORKS(region_query(HANDLE_SPACE, AREA + PAGE_SIZE, &facts));
    CHECK_IS(facts.map, MAP_READ | MAP_WRITE | MAP_DONTFORK);
    CHECK_IS(facts.pages, 1);
    CHECK_IS(facts.source_first, 1);
    WORKS(region_change(HANDLE_SPACE, AREA + PAGE_SIZE, 1, advice, MAP_DONTFORK | MAP_ADVICE));
    WORKS(region_query(HANDLE_SPACE, AREA, &facts));
    CHECK_IS(facts.pages, 4);
    WORKS(region_unmap(HANDLE_SPACE, AREA, 4, 0));
}

/* What a handle did not allow when mapping, protecting cannot give later; nor holes be protected.
 */
static void protecting(void)
{
    handle read_only = WORKS(handle_dup(object, RIGHT_READ, 0, 0)), pager = make(ENDPOINT);
    handle paged = WORKS(create_object(pager, 0, 4, 0));

    WORKS(region_map(HANDLE_SPACE, AREA, 1, MAP_READ, read_only, 0, 0, 0));
    FAILS(region_protect, EACCES, region_protect(HANDLE_SPACE, AREA, 1, MAP_READ | MAP_WRITE));
    FAILS(region_protect, EACCES, region_protect(HANDLE_SPACE, AREA, 1, MAP_EXEC));
    FAILS(region_protect, ENOENT, region_protect(HANDLE_SPACE, AREA, 2, MAP_READ));
    FAILS(region_protect, ENOENT, region_protect(HANDLE_SPACE, AREA - PAGE_SIZE, 2, MAP_READ));
    WORKS(region_protect(HANDLE_SPACE, AREA, 1, 0));
    WORKS(region_unmap(HANDLE_SPACE, AREA, 1, 0));
    kept_bits(paged);
    /* The same for the handle of the source: its pages are what would be executed. */
    WORKS(region_map(HANDLE_SPACE, AREA, 1, MAP_READ, paged, 0, read_only, 0));
    FAILS(region_protect, EACCES, region_protect(HANDLE_SPACE, AREA, 1, MAP_READ | MAP_EXEC));
    WORKS(region_unmap(HANDLE_SPACE, AREA, 1, 0));
    WORKS(handle_close(paged));
    WORKS(handle_close(pager));
    WORKS(handle_close(read_only));
}

static void querying(void)
{
    struct region_facts facts = {0};

    FAILS(region_query, EINVAL, region_query(HANDLE_SPACE, 1ul << 48, &facts));
    FAILS(region_query, EINVAL, region_query(HANDLE_SPACE, ~0ul, &facts));
    FAILS(region_query, ENOENT, region_query(HANDLE_SPACE, (1ul << 48) - 1, &facts));
    FAILS(region_query, ENOENT, region_query(other_space, 0, &facts));
}

/* Cutting a region in two needs memory, and so does a new one. */
static void no_memory(void)
{
    handle pool = WORKS(create_pool(HANDLE_POOL, 0, 64)), big = WORKS(create_wired(64, 0));
    handle space = WORKS(space_create(pool, LEVEL_PROGRAM, 0, 1));
    struct region_facts facts = {0};
    uint64_t used = 0;
    int64_t error;

    WORKS(region_map(space, AREA, 64, MAP_READ | MAP_WRITE, big, 0, 0, 0));
    struct pool_facts pool_facts = {0};
    WORKS(pool_query(pool, &pool_facts));
    WORKS(pool_limit(pool, pool_facts.used));
    while (!(error = region_map(space, AREA + ((2 * ++used + 100) << PAGE_SHIFT), 1, MAP_READ, big,
                                0, 0, 0)))
        ;
    FAILS(region_map, ENOMEM, error);
    FAILS(region_unmap, ENOMEM, region_unmap(space, AREA + PAGE_SIZE, 1, 0));
    FAILS(region_protect, ENOMEM, region_protect(space, AREA + PAGE_SIZE, 1, MAP_READ));
    WORKS(region_query(space, AREA, &facts)); /* and nothing has changed */
    CHECK_IS(facts.pages, 64);
    CHECK_IS(facts.map, MAP_READ | MAP_WRITE);
    WORKS(region_unmap(space, AREA, 64, 0)); /* the whole needs none */
    WORKS(space_ctl(space, SPACE_KILL, 0, 0));
    WORKS(handle_close(space));
    WORKS(handle_close(big));
    WORKS(handle_close(pool));
}

void region_calls(void)
{
    object = make(OBJECT);
    other_space = make(SPACE);
    wrong_handles();
    ranges();
    map_arguments();
    protecting();
    querying();
    no_memory();
    WORKS(handle_close(object));
    WORKS(handle_close(other_space));
}
