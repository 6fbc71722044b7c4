/*
 * wired.c: the allocator behind wired.h. No kernel call in here: pages come from
 * wired_backend, so the same code runs in host unit tests.
 *
 * Every allocation lies in a run: pages that begin with a struct run. Masking a
 * pointer finds the header, because objects of small runs are in their one page
 * and a large run's only object starts in its first page. Small runs keep a bit
 * per object: a wrong or second free is noticed, and there is no list to corrupt.
 */
#include "lib/wired.h"
#include "lib/memory.h"
#include <stdbool.h>

#define PAGE_BYTES  4096
#define RUN_MAGIC   0x57495245 /* "WIRE" */
#define CHUNK_PAGES 16         /* pages for small runs are obtained by so many, or one by one */
#define ALONE       CHUNK_PAGES /* the place of a page that was */
#define LARGE       0xff
#define KEPT_LEAST  64  /* free pages; from there on chunks that are all free are given back */
#define OBJECTS_MAX 256 /* (PAGE_BYTES - header) / 16 fits, and into `used` */

struct run {
    uint32_t magic;
    uint8_t size_class; /* index in class_bytes, or LARGE */
    uint8_t used;       /* objects of a small run */
    uint8_t place;      /* of a page in its chunk, 0 the first; or ALONE */
    uint8_t free;       /* in the first page of a chunk: pages of it that are free */
    struct run *next;    /* small: runs of the class with room, or free pages */
    union {
        struct {
            struct run **link; /* what points here while it is in a list, else NULL */
            uint64_t taken[OBJECTS_MAX / 64];
        };
        struct {
            size_t pages; /* large; 0: one of those that are kept */
            size_t bytes;
            uint64_t word;
        };
    };
    uint64_t chunk_word; /* the backend's, in the first page of a chunk */
};
#define HEADER_BYTES 64
_Static_assert(sizeof(struct run) <= HEADER_BYTES, "objects start at a fixed offset");

/* Each at most half as large again as the one before; the larger ones divide a page well. */
static const uint16_t class_bytes[] = {16,  32,  48,  64,  96,   128,  192,
                                       256, 384, 512, 672, 1008, 1344, 2016};
#define CLASSES (sizeof class_bytes / sizeof *class_bytes)

static struct run *roomy[CLASSES];
static struct run *free_pages;
static struct wired_statistics held;
static size_t kept;       /* pages in free_pages */
static size_t most_pages; /* beyond is scarce; 0: no such bound */

static unsigned class_of(size_t bytes)
{
    unsigned class = 0;
    while (class < CLASSES && class_bytes[class] < bytes)
        class ++;
    return class;
}

static unsigned capacity(const struct run *run)
{
    return (PAGE_BYTES - HEADER_BYTES) / class_bytes[run->size_class];
}

static void list_add(struct run **list, struct run *run)
{
    run->next = *list;
    if (run->next)
        run->next->link = &run->next;
    run->link = list;
    *list = run;
}

static void list_remove(struct run *run)
{
    *run->link = run->next;
    if (run->next)
        run->next->link = run->link;
    run->link = NULL;
}

static bool obtain_pages(size_t pages)
{
    uint64_t word;
    char *memory = wired_backend->grow(pages, &word);
    if (!memory)
        return false;
    held.pages += pages;
    for (size_t i = 0; i < pages; i++) {
        struct run *run = (struct run *)(memory + i * PAGE_BYTES);
        run->place = (uint8_t)(pages == 1 ? ALONE : i);
        run->chunk_word = word;
        run->free = i ? 0 : (uint8_t)pages;
        list_add(&free_pages, run);
    }
    kept += pages;
    return true;
}

static struct run *first_of(struct run *run)
{
    return run->place == ALONE ? run : (struct run *)((char *)run - run->place * PAGE_BYTES);
}

/* Gives a chunk back whose pages are all free. */
static void give_back(struct run *first)
{
    size_t pages = first->place == ALONE ? 1 : CHUNK_PAGES;
    for (size_t i = 0; i < pages; i++)
        list_remove((struct run *)((char *)first + i * PAGE_BYTES));
    kept -= pages;
    held.pages -= pages;
    wired_backend->release(first, pages, first->chunk_word);
}

/* One page of those that are kept. NULL: no memory. */
static struct run *take_page(void)
{
    if (!free_pages && !obtain_pages(CHUNK_PAGES) && !obtain_pages(1))
        return NULL;
    struct run *run = free_pages;
    list_remove(run);
    kept--;
    first_of(run)->free--;
    return run;
}

static void give_page(struct run *run)
{
    struct run *first = first_of(run);
    size_t pages = first->place == ALONE ? 1 : CHUNK_PAGES;
    run->magic = 0;
    list_add(&free_pages, run);
    kept++;
    if (++first->free == pages && kept >= KEPT_LEAST + pages)
        give_back(first);
}

static struct run *new_small_run(unsigned class)
{
    struct run *run = take_page();
    if (!run)
        return NULL;
    run->magic = RUN_MAGIC;
    run->size_class = (uint8_t) class;
    run->used = 0;
    memset(run->taken, 0, sizeof run->taken);
    list_add(&roomy[class], run);
    return run;
}

static void *alloc_small(unsigned class)
{
    struct run *run = roomy[class] ? roomy[class] : new_small_run(class);
    if (!run)
        return NULL;
    unsigned slot = 0;
    while (run->taken[slot / 64] == UINT64_MAX)
        slot += 64;
    slot += (unsigned)__builtin_ctzl(~run->taken[slot / 64]);
    run->taken[slot / 64] |= 1ul << slot % 64;
    if (++run->used == capacity(run))
        list_remove(run);
    char *object = (char *)run + HEADER_BYTES + slot * class_bytes[class];
    return memset(object, 0, class_bytes[class]);
}

/* Most of a page, which is kept when it is freed. */
static void *alloc_page(size_t bytes)
{
    struct run *run = take_page();
    if (!run)
        return NULL;
    run->magic = RUN_MAGIC;
    run->size_class = LARGE;
    run->pages = 0;
    run->bytes = bytes;
    return memset((char *)run + HEADER_BYTES, 0, bytes);
}

static void *alloc_large(size_t bytes)
{
    if (bytes <= PAGE_BYTES - HEADER_BYTES)
        return alloc_page(bytes);

    if (bytes > SIZE_MAX - HEADER_BYTES - PAGE_BYTES)
        return NULL;
    size_t pages = (bytes + HEADER_BYTES + PAGE_BYTES - 1) / PAGE_BYTES;
    uint64_t word;
    struct run *run = wired_backend->grow(pages, &word);
    if (!run)
        return NULL;
    *run = (struct run){.magic = RUN_MAGIC, .size_class = LARGE};
    run->pages = pages;
    run->bytes = bytes;
    run->word = word;
    held.pages += pages;
    return (char *)run + HEADER_BYTES;
}

void *wired_alloc(size_t bytes)
{
    unsigned class = class_of(bytes);
    void *object = class < CLASSES ? alloc_small(class) : alloc_large(bytes);
    held.objects += object != NULL;
    return object;
}

void *wired_alloc_array(size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : wired_alloc(bytes);
}

/* The run an object is in. A pointer that was never given out ends the program here and now. */
static struct run *run_of(const void *object, unsigned *slot)
{
    uintptr_t address = (uintptr_t)object;
    struct run *run = (struct run *)(address & ~(uintptr_t)(PAGE_BYTES - 1));
    size_t offset = address - (uintptr_t)run - HEADER_BYTES;
    if (run->magic != RUN_MAGIC)
        __builtin_trap();
    if (run->size_class == LARGE) {
        if (offset)
            __builtin_trap();
        return run;
    }
    size_t size = class_bytes[run->size_class];
    *slot = (unsigned)(offset / size);
    if (offset >= PAGE_BYTES || offset % size || !(run->taken[*slot / 64] >> *slot % 64 & 1))
        __builtin_trap();
    return run;
}

static void free_small(struct run *run, unsigned slot)
{
    run->taken[slot / 64] &= ~(1ul << slot % 64);
    if (run->used-- == capacity(run))
        list_add(&roomy[run->size_class], run);
    if (!run->used) {
        list_remove(run);
        give_page(run);
    }
}

void wired_free(void *memory)
{
    unsigned slot;
    if (!memory)
        return;
    struct run *run = run_of(memory, &slot);
    held.objects--;
    if (run->size_class != LARGE) {
        free_small(run, slot);
        return;
    }
    if (!run->pages) {
        give_page(run);
        return;
    }
    held.pages -= run->pages;
    run->magic = 0;
    wired_backend->release(run, run->pages, run->word);
}

void *wired_resize(void *old, size_t bytes)
{
    unsigned slot;
    if (!old)
        return wired_alloc(bytes);
    struct run *run = run_of(old, &slot);
    bool large = run->size_class == LARGE;
    size_t had = large ? run->bytes : class_bytes[run->size_class];
    if (!large && class_of(bytes) == run->size_class) {
        memset((char *)old + bytes, 0, had - bytes); /* what grows back later is zeroed */
        return old;
    }
    void *new = wired_alloc(bytes);
    if (!new)
        return NULL;
    memcpy(new, old, had < bytes ? had : bytes);
    wired_free(old);
    return new;
}

char *wired_text(const char *from, size_t length)
{
    char *text = length < SIZE_MAX ? wired_alloc(length + 1) : NULL;
    if (text)
        memcpy(text, from, length);
    return text;
}

struct wired_statistics wired_statistics(void)
{
    return held;
}

void wired_reserve(size_t pages)
{
    most_pages = pages;
}

bool wired_scarce(void)
{
    return most_pages && held.pages - kept > most_pages;
}
