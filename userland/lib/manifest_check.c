/*
 * manifest_check.c: what can only be said of a manifest when all its lines are known.
 * No kernel call in here.
 */
#include "entry/abi.h"
#include "lib/manifest.h"
#include "lib/manifest_words.h"
#include "lib/memory.h"

#define FAIL(error, line, ...) (manifest_error(error, line, __VA_ARGS__), -EINVAL)

static int check_grant(const struct manifest *manifest, const struct manifest_server *server,
                       const struct manifest_grant *grant, char *error)
{
    if (grant->kind == GRANT_DEVICE)
        return 0;
    const struct manifest_server *other = manifest_find(manifest, grant->name);
    if (!other || !other->endpoint)
        return FAIL(error, grant->line, "no server \"%s\" with an endpoint", grant->name);
    if (other->level >= server->level)
        return FAIL(error, grant->line,
                    "\"%s\" (level %u) may only use lower levels, \"%s\" has %u", server->name,
                    server->level, other->name, other->level);
    return 0;
}

/* The line that the server lacks, or NULL. */
static const char *missing_line(const struct manifest_server *server)
{
    if (!server->image)
        return "image";
    if (server->level == MANIFEST_NO_LEVEL)
        return "level";
    return server->pool_limit || server->pool_percent ? NULL : "pool";
}

static int check_pager(const struct manifest *manifest, unsigned line, char *error)
{
    const struct manifest_server *pager = manifest_find(manifest, manifest->program_pager);
    if (!pager || !pager->endpoint)
        return FAIL(error, line, "no server \"%s\" with an endpoint", manifest->program_pager);
    if (pager->level >= LEVEL_PROC)
        return FAIL(error, line, "\"%s\" (level %u) must be below level %u to serve programs",
                    pager->name, pager->level, LEVEL_PROC);
    return 0;
}

int manifest_check(const struct manifest *manifest, unsigned pager_line,
                   char error[MANIFEST_ERROR_BYTES])
{
    const struct manifest_server *server;
    for (server = manifest->servers; server; server = server->next)
        if (missing_line(server)) /* first: grants look at other servers' levels */
            return FAIL(error, server->line, "server \"%s\" needs a line \"%s\"", server->name,
                        missing_line(server));
    for (server = manifest->servers; server; server = server->next)
        if (server->restart_line && server->level >= LEVEL_PROC)
            return FAIL(error, server->restart_line,
                        "\"%s\" (level %u) cannot be started again: its programs end with it",
                        server->name, server->level);
    for (server = manifest->servers; server; server = server->next)
        for (const struct manifest_grant *grant = server->grants; grant; grant = grant->next) {
            int result = check_grant(manifest, server, grant, error);
            if (result)
                return result;
        }
    return manifest->program_pager ? check_pager(manifest, pager_line, error) : 0;
}
