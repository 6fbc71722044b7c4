/*
 * servers.c: a server's pool, space, thread and handles. What cannot be made ends
 * the system with the server's name: a system without one of its parts would only
 * fail later, and less clearly.
 */
#include "devices.h"
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/startup.h"
#include "lib/wired.h"
#include "root.h"

/* A startup block that grows while handles are given. */
struct gift {
    struct server *server;
    struct startup *block;
    size_t bytes;
};

static handle must(const struct server *server, int64_t result, const char *what)
{
    if (result < 0)
        die("server %s (manifest:%u): %s: %s", server->wish->name, server->wish->line, what,
            error_name(result));
    return (handle)result;
}

static void name_handle(struct gift *gift, const char *name, const char *suffix, handle given)
{
    struct startup *block = wired_resize(gift->block, gift->bytes + sizeof(struct startup_handle));
    if (!block)
        die("no memory for the handles of server %s", gift->server->wish->name);
    gift->block = block;
    gift->bytes += sizeof(struct startup_handle);
    struct startup_handle *entry = &block->handles[block->count++];
    format_text(entry->name, sizeof entry->name, "%s%s", name, suffix);
    entry->handle = given;
}

/* Duplicates `from` into the server with these rights and badge (0: none), under this name. */
static void give(struct gift *gift, const char *name, const char *suffix, handle from,
                 uint64_t rights, uint64_t badge)
{
    int64_t given = handle_dup(from, rights, badge, gift->server->space);
    name_handle(gift, name, suffix, must(gift->server, given, name));
}

handle endpoint_of(const char *name)
{
    return ((struct server *)manifest_find(&the_system.manifest, name)->owner)->endpoint;
}

/* The parts of a device, each under its own name; none where the board lacks it. */
static void give_device(struct gift *gift, struct manifest_grant *grant)
{
    for (const struct device_part *part = device_parts(grant); part; part = part->next) {
        give(gift, grant->name, part->suffix, part->object, part->rights, 0);
        struct startup_handle *given = &gift->block->handles[gift->block->count - 1];
        given->offset = part->offset;
        given->bytes = part->bytes;
    }
}

static void give_grants(struct gift *gift)
{
    struct manifest_grant *grant = gift->server->wish->grants;
    for (; grant; grant = grant->next) {
        if (grant->kind == GRANT_DEVICE)
            give_device(gift, grant);
        else
            give(gift, grant->name, "", endpoint_of(grant->name),
                 grant->kind == GRANT_PAGER ? RIGHT_WRITE | RIGHT_PAGER : RIGHT_WRITE,
                 grant->badge);
    }
}

/* Numbers 1, 2 and 3 of every native program: nothing else was given to the space before. */
static void give_itself(struct gift *gift)
{
    const struct server *server = gift->server;
    const handle own[] = {server->space, server->thread, server->pool};
    for (unsigned i = 0; i < sizeof own / sizeof *own; i++) {
        int64_t given =
            handle_dup(own[i], RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE, 0, server->space);
        if (given != HANDLE_SPACE + i)
            die("server %s: its handle %u became %ld", server->wish->name, HANDLE_SPACE + i, given);
    }
}

/* A notification that root receives with this badge, to be set by others. */
static handle notification_with_badge(const struct server *server, uint64_t badge)
{
    return must(server, create_notification(badge, the_system.endpoint), "a notification");
}

static bool was_given(const struct gift *gift, const char *name)
{
    for (uint32_t i = 0; i < gift->block->count; i++)
        if (!strcmp(gift->block->handles[i].name, name))
            return true;
    return false;
}

/* Whoever runs programs: their memory, the pager behind them, and a way to say that the first one
 * ended. */
static void give_personality(struct gift *gift)
{
    const char *pager = the_system.manifest.program_pager;
    handle ended = notification_with_badge(gift->server, (uintptr_t)gift->server | BADGE_EXIT);
    give(gift, "exit", "", ended, RIGHT_WRITE, 0);
    handle_close(ended);
    give(gift, "programs", "", the_system.programs, RIGHT_READ | RIGHT_MANAGE, 0);
    if (pager && !was_given(gift, pager))
        give(gift, pager, "", endpoint_of(pager), RIGHT_WRITE | RIGHT_PAGER, 0);
}

static void give_all(struct gift *gift)
{
    const struct manifest_server *wish = gift->server->wish;
    give_itself(gift);
    if (wish->endpoint)
        give(gift, "self", "", gift->server->endpoint, RIGHT_RECV | RIGHT_MANAGE | RIGHT_PAGER, 0);
    give_grants(gift);
    if (wish->bundle)
        give(gift, "bundle", "", HANDLE_BUNDLE, RIGHT_READ | RIGHT_EXEC, 0);
    if (wish->system)
        give(gift, "system", "", HANDLE_SYSTEM, RIGHT_READ | RIGHT_MANAGE, 0);
    if (wish->level == LEVEL_PROC)
        give_personality(gift);
}

bool boot_argument_is(const char *wanted)
{
    const char *at = the_system.facts.arguments;
    size_t length = strlen(wanted);
    while (*at) {
        size_t word = 0;
        while (at[word] && at[word] != ' ')
            word++;
        if (word == length && !memcmp(at, wanted, length))
            return true;
        at += word + (at[word] == ' ');
    }
    return false;
}

/* The startup block, argument at its end, in read-only pages of the server. */
static void write_startup(const struct server *server, struct gift *gift)
{
    const char *argument = server->wish->argument ? server->wish->argument : "";
    size_t length = strlen(argument) + 1, bytes = gift->bytes + length;
    struct startup *block = wired_resize(gift->block, bytes);
    if (!block)
        die("no memory for the argument of server %s", server->wish->name);
    memcpy((char *)block + gift->bytes, argument, length);
    block->bytes = (uint32_t)bytes;
    block->bundle_bytes = server->wish->bundle ? the_system.facts.bundle_bytes : 0;
    block->seed = the_system.facts.seed;
    block->escape_output = boot_argument_is("console=runner");
    block->level = server->wish->level;
    block->deaths = server->deaths;
    text_copy(block->name, sizeof block->name, server->wish->name);
    pages_give(server, LAYOUT_STARTUP, (bytes + PAGE_SIZE - 1) / PAGE_SIZE, MAP_READ, block, bytes,
               0);
    wired_free(block);
}

static void name_space(const struct server *server)
{
    uint64_t name[2] = {0};
    text_copy((char *)name, sizeof name, server->wish->name);
    space_ctl(server->space, SPACE_NAME, name[0], name[1]);
}

static void watch_space(const struct server *server)
{
    handle died = notification_with_badge(server, (uintptr_t)server);
    must(server, space_ctl(server->space, SPACE_WATCH, died, 1), "watching it");
    handle_close(died);
}

void server_make(struct server *server)
{
    const struct manifest_server *wish = server->wish;
    server->pool = must(
        server,
        create_pool(HANDLE_POOL, wish->pool_guaranteed / PAGE_SIZE, wish->pool_limit / PAGE_SIZE),
        "its pool");
    server->space =
        must(server, space_create(server->pool, wish->level, 0, wish->priority), "its space");
    name_space(server);
    pages_give(server, LAYOUT_STACK_TOP - LAYOUT_STACK_PAGES * PAGE_SIZE, LAYOUT_STACK_PAGES,
               MAP_READ | MAP_WRITE, NULL, 0, 0);
    pages_give(server, LAYOUT_MESSAGE_PAGE, 1, MAP_READ | MAP_WRITE, NULL, 0, 0);
    server->thread = must(
        server, thread_create(server->space, LAYOUT_MESSAGE_PAGE, wish->priority, 0), "its thread");
    watch_space(server);
    server->alive = true;
}

void server_start(struct server *server)
{
    struct cpio_entry file;
    struct gift gift = {.server = server, .bytes = sizeof(struct startup)};
    gift.block = wired_alloc(gift.bytes);
    if (!gift.block)
        die("no memory for the handles of server %s", server->wish->name);
    if (cpio_find(the_system.bundle, the_system.facts.bundle_bytes, server->wish->image, &file) !=
        1)
        die("server %s (manifest:%u): the bundle has no %s", server->wish->name, server->wish->line,
            server->wish->image);
    uint64_t entry = image_load(server, &file);
    give_all(&gift);
    write_startup(server, &gift);
    must(server, thread_ctl(server->thread, THREAD_START, entry, LAYOUT_STACK_TOP, LAYOUT_STARTUP),
         "starting it");
}
