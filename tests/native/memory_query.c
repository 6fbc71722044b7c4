/*
 * memory_query.c: page_query says what is true of each page, and learns of accesses.
 */
#include "memory.h"

#define WORDS              ((const volatile uint64_t *)LAYOUT_MESSAGE_PAGE)
#define FLAGS              0xff
#define MEMORY_PAGE(flags) (PAGE_PRESENT | PAGE_MAPPED | PAGE_REFERENCED | (flags))

static uint64_t flags_of(uintptr_t address)
{
    CHECK_IS(page_query(HANDLE_SPACE, address, 1, 0), 1);
    return WORDS[0] & FLAGS;
}

static uint64_t references(uint64_t word)
{
    return word >> PAGE_REFERENCES_SHIFT & 0xffff;
}

static uint64_t frame(uint64_t word)
{
    return word >> PAGE_FRAME_SHIFT;
}

static volatile uint64_t *word_at(uintptr_t at, uint64_t page)
{
    return (volatile uint64_t *)(at + page * PAGE_SIZE);
}

/* Every state a page can be in. */
static void states(void)
{
    handle pager = create_endpoint(LEVEL_ANON), file = create_object(pager, 1, 8, 0);
    handle object = create_object(pager, 2, 8, 0), wired = create_wired(1, 0);
    uintptr_t at = address_new(9), second = address_new(8);

    CHECK_IS(page_supply_unasked(file, SUPPLY_ZERO | SUPPLY_WRITABLE, 4, 1, 0, 0), 0);
    CHECK_IS(region_map(HANDLE_SPACE, at, 8, MAP_READ | MAP_WRITE, object, 0, file, 0), 0);
    CHECK_IS(page_supply_unasked(object, SUPPLY_ZERO | SUPPLY_WRITABLE, 0, 2, 0, 0), 0);
    CHECK_IS(page_supply_unasked(object, SUPPLY_ZERO, 2, 1, 0, 0), 0);
    CHECK_IS(region_map(HANDLE_SPACE, at + 8 * PAGE_SIZE, 1, MAP_READ | MAP_WRITE, wired, 0, 0, 0),
             0);
    *word_at(at, 1) = 1;
    CHECK_IS(flags_of(at), MEMORY_PAGE(PAGE_WRITABLE | PAGE_DIRTY));
    CHECK_IS(flags_of(at + 2 * PAGE_SIZE), MEMORY_PAGE(PAGE_ZERO));
    CHECK_IS(flags_of(at + 3 * PAGE_SIZE), 0);
    CHECK_IS(flags_of(at + 4 * PAGE_SIZE), PAGE_PRESENT | PAGE_SOURCE);
    CHECK_IS(*word_at(at, 4), 0);
    CHECK_IS(flags_of(at + 4 * PAGE_SIZE), MEMORY_PAGE(PAGE_SOURCE));
    CHECK_IS(flags_of(at + 8 * PAGE_SIZE), PAGE_PRESENT | PAGE_DIRTY);
    CHECK_IS(flags_of(at + 9 * PAGE_SIZE), 0); /* the hole behind it */
    CHECK_IS(region_protect(HANDLE_SPACE, at, 1, MAP_READ), 0);
    CHECK_IS(flags_of(at), MEMORY_PAGE(PAGE_DIRTY));
    CHECK_IS(region_protect(HANDLE_SPACE, at, 1, 0), 0);
    CHECK_IS(flags_of(at), PAGE_PRESENT | PAGE_DIRTY);
    /* One frame, seen twice; the zero page is nobody's. */
    CHECK_IS(region_map(HANDLE_SPACE, second, 8, MAP_READ, object, 0, 0, 0), 0);
    CHECK_IS(page_query(HANDLE_SPACE, at, 9, 0), 9);
    uint64_t one = WORDS[1];
    CHECK_IS(references(one), 1);
    CHECK(frame(one) != 0);
    CHECK_IS(frame(WORDS[2]), 0);
    CHECK_IS(references(WORDS[4]), 1);
    CHECK_IS(page_query(HANDLE_SPACE, second, 8, 0), 8);
    CHECK_IS(frame(WORDS[1]), frame(one));
    CHECK_IS(WORDS[1] & FLAGS, PAGE_PRESENT | PAGE_DIRTY);
    CHECK_IS(region_unmap(HANDLE_SPACE, at, 9, 0), 0);
    CHECK_IS(region_unmap(HANDLE_SPACE, second, 8, 0), 0);
    handle_close(file);
    handle_close(object);
    handle_close(wired);
    handle_close(pager);
}

/* Cleared, then set again by an access, which the program does not notice. */
static void referenced(void)
{
    volatile uint64_t *memory = pages_new(600);
    uintptr_t at = (uintptr_t)memory;
    struct space_statistics before = {0}, after = {0};
    unsigned wrong = 0;

    CHECK_IS(page_query(HANDLE_SPACE, at, 512, PAGES_CLEAR_REFERENCED), 512);
    for (unsigned i = 0; i < 512; i++)
        wrong += !(WORDS[i] & PAGE_REFERENCED); /* the last time that it is told */
    CHECK_IS(wrong, 0);
    space_statistics(HANDLE_SPACE, &before);
    (void)memory[100 * 512];
    memory[200 * 512] = 1;
    space_statistics(HANDLE_SPACE, &after);
    CHECK_IS(after.minor, before.minor);
    CHECK_IS(after.resident, before.resident);
    CHECK_IS(page_query(HANDLE_SPACE, at, 512, 0), 512);
    for (unsigned i = 0; i < 512; i++)
        wrong += !!(WORDS[i] & PAGE_REFERENCED) != (i == 100 || i == 200) ||
                 !(WORDS[i] & PAGE_MAPPED) || !(WORDS[i] & PAGE_WRITABLE);
    CHECK_IS(wrong, 0);
    CHECK_IS(flags_of(at + 512 * PAGE_SIZE) & PAGE_REFERENCED, PAGE_REFERENCED);
    CHECK_IS(page_query(HANDLE_SPACE, at, 512, 0), 512); /* looking changes nothing */
    CHECK_IS(WORDS[100] & PAGE_REFERENCED, PAGE_REFERENCED);
    CHECK_IS(WORDS[101] & PAGE_REFERENCED, 0);
    pages_free((void *)memory, 600);
}

void queries(void)
{
    states();
    referenced();
}
