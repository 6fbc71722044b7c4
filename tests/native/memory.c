/*
 * memory.c: regions and copies: whatever is split, joined, protected or copied,
 * contents stay what they were.
 */
#include "memory.h"

static uint64_t pattern(uint64_t page, uint64_t word)
{
    return (page << 32 | word) * 0x9e3779b97f4a7c15 + 1;
}

void fill(uintptr_t address, uint64_t pages, uint64_t salt)
{
    volatile uint64_t *words = (volatile uint64_t *)address;

    for (uint64_t i = 0; i < pages * PAGE_SIZE / 8; i += 8)
        words[i] = pattern(salt + i / 512, i % 512);
}

uint64_t differences(uintptr_t address, uint64_t pages, uint64_t salt)
{
    volatile uint64_t *words = (volatile uint64_t *)address;
    uint64_t wrong = 0;

    for (uint64_t i = 0; i < pages * PAGE_SIZE / 8; i += 8)
        wrong += words[i] != pattern(salt + i / 512, i % 512);
    return wrong;
}

/* ---- Splitting and joining ---- */

/* Regions in [address, address + pages), counted by asking. */
static unsigned regions_in(uintptr_t address, uint64_t pages)
{
    uintptr_t end = address + (pages << PAGE_SHIFT);
    struct region_facts facts = {0};
    unsigned count = 0;

    while (address < end && !region_query(HANDLE_SPACE, address, &facts) && facts.start < end) {
        count++;
        address = facts.start + (facts.pages << PAGE_SHIFT);
    }
    return count;
}

static void protect(uintptr_t at, uint64_t first, uint64_t pages, uint64_t rights)
{
    CHECK_IS(region_protect(HANDLE_SPACE, at + first * PAGE_SIZE, pages, rights), 0);
}

static void split_and_join(void)
{
    handle wired = create_wired(20, 0);
    uintptr_t at = address_new(20);

    CHECK_IS(region_map(HANDLE_SPACE, at, 20, MAP_READ | MAP_WRITE, wired, 0, 0, 0), 0);
    fill(at, 20, 1);
    CHECK_IS(regions_in(at, 20), 1);
    protect(at, 5, 3, MAP_READ);
    CHECK_IS(regions_in(at, 20), 3);
    protect(at, 6, 1, 0);
    CHECK_IS(regions_in(at, 20), 5);
    CHECK_IS(differences(at, 6, 1), 0);
    CHECK_IS(differences(at + 7 * PAGE_SIZE, 13, 8), 0);
    protect(at, 0, 20, MAP_READ);
    CHECK_IS(regions_in(at, 20), 1);
    CHECK_IS(differences(at, 20, 1), 0);
    protect(at, 0, 20, MAP_READ | MAP_WRITE);
    fill(at, 20, 2);
    /* A hole, and the same pages again: one region. */
    CHECK_IS(region_unmap(HANDLE_SPACE, at + 4 * PAGE_SIZE, 4, 0), 0);
    CHECK_IS(regions_in(at, 20), 2);
    CHECK_IS(region_map(HANDLE_SPACE, at + 4 * PAGE_SIZE, 4, MAP_READ | MAP_WRITE, wired, 4, 0, 0),
             0);
    CHECK_IS(regions_in(at, 20), 1);
    CHECK_IS(differences(at, 20, 2), 0);
    /* Other pages there: three regions, each its own contents. */
    CHECK_IS(region_unmap(HANDLE_SPACE, at + 4 * PAGE_SIZE, 4, 0), 0);
    CHECK_IS(region_map(HANDLE_SPACE, at + 4 * PAGE_SIZE, 4, MAP_READ | MAP_WRITE, wired, 10, 0, 0),
             0);
    CHECK_IS(regions_in(at, 20), 3);
    CHECK_IS(differences(at + 4 * PAGE_SIZE, 4, 12), 0);
    CHECK_IS(differences(at + 10 * PAGE_SIZE, 4, 12), 0);
    CHECK_IS(region_unmap(HANDLE_SPACE, at - PAGE_SIZE, 22, 0), 0);
    CHECK_IS(regions_in(at, 20), 0);
    handle_close(wired);
}

/* Rights that were taken count for every way to the page, and come back without losing contents. */
static void rights_follow(void)
{
    handle wired = create_wired(4, 0);
    uintptr_t at = address_new(4);
    uint64_t *own = pages_new(1);

    CHECK_IS(region_map(HANDLE_SPACE, at, 4, MAP_READ | MAP_WRITE, wired, 0, 0, 0), 0);
    fill(at, 4, 7);
    protect(at, 1, 1, MAP_READ);
    protect(at, 2, 1, 0);
    CHECK_IS(space_copy(HANDLE_SPACE, 0, at + PAGE_SIZE, own, COPY_OUT, 8, NULL), -EFAULT);
    CHECK_IS(space_copy(HANDLE_SPACE, 0, at + PAGE_SIZE, own, COPY_IN, 8, NULL), 8);
    CHECK_IS(space_copy(HANDLE_SPACE, 0, at + 2 * PAGE_SIZE, own, COPY_IN, 8, NULL), -EFAULT);
    protect(at, 0, 4, MAP_READ | MAP_WRITE);
    CHECK_IS(differences(at, 4, 7), 0);
    fill(at, 4, 8);
    CHECK_IS(differences(at, 4, 8), 0);
    CHECK_IS(region_unmap(HANDLE_SPACE, at, 4, 0), 0);
    handle_close(wired);
    pages_free(own, 1);
}

/* ---- What was freed is zero when it comes again, and tables come and go ---- */

static void zeroed_again(void)
{
    for (unsigned round = 0; round < 4; round++) {
        uint64_t *words = pages_new(100), sum = 0;
        for (unsigned i = 0; i < 100 * 512; i++) {
            sum |= words[i];
            words[i] = ~0ul;
        }
        CHECK_IS(sum, 0);
        pages_free(words, 100);
    }
}

static void far_apart(void)
{
    handle wired = create_wired(1, 0);
    uint64_t frames = frames_used();

    for (unsigned round = 0; round < 2; round++) {
        for (unsigned bit = 33; bit < 47; bit++)
            CHECK_IS(region_map(HANDLE_SPACE, 1ul << bit | 0x7ffff000, 1,
                                MAP_READ | MAP_WRITE | MAP_POPULATE, wired, 0, 0, 0),
                     0);
        for (unsigned bit = 33; bit < 47; bit++)
            *(volatile uint64_t *)(1ul << bit | 0x7ffff000) += bit;
        CHECK_IS(*(volatile uint64_t *)(1ul << 40 | 0x7ffff000), (round + 1) * (33 + 46) * 7);
        for (unsigned bit = 33; bit < 47; bit++)
            CHECK_IS(region_unmap(HANDLE_SPACE, 1ul << bit | 0x7ffff000, 1, 0), 0);
    }
    CHECK_IS(frames_used(), frames); /* of the tables, none is left */
    handle_close(wired);
}

/* Large, touched in places, unmapped and discarded: quick, and nothing stays. */
static void sparse(void)
{
    handle pager = create_endpoint(LEVEL_ANON), object = create_object(pager, 1, 1ul << 30, 0);
    uintptr_t at = 0x100000000000;
    uint64_t frames = frames_used(), begin;

    CHECK_IS(region_map(HANDLE_SPACE, at, 1ul << 30, MAP_READ | MAP_WRITE, object, 0, 0, 0), 0);
    for (uint64_t i = 0; i < 1ul << 30; i += (1ul << 26) + 3)
        CHECK_IS(page_supply_unasked(object, SUPPLY_ZERO | SUPPLY_WRITABLE, i, 1, 0, 0), 0);
    *(volatile uint64_t *)at = 1;
    begin = now();
    CHECK_IS(region_unmap(HANDLE_SPACE, at, 1ul << 30, UNMAP_DISCARD), 0);
    CHECK(now() - begin < 1000000000);
    CHECK_IS(page_reclaim(object, 0, 1ul << 30, RECLAIM_DISCARD), 0);
    handle_close(object);
    CHECK(frames_used() <= frames);
    handle_close(pager);
}

/* What a space says it has resident follows every way of entering and leaving. */
static void resident_counts(void)
{
    handle wired = create_wired(32, 0);
    uintptr_t at = address_new(32);
    struct space_statistics before = {0}, after = {0};

    space_statistics(HANDLE_SPACE, &before);
    CHECK_IS(region_map(HANDLE_SPACE, at, 32, MAP_READ | MAP_WRITE | MAP_POPULATE, wired, 0, 0, 0),
             0);
    protect(at, 0, 32, 0);
    protect(at, 0, 32, MAP_READ | MAP_WRITE);
    fill(at, 32, 1);
    protect(at, 0, 16, MAP_READ);
    protect(at, 8, 16, 0);
    protect(at, 0, 32, MAP_READ | MAP_WRITE);
    CHECK_IS(differences(at, 32, 1), 0);
    space_statistics(HANDLE_SPACE, &after);
    CHECK_IS(after.resident - before.resident, 32);
    CHECK_IS(region_unmap(HANDLE_SPACE, at, 32, 0), 0);
    space_statistics(HANDLE_SPACE, &after);
    CHECK_IS(after.resident, before.resident);
    handle_close(wired);
}

int main(const struct startup *startup)
{
    (void)startup;
    test_begin();
    split_and_join();
    rights_follow();
    zeroed_again();
    far_apart();
    sparse();
    resident_counts();
    copies();
    memory_facts();
    queries();
    object_copies();
    cleaning();
    pins();
    moves_from_wired();
    adoption();
    finish();
}
