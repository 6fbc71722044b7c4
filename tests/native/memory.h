/*
 * memory.h: known contents, and the groups of memory.c.
 */
#pragma once
#include "support.h"

/* Writes a word in every eight, different everywhere; and counts those that are not so. */
void fill(uintptr_t address, uint64_t pages, uint64_t salt);
uint64_t differences(uintptr_t address, uint64_t pages, uint64_t salt);

void copies(void);
void memory_facts(void);
void queries(void);
void object_copies(void);
void cleaning(void);
void pins(void);
void moves_from_wired(void);
void adoption(void);
