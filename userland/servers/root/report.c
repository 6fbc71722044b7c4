/*
 * report.c: what happened, in a few lines for people, and the audit of all frames.
 */
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "root.h"

static bool read_counters(struct counters *counters)
{
    if (debug(HANDLE_SYSTEM, DEBUG_COUNTERS, 0, 0) < 0)
        return false;
    memcpy(counters, MESSAGE_BYTES, sizeof *counters);
    return true;
}

/* Asks a server by name. False: it is not there, or does not answer that. */
static bool ask(const char *name, uint64_t number, struct message *message)
{
    const struct manifest_server *wish = manifest_find(&the_system.manifest, name);
    const struct server *server = wish ? wish->owner : NULL;
    *message = (struct message){.w = {number}};
    return server && server->alive && server->endpoint && !call(server->endpoint, 0, message) &&
           !message->w[0];
}

static void report_program(int status)
{
    struct message proc;
    if (ask("proc", PROC_STATUS, &proc))
        log_print(LOG_NOTICE,
                  "  program   exit status %d; %lu minor and %lu major faults; %lu system calls, "
                  "%lu process(es)\n",
                  status, proc.w[2], proc.w[3], proc.w[4], proc.w[5]);
}

/* Faults of root and the servers themselves: their memory is resident, but entered when touched. */
static uint64_t faults_of_servers(void)
{
    struct space_statistics statistics;
    uint64_t faults = space_statistics(HANDLE_SPACE, &statistics) < 0 ? 0 : statistics.minor;
    for (const struct server *server = the_system.servers; server; server = server->next)
        if (server->alive && space_statistics(server->space, &statistics) >= 0)
            faults += statistics.minor;
    return faults;
}

static void report_faults(const struct counters *counters)
{
    struct message anon;
    uint64_t all = counters->faults_pager + counters->faults_soft + counters->faults_refused;
    log_print(
        LOG_NOTICE,
        "  faults    %lu: %lu sent to a pager, %lu answered by the kernel alone, %lu refused; "
        "%lu of them in servers\n",
        all, counters->faults_pager, counters->faults_soft, counters->faults_refused,
        faults_of_servers());
    if (ask("anon", ANON_STATISTICS, &anon))
        log_print(LOG_NOTICE,
                  "  pager     anon answered %lu: %lu zeroed, %lu shared zero page, %lu copied, "
                  "%lu made writable\n",
                  anon.w[1], anon.w[2], anon.w[3], anon.w[4], anon.w[5]);
    if (the_system.manifest.program_pager)
        log_print(LOG_NOTICE, "  pager     %s was behind the program\n",
                  the_system.manifest.program_pager);
}

static void report_messages(const struct counters *counters)
{
    struct message proc;
    uint64_t system_calls = ask("proc", PROC_STATUS, &proc) ? proc.w[4] : 0;
    log_print(LOG_NOTICE,
              "  messages  %lu page faults to pagers, %lu system calls to proc; %lu times another "
              "thread was picked to run\n",
              counters->faults_pager, system_calls, counters->switches);
}

static void report_frames(void)
{
    struct ledger ledger;
    int64_t error = debug(HANDLE_SYSTEM, DEBUG_LEDGER, 0, 0);
    if (error < 0)
        return;
    memcpy(&ledger, MESSAGE_BYTES, sizeof ledger);
    if (!error)
        log_print(LOG_NOTICE, "  ledger    every frame accounted for\n");
    log_print(LOG_NOTICE,
              "  frames    %lu of 4 KiB: %lu free, %lu kernel and bundle, %lu kernel objects, "
              "%lu tables, %lu slots, %lu pages\n",
              ledger.total, ledger.free, ledger.kernel, ledger.slab, ledger.table, ledger.slot,
              ledger.page);
}

/* Adds one pool to a line of them; a full line goes out. */
static void add_pool(char line[LOG_LINE_BYTES], size_t *length, const char *name, handle pool)
{
    struct pool_facts facts;
    char text[80];
    if (pool_query(pool, &facts) < 0)
        return;
    size_t bytes = format_text(text, sizeof text, "%s %lu of %lu", name,
                               facts.used * PAGE_SIZE / 1024, facts.limit * PAGE_SIZE / 1024);
    if (*length + bytes > LOG_LINE_BYTES / 2) {
        log_print(LOG_NOTICE, "  pools     %s,\n", line);
        *length = 0;
    }
    *length +=
        format_text(line + *length, LOG_LINE_BYTES - *length, "%s%s", *length ? ", " : "", text);
}

/* What each server and the programs hold of what they may have. */
static void report_pools(void)
{
    char line[LOG_LINE_BYTES];
    size_t length = 0;
    for (const struct server *server = the_system.servers; server; server = server->next)
        if (server->alive)
            add_pool(line, &length, server->wish->name, server->pool);
    add_pool(line, &length, "programs", the_system.programs);
    log_print(LOG_NOTICE, "  pools     %s KiB\n", line);
}

void report_summary(int status)
{
    struct counters counters;
    log_print(LOG_NOTICE, "what happened\n");
    report_program(status);
    if (read_counters(&counters)) {
        report_faults(&counters);
        report_messages(&counters);
    }
    report_frames();
    report_pools();
}

bool ledger_balances(void)
{
    struct ledger ledger;
    int64_t error = debug(HANDLE_SYSTEM, DEBUG_LEDGER, 0, 0);
    if (!error)
        return true;
    memcpy(&ledger, MESSAGE_BYTES, sizeof ledger);
    log_print(LOG_ERROR,
              "pagoda: the frame ledger does not balance (%s): total %lu, free %lu, charged %lu, "
              "%lu contradictions\n",
              error < 0 ? error_name(error) : "audit", ledger.total, ledger.free, ledger.charged,
              ledger.errors);
    return false;
}
