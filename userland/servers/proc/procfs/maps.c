/*
 * maps.c: /proc/PID/maps, smaps and smaps_rollup, as Linux's fs/proc/task_mmu.c writes them.
 */
#include "lib/memory.h"
#include "memory/ranges.h"
#include "page_facts.h"

#define NAME_COLUMN 73

/* ---- maps ---- */

static void add_name(const struct subject *subject, const struct listed *listed, struct text *text)
{
    static char path[LINUX_PATH_MAX + 16];
    if (listed->file) {
        if (path_text(listed->file, subject->reader->process->place->root, path, sizeof path) < 0)
            memcpy(path, "?", 2);
        text_add_escaped(text, path, "\n");
    } else {
        text_add(text, "%s", listed->name ? listed->name : "/dev/zero (deleted)");
    }
}

static void pad(struct text *text, size_t begin)
{
    while (!text->failed && text->length - begin < NAME_COLUMN)
        text_add(text, " ");
}

static void add_line(const struct subject *subject, const struct listed *listed, struct text *text)
{
    uint32_t device = listed->file ? listed->file->node->system->device : listed->shared;
    uint64_t inode = listed->file    ? listed->file->node->inode
                     : listed->shown ? listed->shown->id
                                     : 0;
    size_t begin = text->length;
    text_add(text, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", listed->start, listed->end,
             listed->map & MAP_READ && !(listed->map & ADVICE_NOREAD) ? 'r' : '-',
             listed->map & MAP_WRITE ? 'w' : '-', listed->map & MAP_EXEC ? 'x' : '-',
             listed->shared ? 's' : 'p', listed->offset, device >> 8 & 0xfff, device & 0xff, inode);
    if (listed->file || listed->shared || listed->name) {
        pad(text, begin);
        add_name(subject, listed, text);
    }
    text_add(text, "\n");
}

int64_t maps_step(const struct subject *subject, struct sequence *sequence)
{
    const struct memory *memory = subject->process->memory;
    struct listed listed;
    if (!memory || !listing_next(memory, sequence->address, &listed)) {
        sequence->ended = true;
        return 0;
    }
    add_line(subject, &listed, &sequence->text);
    sequence->address = listed.end;
    return 0;
}

/* ---- smaps ---- */

static void add_kilobytes(struct text *text, const char *name, uint64_t bytes)
{
    text_add(text, "%-16s%8lu kB\n", name, bytes >> 10);
}

static void add_sums(const struct page_sums *sums, bool rollup, struct text *text)
{
    uint64_t share = sums->share[0] + sums->share[1] + sums->share[2];
    add_kilobytes(text, "Rss:", sums->resident);
    add_kilobytes(text, "Pss:", share >> 12);
    add_kilobytes(text, "Pss_Dirty:", sums->share_dirty >> 12);
    if (rollup) {
        add_kilobytes(text, "Pss_Anon:", sums->share[0] >> 12);
        add_kilobytes(text, "Pss_File:", sums->share[1] >> 12);
        add_kilobytes(text, "Pss_Shmem:", sums->share[2] >> 12);
    }
    add_kilobytes(text, "Shared_Clean:", sums->shared_clean);
    add_kilobytes(text, "Shared_Dirty:", sums->shared_dirty);
    add_kilobytes(text, "Private_Clean:", sums->private_clean);
    add_kilobytes(text, "Private_Dirty:", sums->private_dirty);
    add_kilobytes(text, "Referenced:", sums->referenced);
    add_kilobytes(text, "Anonymous:", sums->anonymous);
    static const char *const never[] = {"LazyFree:",      "AnonHugePages:",  "ShmemPmdMapped:",
                                        "FilePmdMapped:", "Shared_Hugetlb:", "Private_Hugetlb:"};
    for (unsigned i = 0; i < sizeof never / sizeof *never; i++)
        add_kilobytes(text, never[i], 0);
    add_kilobytes(text, "Swap:", sums->swapped);
    add_kilobytes(text, "SwapPss:", sums->swapped);
    add_kilobytes(text, "Locked:", sums->share_locked >> 12);
}

static void add_flags(const struct listed *listed, struct text *text)
{
    const struct {
        uint64_t when;
        const char *flag;
    } flags[] = {{MAP_READ, "rd"},
                 {MAP_WRITE, "wr"},
                 {MAP_EXEC, "ex"},
                 {ADVICE_SHARED, "sh"},
                 {UINT64_MAX, "mr"},
                 {listed->map & ADVICE_READONLY ? 0 : UINT64_MAX, "mw"},
                 {UINT64_MAX, "me"},
                 {listed->shared && !(listed->map & ADVICE_READONLY) ? UINT64_MAX : 0, "ms"},
                 {ADVICE_GROWS_DOWN, "gd"},
                 {ADVICE_LOCKED, "lo"},
                 {ADVICE_SEQUENTIAL, "sr"},
                 {ADVICE_RANDOM, "rr"},
                 {MAP_DONTFORK, "dc"},
                 {listed->special ? UINT64_MAX : 0, "de"},
                 {ADVICE_ACCOUNT, "ac"},
                 {ADVICE_NORESERVE, "nr"},
                 {MAP_WIPEONFORK, "wf"},
                 {ADVICE_DONTDUMP, "dd"},
                 {ADVICE_HUGE, "hg"},
                 {ADVICE_NOHUGE, "nh"},
                 {ADVICE_MERGEABLE, "mg"}};
    uint64_t map = listed->map & ADVICE_NOREAD ? listed->map & ~(uint64_t)MAP_READ : listed->map;
    text_add(text, "VmFlags: ");
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].when == UINT64_MAX || map & flags[i].when)
            text_add(text, "%s ", flags[i].flag);
    text_add(text, "\n");
}

static void add_mapping(const struct subject *subject, const struct listed *listed,
                        const struct page_sums *sums, struct text *text)
{
    add_line(subject, listed, text);
    add_kilobytes(text, "Size:", listed->end - listed->start);
    add_kilobytes(text, "KernelPageSize:", PAGE_SIZE);
    add_kilobytes(text, "MMUPageSize:", PAGE_SIZE);
    add_sums(sums, false, text);
    text_add(text, "THPeligible:    0\n");
    add_flags(listed, text);
}

/* A query further in the mapping at sequence->address. 1: it is complete; *listed is it. */
static int64_t look_further(const struct memory *memory, struct sequence *sequence,
                            struct listed *listed)
{
    if (!memory || !listing_next(memory, sequence->address, listed)) {
        sequence->ended = true;
        return 0;
    }
    uint64_t from = listed->start + sequence->scanned;
    if (!sequence->scanned)
        sequence->viewers = listed_viewers(listed);
    int64_t looked = from < listed->end
                         ? page_sums_add(memory, listed, sequence->viewers, from, &sequence->sums)
                         : 0;
    if (looked < 0)
        return looked;
    sequence->scanned += (uint64_t)looked << PAGE_SHIFT;
    if (listed->start + sequence->scanned < listed->end)
        return 0;
    sequence->address = listed->end;
    sequence->scanned = 0;
    return 1;
}

int64_t smaps_step(const struct subject *subject, struct sequence *sequence)
{
    struct listed listed;
    int64_t complete = look_further(subject->process->memory, sequence, &listed);
    if (complete <= 0)
        return complete;
    add_mapping(subject, &listed, &sequence->sums, &sequence->text);
    sequence->sums = (struct page_sums){0};
    return 0;
}

int64_t smaps_rollup_step(const struct subject *subject, struct sequence *sequence)
{
    struct listed listed;
    int64_t complete = look_further(subject->process->memory, sequence, &listed);
    if (complete < 0)
        return complete;
    if (complete) {
        if (!sequence->last)
            sequence->first = listed.start;
        sequence->last = listed.end;
    } else if (sequence->ended && sequence->last) {
        size_t begin = sequence->text.length;
        text_add(&sequence->text, "%08lx-%08lx ---p 00000000 00:00 0 ", sequence->first,
                 sequence->last);
        pad(&sequence->text, begin);
        text_add(&sequence->text, "[rollup]\n");
        add_sums(&sequence->sums, true, &sequence->text);
    }
    return 0;
}
