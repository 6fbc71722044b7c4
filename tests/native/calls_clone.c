/*
 * calls_clone.c: region_clone.
 */
#include "calls.h"

#define AREA 0x700000000000ul

static handle pager, parent, child, from, to;

static int64_t clone_from_space(uint64_t space)
{
    return region_clone(space, to, parent, child);
}

static int64_t clone_to_space(uint64_t space)
{
    return region_clone(from, space, parent, child);
}

static int64_t clone_from_object(uint64_t object)
{
    return region_clone(from, to, object, child);
}

static int64_t clone_to_object(uint64_t object)
{
    return region_clone(from, to, parent, object);
}

static void wrong_handles(void)
{
    handle dead = dead_space();

    TRY_HANDLES(region_clone, SPACE, RIGHT_MANAGE, clone_from_space);
    TRY_HANDLES(region_clone, SPACE, RIGHT_MANAGE, clone_to_space);
    TRY_HANDLES(region_clone, OBJECT, RIGHT_MANAGE, clone_from_object);
    TRY_HANDLES(region_clone, OBJECT, RIGHT_MANAGE, clone_to_object);
    FAILS(region_clone, EOWNERDEAD, clone_from_space(dead));
    FAILS(region_clone, EOWNERDEAD, clone_to_space(dead));
    WORKS(handle_close(dead));
}

/* What cannot be the clone of the parent: no pages of a pager, another's, too few, itself, used. */
static void wrong_objects(void)
{
    handle wired = WORKS(create_wired(8, 0)), other = WORKS(create_endpoint(LEVEL_ANON));
    handle foreign = WORKS(create_object(other, 0, 8, 0));
    handle small = WORKS(create_object(pager, 0, 7, 0)),
           used = WORKS(create_object(pager, 0, 8, 0));

    WORKS(page_supply_unasked(used, SUPPLY_ZERO, 3, 1, 0, 0));
    FAILS(region_clone, EINVAL, region_clone(from, to, parent, wired));
    FAILS(region_clone, EINVAL, region_clone(from, to, wired, child));
    FAILS(region_clone, EINVAL, region_clone(from, to, parent, foreign));
    FAILS(region_clone, EINVAL, region_clone(from, to, parent, small));
    FAILS(region_clone, EINVAL, region_clone(from, to, parent, parent));
    FAILS(region_clone, EINVAL, region_clone(from, to, parent, used));
    handle handles[] = {wired, other, foreign, small, used};
    for (unsigned i = 0; i < sizeof handles / sizeof *handles; i++)
        WORKS(handle_close(handles[i]));
}

static void wrong_spaces(void)
{
    handle low = WORKS(space_create(HANDLE_POOL, LEVEL_DRIVER, 0, 1)), object = make(OBJECT);

    FAILS(region_clone, EPERM, region_clone(from, low, parent, child));
    WORKS(region_map(from, AREA, 8, MAP_READ, parent, 0, 0, 0));
    WORKS(region_map(to, AREA + 7 * PAGE_SIZE, 1, MAP_READ, object, 0, 0, 0));
    FAILS(region_clone, EEXIST, region_clone(from, to, parent, child));
    FAILS(region_clone, EEXIST, region_clone(from, from, parent, child));
    WORKS(region_unmap(to, AREA, 8, 0));
    WORKS(region_clone(from, to, parent, child));
    WORKS(region_unmap(to, AREA, 8, 0));
    for (unsigned i = 0; i < 50; i++)
        WORKS(region_map(from, AREA + (100 + 2 * i) * PAGE_SIZE, 1, MAP_READ, object, 0, 0, 0));
    struct starved starved = starved_space();
    FAILS(region_clone, ENOMEM, region_clone(from, starved.space, parent, child));
    starved_end(&starved);
    WORKS(handle_close(low));
    WORKS(handle_close(object));
}

void clone_calls(void)
{
    pager = WORKS(create_endpoint(LEVEL_ANON));
    parent = WORKS(create_object(pager, 0, 8, 0));
    child = WORKS(create_object(pager, 0, 8, 0));
    from = WORKS(space_create(HANDLE_POOL, LEVEL_PROC, 0, 1));
    to = WORKS(space_create(HANDLE_POOL, LEVEL_PROC, 0, 1));
    wrong_handles();
    wrong_objects();
    wrong_spaces();
    handle handles[] = {from, to, parent, child, pager};
    for (unsigned i = 0; i < sizeof handles / sizeof *handles; i++)
        WORKS(handle_close(handles[i]));
}
