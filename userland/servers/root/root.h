/*
 * root.h: what the parts of root share: the system as the manifest describes it
 * and as it then exists.
 */
#pragma once
#include "lib/cpio.h"
#include "lib/manifest.h"
#include "lib/native.h"

#define STATUS_SYSTEM_FAILED 125 /* the emulator's exit status when no program's can be given */

/* A server that runs, or is about to. `wish` is its part of the manifest. */
struct server {
    struct server *next; /* in order of level, lowest first */
    struct manifest_server *wish;
    handle endpoint, pool, space, thread;
    bool alive;
    unsigned deaths;      /* of those that count … */
    uint64_t first_death; /* … since this one, seconds since boot */
};

struct system {
    struct boot_facts facts;
    const void *bundle; /* mapped, facts.bundle_bytes long */
    struct manifest manifest;
    struct server *servers;
    handle endpoint; /* only notifications arrive here: who died, what ended */
    handle programs; /* pool of all programs */
};
extern struct system the_system;

/* ---- servers.c ---- */

/* Is this word among the boot arguments? */
bool boot_argument_is(const char *wanted);

/* ---- main.c ---- */

/* Says why and powers off with STATUS_SYSTEM_FAILED. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- servers.c: makes what a server is, and gives it exactly what its lines say ---- */

/* The endpoint of the server of that name, which is in the manifest; 0: it has none any more. */
handle endpoint_of(const char *name);

/* Everything but its threads' first step. Endpoints of all servers exist already. */
void server_make(struct server *server);
void server_start(struct server *server);

/* Badges of root's notifications: the server's address, with this bit when its program ended. */
#define BADGE_EXIT 1

/* ---- load.c: an image into a space ---- */

/* Returns the entry point. Dies with the server's name where the image cannot be loaded. */
uint64_t image_load(const struct server *server, const struct cpio_entry *file);

/* Zeroed wired pages at `address` of the server, with `bytes` at `from` copied to offset `skip`. */
void pages_give(const struct server *server, uintptr_t address, uint64_t pages, uint64_t map,
                const void *from, size_t bytes, size_t skip);

/* ---- watch.c: until it is over ---- */

/* The exit status for the emulator. */
int watch_over_servers(void);

/* ---- report.c, trace.c: afterwards ---- */

void report_summary(int status);
bool ledger_balances(void);
void trace_dump(void);
