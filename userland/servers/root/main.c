/*
 * root: starts the system that the manifest describes, watches over it, and ends
 * it. Every server gets the handles its lines in the manifest name and no others.
 */
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/startup.h"
#include "lib/wired.h"
#include "root.h"

#define BUNDLE_ADDRESS LAYOUT_WIRED_END

struct system the_system;

_Noreturn void die(const char *format, ...)
{
    char reason[LOG_LINE_BYTES - 16];
    va_list arguments;
    va_start(arguments, format);
    format_text_v(reason, sizeof reason, format, arguments);
    va_end(arguments);
    log_print(LOG_ERROR, "pagoda: %s\n", reason);
    for (;;)
        debug(HANDLE_SYSTEM, DEBUG_EXIT, STATUS_SYSTEM_FAILED, 0);
}

static void ask_for_boot_facts(void)
{
    int64_t error = debug(HANDLE_SYSTEM, DEBUG_BOOT, 0, 0);
    if (error < 0)
        die("the kernel tells nothing about the board: %s", error_name(error));
    memcpy(&the_system.facts, MESSAGE_BYTES, sizeof the_system.facts);
}

static void map_bundle(void)
{
    uint64_t pages = (the_system.facts.bundle_bytes + PAGE_SIZE - 1) / PAGE_SIZE;
    int64_t error = region_map(HANDLE_SPACE, BUNDLE_ADDRESS, pages, MAP_READ | MAP_POPULATE,
                               HANDLE_BUNDLE, 0, 0, 0);
    if (error < 0)
        die("cannot map the bundle: %s", error_name(error));
    the_system.bundle = (const void *)BUNDLE_ADDRESS;
}

static struct cpio_entry find_in_bundle(const char *name)
{
    struct cpio_entry entry;
    int found = cpio_find(the_system.bundle, the_system.facts.bundle_bytes, name, &entry);
    if (found < 0)
        die("the bundle is malformed before or at %s", name);
    if (!found)
        die("the bundle has no %s", name);
    return entry;
}

/* So many percent of the machine's memory in whole pages, and not below `least`. Bytes. */
static uint64_t part_of_memory(unsigned percent, uint64_t least)
{
    uint64_t bytes = the_system.facts.memory_bytes / 100 * percent & ~(uint64_t)(PAGE_SIZE - 1);
    return bytes > least ? bytes : least;
}

static void read_manifest(void)
{
    char error[MANIFEST_ERROR_BYTES];
    struct cpio_entry text = find_in_bundle("manifest");
    if (manifest_parse(&the_system.manifest, (const char *)text.data, text.size, error))
        die("%s", error);
    for (struct manifest_server *wish = the_system.manifest.servers; wish; wish = wish->next)
        if (wish->pool_percent)
            wish->pool_limit = part_of_memory(wish->pool_percent, wish->pool_guaranteed);
}

/* Keeps the list in order of level: whoever is used by others is there before them. */
static void add_server(struct manifest_server *wish)
{
    struct server **place = &the_system.servers;
    struct server *server = wired_alloc(sizeof *server);
    if (!server)
        die("no memory for the list of servers");
    while (*place && (*place)->wish->level <= wish->level)
        place = &(*place)->next;
    *server = (struct server){.next = *place, .wish = wish};
    *place = server;
    wish->owner = server;
}

static void make_endpoints(void)
{
    int64_t own = create_endpoint(LEVEL_ROOT);
    if (own < 0)
        die("no endpoint for root: %s", error_name(own));
    the_system.endpoint = (handle)own;
    for (struct server *server = the_system.servers; server; server = server->next) {
        if (!server->wish->endpoint)
            continue;
        int64_t endpoint = create_endpoint(server->wish->level);
        if (endpoint < 0)
            die("no endpoint for server %s: %s", server->wish->name, error_name(endpoint));
        server->endpoint = (handle)endpoint;
    }
}

/* All that is left, but for what the servers may still take up to their limits. */
static uint64_t frames_for_programs(void)
{
    struct pool_facts root;
    uint64_t kept = 64; /* root's own */
    if (the_system.manifest.program_pool)
        return the_system.manifest.program_pool / PAGE_SIZE;
    for (struct server *server = the_system.servers; server; server = server->next)
        kept += (server->wish->pool_limit - server->wish->pool_guaranteed) / PAGE_SIZE;
    if (pool_query(HANDLE_POOL, &root) < 0 || root.limit - root.used <= kept)
        die("no memory left for programs");
    return root.limit - root.used - kept;
}

static void make_pool_for_programs(void)
{
    int64_t pool = create_pool(HANDLE_POOL, 0, frames_for_programs());
    if (pool < 0)
        die("no pool for programs: %s", error_name(pool));
    the_system.programs = (handle)pool;
}

int main(const struct startup *startup)
{
    (void)startup; /* root has none: its handles are numbers 1 to 6 */
    ask_for_boot_facts();
    map_bundle();
    read_manifest();
    for (struct manifest_server *wish = the_system.manifest.servers; wish; wish = wish->next)
        add_server(wish);
    make_endpoints(); /* first: servers are given handles to each other's */
    for (struct server *server = the_system.servers; server; server = server->next)
        server_make(server);
    make_pool_for_programs(); /* when all guarantees are given: it is what remains */
    for (struct server *server = the_system.servers; server; server = server->next)
        server_start(server);

    int status = watch_over_servers();

    trace_dump();
    if (the_system.manifest.summary)
        report_summary(status);
    if (!ledger_balances())
        status = STATUS_SYSTEM_FAILED;
    for (;;)
        debug(HANDLE_SYSTEM, DEBUG_EXIT, (uint64_t)status, 0);
}
