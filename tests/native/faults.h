/*
 * faults.h: what page faults, pagers and personalities promise. The test is the
 * pager, and the personality of the spaces it makes.
 */
#pragma once
#include "world.h"

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

/* Answers it by one page of another object. */
int64_t supply_from(const struct message *fault, uint64_t how, handle source, uint64_t index);

uint64_t resident_pages(void);

void supplies(void);
void requests(void);
void shared_faults(void);
void source_faults(void);
void resized_objects(void);
void late_answers(void);
void exceptions(void);
void prefaults(void);
