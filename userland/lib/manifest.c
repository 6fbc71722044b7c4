/*
 * manifest.c: from text to the lists of manifest.h. A line is split into words;
 * its first word selects a row of one of two tables (lines of their own, indented
 * lines below a server); the row's function does the rest. No kernel call in here.
 */
#include "lib/manifest.h"
#include "entry/abi.h"
#include "lib/format.h"
#include "lib/manifest_words.h"
#include "lib/memory.h"
#include "lib/wired.h"

#define NAME_MAX         23 /* with ".bar0" behind it, it still fits struct startup_handle */
#define PRIORITY_DEFAULT 16
#define PRIORITY_MAX     31
#define PERCENT_MAX      50 /* of the memory, for one server */
#define HOST_NAME_MAX    64 /* as uname(2) has room for */
#define RESTART_MAX      1000000
#define TIME_MAX         (1ul << 33) /* seconds: as nanoseconds it still fits 63 bits */

struct parser {
    struct manifest *manifest;
    struct manifest_server *server; /* indented lines belong to it; NULL: there is none yet */
    struct manifest_server **last_server;
    struct manifest_run **last_run;
    struct manifest_word **last_variable;
    struct manifest_grant **last_grant;
    struct manifest_line line;
    unsigned pager_line;
    bool has_pool_limit;
    char *error;
};

#define FAIL(parser, ...)                                                                          \
    (manifest_error((parser)->error, (parser)->line.number, __VA_ARGS__), -EINVAL)

static char *word(const struct parser *parser, unsigned number)
{
    struct manifest_word *at = parser->line.words;
    while (number--)
        at = at->next;
    return at->text;
}

/* The word leaves the line and belongs to the caller. */
static char *take(const struct parser *parser, unsigned number)
{
    struct manifest_word *at = parser->line.words;
    while (number--)
        at = at->next;
    char *text = at->text;
    at->text = NULL;
    return text;
}

/* Devices may have colons in their names, too. */
static int check_name(struct parser *parser, const char *name, bool device)
{
    size_t length = strlen(name);
    if (!length || length > NAME_MAX)
        return FAIL(parser, "a name has 1 to %d characters: \"%s\"", NAME_MAX, name);
    for (; *name; name++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", *name) && !(device && *name == ':'))
            return FAIL(parser, "a name is made of a-z, 0-9, - and _: \"%s\"", word(parser, 1));
    return 0;
}

/* ---- Lines of their own ---- */

static int line_server(struct parser *parser)
{
    int error = check_name(parser, word(parser, 1), false);
    if (error)
        return error;
    if (!strcmp(word(parser, 1), "root"))
        return FAIL(parser, "\"root\" is the server that reads this");
    if (manifest_find(parser->manifest, word(parser, 1)))
        return FAIL(parser, "a second server named \"%s\"", word(parser, 1));
    struct manifest_server *server = wired_alloc(sizeof *server);
    if (!server)
        return -ENOMEM;
    server->name = take(parser, 1);
    server->line = parser->line.number;
    server->level = MANIFEST_NO_LEVEL;
    server->priority = PRIORITY_DEFAULT;
    *parser->last_server = parser->server = server;
    parser->last_server = &server->next;
    parser->last_grant = &server->grants;
    return 0;
}

static int line_run(struct parser *parser)
{
    struct manifest_run *run = wired_alloc(sizeof *run);
    if (!run)
        return -ENOMEM;
    run->words = parser->line.words->next;
    parser->line.words->next = NULL; /* the arguments change owner as they are */
    *parser->last_run = run;
    parser->last_run = &run->next;
    return 0;
}

static int line_environment(struct parser *parser)
{
    const char *equals = strchr(word(parser, 1), '=');
    if (!equals || equals == word(parser, 1))
        return FAIL(parser, "environment needs NAME=VALUE, not \"%s\"", word(parser, 1));
    struct manifest_word *variable = wired_alloc(sizeof *variable);
    if (!variable)
        return -ENOMEM;
    variable->text = take(parser, 1);
    *parser->last_variable = variable;
    parser->last_variable = &variable->next;
    return 0;
}

static int read_size(struct parser *parser, unsigned number, uint64_t *bytes)
{
    if (manifest_size(word(parser, number), bytes))
        return FAIL(parser, "not a size in whole pages (like 8192, 64K, 1M): \"%s\"",
                    word(parser, number));
    return 0;
}

static int line_pool_limit(struct parser *parser)
{
    if (parser->has_pool_limit)
        return FAIL(parser, "a second pool-limit line");
    parser->has_pool_limit = true;
    int error = read_size(parser, 1, &parser->manifest->program_pool);
    if (!error && !parser->manifest->program_pool)
        return FAIL(parser, "programs need at least one page");
    return error;
}

static int line_program_pager(struct parser *parser)
{
    if (strncmp(word(parser, 1), "anon=", 5))
        return FAIL(parser, "pager needs anon=SERVER here, not \"%s\"", word(parser, 1));
    if (parser->manifest->program_pager)
        return FAIL(parser, "a second pager line");
    parser->pager_line = parser->line.number;
    parser->manifest->program_pager = wired_text(word(parser, 1) + 5, strlen(word(parser, 1) + 5));
    return parser->manifest->program_pager ? 0 : -ENOMEM;
}

static int read_count(struct parser *parser, unsigned number, uint64_t most, uint64_t *count)
{
    if (manifest_number(word(parser, number), count) || !*count || *count > most)
        return FAIL(parser, "%s needs numbers from 1 to %lu, not \"%s\"", word(parser, 0), most,
                    word(parser, number));
    return 0;
}

static int line_window(struct parser *parser)
{
    uint64_t rows, columns;
    if (parser->manifest->window_rows)
        return FAIL(parser, "a second window line");
    int error = read_count(parser, 1, UINT16_MAX, &rows);
    if (!error)
        error = read_count(parser, 2, UINT16_MAX, &columns);
    if (error)
        return error;
    parser->manifest->window_rows = (uint16_t)rows;
    parser->manifest->window_columns = (uint16_t)columns;
    return 0;
}

static int line_time(struct parser *parser)
{
    if (parser->manifest->time)
        return FAIL(parser, "a second time line");
    return read_count(parser, 1, TIME_MAX, &parser->manifest->time);
}

static int line_hostname(struct parser *parser)
{
    const char *name = word(parser, 1);
    if (parser->manifest->host_name)
        return FAIL(parser, "a second hostname line");
    if (!*name || strlen(name) > HOST_NAME_MAX)
        return FAIL(parser, "a host name has 1 to %d characters: \"%s\"", HOST_NAME_MAX, name);
    parser->manifest->host_name = take(parser, 1);
    return 0;
}

static int line_root(struct parser *parser)
{
    if (strcmp(word(parser, 1), "card"))
        return FAIL(parser, "the root is the bundle's, or \"card\", not \"%s\"", word(parser, 1));
    parser->manifest->root = true;
    return 0;
}

static int line_check(struct parser *parser)
{
    struct manifest *manifest = parser->manifest;
    if (manifest->check)
        return FAIL(parser, "a second check");
    manifest->check = parser->line.words->next;
    parser->line.words->next = NULL;
    return 0;
}

static int line_strace(struct parser *parser)
{
    parser->manifest->strace = true;
    return 0;
}

static int line_fixed_addresses(struct parser *parser)
{
    parser->manifest->fixed_addresses = true;
    return 0;
}

static int line_summary(struct parser *parser)
{
    parser->manifest->summary = true;
    return 0;
}

/* ---- Indented lines: what a server is and gets ---- */

static int line_image(struct parser *parser)
{
    if (parser->server->image)
        return FAIL(parser, "a second image for \"%s\"", parser->server->name);
    parser->server->image = take(parser, 1);
    return 0;
}

static int read_number(struct parser *parser, unsigned most, unsigned *number)
{
    uint64_t value;
    if (manifest_number(word(parser, 1), &value) || value > most)
        return FAIL(parser, "%s is a number from 0 to %u, not \"%s\"", word(parser, 0), most,
                    word(parser, 1));
    *number = (unsigned)value;
    return 0;
}

static int line_level(struct parser *parser)
{
    return read_number(parser, LEVEL_PROGRAM, &parser->server->level);
}

static int line_priority(struct parser *parser)
{
    return read_number(parser, PRIORITY_MAX, &parser->server->priority);
}

/* "12%": a limit that grows with the machine. */
static int read_percent(struct parser *parser, char *text)
{
    uint64_t percent;
    text[strlen(text) - 1] = 0;
    if (manifest_number(text, &percent) || !percent || percent > PERCENT_MAX)
        return FAIL(parser, "a limit is 1%% to %d%% of the memory, not \"%s%%\"", PERCENT_MAX,
                    text);
    parser->server->pool_percent = (unsigned)percent;
    return 0;
}

static int line_pool(struct parser *parser)
{
    struct manifest_server *server = parser->server;
    char *limit = word(parser, 2);
    int error = read_size(parser, 1, &server->pool_guaranteed);
    server->pool_limit = 0;
    server->pool_percent = 0;
    if (!error && *limit && limit[strlen(limit) - 1] == '%')
        return read_percent(parser, limit);
    if (!error)
        error = read_size(parser, 2, &server->pool_limit);
    if (!error && (server->pool_guaranteed > server->pool_limit || !server->pool_limit))
        return FAIL(parser, "the pool's limit is zero or below its guarantee");
    return error;
}

static int line_endpoint(struct parser *parser)
{
    parser->server->endpoint = true;
    return 0;
}

static int add_grant(struct parser *parser, enum manifest_grant_kind kind)
{
    uint64_t badge = 0;
    int error = check_name(parser, word(parser, 1), kind == GRANT_DEVICE);
    if (error)
        return error;
    if (parser->line.count > 2 && (manifest_number(word(parser, 2), &badge) || badge > UINT32_MAX))
        return FAIL(parser, "a badge is a number from 0 to %u, not \"%s\"", UINT32_MAX,
                    word(parser, 2));
    for (struct manifest_grant *old = parser->server->grants; old; old = old->next)
        if (!strcmp(old->name, word(parser, 1)))
            return FAIL(parser, "\"%s\" has a handle named \"%s\" already", parser->server->name,
                        old->name);
    struct manifest_grant *grant = wired_alloc(sizeof *grant);
    if (!grant)
        return -ENOMEM;
    *grant = (struct manifest_grant){.kind = kind,
                                     .name = take(parser, 1),
                                     .badge = (uint32_t)badge,
                                     .line = parser->line.number};
    *parser->last_grant = grant;
    parser->last_grant = &grant->next;
    return 0;
}

static int line_restart(struct parser *parser)
{
    struct manifest_server *server = parser->server;
    uint64_t deaths, seconds;
    if (server->restart_line)
        return FAIL(parser, "a second restart for \"%s\"", server->name);
    int error = read_count(parser, 1, RESTART_MAX, &deaths);
    if (!error)
        error = read_count(parser, 2, RESTART_MAX, &seconds);
    if (error)
        return error;
    server->restart_deaths = (unsigned)deaths;
    server->restart_seconds = (unsigned)seconds;
    server->restart_line = parser->line.number;
    return 0;
}

static int line_use(struct parser *parser)
{
    return add_grant(parser, GRANT_USE);
}

static int line_pager(struct parser *parser)
{
    return add_grant(parser, GRANT_PAGER);
}

static int line_device(struct parser *parser)
{
    return add_grant(parser, GRANT_DEVICE);
}

static int line_bundle(struct parser *parser)
{
    parser->server->bundle = true;
    return 0;
}

static int line_system(struct parser *parser)
{
    parser->server->system = true;
    return 0;
}

static int line_argument(struct parser *parser)
{
    if (parser->server->argument)
        return FAIL(parser, "a second argument for \"%s\"", parser->server->name);
    parser->server->argument = manifest_join(parser->line.words->next);
    return parser->server->argument ? 0 : -ENOMEM;
}

/* ---- The tables ---- */

struct directive {
    const char *name;
    unsigned least, most; /* words after the name */
    int (*read)(struct parser *parser);
};

static const struct directive of_the_system[] = {
    {"server", 1, 1, line_server},
    {"run", 1, UINT32_MAX, line_run},
    {"environment", 1, 1, line_environment},
    {"pool-limit", 1, 1, line_pool_limit},
    {"pager", 1, 1, line_program_pager},
    {"window", 2, 2, line_window},
    {"time", 1, 1, line_time},
    {"hostname", 1, 1, line_hostname},
    {"root", 1, 1, line_root},
    {"check", 1, UINT32_MAX, line_check},
    {"strace", 0, 0, line_strace},
    {"fixed-addresses", 0, 0, line_fixed_addresses},
    {"summary", 0, 0, line_summary},
    {0},
};

static const struct directive of_a_server[] = {
    {"image", 1, 1, line_image},
    {"level", 1, 1, line_level},
    {"priority", 1, 1, line_priority},
    {"pool", 2, 2, line_pool},
    {"endpoint", 0, 0, line_endpoint},
    {"restart", 2, 2, line_restart},
    {"use", 1, 2, line_use},
    {"pager", 1, 1, line_pager},
    {"device", 1, 1, line_device},
    {"bundle", 0, 0, line_bundle},
    {"system", 0, 0, line_system},
    {"argument", 1, UINT32_MAX, line_argument},
    {0},
};

static int read_line(struct parser *parser)
{
    const struct manifest_line *line = &parser->line;
    const struct directive *row = line->indented ? of_a_server : of_the_system;
    if (line->indented && !parser->server)
        return FAIL(parser, "an indented line without a server above it");
    while (row->name && strcmp(row->name, word(parser, 0)))
        row++;
    if (!row->name)
        return FAIL(parser, "unknown: \"%s\"%s", word(parser, 0),
                    line->indented ? "" : " (lines of a server are indented)");
    if (line->count - 1 < row->least || line->count - 1 > row->most)
        return FAIL(parser, "%s takes %s%u word(s), not %u", row->name,
                    row->most > row->least ? "at least " : "", row->least, line->count - 1);
    if (!line->indented)
        parser->server = NULL;
    return row->read(parser);
}

int manifest_parse(struct manifest *manifest, const char *text, size_t size,
                   char error_text[MANIFEST_ERROR_BYTES])
{
    *manifest = (struct manifest){0};
    struct parser parser = {.manifest = manifest,
                            .last_server = &manifest->servers,
                            .last_run = &manifest->runs,
                            .last_variable = &manifest->environment,
                            .line = {.next = text, .end = text + size},
                            .error = error_text};
    int found, error = 0;
    while (!error && (found = manifest_next_line(&parser.line, error_text)) != 0)
        error = found < 0 ? found : read_line(&parser);
    if (!error)
        error = manifest_check(manifest, parser.pager_line, error_text);
    manifest_free_words(parser.line.words);
    if (error == -ENOMEM)
        manifest_error(error_text, parser.line.number, "no memory for what it says");
    if (error)
        manifest_free(manifest);
    return error;
}

struct manifest_server *manifest_find(const struct manifest *manifest, const char *name)
{
    struct manifest_server *server = manifest->servers;
    while (server && strcmp(server->name, name))
        server = server->next;
    return server;
}

static void free_server(struct manifest_server *server)
{
    while (server->grants) {
        struct manifest_grant *grant = server->grants;
        server->grants = grant->next;
        wired_free(grant->name);
        wired_free(grant);
    }
    wired_free(server->name);
    wired_free(server->image);
    wired_free(server->argument);
    wired_free(server);
}

void manifest_free(struct manifest *manifest)
{
    while (manifest->servers) {
        struct manifest_server *server = manifest->servers;
        manifest->servers = server->next;
        free_server(server);
    }
    while (manifest->runs) {
        struct manifest_run *run = manifest->runs;
        manifest->runs = run->next;
        manifest_free_words(run->words);
        wired_free(run);
    }
    manifest_free_words(manifest->environment);
    manifest_free_words(manifest->check);
    wired_free(manifest->program_pager);
    wired_free(manifest->host_name);
    *manifest = (struct manifest){0};
}
