/*
 * world.h: a space with everything behind it played by the test: its personality, and the pager of
 * the pages at AREA. What it does arrives as messages; what the test answers is what it sees.
 */
#pragma once
#include "support.h"

#define AREA          0x700000000000ul
#define WRITABLE_ZERO (SUPPLY_ZERO | SUPPLY_WRITABLE)

struct world {
    handle pager, object, personality;
    struct child child;
};
/* `pages` at AREA, none there yet; the child's thread has that priority and waits to be started. */
struct world world_new(uint64_t pages, unsigned priority);
void world_free(struct world *world);

/* Lets it run a moment; then this kind (with MESSAGE_AGAIN) must have reached the personality. */
struct message world_expect(struct world *world, uint64_t kind);
/* Lets it run a moment; then nothing may have. */
void world_expect_nothing(struct world *world);
/* Lets it run a moment; it must have asked for that page, which it gets: zeroes, writable. */
void world_supply(struct world *world, uint64_t index, uint64_t flags);

/* Answers its request: fault on these addresses first. `how`: TAG_RETRY_*. */
void retry(const struct message *message, uint64_t how, uint64_t first, uint64_t second);

/* What a Linux-like program does: svc #0 with number and arguments in registers. */
int64_t system_call(uint64_t number, uint64_t a, uint64_t b);

/* Receives the next fault and checks its page and flags. */
struct message expect_fault(handle pager, uint64_t index, uint64_t flags);
/* Answers it by one page. */
int64_t supply(const struct message *fault, uint64_t how);

/* Registers as THREAD_READ leaves them and THREAD_WRITE takes them. */
#define PAGE_REGISTERS ((volatile struct thread_registers *)LAYOUT_MESSAGE_PAGE)
