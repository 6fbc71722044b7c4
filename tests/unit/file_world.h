/*
 * file_world.h: the world around the file pager's page cache, for its tests: a kernel with objects
 * and slots, a file system that gives out blocks, a device that completes in any order and
 * sometimes fails, and keeps what was flushed apart from what was only written.
 */
#pragma once
#include "cache.h"
#include "lib/errors.h"
#include "lib/protocol.h"
#include "lib/vfs.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

enum { INODES = 8, FILE_PAGES = 300, BLOCKS = 8192, REQUESTS = 1 << 17, ANSWERS = 256 };

struct world_page {
    uint8_t *bytes; /* NULL: absent, or the page of zeros */
    bool zero, writable, dirty;
    uint64_t request; /* busy: somebody waits for this */
};

struct world_file { /* of the file system, by inode number */
    uint32_t block[FILE_PAGES];
    uint64_t stored_size;
};

struct world_object {
    bool used;
    uint64_t cookie, pages;
    struct world_page page[FILE_PAGES];
};

struct world_io {
    bool used;
    uint32_t tag, operation, data_page;
    uint64_t sector, sectors;
};

struct world_answer {
    bool there;
    int error;
    uint64_t w0;
};

extern struct world_object world_objects[INODES * 4];
extern struct world_file world_files[INODES + 1];
extern uint8_t world_disk[BLOCKS][PAGE_SIZE], world_stable[BLOCKS][PAGE_SIZE];
extern uint8_t world_owner[BLOCKS]; /* inode, 0: free */
extern struct world_answer world_answers[ANSWERS];
extern uint64_t world_now, world_frames, world_frames_most, world_reads, world_writes,
    world_flushes, world_io_pages;
extern unsigned world_under_way;
extern int world_supply_ends[REQUESTS]; /* of a request: 0 waits, 1 supplied, -errno failed */
extern unsigned world_error_percent;    /* of reads and writes */
extern bool world_dead;                 /* every read and write fails */
extern bool world_pieces;               /* blocks of a file do not all lie together */
extern uint64_t world_blocks_free;
extern uint64_t world_refuse_frames; /* the n-th frame from now is refused; 0: none */

extern void (*world_answered)(uint32_t tag); /* told at once; may be NULL */

void world_reset(uint64_t limit);
/* Blocks for a page, with contents. */
void world_put(unsigned inode, uint64_t page, uint8_t seed);
/* A program touches a page: true, it may; false: it waits for the request. */
bool world_access(struct world_object *object, uint64_t page, bool write, uint64_t request);
/* The thread that waits is killed. */
void world_kill(struct world_object *object, uint64_t page);
struct world_object *world_object_of(uint64_t handle);
/* An object as a server leaves it that died: every second page is there, full of 0x77. */
void world_orphan(unsigned number, uint64_t pages);
/* Completes one transfer: the `which`-th under way. */
void world_complete(unsigned which);
void world_complete_all(void);
void world_request(uint32_t tag, uint32_t operation, uint64_t w0, uint64_t w1, uint64_t w2,
                   uint64_t w3, uint64_t w4);
