/*
 * cpio.c: the iterator of cpio.h. Format: cpio(5), "New ASCII Format": a header of
 * 110 characters, name and data each padded to four bytes. No kernel call in here.
 */
#include "lib/cpio.h"
#include "entry/abi.h"
#include "lib/memory.h"
#include <stdbool.h>

#define HEADER_BYTES 110
#define MAGIC        "070701"
#define TRAILER      "TRAILER!!!"
#define PADDING      ".pad"

/* Fields of eight hexadecimal digits after the magic, in their order. */
enum field {
    INODE,
    MODE,
    USER,
    GROUP,
    LINKS,
    TIME,
    FILE_SIZE,
    DEVICE_MAJOR,
    DEVICE_MINOR,
    SPECIAL_MAJOR,
    SPECIAL_MINOR,
    NAME_SIZE,
    CHECK,
    FIELDS
};

struct cpio cpio_open(const void *archive, size_t size)
{
    return (struct cpio){.bytes = archive, .size = size};
}

static int fail(struct cpio *archive, const char *error)
{
    archive->error = error;
    return -EINVAL;
}

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool read_fields(const uint8_t *header, uint32_t fields[FIELDS])
{
    const uint8_t *at = header + sizeof MAGIC - 1;
    for (unsigned field = 0; field < FIELDS; field++) {
        fields[field] = 0;
        for (unsigned i = 0; i < 8; i++, at++) {
            if (digit(*at) < 0)
                return false;
            fields[field] = fields[field] << 4 | (uint32_t)digit(*at);
        }
    }
    return true;
}

/* Offsets are below 2^33 past a size_t that lies in memory: no sum here overflows 64 bits. */
static uint64_t padded(uint64_t offset)
{
    return (offset + 3) & ~3ul;
}

static void strip_name(struct cpio_entry *entry)
{
    const char *name = entry->name;
    for (;;) {
        if (name[0] == '/')
            name++;
        else if (name[0] == '.' && name[1] == '/')
            name += 2;
        else
            break;
    }
    if (!*name)
        name = "."; /* the root of the archive: "/" or "./" */
    entry->name = name;
    entry->name_length = strlen(name);
}

/* Reads one entry, padding and trailer included. */
static int read_entry(struct cpio *archive, struct cpio_entry *entry)
{
    uint32_t fields[FIELDS];
    if (archive->error)
        return -EINVAL;
    if (archive->next >= archive->size)
        return fail(archive, "the archive ends without a trailer");
    if (archive->size - archive->next < HEADER_BYTES)
        return fail(archive, "the archive ends inside a header");
    const uint8_t *header = archive->bytes + archive->next;
    if (memcmp(header, MAGIC, sizeof MAGIC - 1))
        return fail(archive, "no newc header where one should be");
    if (!read_fields(header, fields))
        return fail(archive, "a header field is not hexadecimal");
    uint64_t name = archive->next + HEADER_BYTES, data = padded(name + fields[NAME_SIZE]);
    if (!fields[NAME_SIZE] || data > archive->size)
        return fail(archive, "a name is empty or goes beyond the archive");
    if (strnlen((const char *)archive->bytes + name, fields[NAME_SIZE]) != fields[NAME_SIZE] - 1)
        return fail(archive, "a name does not end where its size says");
    if (fields[NAME_SIZE] == 1)
        return fail(archive, "a name is empty");
    if (fields[FILE_SIZE] > archive->size - data)
        return fail(archive, "a file goes beyond the archive");
    *entry = (struct cpio_entry){
        .name = (const char *)archive->bytes + name,
        .data = archive->bytes + data,
        .size = fields[FILE_SIZE],
        .offset = data,
        .mode = fields[MODE],
        .inode = fields[INODE],
        .links = fields[LINKS],
        .user = fields[USER],
        .group = fields[GROUP],
        .time = fields[TIME],
    };
    strip_name(entry);
    archive->next = padded(data + fields[FILE_SIZE]);
    return 1;
}

int cpio_next(struct cpio *archive, struct cpio_entry *entry)
{
    int found;
    size_t start;
    do {
        start = archive->next;
        found = read_entry(archive, entry);
    } while (found == 1 && !strcmp(entry->name, PADDING));
    if (found == 1 && !strcmp(entry->name, TRAILER)) {
        archive->next = start; /* every further call ends here again */
        return 0;
    }
    return found;
}

int cpio_find(const void *bytes, size_t size, const char *name, struct cpio_entry *entry)
{
    struct cpio archive = cpio_open(bytes, size);
    int found;
    do
        found = cpio_next(&archive, entry);
    while (found == 1 && strcmp(entry->name, name));
    return found;
}
