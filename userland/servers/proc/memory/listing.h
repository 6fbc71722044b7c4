/*
 * listing.h: the mappings of a program, as /proc/PID/maps shows them: what the kernel's regions are
 * together, and what each shows.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct entry;
struct memory;
struct shown;

struct listed {
    uint64_t start, end; /* addresses */
    uint64_t map;        /* MAP_* with advice (memory.h) */
    uint64_t offset;     /* bytes in the file or shared memory; 0: anonymous */
    bool shared;
    bool special;        /* belongs to the system: vdso, vvar */
    struct shown *shown; /* no reference; NULL: private and anonymous, or special */
    struct entry *file;  /* no reference; NULL: none, or shared memory without a name */
    const char *name;    /* "[heap]" and the like, or NULL */
};

/* The mapping at `address` or the next one above, which begins at `address` if that lies within it.
 * False: there is none. */
bool listing_next(const struct memory *memory, uint64_t address, struct listed *listed);
