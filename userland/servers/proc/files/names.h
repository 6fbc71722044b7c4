/*
 * names.h: the names in stored directories.
 */
#pragma once
#include "node.h"

/* Gives a name to a node, which gets a reference (its `links` are the caller's). The name is copied
 * unless `constant`. NULL: no memory. The directory is stored. The table's entry, without a
 * reference for the caller. */
struct entry *name_add(struct entry *directory, const char *name, size_t length, bool constant,
                       struct node *node);

/* Enters one whose name, parent and node are set, with one reference, the table's. False: no
 * memory. As the others it goes by name_remove(). */
bool name_enter(struct entry *entry);

/* Finds a stored name, without a reference; NULL: there is none. */
struct entry *name_find(const struct entry *directory, const char *name, size_t length);

/* Takes a stored name away: gives up the table's reference, and says "removed". */
void name_remove(struct entry *entry);

/* Moves a stored name, which keeps its identity (rename). Nothing of that name may be there. 0, or
 * -ENOMEM: nothing changed. */
int64_t name_move(struct entry *entry, struct entry *directory, const char *name, size_t length);

/* Two stored names change places. 0, or -ENOMEM: nothing changed. */
int64_t name_exchange(struct entry *a, struct entry *b);

/* The first name of a stored directory at that position or after it, without a reference; NULL: the
 * end. */
struct entry *name_from(struct node *directory, uint64_t position);
