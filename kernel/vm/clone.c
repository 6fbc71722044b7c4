/*
 * clone.c: region_clone, the kernel's part of fork. A clone is flat: its slots name
 * the same frames, each frame counts how many slots name it, and every slot that
 * does is marked COW: it is written only when it is the last. No shadow chains, so
 * neither the depth nor the number of clones costs anything later.
 */
#include "task/lookup.h"
#include "vm/region.h"

#define STEP_SLOTS 64 /* between two looks at the interrupt line: one word of the bitmap */

/* What one call works on. */
struct clone {
    struct space *from, *to;
    struct object *parent, *child; /* regions over the one become regions over the other */
    bool restricted;               /* entries of `from` lost the right to write: flush its TLBs */
};

/* Some neighbouring slots of both objects, all in one word of each one's bitmap. */
struct run {
    uint64_t index, end;
    struct chunk *from, *to;
    slot *from_slots, *to_slots;
    uint64_t *entries; /* the table entry of `index` in the region; NULL: nothing is mapped */
};

/* The slots of a run that have contents in a chunk of it, as bits from `index` on. */
static uint64_t run_bits(const struct run *run, const struct chunk *chunk)
{
    return chunk_contents(chunk, run->index - chunk->node.key) >> (run->index & 63) &
           ~0ul >> (STEP_SLOTS - (run->end - run->index));
}

/*
 * Shares what is in these slots. Returns the entries that were restricted, or-ed: 0 for none.
 * Not inlined: fork spends its time in this loop, and here it has all registers.
 */
static __attribute__((noinline)) uint64_t run_share(const struct run *run, uint64_t bits)
{
    slot *from = run->from_slots, *to = run->to_slots;
    uint64_t *entries = run->entries, count = 0, others = 0, restricted = 0;
    uint64_t *word = &run->to->resident[(run->index - run->to->node.key) >> 6];
    struct bank bank = *bank_last_hit;

    for (uint64_t left = bits; left; left &= left - 1) {
        unsigned at = (unsigned)__builtin_ctzl(left);
        slot value = from[at];
        if (__builtin_expect((value & SLOT_STATE) != SLOT_RESIDENT, 0)) {
            slot_set(run->to, run->index + at, value & ~SLOT_BUSY);
            others |= 1ul << at;
            continue;
        }
        frame_number number = slot_frame(value);
        if (__builtin_expect(number - bank.first >= bank.count, 0))
            bank = *bank_search(number);
        bank.frames[number - bank.first].refs++;
        count++;
        to[at] = (value | SLOT_COW) & ~SLOT_BUSY;
        if (value & SLOT_COW)
            continue;
        from[at] = value | SLOT_COW;
        if (entries && entries[at])
            restricted |= entries[at] |= ENTRY_READONLY;
    }
    *word |= (bits & ~others) << (run->index & 63);
    run->to->used += count;
    run->to->object->resident += count;
    return restricted;
}

/* Pages from index on that are in one word of the bitmap and in one leaf table at va. */
static uint64_t run_length(uint64_t index, uint64_t va)
{
    uint64_t in_word = STEP_SLOTS - index % STEP_SLOTS;
    uint64_t in_leaf = LEAF_PAGES - (va >> PAGE_SHIFT) % LEAF_PAGES;

    return in_word < in_leaf ? in_word : in_leaf;
}

/* Shares the contents behind [va, *end) of a region of `from`. When an interrupt waits, *end comes
 * down to where it stopped. -ENOMEM: no slots for the child. */
static int64_t contents_clone(struct clone *clone, struct region *region, uint64_t va,
                              uint64_t *end)
{
    uint64_t distance = region->first - (region->node.key >> PAGE_SHIFT);
    uint64_t last = distance + (*end >> PAGE_SHIFT);
    struct run run = {.index = distance + (va >> PAGE_SHIFT)};

    for (; run.index < last; run.index = run.end) {
        uint64_t absent = object_absent(clone->parent, run.index);
        run.end = absent < last - run.index ? run.index + absent : last;
        if (absent)
            continue;
        run.from = chunk_for(clone->parent, run.index, false);
        va = (run.index - distance) << PAGE_SHIFT;
        run.end = run.index + run_length(run.index, va);
        run.end = run.end < last ? run.end : last;
        uint64_t bits = run_bits(&run, run.from);
        if (!bits)
            continue;
        run.to = chunk_for(clone->child, run.index, true);
        if (!run.to)
            return -ENOMEM;
        bits &= ~run_bits(&run, run.to); /* what it has already stays */
        run.from_slots = chunk_slot(run.from, run.index);
        run.to_slots = chunk_slot(run.to, run.index);
        run.entries = translation_leaf(&clone->from->translation, va, false);
        if (run.entries)
            run.entries = leaf_entry(run.entries, va);
        clone->restricted |= run_share(&run, bits) != 0;
        if (!clone->parent->one_view)
            object_restrict(clone->parent, run.index, run.end - run.index);
        if (interrupt_pending()) {
            *end = (run.end - distance) << PAGE_SHIFT;
            break;
        }
    }
    return 0;
}

/*
 * Maps in `to` what `region` of `from` shows from *va on; *va is then the first address not done.
 * 1: an interrupt waits.
 */
static int64_t clone_region(struct clone *clone, struct region *region, uint64_t *va)
{
    uint64_t start = *va > region->node.key ? *va : region->node.key;
    uint64_t last = region->node.key + region->length, end = last;
    uint64_t skipped = (start - region->node.key) >> PAGE_SHIFT;
    bool parents = region->object == clone->parent;
    int64_t error = 0;

    if (!(region->rights & MAP_DONTFORK)) {
        if (parents && !(region->rights & MAP_WIPEONFORK))
            error = contents_clone(clone, region, start, &end);
        if (!error)
            error = (skipped ? region_add : region_new)(
                clone->to, start, end - start, region->rights, region->rights_limit,
                parents ? clone->child : region->object, region->first + skipped, region->source,
                region->source_first + skipped);
    }
    *va = end;
    return error ? error : end != last || interrupt_pending();
}

/* The two spaces and objects that the registers name. */
static int64_t clone_operands(struct thread *thread, struct clone *clone)
{
    uint64_t *x = thread->registers.x;

    if (!(clone->from = lookup_space(thread, x[0], RIGHT_MANAGE)) ||
        !(clone->to = lookup_space(thread, x[1], RIGHT_MANAGE)) ||
        !(clone->parent = lookup_object(thread, x[2], RIGHT_MANAGE)) ||
        !(clone->child = lookup_object(thread, x[3], RIGHT_MANAGE)))
        return (int64_t)x[0]; /* answered */
    if (clone->parent->kind != OBJECT_PAGED || clone->child->kind != OBJECT_PAGED ||
        clone->parent == clone->child || clone->parent->pager != clone->child->pager ||
        clone->child->pages < clone->parent->pages || clone->child->waiters ||
        (!x[4] && clone->child->chunks.root))
        return -EINVAL;
    return clone->to->level < clone->from->level ? -EPERM : 0; /* its pagers must be below it */
}

struct thread *call_region_clone(struct thread *thread)
{
    uint64_t *x = thread->registers.x; /* x4: the first address not done */
    struct clone clone = {.restricted = false};
    int64_t error = clone_operands(thread, &clone);
    struct region *region = error ? NULL : region_from(clone.from, x[4]);

    if (region && !clone.parent->one_view && !x[4])
        object_look_again(clone.parent); /* two views were one that moved, most likely */
    while (region && !error) {
        struct tree_node *next = tree_next(&region->node);
        error = clone_region(&clone, region, &x[4]);
        region = next ? tree_entry(next, struct region, node) : NULL;
    }
    if (clone.restricted)
        translation_flush(&clone.from->translation);
    return error > 0 ? call_again(thread) : answer(thread, error);
}
