// sources: kernel/arch/translation.c tests/unit/stubs/vm.c tests/unit/arena.c kernel/mm/*.c
#include "arch/tlb.h"
#include "arch/translation.h"
#include "vm.h"

/* Leaf tables that random work is about, by va >> 21: neighbours, and the last and first ones under
 * tables of every level; the other end of the address space. */
#define BLOCKS                     12
#define UP(level0, level1, level2) ((uint64_t)(level0) << 18 | (level1) << 9 | (level2))
static const uint64_t blocks[BLOCKS] = {
    UP(0, 0, 0), UP(0, 0, 1), UP(0, 0, 2), UP(0, 0, 511), UP(0, 1, 0), UP(0, 511, 511),
    UP(1, 0, 0), UP(1, 0, 1), UP(5, 3, 7), UP(5, 3, 8),   UP(5, 4, 0), UP(511, 511, 511),
};
#define USER_PAGES (1ul << 36)

static struct translation space;

/* ---- The model: every entry, and which tables there are ---- */

static uint64_t model[BLOCKS][TABLE_ENTRIES];
static bool table_exists[4][BLOCKS]; /* by level; tables over several blocks count at the first */

static uint64_t page_number(unsigned block, unsigned page)
{
    return blocks[block] << 9 | page;
}

static uint64_t address_of(unsigned block, unsigned page)
{
    return page_number(block, page) << PAGE_SHIFT;
}

/* Pages behind a table of this level: 512^4 … 512. */
static uint64_t span_pages(unsigned level)
{
    return 1ul << 9 * (4 - level);
}

/* The first block that has the same table of this level as `block`. */
static unsigned table_over(unsigned level, unsigned block)
{
    unsigned first = 0;
    while (blocks[first] * 512 / span_pages(level) != blocks[block] * 512 / span_pages(level))
        first++;
    return first;
}

static unsigned tables_missing(unsigned block)
{
    unsigned missing = 0;
    for (unsigned level = 1; level < 4; level++)
        missing += !table_exists[level][table_over(level, block)];
    return missing;
}

/* ---- What is really there, by a walk of its own ---- */

static uint64_t *walk(unsigned level, uint64_t va)
{
    uint64_t *table = space.root;
    for (unsigned i = 0; i < level && table; i++) {
        uint64_t entry = table[va >> (39 - 9 * i) & 511];
        CHECK(!entry || (entry & 3) == 3);
        table = entry ? frame_address((entry & 0xfffffffff000) >> 12) : NULL;
    }
    return table;
}

static void entries_now(uint64_t entries[BLOCKS][TABLE_ENTRIES])
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        const uint64_t *leaf = walk(3, address_of(i, 0));
        if (leaf)
            memcpy(entries[i], leaf, PAGE_SIZE);
        else
            memset(entries[i], 0, PAGE_SIZE);
    }
}

static void compare(void)
{
    static uint64_t actual[BLOCKS][TABLE_ENTRIES];
    uint64_t tables = 1;
    entries_now(actual);
    for (unsigned i = 0; i < BLOCKS; i++) {
        CHECK(!memcmp(actual[i], model[i], PAGE_SIZE));
        for (unsigned level = 1; level < 4; level++)
            if (table_over(level, i) == i) {
                CHECK_EQUAL(walk(level, address_of(i, 0)) != NULL, table_exists[level][i]);
                tables += table_exists[level][i];
            }
    }
    CHECK_EQUAL(space.tables, tables);
    CHECK_EQUAL(paid()->used, tables);
}

/* ---- TLBs that keep whatever they may, and walkers that see changes as late as they may ---- */

static uint64_t cached[BLOCKS][TABLE_ENTRIES], seen[BLOCKS][TABLE_ENTRIES];
static bool invalidated[BLOCKS][TABLE_ENTRIES];
static bool has_run;
static bool table_before[4][BLOCKS], table_seen[4][BLOCKS];
static uint64_t invalidations, tables_before, tables_forgotten;

static void invalidate(uint64_t va)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        if (blocks[i] == va >> 21)
            invalidated[i][va >> 12 & 511] = true;
}

static void complete(void)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        for (unsigned page = 0; page < TABLE_ENTRIES; page++)
            if (invalidated[i][page])
                cached[i][page] = seen[i][page];
    memset(invalidated, 0, sizeof invalidated);
}

static void walkers_see(void)
{
    entries_now(seen);
    for (unsigned level = 1; level < 4; level++)
        for (unsigned i = 0; i < BLOCKS; i++)
            table_seen[level][i] = walk(level, address_of(i, 0));
}

/* No walker remembers a table on the way to va that it could not find now. */
static void forget_tables(uint64_t va)
{
    CHECK(space.tables >= tables_before - tables_forgotten); /* nothing is free yet */
    for (unsigned i = 0; i < BLOCKS; i++)
        for (unsigned level = 1; level < 4 && blocks[i] == va >> 21; level++) {
            unsigned over = table_over(level, i);
            tables_forgotten += table_before[level][over] && !table_seen[level][over];
            table_before[level][over] &= table_seen[level][over];
        }
}

static void listen(enum tlb_operation what, uint64_t ttbr, uint64_t va)
{
    invalidations += what >= TLB_PAGE;
    if (what >= TLB_PAGE)
        CHECK_EQUAL(ttbr, space.ttbr);
    if (what == TLB_WRITTEN)
        walkers_see();
    if (what == TLB_COMPLETE)
        complete();
    if (what == TLB_PAGE || what == TLB_PAGE_AND_TABLES)
        invalidate(va);
    if (what == TLB_ASID)
        memset(invalidated, true, sizeof invalidated);
    if (what == TLB_PAGE_AND_TABLES)
        forget_tables(va);
}

/* Before each operation all that is mapped is in some TLB; after it, nothing else may be. */
static void tlb_begin(void)
{
    tables_before = space.tables;
    tables_forgotten = invalidations = 0;
    memcpy(table_before, table_exists, sizeof table_before);
    if (has_run)
        memcpy(cached, model, sizeof cached);
}

static void tlb_end(void)
{
    if (!has_run)
        CHECK_EQUAL(invalidations, 0);
    for (unsigned i = 0; i < BLOCKS; i++)
        for (unsigned page = 0; page < TABLE_ENTRIES; page++)
            if (cached[i][page])
                CHECK_EQUAL(cached[i][page], model[i][page]);
}

/* ---- Random operations ---- */

static unsigned any_block(void)
{
    return (unsigned)unit_random_below(BLOCKS);
}

static unsigned any_page(void) /* often at an end of the table */
{
    static const unsigned ends[] = {0, 1, 510, 511};
    return unit_random_below(3) ? (unsigned)unit_random_below(512) : ends[unit_random_below(4)];
}

/* [*from, *to) in pages. */
static void any_range(uint64_t *from, uint64_t *to)
{
    unsigned block = any_block();
    *from = page_number(block, any_page());
    *to = *from + 1 + unit_random_below(unit_random_below(2) ? 80 : 600);
    if (unit_random_below(6) == 0)
        *to = page_number(block + (unsigned)unit_random_below(BLOCKS - block), any_page()) + 1;
    if (unit_random_below(20) == 0)
        *from = 0, *to = USER_PAGES;
    *to = *to > *from ? *to : *from + 1;
    *to = *to < USER_PAGES ? *to : USER_PAGES;
}

static bool in_range(unsigned block, unsigned page, uint64_t from, uint64_t to)
{
    return page_number(block, page) >= from && page_number(block, page) < to;
}

/* A leaf, where the pool pays for `affordable` tables more. */
static uint64_t *leaf_or_nothing(unsigned block, uint64_t va, uint64_t affordable)
{
    CHECK_EQUAL(pool_set_limit(payer->pool, paid()->used + affordable), 0);
    uint64_t *leaf = translation_leaf(&space, va, true);
    CHECK_EQUAL(leaf != NULL, tables_missing(block) <= affordable);
    if (leaf)
        for (unsigned level = 1; level < 4; level++)
            table_exists[level][table_over(level, block)] = true;
    CHECK(leaf == walk(3, va));
    return leaf;
}

/* One page; or a few more or less than are invalidated one by one. */
static void random_enter(void)
{
    unsigned block = any_block(), page = any_page();
    unsigned end =
        page + (unsigned)(unit_random_below(4) ? 1 : TLB_PAGES_MAX - 2 + any_block() / 2);
    uint64_t va = address_of(block, page);
    uint64_t *leaf = leaf_or_nothing(block, va, unit_random_below(4) ? 3 : unit_random_below(3));
    CHECK(!leaf || leaf_entry(leaf, va) == &leaf[page]);
    for (; leaf && page < end && page < TABLE_ENTRIES; page++)
        if (!model[block][page])
            leaf[page] = model[block][page] =
                entry_for(unit_random_below(1 << 20) << PAGE_SHIFT, (unsigned)unit_random_below(8),
                          (unsigned)unit_random_below(3));
}

static void random_lookup(void)
{
    unsigned block = any_block(), page = any_page();
    CHECK_EQUAL(translation_lookup(&space, address_of(block, page) + unit_random_below(PAGE_SIZE)),
                model[block][page]);
}

static void random_next(uint64_t from, uint64_t to)
{
    uint64_t next = to;
    for (unsigned i = BLOCKS; i-- > 0;)
        if (table_exists[3][i] && page_number(i, 0) < to && page_number(i, 511) >= from)
            next = page_number(i, 0) > from ? page_number(i, 0) : from;
    CHECK_EQUAL(translation_next(&space, from << PAGE_SHIFT, to << PAGE_SHIFT), next << PAGE_SHIFT);
}

static void random_clear(uint64_t from, uint64_t to)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < BLOCKS; i++)
        for (unsigned page = 0; page < TABLE_ENTRIES; page++)
            if (in_range(i, page, from, to)) {
                count += model[i][page] != 0;
                model[i][page] = 0;
            }
    CHECK_EQUAL(translation_clear(&space, from << PAGE_SHIFT, to - from), count);
}

static void random_restrict(uint64_t from, uint64_t to)
{
    unsigned rights = 1 + (unsigned)unit_random_below(7);
    for (unsigned i = 0; i < BLOCKS; i++)
        for (unsigned page = 0; page < TABLE_ENTRIES; page++)
            if (in_range(i, page, from, to) && model[i][page]) {
                model[i][page] |= rights & MAP_WRITE ? 0 : ENTRY_READONLY;
                model[i][page] |= rights & MAP_EXEC ? 0 : ENTRY_UXN;
            }
    translation_restrict(&space, from << PAGE_SHIFT, to - from, rights);
}

/* A leaf table goes when [from, to) touches it and it lies in the hole; one above when its last
 * table does. */
static void model_prune(uint64_t from, uint64_t to, uint64_t floor, uint64_t ceiling)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        uint64_t start = page_number(i, 0), end = start + 512;
        if (start < to && end > from && start >= floor && end <= ceiling)
            table_exists[3][i] = false;
    }
    for (unsigned level = 2; level > 0; level--)
        for (unsigned i = 0; i < BLOCKS; i++) {
            bool used = false;
            for (unsigned j = 0; j < BLOCKS; j++)
                used |=
                    table_over(level, j) == i && table_exists[level + 1][table_over(level + 1, j)];
            table_exists[level][i] &= used;
        }
}

/* As an unmapping does it: what is in the range goes, then tables in the hole up to what is mapped,
 * or to regions nearer by where nothing is. */
static void random_prune(uint64_t from, uint64_t to)
{
    uint64_t floor = 0, ceiling = USER_PAGES;
    random_clear(from, to);
    for (unsigned i = 0; i < BLOCKS; i++)
        for (unsigned page = 0; page < TABLE_ENTRIES; page++)
            if (model[i][page] && page_number(i, page) < from)
                floor = page_number(i, page) + 1;
            else if (model[i][page] && page_number(i, page) < ceiling)
                ceiling = page_number(i, page);
    if (unit_random_below(3) == 0)
        floor += unit_random_below(from - floor + 1);
    if (unit_random_below(3) == 0)
        ceiling -= unit_random_below(ceiling - to + 1);
    model_prune(from, to, floor, ceiling);
    translation_prune(&space, from << PAGE_SHIFT, to << PAGE_SHIFT, floor << PAGE_SHIFT,
                      ceiling << PAGE_SHIFT);
    CHECK_EQUAL(tables_forgotten, has_run ? tables_before - space.tables : 0);
}

static void random_operation(void)
{
    uint64_t from, to;
    unsigned what = (unsigned)unit_random_below(20);
    any_range(&from, &to);
    if (what < 12)
        random_enter();
    else if (what < 14)
        random_lookup();
    else if (what < 15)
        random_next(from, to);
    else if (what < 17)
        random_clear(from, to);
    else if (what < 19)
        random_restrict(from, to);
    else
        random_prune(from, to);
}

static void begin(uint64_t limit)
{
    memory_begin(limit);
    memset(&space, 0, sizeof space);
    memset(model, 0, sizeof model);
    memset(table_exists, 0, sizeof table_exists);
    memset(cached, 0, sizeof cached);
    has_run = false;
    tlb_listener = listen;
}

static void destroy(void)
{
    bool done = !space.root;
    while (!done) {
        uint64_t before = space.tables;
        done = translation_destroy_step(&space);
        CHECK(space.tables < before && before - space.tables <= TABLE_ENTRIES + 1);
    }
    CHECK_EQUAL(space.tables, 0);
    CHECK(translation_destroy_step(&space));
    tlb_listener = NULL;
    memory_end();
}

TEST(random_operations_agree_with_a_map_and_leave_nothing_stale_in_tlbs)
{
    for (unsigned run = 0; run < 3; run++) {
        begin(UINT64_MAX);
        CHECK_EQUAL(translation_init(&space, payer->pool), 0);
        for (unsigned step = 0; step < 2000; step++) {
            if (step == 500) { /* its first ASID */
                has_run = true;
                space.asid_generation = 1;
                space.ttbr |= 0x1234ul << 48;
            }
            tlb_begin();
            random_operation();
            tlb_end();
            compare();
        }
        destroy();
    }
}

TEST(the_nth_table_fails_for_every_n)
{
    for (uint64_t n = 0;; n++) {
        begin(n);
        bool failed = translation_init(&space, payer->pool) != 0;
        CHECK_EQUAL(failed, n == 0);
        for (unsigned i = 0; i < BLOCKS && !failed; i++) {
            failed = !leaf_or_nothing(i, address_of(i, any_page()), n - space.tables);
            compare();
        }
        destroy();
        if (!failed)
            break;
    }
}
