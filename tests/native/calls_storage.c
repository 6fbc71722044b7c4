/*
 * calls_storage.c: object_copy, RECLAIM_CLEAN and dma_pin.
 */
#include "calls.h"

static char *own;
static handle object, device, wired;

static int64_t copy_in(uint64_t from)
{
    return object_copy((handle)from, 0, own, COPY_IN, 8, NULL);
}

static int64_t copy_out(uint64_t to)
{
    return object_copy((handle)to, 0, own, COPY_OUT, 8, NULL);
}

static int64_t copy(uint64_t offset, const void *address, uint64_t direction, uint64_t bytes)
{
    return object_copy(object, offset, (void *)(uintptr_t)address, direction, bytes, NULL);
}

static void copying(void)
{
    handle writer;

    TRY_HANDLES(object_copy, OBJECT, RIGHT_READ, copy_in);
    TRY_HANDLES(object_copy, OBJECT, RIGHT_WRITE, copy_out);
    FAILS(object_copy, EINVAL, copy_in(device));
    FAILS(object_copy, EINVAL, copy_in(wired));
    FAILS(object_copy, EINVAL, copy(0, own, 2, 8));
    FAILS(object_copy, EINVAL, copy(0, own, ~0ul, 8));
    FAILS(object_copy, EFAULT, copy(4 * PAGE_SIZE, own, COPY_IN, 1)); /* beyond the end */
    FAILS(object_copy, EFAULT, copy(~0ul, own, COPY_IN, 1));
    FAILS(object_copy, EFAULT, copy(-8ul, own, COPY_OUT, 16));
    FAILS(object_copy, EFAULT, copy(0, (void *)~0ul, COPY_IN, 8));
    FAILS(object_copy, EFAULT, copy(0, (void *)(1ul << 48), COPY_OUT, 8));
    FAILS(object_copy, EFAULT, copy(0, (void *)address_new(1), COPY_IN, 8));
    FAILS(object_copy, EAGAIN, copy(PAGE_SIZE, own, COPY_IN, 8)); /* absent */
    FAILS(object_copy, EAGAIN, copy(PAGE_SIZE, own, COPY_OUT, 8));
    /* Not writable: its pager may, others may not. */
    WORKS(page_supply_unasked(object, SUPPLY_COPY, 2, 1, wired, 0));
    writer = WORKS(handle_dup(object, RIGHT_READ | RIGHT_WRITE, 0, 0));
    FAILS(object_copy, EAGAIN, object_copy(writer, 2 * PAGE_SIZE, own, COPY_OUT, 8, NULL));
    CHECK_IS(copy(2 * PAGE_SIZE, own, COPY_OUT, 8), 8);
    CHECK_IS(copy(~0ul, (void *)~0ul, COPY_IN, 0), 0); /* nothing, from nowhere */
    WORKS(handle_close(writer));
}

static int64_t clean_bare(uint64_t unused)
{
    (void)unused;
    return page_clean(object, 0, 1);
}

static int64_t clean(uint64_t which)
{
    return page_clean((handle)which, 0, 1);
}

static void cleaned(void)
{
    struct worker bare;

    TRY_HANDLES(page_reclaim, OBJECT, RIGHT_MANAGE, clean);
    FAILS(page_reclaim, EINVAL, page_clean(object, 0, 0));
    FAILS(page_reclaim, EINVAL, page_clean(object, 0, 5));
    FAILS(page_reclaim, EINVAL, page_clean(object, 4, 1));
    FAILS(page_reclaim, EINVAL, page_clean(object, ~0ul, 1));
    FAILS(page_reclaim, EINVAL, page_clean(wired, 0, 1));
    WORKS(page_reclaim(object, 1ul << 20, 0, RECLAIM_RESIZE));
    WORKS(page_clean(object, 0, RECLAIM_CLEAN_MOST));
    FAILS(page_reclaim, EINVAL, page_clean(object, 0, RECLAIM_CLEAN_MOST + 1));
    FAILS(page_reclaim, EINVAL,
          NATIVE_CALL(SYSCALL_page_reclaim,
                      IN(0, object) IN(1, 0) IN(2, 1) IN(3, RECLAIM_CLEAN) IN(4, 2))
              .x[0]);
    WORKS(page_reclaim(object, 4, 0, RECLAIM_RESIZE));
    worker_start_bare(&bare, clean_bare, 0, PRIORITY_ABOVE);
    FAILS(page_reclaim, EMSGSIZE, worker_finish(&bare));
}

static int64_t pin_by(uint64_t which)
{
    int64_t pin = dma_pin((handle)which, wired, 0, 1);

    if (pin >= 0)
        dma_unpin_all((handle)which);
    return pin;
}

static int64_t pin_to(uint64_t which)
{
    int64_t pin = dma_pin(device, (handle)which, 0, 1);

    if (pin >= 0)
        dma_unpin_all(device);
    return pin;
}

static int64_t pin_bare(uint64_t unused)
{
    (void)unused;
    return dma_pin(device, wired, 0, 1);
}

static void pinning(handle bundle)
{
    struct worker bare;

    TRY_HANDLES(dma_pin, OBJECT, RIGHT_MANAGE, pin_by);
    TRY_HANDLES(dma_pin, OBJECT, RIGHT_READ | RIGHT_WRITE, pin_to);
    FAILS(dma_pin, EINVAL, dma_pin(wired, wired, 0, 1));   /* no device */
    FAILS(dma_pin, EINVAL, dma_pin(device, object, 0, 1)); /* a pager's pages come and go */
    FAILS(dma_pin, EINVAL, dma_pin(device, device, 0, 1));
    FAILS(dma_pin, EINVAL, dma_pin(device, wired, 0, 0));
    FAILS(dma_pin, EINVAL, dma_pin(device, wired, 1, 1));
    FAILS(dma_pin, EINVAL, dma_pin(device, wired, 0, 2));
    FAILS(dma_pin, EINVAL, dma_pin(device, wired, ~0ul, 1));
    FAILS(dma_pin, EINVAL, dma_pin(device, wired, 0, ~0ul));
    FAILS(dma_pin, EINVAL, dma_unpin(device, 0, 1)); /* none yet */
    FAILS(dma_pin, EACCES, dma_pin(device, bundle, 0, 1));
    CHECK_IS(WORKS(dma_pin(device, wired, 0, 1)), 0);
    CHECK_IS(WORKS(dma_pin(device, wired, 0, 1)), 1);
    FAILS(dma_pin, EINVAL, dma_unpin(device, 0, 0));
    FAILS(dma_pin, EINVAL, dma_unpin(device, 0, 3));
    FAILS(dma_pin, EINVAL, dma_unpin(device, 2, 1));
    FAILS(dma_pin, EINVAL, dma_unpin(device, 1, ~0ul));
    WORKS(dma_unpin(device, 0, 2));
    WORKS(dma_unpin(device, 0, 2)); /* what is unpinned already stays so */
    WORKS(dma_unpin_all(device));
    WORKS(dma_unpin_all(device));
    FAILS(dma_pin, ENOSYS, NATIVE_CALL(SYSCALL_dma_pin, IN(0, device) IN(1, 0)).x[0]);
    FAILS(dma_pin, ENOSYS, NATIVE_CALL(SYSCALL_dma_pin, IN(0, device) IN(1, ~0ul)).x[0]);
    worker_start_bare(&bare, pin_bare, 0, PRIORITY_ABOVE);
    FAILS(dma_pin, EMSGSIZE, worker_finish(&bare));
}

/* Each allocation on the way fails once; then nothing is pinned. */
static void no_memory(void)
{
    unsigned n = 0;

    for (int64_t result = -ENOMEM; result; WORKS(dma_unpin_all(device))) {
        debug(HANDLE_SYSTEM, DEBUG_FAIL_AT, ++n, 0);
        result = pin_bare(0);
        debug(HANDLE_SYSTEM, DEBUG_FAIL_AT, 0, 0);
        if (result)
            FAILS(dma_pin, ENOMEM, result);
    }
    CHECK(n > 2);
}

static handle endpoint; /* pager of one object */

static int64_t adopt_from(uint64_t pager)
{
    struct adopted adopted;

    return adopt((handle)pager, 0, &adopted);
}

static int64_t adopt_after(uint64_t before)
{
    struct adopted adopted;

    return adopt(endpoint, (handle)before, &adopted);
}

static int64_t adopt_often(uint64_t pager)
{
    int64_t result;

    while ((result = adopt_from(pager)) > 0)
        ;
    return result;
}

static void adopting(void)
{
    handle first, other = make(ENDPOINT), foreign = WORKS(create_object(other, 1, 1, 0));
    handle pool = WORKS(create_pool(HANDLE_POOL, 0, 200)); /* less than a full table takes */
    struct child child = child_new(pool, LEVEL_PROGRAM, 0, PRIORITY_BELOW);

    TRY_HANDLES(adopt, ENDPOINT, RIGHT_MANAGE, adopt_from);
    TRY_HANDLES(adopt, OBJECT, 0, adopt_after);
    FAILS(adopt, ENOENT, adopt_from(endpoint));
    first = WORKS(create_object(endpoint, 1, 1, 0));
    FAILS(adopt, ENOENT, adopt_after(first));
    FAILS(adopt, EINVAL, adopt_after(foreign));
    FAILS(adopt, EINVAL, adopt_after(wired));
    table_fill();
    FAILS(adopt, EMFILE, adopt_from(endpoint));
    table_empty();
    child_start(&child, adopt_often, child_give(&child, endpoint));
    FAILS(adopt, ENOMEM, child_finish(&child));
    WORKS(handle_close(pool));
    WORKS(handle_close(first));
    FAILS(adopt, ENOENT, adopt_from(endpoint)); /* it is gone, and not found */
    WORKS(handle_close(foreign));
    WORKS(handle_close(other));
}

void storage_calls(void)
{
    handle pager = make(ENDPOINT);

    own = pages_new(1);
    object = WORKS(create_object(pager, 1, 4, 0));
    device = WORKS(create_device(HANDLE_SYSTEM, 0x9000000, 1));
    wired = make(OBJECT);
    WORKS(page_supply_unasked(object, SUPPLY_ZERO | SUPPLY_WRITABLE, 0, 1, 0, 0));
    copying();
    cleaned();
    pinning(HANDLE_BUNDLE);
    no_memory();
    endpoint = make(ENDPOINT);
    adopting();
    WORKS(handle_close(endpoint));
    WORKS(handle_close(wired));
    WORKS(handle_close(device));
    WORKS(handle_close(object));
    WORKS(handle_close(pager));
    pages_free(own, 1);
}
