/*
 * cpio.h: reads an archive in the "newc" format (magic 070701, as `cpio -H newc`
 * writes it) that lies in memory. Every number in it is checked before it is
 * used; nothing is copied.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct cpio_entry {
    const char *name;   /* ends with 0 inside the archive, without leading "./" and "/" */
    size_t name_length; /* 1 or more */
    const uint8_t *data;
    size_t size;
    size_t offset; /* of the data, from the start of the archive */
    uint32_t mode; /* file type and permissions, as in stat(2) */
    uint32_t inode, links, user, group, time;
};

struct cpio {
    const uint8_t *bytes;
    size_t size;
    size_t next;       /* offset of the next header */
    const char *error; /* after -EINVAL: what is wrong with the entry at `next` */
};

/* An iterator at the start of the archive. */
struct cpio cpio_open(const void *archive, size_t size);

/*
 * The next entry. 1: *entry is filled in. 0: the trailer was reached. -EINVAL: malformed, or it
 * ends without a trailer (archive->error says how); every further call says the same. Padding
 * entries (named ".pad") are passed over.
 */
int cpio_next(struct cpio *archive, struct cpio_entry *entry);

/* Finds an entry by name. 1, 0 (no such entry) or -EINVAL as above. */
int cpio_find(const void *archive, size_t size, const char *name, struct cpio_entry *entry);

#define CPIO_TYPE_MASK      0170000
#define CPIO_TYPE_FILE      0100000
#define CPIO_TYPE_DIRECTORY 0040000
#define CPIO_TYPE_LINK      0120000
