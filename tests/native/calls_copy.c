/*
 * calls_copy.c: space_copy.
 */
#include "calls.h"

static char *own;

static int64_t copy_in(uint64_t space)
{
    return space_copy(space, 0, (uintptr_t)own, own, COPY_IN, 8, NULL);
}

static int64_t copy_out(uint64_t space)
{
    return space_copy(space, 0, (uintptr_t)own, own, COPY_OUT, 8, NULL);
}

/* Addresses on one side or the other that cannot be copied from or to. */
static void wrong_addresses(handle space)
{
    handle read_only = make(OBJECT), device = WORKS(create_device(HANDLE_SYSTEM, 0x9000000, 1));
    uintptr_t constant = address_new(1), registers = address_new(1), hole = address_new(1);
    static const uintptr_t beyond[] = {1ul << 48, 0xffff000040000000, 0xffffff8000000000, ~0ul,
                                       -8ul};

    WORKS(region_map(HANDLE_SPACE, constant, 1, MAP_READ | MAP_POPULATE, read_only, 0, 0, 0));
    WORKS(region_map(HANDLE_SPACE, registers, 1, MAP_READ | MAP_WRITE | MAP_POPULATE, device, 0, 0,
                     0));
    for (unsigned i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        FAILS(space_copy, EFAULT, space_copy(space, 0, beyond[i], own, COPY_IN, 8, NULL));
        FAILS(space_copy, EFAULT, space_copy(space, 0, beyond[i], own, COPY_OUT, 8, NULL));
        FAILS(space_copy, EFAULT,
              space_copy(space, 0, (uintptr_t)own, (void *)beyond[i], COPY_IN, 8, NULL));
        FAILS(space_copy, EFAULT,
              space_copy(space, 0, (uintptr_t)own, (void *)beyond[i], COPY_OUT, 8, NULL));
    }
    FAILS(space_copy, EFAULT, space_copy(space, 0, (1ul << 48) - 8, own, COPY_IN, 16, NULL));
    FAILS(space_copy, EFAULT, space_copy(space, 0, hole, own, COPY_IN, 8, NULL));
    FAILS(space_copy, EFAULT, space_copy(space, 0, constant, own, COPY_OUT, 8, NULL));
    FAILS(space_copy, EFAULT,
          space_copy(space, 0, (uintptr_t)own, (void *)constant, COPY_IN, 8, NULL));
    WORKS(space_copy(space, 0, (uintptr_t)own, (void *)constant, COPY_OUT, 8, NULL));
    FAILS(space_copy, EFAULT,
          space_copy(space, 0, registers, own, COPY_IN, 8, NULL)); /* no memory */
    FAILS(space_copy, EFAULT, space_copy(space, 0, registers, own, COPY_OUT, 8, NULL));
    FAILS(space_copy, EFAULT,
          space_copy(space, 0, (uintptr_t)own, (void *)registers, COPY_IN, 8, NULL));
    FAILS(space_copy, EFAULT, space_copy(space, 0, (uintptr_t)own, own, COPY_IN, ~0ul, NULL));
    pages_free((void *)constant, 1);
    pages_free((void *)registers, 1);
    WORKS(handle_close(read_only));
    WORKS(handle_close(device));
}

/* A page that a pager would bring is not waited for: the answer says which. */
static void absent_page(handle space)
{
    handle pager = make(ENDPOINT);
    struct paged paged = paged_new(pager, 2);
    struct copy_stop stop = {0};

    WORKS(page_supply_unasked(paged.object, SUPPLY_ZERO | SUPPLY_WRITABLE, 0, 1, 0, 0));
    FAILS(space_copy, EAGAIN, space_copy(space, 0, paged.address + 4000, own, COPY_IN, 200, &stop));
    CHECK_IS(stop.address, paged.address + PAGE_SIZE);
    CHECK_IS(stop.copied, 96);
    FAILS(space_copy, EFAULT,
          space_copy(space, 0, (uintptr_t)own, (void *)(paged.address + PAGE_SIZE), COPY_IN, 8,
                     NULL));
    WORKS(region_protect(HANDLE_SPACE, paged.address, 2, 0));
    FAILS(space_copy, EFAULT, space_copy(space, 0, paged.address, own, COPY_IN, 8, NULL));
    FAILS(space_copy, EFAULT,
          space_copy(space, 0, paged.address + PAGE_SIZE, own, COPY_IN, 8, NULL));
    paged_free(&paged, 2);
    WORKS(handle_close(pager));
}

void copy_calls(void)
{
    handle dead = dead_space();

    own = pages_new(1);
    TRY_HANDLES(space_copy, SPACE, RIGHT_READ, copy_in);
    TRY_HANDLES(space_copy, SPACE, RIGHT_WRITE, copy_out);
    FAILS(space_copy, EOWNERDEAD, copy_in(dead));
    FAILS(space_copy, ESTALE,
          space_copy(0, 0, (uintptr_t)own, own, COPY_IN, 8, NULL)); /* no such request */
    FAILS(space_copy, ESTALE, space_copy(0, ~0ul, (uintptr_t)own, own, COPY_IN, 8, NULL));
    FAILS(space_copy, EINVAL, space_copy(HANDLE_SPACE, 0, (uintptr_t)own, own, 2, 8, NULL));
    FAILS(space_copy, EINVAL, space_copy(HANDLE_SPACE, 0, (uintptr_t)own, own, ~0ul, 8, NULL));
    CHECK_IS(space_copy(HANDLE_SPACE, 0, ~0ul, (void *)~0ul, COPY_IN, 0, NULL),
             0); /* nothing, from nowhere */
    wrong_addresses(HANDLE_SPACE);
    absent_page(HANDLE_SPACE);
    WORKS(handle_close(dead));
    pages_free(own, 1);
}
