/*
 * ranges.h: arithmetic on ranges of a program's addresses, and who may place what where.
 */
#pragma once
#include "memory/linux_memory.h"
#include "memory/memory.h"
#include "proc.h"

#define LOWEST      0x10000UL /* as Linux's vm.mmap_min_addr: null stays unmapped, unless by root */
#define PAGE_MASK   (PAGE_SIZE - 1UL)
#define STACK_GUARD (256 * PAGE_SIZE) /* as Linux's stack_guard_gap: kept free below what grows */
#define MAP_RIGHTS  (MAP_READ | MAP_WRITE | MAP_EXEC)

static inline uint64_t round_up(uint64_t bytes)
{
    return (bytes + PAGE_MASK) & ~PAGE_MASK;
}

/* On this architecture what can be written or executed can be read. */
static inline uint64_t rights_of(uint64_t protection)
{
    uint64_t rights = 0;
    if (protection & (LINUX_PROT_READ | LINUX_PROT_WRITE | LINUX_PROT_EXEC))
        rights |= MAP_READ;
    if (protection & LINUX_PROT_WRITE)
        rights |= MAP_WRITE | ADVICE_ACCOUNT;
    if (protection & LINUX_PROT_EXEC)
        rights |= MAP_EXEC;
    if (rights && !(protection & LINUX_PROT_READ))
        rights |= ADVICE_NOREAD;
    return rights;
}

/* True when [address, address + bytes) leaves the user half. */
static inline bool outside(uint64_t address, uint64_t bytes)
{
    return bytes > USER_END || address > USER_END - bytes;
}

static inline struct memory *memory_of(const struct thread *thread)
{
    return thread->process->memory;
}

static inline bool capable(const struct thread *thread, unsigned capability)
{
    return thread->process->family.credentials.effective >> capability & 1;
}

static inline uint64_t limit_of(const struct thread *thread, unsigned resource)
{
    return thread->process->limits[resource].current;
}

/* ---- regions.c ---- */

/* What is mapped where. */
struct extent {
    uint64_t address, bytes; /* page aligned */
    uint64_t map;            /* MAP_* with advice; ADVICE_SHARED: the shown object itself */
    struct shown *shown;     /* NULL: private and anonymous */
    uint64_t page;           /* of the file or shared memory */
};

/* Maps it where nothing is. What lies beyond the end of a file is SIGBUS. 0, -EEXIST, -ENOMEM, …:
 * then nothing is mapped. */
int64_t extent_map(struct memory *memory, const struct extent *extent);

/* Unmaps whatever is in a range and forgets contents that nobody else has. When memory ends, part
 * of it may have been done if the range holds other than anonymous memory. */
int64_t memory_unmap(struct memory *memory, uint64_t address, uint64_t bytes);

/* Like memory_unmap for one part of one region, whose contents stay: they are shown elsewhere. */
int64_t memory_leave(struct memory *memory, const struct region_facts *part);

/* Counts a region that shows what another one shows, too. */
void region_counted(struct memory *memory, const struct region_facts *part);

/* The region at `address`, or the next, cut to [address, end): false when there is none. */
bool region_next(const struct memory *memory, uint64_t address, uint64_t end,
                 struct region_facts *facts);

static inline uint64_t facts_end(const struct region_facts *facts)
{
    return facts->start + (facts->pages << PAGE_SHIFT);
}

/* True when the region shows the program's own object, not a shared one. */
static inline bool region_own(const struct region_facts *facts)
{
    return !(facts->map & ADVICE_SHARED) || facts->source || facts->map & ADVICE_BEYOND;
}

/* What a region shows that is not the program's own, or NULL. */
static inline struct shown *view_of(const struct views *views, const struct region_facts *facts)
{
    if (!region_own(facts))
        return view_find(views, facts->object, facts->first);
    return facts->source ? view_find(views, facts->source, facts->source_first) : NULL;
}

/* How many of its pages are not behind the end of what it shows. */
uint64_t region_there(const struct region_facts *part, const struct shown *shown);

/* True when `next`, which begins where `facts` ends, is the same mapping as Linux sees it. */
bool region_continues(const struct region_facts *facts, const struct region_facts *next);

/* ---- layout.c ---- */

/* Maps at an address of proc's choice, which extent->address then is. As extent_map otherwise. */
int64_t layout_map_anywhere(struct memory *memory, struct extent *extent);

/* Remembers [address, end) as free. */
void layout_note_hole(struct layout *layout, uint64_t address, uint64_t end);

/* True when [address, address + bytes) is free, also of guards. */
bool layout_free(const struct memory *memory, uint64_t address, uint64_t bytes);

/* ---- limits.c ---- */

/* Pages mapped, by kind, as Linux counts them for its limits and /proc/PID/status. */
struct totals {
    uint64_t pages, data, stack, executable, locked;
};
struct totals memory_totals(const struct memory *memory);

/* May so many pages more be mapped with these MAP_*? RLIMIT_AS and RLIMIT_DATA. */
bool limits_allow(const struct thread *thread, uint64_t map, uint64_t pages);
/* … be locked? RLIMIT_MEMLOCK. */
bool limits_allow_lock(const struct thread *thread, uint64_t pages);

/* True when the pool could never fill `bytes` more, whatever else happens: then the call says so
 * rather than the first touch. */
bool memory_hopeless(const struct memory *memory, uint64_t bytes);

/* ---- populate.c ---- */

enum populate_access {
    POPULATE_FRESH,     /* as mapped, and nobody touched it yet */
    POPULATE_AS_MAPPED, /* private memory that can be written as if written, else as if read */
    POPULATE_READ,
    POPULATE_WRITE,
};

/*
 * Brings in the pages of [address, end) from thread->progress on (0: from the start), which it
 * advances, for a while. 0: all done; ANSWER_RETRY: the call is to come again; -ENOMEM: a gap, or
 * memory has ended; -EFAULT: a part without rights.
 */
int64_t memory_populate(struct thread *thread, uint64_t address, uint64_t end,
                        enum populate_access access);
