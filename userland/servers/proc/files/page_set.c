/*
 * page_set.c: see page_set.h. A node at level 1 holds 64 words, one at level n > 1 64 nodes of
 * level n - 1; so a level-n node covers 64^(n+1) pages.
 */
#include "page_set.h"
#include "entry/abi.h"
#include "lib/wired.h"

#define LEVELS_MOST 10 /* 64^11 is more than 64 bits */

struct page_set_node {
    union {
        uint64_t words[64];
        struct page_set_node *nodes[64];
    };
};

/* Bits of a page number above those that a node of that level tells apart. */
static uint64_t beyond(uint64_t page, uint32_t height)
{
    return height + 1 >= LEVELS_MOST + 1 ? 0 : page >> 6 * (height + 1);
}

static unsigned slot_of(uint64_t page, uint32_t level)
{
    return page >> 6 * level & 63;
}

/* The word of a page, or NULL when there is none. */
static const uint64_t *word_of(const struct page_set *set, uint64_t page)
{
    if (beyond(page, set->height))
        return NULL;
    if (set->height == 0)
        return &set->word;
    const struct page_set_node *node = set->root;
    for (uint32_t level = set->height; node && level > 1; level--)
        node = node->nodes[slot_of(page, level)];
    return node ? &node->words[slot_of(page, 1)] : NULL;
}

bool page_set_has(const struct page_set *set, uint64_t page)
{
    const uint64_t *word = word_of(set, page);
    return word && *word >> (page & 63) & 1;
}

/* One level more above what there is. */
static int64_t raise(struct page_set *set)
{
    struct page_set_node *node = wired_alloc(sizeof *node);
    if (!node)
        return -ENOMEM;
    if (set->height == 0)
        node->words[0] = set->word;
    else
        node->nodes[0] = set->root;
    set->root = node;
    set->height++;
    return 0;
}

int64_t page_set_add(struct page_set *set, uint64_t page)
{
    while (beyond(page, set->height))
        if (raise(set))
            return -ENOMEM;
    uint64_t *word = &set->word, bit = 1UL << (page & 63);
    if (set->height) {
        struct page_set_node *node = set->root;
        for (uint32_t level = set->height; level > 1; level--) {
            struct page_set_node **below = &node->nodes[slot_of(page, level)];
            if (!*below)
                *below = wired_alloc(sizeof **below);
            if (!*below)
                return -ENOMEM; /* empty nodes above it do no harm */
            node = *below;
        }
        word = &node->words[slot_of(page, 1)];
    }
    set->count += !(*word & bit);
    *word |= bit;
    return 0;
}

/* The bits of [first, end) in the word that begins with page `base`. */
static uint64_t mask_of(uint64_t base, uint64_t first, uint64_t end)
{
    uint64_t low = first > base ? first - base : 0, high = end - base;
    uint64_t below_high = high >= 64 ? ~0UL : (1UL << high) - 1;
    return low >= 64 ? 0 : below_high & ~((1UL << low) - 1);
}

static void remove_bits(struct page_set *set, uint64_t *word, uint64_t mask)
{
    for (uint64_t bits = *word & mask; bits; bits &= bits - 1)
        set->count--;
    *word &= ~mask;
}

/* Takes [first, end) out of a node whose first page is `base`. True: it is empty now. */
static bool remove_below(struct page_set *set, struct page_set_node *node, uint32_t level,
                         uint64_t base, uint64_t first, uint64_t end)
{
    bool empty = true;
    for (unsigned i = 0; i < 64; i++) {
        uint64_t start = base + ((uint64_t)i << 6 * level);
        bool inside = start < end && (first <= start || (first - start) >> 6 * level == 0);
        if (level == 1) {
            if (inside)
                remove_bits(set, &node->words[i], mask_of(start, first, end));
            empty = empty && !node->words[i];
            continue;
        }
        struct page_set_node *below = node->nodes[i];
        if (below && inside && remove_below(set, below, level - 1, start, first, end)) {
            wired_free(below);
            node->nodes[i] = NULL;
        }
        empty = empty && !node->nodes[i];
    }
    return empty;
}

void page_set_remove(struct page_set *set, uint64_t first, uint64_t end)
{
    if (first >= end || beyond(first, set->height))
        return;
    if (set->height == 0) {
        remove_bits(set, &set->word, mask_of(0, first, end));
    } else if (remove_below(set, set->root, set->height, 0, first, end)) {
        wired_free(set->root);
        set->root = NULL; /* and so word = 0 */
        set->height = 0;
    }
}

static uint64_t next_below(const struct page_set_node *node, uint32_t level, uint64_t base,
                           uint64_t page)
{
    unsigned i = page > base ? (unsigned)((page - base) >> 6 * level) : 0;
    for (; i < 64; i++) {
        uint64_t start = base + ((uint64_t)i << 6 * level), found = UINT64_MAX;
        if (level == 1) {
            uint64_t word = node->words[i];
            if (page > start)
                word &= ~0UL << (page - start);
            if (word)
                found = start + (uint64_t)__builtin_ctzl(word);
        } else if (node->nodes[i]) {
            found = next_below(node->nodes[i], level - 1, start, page);
        }
        if (found != UINT64_MAX)
            return found;
    }
    return UINT64_MAX;
}

uint64_t page_set_next(const struct page_set *set, uint64_t page)
{
    if (beyond(page, set->height))
        return UINT64_MAX;
    if (set->height)
        return next_below(set->root, set->height, 0, page);
    uint64_t word = set->word & ~0UL << page;
    return word ? (uint64_t)__builtin_ctzl(word) : UINT64_MAX;
}

void page_set_clear(struct page_set *set)
{
    page_set_remove(set, 0, UINT64_MAX);
    if (set->height)
        wired_free(set->root);
    *set = (struct page_set){0};
}
