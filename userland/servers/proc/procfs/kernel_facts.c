/*
 * kernel_facts.c: what the kernel counts: vmstat, buddyinfo, zoneinfo, slabinfo.
 */
#include "files/remote.h"
#include "lib/layout.h"
#include "lib/memory.h"
#include "procfs.h"

/* By index in struct memory_facts, in the order they are told: the lowest first. */
static const struct {
    const char *name;
    unsigned index;
} zones[MEMORY_ZONES] = {{"DMA", 2}, {"Normal", 1}, {"HighMem", 0}};

int64_t buddy_information(const struct subject *subject, struct text *text)
{
    struct memory_facts facts;
    (void)subject;
    memory_facts_read(&facts);
    for (unsigned i = 0; i < MEMORY_ZONES; i++) {
        const struct zone_facts *zone = &facts.zones[zones[i].index];
        if (!zone->total)
            continue;
        text_add(text, "Node 0, zone %8s ", zones[i].name);
        for (unsigned order = 0; order < MEMORY_ORDERS; order++)
            text_add(text, "%6lu ", zone->blocks[order]);
        text_add(text, "\n");
    }
    return 0;
}

int64_t zone_information(const struct subject *subject, struct text *text)
{
    struct memory_facts facts;
    (void)subject;
    memory_facts_read(&facts);
    for (unsigned i = 0; i < MEMORY_ZONES; i++) {
        const struct zone_facts *zone = &facts.zones[zones[i].index];
        if (!zone->total)
            continue;
        text_add(text, "Node 0, zone %8s\n", zones[i].name);
        text_add(text,
                 "  pages free     %lu\n        boost    0\n        min      0\n"
                 "        low      0\n        high     0\n        spanned  %lu\n"
                 "        present  %lu\n        managed  %lu\n        cma      0\n",
                 zone->free, zone->total, zone->total, zone->total);
    }
    return 0;
}

int64_t vm_statistics(const struct subject *subject, struct text *text)
{
    struct memory_facts facts;
    struct counters counters;
    struct remote_memory remote;
    (void)subject;
    memory_facts_read(&facts);
    counters_read(&counters);
    remote_memory(&remote);
    const struct {
        const char *name;
        uint64_t value;
    } lines[] = {{"nr_free_pages", facts.free},
                 {"nr_active_anon", facts.page},
                 {"nr_inactive_file", remote.pages},
                 {"nr_mlock", 0},
                 {"nr_anon_pages", facts.page},
                 {"nr_mapped", 0},
                 {"nr_file_pages", pages_of_files() + remote.pages},
                 {"nr_dirty", remote.dirty},
                 {"nr_writeback", remote.writeback},
                 {"nr_slab_unreclaimable", facts.slab + facts.slot},
                 {"nr_page_table_pages", facts.table},
                 {"nr_shmem", pages_of_files()},
                 {"pgpgin", remote.read * (PAGE_SIZE / 1024)},
                 {"pgpgout", remote.written * (PAGE_SIZE / 1024)},
                 {"pswpin", 0},
                 {"pswpout", 0},
                 {"pgalloc_normal", counters.supplied_zero + counters.supplied_copy},
                 {"pgfree", counters.pages_discarded},
                 {"pgfault", counters.faults},
                 {"pgmajfault", 0}};
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        text_add(text, "%s %lu\n", lines[i].name, lines[i].value);
    return 0;
}

/* A name in one word. */
static void add_slab_name(const struct slab_facts *slab, struct text *text)
{
    char name[sizeof slab->name + 1] = {0};
    memcpy(name, slab->name, sizeof slab->name);
    for (char *at = name; *at; at++)
        if (*at == ' ')
            *at = '_';
    text_add(text, "%-17s", name);
}

static void add_slab(const struct slab_facts *slab, struct text *text)
{
    add_slab_name(slab, text);
    text_add(text,
             " %6lu %6lu %6lu %4lu %4lu : tunables    0    0    0 : slabdata %6lu %6lu      0\n",
             slab->objects, slab->slabs * slab->slab_capacity, slab->object_bytes,
             slab->slab_capacity, slab->slab_frames, slab->slabs, slab->slabs);
}

int64_t slab_information(const struct subject *subject, struct text *text)
{
    static struct slab_facts slabs[PAGE_SIZE / sizeof(struct slab_facts)];
    int64_t count;
    (void)subject;
    text_add(text, "slabinfo - version: 2.1\n"
                   "# name            <active_objs> <num_objs> <objsize> <objperslab> "
                   "<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : "
                   "slabdata <active_slabs> <num_slabs> <sharedavail>\n");
    for (uint64_t first = 0; (count = debug(HANDLE_NONE, DEBUG_SLAB, first, 0)) > 0;
         first += (uint64_t)count) {
        memcpy(slabs, MESSAGE_BYTES, (size_t)count * sizeof *slabs);
        for (int64_t i = 0; i < count; i++)
            add_slab(&slabs[i], text);
    }
    return count < 0 ? -EIO : 0;
}
