/*
 * space.h: an address space: translation tables, regions, handles, a pool, and
 * the threads in it.
 */
#pragma once
#include "arch/translation.h"
#include "ipc/handle.h"
#include "mm/list.h"
#include "mm/tree.h"

struct region;
struct thread;
struct endpoint;
struct notification;
struct pool_object;

struct space {
    struct kernel_object object;
    struct lock lock; /* regions, tables */
    uint8_t level;
    uint8_t priority_limit; /* of its threads */
    bool dying;             /* killed: nothing new may begin in it */
    struct translation translation;
    struct tree regions;        /* by start address */
    struct region *last_region; /* where the last fault was; NULL: none */
    struct handle_table handles;
    struct endpoint *personality; /* answers its svc #0 and exceptions; NULL: none */
    struct pool_object *pool;
    struct thread *threads; /* first in it */
    uint64_t id;            /* never used twice */
    uint64_t faults_minor, faults_major, resident;
    uint64_t time; /* that its threads ran, ended ones too, ns */
    struct notification *watch;
    uint64_t watch_bits;
    char name[17];
    struct space *next, **link; /* all spaces, for debuggers */
    struct space *parent;       /* whose thread made it: it ends with that one; NULL: nobody's */
    struct space *children, *child_next, **child_link;
    uint32_t abandon_from; /* thread number up to which its unanswered requests were ended */
};
extern struct space *spaces; /* all of them */
/* The space of that id, or NULL when it has ended. O(spaces): for messages to people. */
struct space *space_by_id(uint64_t id);

/*
 * A new space charged to `pool` (one reference taken). NULL: ENOMEM.
 */
struct space *space_new(struct pool_object *pool, unsigned level);

/* `child` ends when `parent` does: handles that a space holds to itself keep nothing alive for
 * ever. */
void space_adopt(struct space *parent, struct space *child);

/* Stops its threads for good: nothing begins in it any more. The caller sees to its end. */
void space_stop(struct space *space);

/* Begins the end of a space: stops it; the reaper frees the rest. */
void space_kill(struct space *space);

/* One bounded step of freeing a killed space. True when nothing is left but the struct. */
bool space_destroy_step(struct space *space);
void space_free(struct space *space);
void space_init(void);
