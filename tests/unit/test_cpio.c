// sources: userland/lib/cpio.c userland/lib/text.c
// flags: -Iuserland
#include "entry/abi.h"
#include "lib/cpio.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Appends an entry to an archive of *size bytes; sizes as given, not as they are. */
static void add_with(char *archive, size_t *size, const char *name, unsigned name_size,
                     const void *data, size_t bytes, unsigned claimed)
{
    *size += (size_t)sprintf(archive + *size,
                             "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 7,
                             0100644, 1, 2, 3, 4, claimed, 0, 0, 0, 0, name_size, 0);
    memcpy(archive + *size, name, strlen(name) + 1);
    *size += strlen(name) + 1;
    while (*size % 4)
        archive[(*size)++] = 0;
    memcpy(archive + *size, data, bytes);
    *size += bytes;
    while (*size % 4)
        archive[(*size)++] = 0;
}

static void add(char *archive, size_t *size, const char *name, const char *text)
{
    add_with(archive, size, name, (unsigned)strlen(name) + 1, text, strlen(text),
             (unsigned)strlen(text));
}

static size_t sample(char *archive)
{
    size_t size = 0;
    add(archive, &size, "manifest", "server x\n");
    add(archive, &size, ".pad", "padding");
    add(archive, &size, "./servers/root", "ELF");
    add(archive, &size, "/root/bin/hello", "");
    add(archive, &size, "TRAILER!!!", "");
    return size;
}

TEST(entries_come_in_order_without_padding)
{
    char bytes[2000];
    struct cpio archive = cpio_open(bytes, sample(bytes));
    struct cpio_entry entry;
    CHECK_EQUAL(cpio_next(&archive, &entry), 1);
    CHECK(!strcmp(entry.name, "manifest") && entry.size == 9);
    CHECK(!memcmp(entry.data, "server x\n", 9));
    CHECK_EQUAL(entry.data - (uint8_t *)bytes, entry.offset);
    CHECK(entry.mode == 0100644 && entry.inode == 7 && entry.user == 1 && entry.group == 2 &&
          entry.links == 3 && entry.time == 4);
    CHECK_EQUAL(cpio_next(&archive, &entry), 1);
    CHECK(!strcmp(entry.name, "servers/root") && entry.name_length == 12);
    CHECK_EQUAL(cpio_next(&archive, &entry), 1);
    CHECK(!strcmp(entry.name, "root/bin/hello") && entry.size == 0);
    CHECK_EQUAL(cpio_next(&archive, &entry), 0);
    CHECK_EQUAL(cpio_next(&archive, &entry), 0); /* and stays at the end */
}

TEST(a_file_is_found_by_its_exact_name)
{
    char bytes[2000];
    size_t size = sample(bytes);
    struct cpio_entry entry;
    CHECK_EQUAL(cpio_find(bytes, size, "servers/root", &entry), 1);
    CHECK_EQUAL(entry.size, 3);
    CHECK_EQUAL(cpio_find(bytes, size, "servers/roo", &entry), 0);
    CHECK_EQUAL(cpio_find(bytes, size, "", &entry), 0);
}

TEST(an_archive_cut_anywhere_is_malformed)
{
    char whole[2000];
    size_t size = sample(whole);
    for (size_t cut = 0; cut < size; cut++) {
        char *bytes = malloc(cut ? cut : 1); /* exactly as long: the sanitizer watches its end */
        memcpy(bytes, whole, cut);
        struct cpio archive = cpio_open(bytes, cut);
        struct cpio_entry entry;
        int found;
        while ((found = cpio_next(&archive, &entry)) == 1)
            CHECK(entry.offset + entry.size <= cut);
        CHECK_EQUAL(found, -EINVAL);
        CHECK(archive.error);
        CHECK_EQUAL(cpio_next(&archive, &entry), -EINVAL);
        free(bytes);
    }
}

static void refuses(const char *name, unsigned name_size, size_t bytes, unsigned claimed)
{
    char archive[2000], data[100] = {0};
    size_t size = 0;
    add_with(archive, &size, name, name_size, data, bytes, claimed);
    struct cpio opened = cpio_open(archive, size);
    struct cpio_entry entry;
    CHECK_EQUAL(cpio_next(&opened, &entry), -EINVAL);
}

TEST(sizes_that_lie_are_refused)
{
    refuses("file", 5, 10, 1000);
    refuses("file", 5, 10, 0xffffffff);
    refuses("file", 5, 10, 0xfffffffc); /* would wrap when padded in 32 bits */
    refuses("file", 0, 10, 10);
    refuses("file", 4, 10, 10); /* does not end with 0 */
    refuses("file", 100, 0, 0);
    refuses("fi\0e", 5, 10, 10); /* ends before its size says */
    refuses("file", 0xffffffff, 10, 10);
    refuses("", 1, 0, 0);
}

TEST(headers_that_are_no_headers_are_refused)
{
    char bytes[2000];
    struct cpio_entry entry;
    for (size_t at = 0; at < 110; at++) {
        size_t size = sample(bytes);
        bytes[at] = 'x';
        struct cpio archive = cpio_open(bytes, size);
        CHECK_EQUAL(cpio_next(&archive, &entry), -EINVAL);
    }
}

TEST(random_damage_never_leads_outside)
{
    for (int round = 0; round < 20000; round++) {
        char whole[2000];
        size_t size = sample(whole);
        for (unsigned damage = (unsigned)unit_random_below(4) + 1; damage; damage--)
            whole[unit_random_below(size)] = unit_random_below(2) ? (char)unit_random() : 'f';
        char *bytes = malloc(size);
        memcpy(bytes, whole, size);
        struct cpio archive = cpio_open(bytes, size);
        struct cpio_entry entry;
        int entries = 0;
        while (cpio_next(&archive, &entry) == 1) {
            CHECK(entry.offset <= size && entry.size <= size - entry.offset);
            CHECK_EQUAL(strlen(entry.name), entry.name_length);
            CHECK(++entries < 100);
        }
        free(bytes);
    }
}
