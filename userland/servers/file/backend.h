/*
 * backend.h: all that the page cache asks of the world: the kernel's calls on objects and faults,
 * the file system's calls, the block device, its clients. The server implements it with kernel
 * calls (kernel.c, device.c, clients.c), the unit tests with a model. What returns int is 0 or a
 * negated errno. Pages are numbers within an object of 4096 bytes each.
 */
#pragma once
#include "lib/native.h"
#include <stdbool.h>
#include <stdint.h>

struct inode;
struct job;

/* ---- Objects (kernel) ---- */

/* A new object with this cookie; *object is what the other calls get. -ENOMEM, -EMFILE. */
int backend_object_new(uint64_t cookie, uint64_t pages, uint64_t *object);
void backend_object_end(uint64_t object);
/* The object behind *object (0: the first) of those that exist from a server before. -ENOENT: there
 * are no more. */
int backend_adopt(uint64_t *object, uint64_t *cookie, uint64_t *pages);
/* Its size; pages beyond are forgotten, whoever shows them. */
int backend_resize(uint64_t object, uint64_t pages);

/*
 * Supplies a page, as SUPPLY_ZERO, SUPPLY_COPY (of a data page) or SUPPLY_UPGRADE with its flags
 * say: for the fault `request`, which goes on, or (0) unasked. -ESTALE: nobody waits for this any
 * more; -ENOMEM: the pool is exhausted; -ENOENT: (upgrade) the page is not there.
 */
int backend_supply(uint64_t object, uint64_t request, uint64_t how, uint64_t page,
                   uint32_t data_page);
/* The fault ends with an error. */
void backend_fail(uint64_t request, int error);

/* Write-protects up to 64 pages; bit i of *dirty: page + i was written since it was supplied. */
int backend_clean(uint64_t object, uint64_t page, uint64_t pages, uint64_t *dirty);
/* Copies a page that is there to a data page. -EAGAIN: it is not there. */
int backend_copy_out(uint64_t object, uint64_t page, uint32_t data_page);
/* Is it there, the page of zeros included? */
bool backend_present(uint64_t object, uint64_t page);
/* Zeroes a page that is there, from a byte on. -EAGAIN: it is not there. */
int backend_zero(uint64_t object, uint64_t page, uint64_t from);
/* Forgets pages that nobody can write. */
void backend_discard(uint64_t object, uint64_t page, uint64_t pages);

/* ---- The file system ---- */

struct extent {
    uint64_t first, pages;
    uint64_t sector; /* of `first`; 0: a hole */
    bool fresh;      /* newly allocated: what the device has there means nothing */
};

/* Where pages lie, from `page` on, of interest are `pages`; holes are given blocks if `allocate`.
 * The extent contains `page`, and may reach further than asked, both ways. */
int backend_map(uint64_t inode, uint64_t page, uint64_t pages, bool allocate,
                struct extent *extent);
int backend_size(uint64_t inode, uint64_t *bytes);
int backend_set_size(uint64_t inode, uint64_t bytes);
/* inode 0: all. `data_only`: what is needed to find the data. */
int backend_commit(uint64_t inode, bool data_only);

/* ---- The device ---- */

/* Data pages, which the device reads and writes. Their number is set once. */
uint8_t *backend_data(uint32_t data_page);
/* Begins BLOCK_READ, BLOCK_WRITE or BLOCK_FLUSH; cache_completed(tag) tells of its end, later. */
void backend_submit(uint32_t tag, uint32_t operation, uint64_t sector, uint64_t sectors,
                    uint32_t data_page);

/* ---- Clients ---- */

/* The end of a request: `client` and `tag` are as given with it. */
void backend_answer(void *client, uint32_t tag, int error, uint64_t w0);

uint64_t backend_now(void); /* ns */
