/*
 * listing.c: listing.h. What the kernel keeps as several regions because their pages come from
 * several places is one mapping when Linux would have merged it (region_continues).
 */
#include "memory/listing.h"
#include "ranges.h"
#include "time/vdso.h"

/* Names of what no file is behind; see arch_vma_name and is_stack in Linux's mm. */
static const char *name_of(const struct memory *memory, const struct listed *listed)
{
    const struct layout *layout = &memory->layout;
    if (listed->special && listed->start == layout->vdso)
        return "[vdso]";
    if (listed->special)
        return "[vvar]";
    if (listed->file || listed->shared)
        return NULL;
    if (listed->start <= layout->brk_end && listed->end >= layout->brk_start &&
        layout->brk_end > layout->brk_start)
        return "[heap]";
    if (listed->start <= memory->facts.stack_start && listed->end >= memory->facts.stack_start)
        return "[stack]";
    return NULL;
}

/* What the region shows that is not the program's own. */
static void find_shown(const struct memory *memory, const struct region_facts *part,
                       struct listed *listed)
{
    const struct layout *layout = &memory->layout;
    listed->special =
        layout->vdso && (part->start == layout->vdso || part->start == layout->vdso - PAGE_SIZE);
    if (listed->special) {
        listed->shared = false;
        return;
    }
    uint64_t id = part->object, page = part->first;
    if (region_own(part)) {
        id = part->source;
        page = part->source_first;
    }
    struct shown *shown = id ? view_find(&memory->views, id, page) : NULL;
    if (!shown || page < shown->first)
        return;
    listed->shown = shown;
    listed->file = shown->file;
    listed->offset = (page - shown->first) << PAGE_SHIFT;
}

bool listing_next(const struct memory *memory, uint64_t address, struct listed *listed)
{
    struct region_facts part, next;
    if (!region_next(memory, address, USER_END, &part))
        return false;
    *listed =
        (struct listed){.start = part.start, .map = part.map, .shared = part.map & ADVICE_SHARED};
    find_shown(memory, &part, listed);
    while (region_next(memory, facts_end(&part), USER_END, &next) && region_continues(&part, &next))
        part = next;
    listed->end = facts_end(&part);
    listed->name = name_of(memory, listed);
    return true;
}
