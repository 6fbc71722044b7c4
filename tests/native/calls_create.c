/*
 * calls_create.c: create, for all its kinds.
 */
#include "calls.h"

static int64_t object_with(uint64_t pager)
{
    return create_object(pager, 0, 1, 0);
}

static handle pager;

static int64_t object_from(uint64_t pool)
{
    return create_object(pager, 0, 1, pool);
}

static int64_t wired_from(uint64_t pool)
{
    return create_wired(1, pool);
}

static int64_t pool_below(uint64_t parent)
{
    return create_pool(parent, 0, 0);
}

static int64_t device_by(uint64_t system)
{
    return create_device(system, 0x1000, 1);
}

static int64_t irq_by(uint64_t system)
{
    return create_irq(system, 103);
}

static int64_t received_by(uint64_t endpoint)
{
    return create_notification(1, endpoint);
}

static void wrong_handles(void)
{
    pager = make(ENDPOINT);
    TRY_HANDLES(create, ENDPOINT, RIGHT_PAGER, object_with);
    TRY_HANDLES(create, ENDPOINT, RIGHT_RECV, received_by);
    TRY_HANDLES(create, POOL, RIGHT_MANAGE, object_from);
    TRY_HANDLES(create, POOL, RIGHT_MANAGE, wired_from);
    TRY_HANDLES(create, POOL, RIGHT_MANAGE, pool_below);
    TRY_HANDLES(create, SYSTEM, RIGHT_MANAGE, device_by);
    TRY_HANDLES(create, SYSTEM, RIGHT_MANAGE, irq_by);
}

static void absurd_sizes(void)
{
    static const uint64_t sizes[] = {0, (1ul << 36) + 1, 1ul << 52, ~0ul, 1ul << 63};

    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        FAILS(create, EINVAL, create_object(pager, 0, i == 1 ? (1ul << 48) + 1 : sizes[i], 0));
        FAILS(create, EINVAL, create_wired(sizes[i], 0));
        FAILS(create, EINVAL, create_device(HANDLE_SYSTEM, 0x1000, sizes[i]));
    }
    FAILS(create, EINVAL, create(0, 0, 0, 0, 0));
    FAILS(create, EINVAL, create(8, 0, 0, 0, 0));
    FAILS(create, EINVAL, create(~0ul, 0, 0, 0, 0));
    FAILS(create, EINVAL, create(CREATE_ENDPOINT, LEVEL_ROOT + 1, 0, 0, 0));
    FAILS(create, EINVAL, create(CREATE_ENDPOINT, ~0ul, 0, 0, 0));
    FAILS(create, EINVAL, create_pool(HANDLE_POOL, 2, 1)); /* guaranteed more than its limit */
    FAILS(create, ENOMEM, create_pool(HANDLE_POOL, 1ul << 40, 1ul << 40));
    FAILS(create, ENOMEM, create_pool(HANDLE_POOL, ~0ul, ~0ul));
}

/* Devices: whole pages, inside the address space, and never memory. */
static void devices(void)
{
    handle device;

    FAILS(create, EINVAL, create_device(HANDLE_SYSTEM, 0x1001, 1));
    FAILS(create, EINVAL, create_device(HANDLE_SYSTEM, 1ul << 48, 1));
    FAILS(create, EINVAL, create_device(HANDLE_SYSTEM, -4096ul, 1));
    FAILS(create, EINVAL, create_device(HANDLE_SYSTEM, (1ul << 48) - PAGE_SIZE, 2));
    FAILS(create, EINVAL, create_device(HANDLE_SYSTEM, 0x40000000, 1)); /* memory of `virt` */
    FAILS(create, EINVAL, create_device(HANDLE_SYSTEM, 0x40000000 - PAGE_SIZE, 2));
    device = WORKS(create_device(HANDLE_SYSTEM, 0x40000000 - PAGE_SIZE, 1));
    FAILS(region_map, EACCES,
          region_map(HANDLE_SPACE, address_new(1), 1, MAP_READ | MAP_EXEC, device, 0, 0, 0));
    WORKS(handle_close(device));
}

static void interrupts(void)
{
    handle irq = WORKS(irq_by(HANDLE_SYSTEM));

    FAILS(create, EBUSY, irq_by(HANDLE_SYSTEM));
    FAILS(create, EINVAL, create_irq(HANDLE_SYSTEM, 0)); /* the kernel's own */
    FAILS(create, EINVAL, create_irq(HANDLE_SYSTEM, 27));
    FAILS(create, EINVAL, create_irq(HANDLE_SYSTEM, 1020));
    FAILS(create, EINVAL, create_irq(HANDLE_SYSTEM, 100000));
    FAILS(create, EINVAL, create_irq(HANDLE_SYSTEM, ~0ul));
    WORKS(handle_close(irq));
    irq = WORKS(irq_by(HANDLE_SYSTEM)); /* free again */
    WORKS(handle_close(irq));
}

/* A pool with room for nothing: each kind that can be charged to it. */
static void no_memory(void)
{
    handle pool = WORKS(create_pool(HANDLE_POOL, 0, 0)),
           small = WORKS(create_pool(HANDLE_POOL, 0, 10));
    struct pool_facts facts = {0};

    FAILS(create, ENOMEM, create_object(pager, 0, 1, pool));
    FAILS(create, ENOMEM, create_wired(1, pool));
    FAILS(create, ENOMEM, create_pool(pool, 0, 0));
    FAILS(create, ENOMEM, create_pool(small, 11, 20));
    FAILS(create, ENOMEM, create_wired(1000, small)); /* half way through */
    FAILS(create, ENOMEM, create_wired(1ul << 36, small));
    WORKS(pool_query(small, &facts));
    CHECK_IS(facts.used, 0);
    CHECK_IS(facts.object_bytes, 0);
    CHECK(facts.refused > 0);
    WORKS(handle_close(pool));
    WORKS(handle_close(small));
}

/* A long chain of pools, ended from the oldest on: the last handle ends them all. */
static void nested_pools(void)
{
    handle parent = WORKS(create_pool(HANDLE_POOL, 0, 10000));

    for (unsigned depth = 0; depth < 1000; depth++) {
        handle child = WORKS(create_pool(parent, 0, 10000));
        WORKS(handle_close(parent));
        parent = child;
    }
    handle wired = WORKS(create_wired(1, parent));
    WORKS(handle_close(parent)); /* the object keeps it */
    WORKS(handle_close(wired));
}

void create_calls(void)
{
    wrong_handles();
    absurd_sizes();
    devices();
    interrupts();
    no_memory();
    nested_pools();
    WORKS(handle_close(pager));
}
