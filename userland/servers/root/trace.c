/*
 * trace.c: with the boot argument trace=dump, the kernel's trace rings as text in
 * the log, for tools on the host: "trace CPU TIME EVENT THREAD A B", in hexadecimal,
 * TIME in nanoseconds since boot, between "trace begin" and "trace end". Records
 * are collected first: writing a line leaves records of its own.
 */
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "root.h"

#define PER_PAGE (PAGE_SIZE / sizeof(struct trace_record))

struct collection {
    struct trace_record *records;
    size_t count, room;
};

static bool add(struct collection *collection, size_t count)
{
    if (collection->count + count > collection->room) {
        size_t room = collection->room * 2 + PER_PAGE;
        void *larger = wired_resize(collection->records, room * sizeof *collection->records);
        if (!larger)
            return false;
        collection->records = larger;
        collection->room = room;
    }
    memcpy(collection->records + collection->count, MESSAGE_BYTES,
           count * sizeof *collection->records);
    collection->count += count;
    return true;
}

/* One CPU's ring, up to the record it ended with when the collection began. */
static void collect(struct collection *collection, uint64_t cpu)
{
    uint64_t next = 0;
    for (;;) {
        struct registers r = NATIVE_CALL(SYSCALL_debug, IN(0, HANDLE_SYSTEM) IN(1, DEBUG_TRACE)
                                                            IN(2, cpu) IN(3, next));
        uint64_t count = r.x[0];
        if (native_failed(count) || !count || !add(collection, count))
            return;
        next = r.x[1] + count;
        if (count < PER_PAGE)
            return; /* the rest is our own doing */
    }
}

void trace_dump(void)
{
    struct collection collection = {0};
    if (!boot_argument_is("trace=dump"))
        return;
    for (uint64_t cpu = 0; cpu < the_system.facts.cpus; cpu++)
        collect(&collection, cpu);
    log_print(LOG_NOTICE, "trace begin\n");
    for (size_t i = 0; i < collection.count; i++) {
        const struct trace_record *record = &collection.records[i];
        log_print(LOG_NOTICE, "trace %x %lx %x %x %lx %lx\n", record->cpu, record->time,
                  record->event, record->thread, record->a, record->b);
    }
    log_print(LOG_NOTICE, "trace end\n");
    wired_free(collection.records);
}
