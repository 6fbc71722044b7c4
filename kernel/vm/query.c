/*
 * query.c: page_query, what is known about pages one by one: for /proc, mincore, and
 * whoever decides which pages are not needed.
 */
#include "task/lookup.h"
#include "vm/map.h"

#define STEP_PAGES      64 /* between two looks at the interrupt line */
#define REFERENCES_MOST 0xffff

/* The word of one page: what its table entry (0: none) and its slot say. */
static uint64_t page_word(struct region *region, uint64_t va, uint64_t entry)
{
    uint64_t index = region->first + ((va - region->node.key) >> PAGE_SHIFT), page, word = 0;
    slot value = region->object->kind == OBJECT_RANGE ? 0 : object_slot(region->object, index);

    if (entry)
        word |= PAGE_MAPPED | (entry & ENTRY_ACCESSED ? PAGE_REFERENCED : 0) |
                (entry & ENTRY_READONLY ? 0 : PAGE_WRITABLE);
    word |= (value & SLOT_STATE) == SLOT_TOKEN ? PAGE_TOKEN : 0;
    word |= value & SLOT_DIRTY ? PAGE_DIRTY : 0;
    page = object_page(region->object, index);
    if (!page && !(value & SLOT_STATE)) {
        page = map_source_page(region, index);
        word |= page ? PAGE_SOURCE : 0;
    }
    if (!page || page == zero_page)
        return word | (page ? PAGE_PRESENT | PAGE_ZERO : 0);
    const struct frame *frame = frame_of(page >> PAGE_SHIFT); /* NULL: device registers */
    uint64_t references = frame ? frame->refs : 0;
    references = references < REFERENCES_MOST ? references : REFERENCES_MOST;
    return word | PAGE_PRESENT | references << PAGE_REFERENCES_SHIFT |
           page >> PAGE_SHIFT << PAGE_FRAME_SHIFT;
}

struct thread *call_page_query(struct thread *thread)
{
    uint64_t *x = thread->registers.x; /* x4: words written */
    bool clear = x[3] & PAGES_CLEAR_REFERENCED, cleared = false;
    struct space *space = lookup_space(thread, x[0], RIGHT_READ | (clear ? RIGHT_MANAGE : 0));

    if (!space)
        return thread;
    if (!thread->message_page)
        return answer(thread, -EMSGSIZE);
    if (!range_valid(x[1], x[2]) || x[3] & ~(uint64_t)PAGES_CLEAR_REFERENCED ||
        x[2] > MESSAGE_WORDS_MAX || x[4] > MESSAGE_WORDS_MAX - x[2])
        return answer(thread, -EINVAL);
    do {
        struct region *region = region_at(space, x[1]);
        uint64_t *leaf = translation_leaf(&space->translation, x[1], false);
        uint64_t *entry = leaf ? leaf_entry(leaf, x[1]) : NULL;
        ((uint64_t *)thread->message_page)[x[4]++] =
            region ? page_word(region, x[1], entry ? *entry : 0) : 0;
        if (clear && entry && *entry) { /* the next access faults, and sets it again */
            *entry &= ~ENTRY_ACCESSED;
            cleared = true;
        }
        x[1] += PAGE_SIZE;
        x[2]--;
    } while (x[2] && (x[2] % STEP_PAGES || !interrupt_pending()));
    if (cleared)
        translation_flush(&space->translation);
    return x[2] ? call_again(thread) : answer(thread, x[4]);
}
