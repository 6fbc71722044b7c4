/*
 * manifest.h: the declarative description of the system (userland/README.md has
 * its reference). Parsed into lists on the wired allocator; each error names its
 * line.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one line below a server gives it. */
enum manifest_grant_kind {
    GRANT_USE,    /* call handle to another server's endpoint */
    GRANT_PAGER,  /* … that may be named as pager or personality */
    GRANT_DEVICE, /* registers and interrupt of a device, if the board has it */
};

struct manifest_grant {
    struct manifest_grant *next;
    enum manifest_grant_kind kind;
    char *name;
    uint32_t badge; /* of a call handle; 0: none */
    unsigned line;
    void *owner; /* for whoever works with the list */
};

struct manifest_server {
    struct manifest_server *next;  /* in the order of the text */
    char *name, *image, *argument; /* argument: NULL when there is none */
    unsigned line;
    unsigned level, priority;
    uint64_t pool_guaranteed, pool_limit; /* bytes, whole pages */
    unsigned pool_percent; /* if not 0, the limit is this part of the memory, not pool_limit */
    /* It is started again when it dies, but for the restart_deaths + 1st time within
     * restart_seconds; 0: not at all. */
    unsigned restart_deaths, restart_seconds, restart_line;
    bool endpoint, bundle, system;
    struct manifest_grant *grants;
    void *owner; /* for whoever works with the list */
};

struct manifest_word {
    struct manifest_word *next;
    char *text;
};

/* One `run` line: the program and its arguments, escapes resolved. */
struct manifest_run {
    struct manifest_run *next; /* in the order of the text */
    struct manifest_word *words;
};

struct manifest {
    struct manifest_server *servers;
    struct manifest_run *runs;         /* NULL: none */
    struct manifest_word *environment; /* NAME=VALUE */
    struct manifest_word *check;       /* program and arguments for an unclean card; NULL: none */
    uint64_t program_pool;             /* bytes; 0: all that is left */
    char *program_pager; /* server behind the program; NULL: as the servers' lines say */
    char *host_name;     /* NULL: not said */
    uint16_t window_rows, window_columns; /* of a person's terminal; 0: nobody sits at one */
    uint64_t time;                        /* seconds since 1970 at the start; 0: not known */
    bool root;                            /* the root is what server vfs has, not the bundle */
    bool strace, summary, fixed_addresses;
};

#define MANIFEST_ERROR_BYTES 160

/*
 * Parses `size` bytes of text. 0; -EINVAL with "manifest:LINE: …" in `error`; -ENOMEM. On failure
 * nothing stays allocated. Names refer to servers that exist, levels go down along every `use` and
 * `pager`, and every server has image, level, priority and pool.
 */
int manifest_parse(struct manifest *manifest, const char *text, size_t size,
                   char error[MANIFEST_ERROR_BYTES]);

/* Frees all lists. */
void manifest_free(struct manifest *manifest);

/* The server of that name, or NULL. */
struct manifest_server *manifest_find(const struct manifest *manifest, const char *name);
