/*
 * translation.c: the tables of user spaces. Three levels of tables above a leaf
 * of 512 pages; every table is a frame charged to the space's pool.
 */
#include "arch/translation.h"
#include "arch/cache.h"
#include "arch/cpu.h"
#include "arch/memory.h"
#include "arch/tlb.h"

#define TABLES_STEP     16                 /* freed between two looks at the interrupt line */
#define SHIFT_OF(level) (39 - 9 * (level)) /* address bits below an index of that level */

static uint64_t *table_behind(uint64_t entry)
{
    return frame_address((entry & ENTRY_ADDRESS) >> PAGE_SHIFT);
}

static uint64_t *entry_in(uint64_t *table, unsigned level, uint64_t va)
{
    return &table[va >> SHIFT_OF(level) & (TABLE_ENTRIES - 1)];
}

/* References of a table's frame: one, and one for each table linked in it. */
static uint32_t *refs_of(const uint64_t *table)
{
    return &frame_of(address_frame(table))->refs;
}

static uint64_t *table_new(struct translation *translation)
{
    frame_number number = pool_alloc_frame(translation->pool, FRAME_TABLE, USE_KERNEL);

    if (!number)
        return NULL;
    page_zero(frame_address(number));
    frame_link(&translation->first_table, frame_of(number), number);
    translation->tables++;
    this_cpu()->counters.tables++;
    return frame_address(number);
}

static void table_free(struct translation *translation, uint64_t *table)
{
    frame_number number = address_frame(table);

    frame_unlink(&translation->first_table, frame_of(number));
    pool_free_frame(number);
    translation->tables--;
    this_cpu()->counters.tables--;
}

int translation_init(struct translation *translation, struct pool *pool)
{
    translation->pool = pool;
    translation->hint_block = ~0ul;
    translation->root = table_new(translation);
    if (!translation->root)
        return -ENOMEM;
    translation->ttbr = address_frame(translation->root) << PAGE_SHIFT;
    return 0;
}

bool translation_destroy_step(struct translation *translation)
{
    for (unsigned i = 0; i < TABLES_STEP && translation->first_table; i++)
        table_free(translation, frame_address(translation->first_table));
    translation->root = NULL;
    return !translation->first_table;
}

/*
 * Unlinks and frees the tables on the way to va, from the lowest there is up, as far as no other
 * table is linked in them.
 */
static void path_free(struct translation *translation, uint64_t va)
{
    uint64_t *path[4] = {translation->root};
    unsigned lowest = 0, top;

    for (uint64_t entry; lowest < 3 && (entry = *entry_in(path[lowest], lowest, va));)
        path[++lowest] = table_behind(entry);
    if (!lowest || *refs_of(path[lowest]) > 1)
        return;
    for (top = lowest - 1; top && *refs_of(path[top]) == 2; top--)
        ;
    *entry_in(path[top], top, va) = 0;
    --*refs_of(path[top]);
    if (translation->asid_generation) {
        tlb_entries_written();
        tlb_page_and_tables(translation->ttbr, va);
        tlb_complete();
    }
    for (; lowest > top; lowest--)
        table_free(translation, path[lowest]);
    translation->hint_block = ~0ul;
}

uint64_t *translation_walk(struct translation *translation, uint64_t va, bool create)
{
    uint64_t *table = translation->root;

    for (unsigned level = 0; level < 3; level++) {
        uint64_t *entry = entry_in(table, level, va);
        if (!*entry) {
            if (!create)
                return NULL;
            uint64_t *next = table_new(translation);
            if (!next) {
                path_free(translation, va); /* those made on the way */
                return NULL;
            }
            tlb_entries_written(); /* the empty table, before anybody can walk into it */
            *entry = address_frame(next) << PAGE_SHIFT | ENTRY_TABLE;
            ++*refs_of(table);
        }
        table = table_behind(*entry);
    }
    translation->hint_block = va >> 21;
    translation->hint_leaf = table;
    return table;
}

uint64_t translation_lookup(struct translation *translation, uint64_t va)
{
    uint64_t *leaf = translation_leaf(translation, va, false);
    uint64_t entry = leaf ? *leaf_entry(leaf, va) : 0;

    return entry & ENTRY_VALID ? entry : 0;
}

/*
 * Calls for each leaf table that exists in the range; skips what has none by
 * whole tables, so an empty terabyte costs a few hundred steps.
 */
static uint64_t *leaf_next(struct translation *translation, uint64_t *va, uint64_t end)
{
    while (*va < end) {
        uint64_t *table = translation->root;
        unsigned level = 0;

        for (; level < 3; level++) {
            uint64_t entry = *entry_in(table, level, *va);
            if (!entry)
                break;
            table = table_behind(entry);
        }
        if (level == 3)
            return table;
        *va = ((*va >> SHIFT_OF(level)) + 1) << SHIFT_OF(level);
    }
    return NULL;
}

uint64_t translation_next(struct translation *translation, uint64_t va, uint64_t end)
{
    leaf_next(translation, &va, end);
    return va < end ? va : end;
}

static uint64_t leaf_end(uint64_t va, uint64_t end)
{
    uint64_t next = ((va >> 21) + 1) << 21;

    return next < end ? next : end;
}

/* Invalidates `count` pages that were changed, by page or by ASID. */
static void flush(struct translation *translation, const uint64_t *changed, uint64_t count)
{
    if (!count || !translation->asid_generation)
        return; /* never ran: no CPU has seen it */
    tlb_entries_written();
    if (count > TLB_PAGES_MAX)
        tlb_asid(translation->ttbr);
    else
        for (uint64_t i = 0; i < count; i++)
            tlb_page(translation->ttbr, changed[i]);
    tlb_complete();
}

/* Makes every valid entry of a range (entry & kept) | set. How many there were. */
static inline __attribute__((always_inline)) uint64_t change(struct translation *translation,
                                                             uint64_t va, uint64_t pages,
                                                             uint64_t kept, uint64_t set)
{
    uint64_t end = va + (pages << PAGE_SHIFT), count = 0, changed[TLB_PAGES_MAX];
    uint64_t *leaf;

    while ((leaf = leaf_next(translation, &va, end))) {
        uint64_t stop = leaf_end(va, end);
        for (uint64_t *entry = leaf_entry(leaf, va); va < stop; va += PAGE_SIZE, entry++) {
            if (!*entry)
                continue;
            *entry = (*entry & kept) | set;
            if (count < TLB_PAGES_MAX)
                changed[count] = va;
            count++;
        }
    }
    flush(translation, changed, count);
    return count;
}

uint64_t translation_clear(struct translation *translation, uint64_t va, uint64_t pages)
{
    return change(translation, va, pages, 0, 0);
}

void translation_restrict(struct translation *translation, uint64_t va, uint64_t pages,
                          unsigned rights)
{
    uint64_t set = (rights & MAP_WRITE ? 0 : ENTRY_READONLY) | (rights & MAP_EXEC ? 0 : ENTRY_UXN);

    change(translation, va, pages, ~0ul, set);
}

void translation_flush(struct translation *translation)
{
    flush(translation, NULL, TLB_PAGES_MAX + 1);
}

void translation_prune(struct translation *translation, uint64_t va, uint64_t end, uint64_t floor,
                       uint64_t ceiling)
{
    const uint64_t span = LEAF_PAGES * PAGE_SIZE;

    for (va &= ~(span - 1); leaf_next(translation, &va, end); va += span)
        if (va >= floor && va + span <= ceiling)
            path_free(translation, va);
}
