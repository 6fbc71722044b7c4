/*
 * page_facts.c: what is known of the pages of a process one by one: sums for smaps,
 * /proc/PID/pagemap, clear_refs. A query is for at most 512 pages, and a long file is made of many.
 */
#include "page_facts.h"
#include "lib/layout.h"
#include "lib/memory.h"
#include "memory/ranges.h"

/* ---- What a word says of a page of a mapping ---- */

/* The program's own page, as nobody's file: written, or taken from a parent. */
static bool is_own(const struct listed *listed, uint64_t word)
{
    return !listed->shared && !listed->special && !(word & (PAGE_SOURCE | PAGE_ZERO));
}

bool page_resident(const struct listed *listed, uint64_t word)
{
    if (!(word & PAGE_PRESENT) || word & PAGE_ZERO)
        return false;
    /* A child's own pages are entered in its tables as it goes, on Linux they are from the start;
     * and what mprotect takes all rights from leaves the tables here, but not Linux's. */
    return word & PAGE_MAPPED || is_own(listed, word) || !(listed->map & MAP_RIGHTS);
}

/* How many programs show it. */
static uint64_t page_sharers(const struct listed *listed, uint64_t word, uint64_t viewers)
{
    if (!is_own(listed, word))
        return viewers;
    uint64_t references = word >> PAGE_REFERENCES_SHIFT & 0xffff;
    return references ? references : 1;
}

/* Memories that show what the mapping shows. */
uint64_t listed_viewers(const struct listed *listed)
{
    uint64_t viewers = 0;
    if (!listed->shown)
        return listed->special ? process_count() : 1;
    for (const struct process *process = process_first(); process;
         process = process->family.all_next) {
        const struct memory *memory = process->memory;
        if (!memory || (memory->references > 1 && memory->owner != process->pid))
            continue;
        for (uint32_t i = 0; i < memory->views.count; i++) {
            const struct shown *shown = memory->views.array[i].shown;
            if (shown == listed->shown ||
                (listed->file && shown->file && shown->file->node == listed->file->node)) {
                viewers++;
                break;
            }
        }
    }
    return viewers ? viewers : 1;
}

static void add_page(const struct listed *listed, uint64_t word, uint64_t viewers,
                     struct page_sums *sums)
{
    if (!page_resident(listed, word)) {
        if (word & PAGE_TOKEN)
            sums->swapped += PAGE_SIZE;
        return;
    }
    bool own = is_own(listed, word), dirty = own || word & PAGE_DIRTY;
    uint64_t sharers = page_sharers(listed, word, viewers), share = (PAGE_SIZE << 12) / sharers;
    sums->resident += PAGE_SIZE;
    sums->share[own ? 0 : listed->file ? 1 : 2] += share;
    if (dirty)
        sums->share_dirty += share;
    if (sharers > 1)
        *(dirty ? &sums->shared_dirty : &sums->shared_clean) += PAGE_SIZE;
    else
        *(dirty ? &sums->private_dirty : &sums->private_clean) += PAGE_SIZE;
    if (word & PAGE_MAPPED && word & PAGE_REFERENCED)
        sums->referenced += PAGE_SIZE;
    if (own)
        sums->anonymous += PAGE_SIZE;
    if (listed->map & ADVICE_LOCKED) {
        sums->locked += PAGE_SIZE;
        sums->share_locked += share;
    }
}

int64_t page_sums_add(const struct memory *memory, const struct listed *listed, uint64_t viewers,
                      uint64_t from, struct page_sums *sums)
{
    uint64_t pages = (listed->end - from) >> PAGE_SHIFT;
    /* Addresses that were only reserved, often many: nothing was ever there. */
    if (!listed->shown && !listed->special && !(listed->map & (MAP_RIGHTS | ADVICE_ACCOUNT)))
        return (int64_t)pages;
    if (pages > PAGES_MOST)
        pages = PAGES_MOST;
    int64_t told = page_query(memory->space, from, pages, 0);
    for (int64_t i = 0; i < told; i++)
        add_page(listed, MESSAGE_WORDS[i], viewers, sums);
    return told < 0 ? told : (int64_t)pages;
}

/* ---- pagemap ---- */

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_EXCLUSIVE   (1UL << 56)
#define PAGEMAP_FILE        (1UL << 61)
#define PAGEMAP_SWAPPED     (1UL << 62)
#define PAGEMAP_PRESENT     (1UL << 63)
#define LINUX_CAP_SYS_ADMIN 21

static uint64_t entries[PAGES_MOST]; /* of the call being served */

/* Entries for pages of one mapping whose words lie in the message page. */
static void fill_entries(const struct listed *listed, uint64_t viewers, bool frames,
                         uint64_t *entry, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t word = MESSAGE_WORDS[i];
        if (!page_resident(listed, word)) {
            bool zeros = word & PAGE_ZERO && word & PAGE_MAPPED;
            entry[i] = zeros ? PAGEMAP_PRESENT : word & PAGE_TOKEN ? PAGEMAP_SWAPPED : 0;
            continue;
        }
        entry[i] = PAGEMAP_PRESENT | (frames ? word >> PAGE_FRAME_SHIFT : 0) |
                   (is_own(listed, word) ? 0 : PAGEMAP_FILE) |
                   (page_sharers(listed, word, viewers) == 1 ? PAGEMAP_EXCLUSIVE : 0);
    }
}

/* Entries of the pages from `address` on. */
static int64_t make_entries(const struct subject *subject, uint64_t address, uint64_t pages)
{
    const struct memory *memory = subject->process->memory;
    bool frames = subject->reader->process->family.credentials.effective >> LINUX_CAP_SYS_ADMIN & 1;
    uint64_t end = address + (pages << PAGE_SHIFT), at = address;
    struct listed listed;
    memset(entries, 0, pages * sizeof *entries);
    while (at < end && listing_next(memory, at, &listed) && listed.start < end) {
        uint64_t stop = listed.end < end ? listed.end : end;
        uint64_t part = (stop - listed.start) >> PAGE_SHIFT;
        int64_t told = page_query(memory->space, listed.start, part, 0);
        if (told < 0)
            return told;
        fill_entries(&listed, listed_viewers(&listed), frames,
                     entries + ((listed.start - address) >> PAGE_SHIFT), part);
        at = stop;
    }
    return 0;
}

static int64_t pagemap_read(struct thread *thread, struct open_file *file,
                            const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    const uint64_t size = (USER_END >> PAGE_SHIFT) * sizeof *entries;
    struct subject subject;
    uint64_t to, bytes;
    if (offset % sizeof *entries || total % sizeof *entries)
        return -EINVAL;
    int64_t error = subject_of(thread, file->node, &subject);
    if (error || !subject.process->memory)
        return error == -ESRCH ? 0 : error;
    if (offset >= size)
        return 0;
    if (total > size - offset)
        total = size - offset;
    while (vector_piece(vector, total, thread->progress, &to, &bytes)) {
        uint64_t done = 0, within = (offset + thread->progress) % sizeof entries[0];
        uint64_t address = (offset + thread->progress) / sizeof *entries << PAGE_SHIFT;
        if (bytes > sizeof entries - within)
            bytes = sizeof entries - within;
        error = make_entries(&subject, address,
                             (within + bytes + sizeof *entries - 1) / sizeof *entries);
        if (!error)
            error = client_write_part(thread, to, (char *)entries + within, bytes, &done);
        thread->progress += done;
        if (!error && thread->progress < total)
            error = client_pause(thread, thread->progress, done);
        if (error)
            return error == ANSWER_RETRY ? error : transfer_stopped(thread, error);
    }
    return (int64_t)total;
}

const struct file_operations pagemap_operations = {.read = pagemap_read};

/* ---- clear_refs ---- */

#define CLEAR_STEPS 16 /* in one message */

/* What was written: which mappings are meant. */
static bool is_meant(uint64_t what, const struct listed *listed)
{
    switch (what) {
    case 1:
        return true;
    case 2:
        return !listed->file;
    default:
        return listed->file;
    }
}

/* From thread->progress on, an address. */
static int64_t clear_all(const struct subject *subject, uint64_t what)
{
    struct thread *thread = subject->reader;
    const struct memory *memory = subject->process->memory;
    struct listed listed;
    for (unsigned steps = 0; memory && listing_next(memory, thread->progress, &listed); steps++) {
        uint64_t pages = (listed.end - listed.start) >> PAGE_SHIFT;
        if (steps == CLEAR_STEPS) {
            thread->retry_tag = TAG_RETRY_READ;
            thread->retries = 0;
            thread->retry[0] = 0;
            return ANSWER_RETRY;
        }
        if (!is_meant(what, &listed)) {
            thread->progress = listed.end;
            continue;
        }
        if (pages > PAGES_MOST)
            pages = PAGES_MOST;
        int64_t told = page_query(memory->space, listed.start, pages, PAGES_CLEAR_REFERENCED);
        if (told < 0)
            return told;
        thread->progress = listed.start + (pages << PAGE_SHIFT);
    }
    return 0;
}

int64_t clear_references(const struct subject *subject, const char *bytes, size_t length)
{
    uint64_t what;
    while (length && (bytes[length - 1] == '\n' || bytes[length - 1] == ' '))
        length--;
    if (!number_read(bytes, length, 6, &what) || what == 0)
        return -EINVAL;
    switch (what) {
    case 4: /* whether a page was written since is not remembered, nor the largest size: */
    case 5: /* … nothing to forget */
        return 0;
    default:
        return clear_all(subject, what);
    }
}
