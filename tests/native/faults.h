/*
 * faults.h: what page faults, pagers and personalities promise. The test is the
 * pager, and the personality of the spaces it makes.
 */
#pragma once
#include "support.h"

#define AREA          0x700000000000ul
#define WRITABLE_ZERO (SUPPLY_ZERO | SUPPLY_WRITABLE)

/* An object of `pages` whose faults come to `pager`, shown at `address` of this space. */
struct area {
    handle pager, object;
    uintptr_t address;
    uint64_t pages;
};
struct area area_new(uint64_t pages);
void area_free(struct area *area);

/* For workers. */
int64_t read_byte(uint64_t address);  /* returns it */
int64_t write_byte(uint64_t address); /* writes 7, returns 0 */

/* Receives the next fault and checks its page and flags. */
struct message expect_fault(handle pager, uint64_t index, uint64_t flags);
/* Answers it by one page. */
int64_t supply(const struct message *fault, uint64_t how);
int64_t supply_from(const struct message *fault, uint64_t how, handle source, uint64_t index);

uint64_t resident_pages(void);

void supplies(void);
void requests(void);
void shared_faults(void);
void late_answers(void);
void exceptions(void);
void prefaults(void);
