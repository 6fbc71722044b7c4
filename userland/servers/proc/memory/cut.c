/*
 * cut.c: a file became shorter. Who maps it privately loses also the copies it made of the pages
 * that are gone: an access is SIGBUS, and if the file grows again, zeros.
 */
#include "files/contents.h"
#include "ranges.h"

static const struct shown *shown_of(const struct views *views, const struct node *node)
{
    for (uint32_t i = 0; i < views->count; i++)
        if (views->array[i].shown->file && views->array[i].shown->file->node == node)
            return views->array[i].shown;
    return NULL;
}

/* Gives up the copies in one region. What memory it takes to do so is there: nothing is split. */
static void cut_region(struct memory *memory, const struct region_facts *part,
                       const struct shown *shown, uint64_t first)
{
    uint64_t page = part->source_first - shown->first;
    uint64_t kept = page < first ? first - page : 0;
    if (kept < part->pages)
        page_reclaim(memory->object, part->first + kept, part->pages - kept, RECLAIM_DISCARD);
}

static void cut_memory(struct memory *memory, const struct node *node, uint64_t first)
{
    const struct shown *shown = shown_of(&memory->views, node);
    const struct views *views = &memory->views;
    struct region_facts part;
    if (!shown)
        return;
    for (uint64_t at = views->low; region_next(memory, at, views->high, &part);
         at = facts_end(&part))
        if (part.source && part.source == shown->id)
            cut_region(memory, &part, shown, first);
}

void memory_cut(const struct node *node, uint64_t first)
{
    for (struct process *process = process_after(0); process; process = process_after(process->pid))
        if (process->memory)
            cut_memory(process->memory, node, first);
}
