/*
 * late.h: a storage for tests of who uses one: vfs.def and file.def out of memory, every answer
 * late, in any order, and now and then an error that was asked for.
 */
#pragma once
#include "lib/ring_server.h"
#include "lib/server.h"
#include "lib/vfs.h"

/* What one of the two does. */
struct late_role {
    void (*begin)(void); /* or NULL */
    /* Carries a request out and fills in error and words; `data`: its data page, or NULL. */
    void (*request)(const struct ring_request *request, struct ring_completion *completion,
                    uint8_t *data);
    /* Could this request fail by itself? What gives things back cannot. */
    bool (*may_fail)(uint32_t operation);
    /* A call other than those of rings: the tag to answer with. */
    int64_t (*call)(struct message *message);
    /* A fault, to be answered with page_supply_only. NULL: no pager. */
    void (*fault)(const struct message *message);
};

extern const struct late_role names_role, bytes_role;

/* 0 .. below - 1, from the seed. */
uint32_t late_random(uint32_t below);
