/* files.c of differ: a file in memory, read, written, mapped into the arena, made shorter. */
#define _GNU_SOURCE
#include "differ.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILE_PAGES 64

static int the_file = -1;

/* The file, made at its first use; -1: what went wrong is on the line. */
static int file(void)
{
    if (the_file < 0)
        the_file = memfd_create("differ", MFD_CLOEXEC);
    if (the_file < 0)
        say_result(-1);
    return the_file;
}

static void say_size(void)
{
    struct stat found;

    if (!fstat(the_file, &found))
        say(" size %ld", (long)found.st_size);
}

static void step_write(void)
{
    static char bytes[3 * PAGE];
    size_t length = 1 + pick(sizeof(bytes)), at = pick(FILE_PAGES * PAGE);
    unsigned seed = pick(1000);

    if (file() < 0)
        return;
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(i * 13 + seed);
    say(" %zu at %zu", length, at);
    say_result(pwrite(the_file, bytes, length, (off_t)at));
    say_size();
}

static void step_read(void)
{
    static char bytes[3 * PAGE];
    size_t length = 1 + pick(sizeof(bytes)), at = pick(FILE_PAGES * PAGE);
    unsigned sum = 0;
    long got;

    if (file() < 0)
        return;
    say(" %zu at %zu", length, at);
    got = say_result(pread(the_file, bytes, length, (off_t)at));
    for (long i = 0; i < got; i++)
        sum = sum * 31 + (unsigned char)bytes[i];
    say(" sum %08x", sum);
}

static void step_size(void)
{
    size_t size = pick(FILE_PAGES + 1) * PAGE + (chance(50) ? pick(PAGE) : 0);

    if (file() < 0)
        return;
    say(" to %zu", size);
    say_result(ftruncate(the_file, (off_t)size));
    say_sum((struct range){0, ARENA_PAGES});
}

static void step_map(void)
{
    struct range range = pick_range(16);
    int rights = pick_rights(), shared = chance(50);
    int flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE) | (chance(15) ? MAP_POPULATE : 0);
    off_t at = (off_t)(pick(FILE_PAGES) * PAGE);
    char *got;

    if (file() < 0)
        return;
    say_range(range);
    say_rights(rights);
    say(" flags %x from %ld", (unsigned)flags, (long)at);
    got = mmap(address_of(range), range.count * PAGE, rights, flags, the_file, at);
    if (got == MAP_FAILED) {
        say_result(-1);
        return;
    }
    /* Beyond the file's end is nothing, and the file may become shorter. */
    note_mapped(range, rights, KIND_BEYOND | (shared ? KIND_SHARED | KIND_TWICE : 0));
    say_sum(range);
}

static void step_seek(void)
{
    static const int whence[] = {SEEK_SET, SEEK_CUR, SEEK_END, 9};
    unsigned which = pick(4);
    long to = (long)pick(3 * PAGE) - (long)PAGE;

    if (file() < 0)
        return;
    say(" %ld from %u", to, which);
    say_result(lseek(the_file, to, whence[which]));
    say_result(lseek(the_file, 0, SEEK_CUR));
}

/* The kernel reads and writes the arena on the program's behalf, several pieces at a time. */
static void step_vectors(void)
{
    struct iovec pieces[4];
    unsigned count = 1 + pick(4);
    int write_them = chance(50);

    if (file() < 0)
        return;
    lseek(the_file, 0, SEEK_SET);
    for (unsigned i = 0; i < count; i++) {
        struct range range = chance(80) ? pick_mapped(3) : pick_range(3);
        unsigned offset = pick(PAGE);

        pieces[i].iov_base = address_of(range) + offset;
        pieces[i].iov_len = pick((unsigned)(range.count * PAGE - offset) + 1);
        say(" %u+%u", (unsigned)(range.first * PAGE) + offset, (unsigned)pieces[i].iov_len);
    }
    say(write_them ? " write" : " read");
    say_result(write_them ? writev(the_file, pieces, (int)count)
                          : readv(the_file, pieces, (int)count));
    say_sum((struct range){0, ARENA_PAGES});
    say_size();
}

static void step_wrong(void)
{
    if (file() < 0)
        return;
    say_result(pread(the_file, ARENA, 1, -1));
    say_result(pwrite(the_file, ARENA, ~0UL, 0));
    say_result(ftruncate(the_file, -1));
    say_result(ftruncate(0, 10));
    say_result(read(-1, ARENA, 1));
    say_result(write(999, ARENA, 1));
    say_result(readv(the_file, (void *)8, 1));
    say_result(readv(the_file, NULL, -1));
    say_result(readv(the_file, NULL, 0));
    say_result(memfd_create("x", 0x100));
    say_result(memfd_create((char *)8, 0));
    say_result(mmap(ARENA, PAGE, PROT_READ, MAP_PRIVATE, the_file, 1) == MAP_FAILED ? -1 : 0);
}

const struct step file_steps[] = {
    {"memfd-write", step_write, 8, FILES}, {"memfd-read", step_read, 5, FILES},
    {"memfd-size", step_size, 4, FILES},   {"memfd-map", step_map, 12, FILES},
    {"memfd-seek", step_seek, 1, FILES},   {"memfd-vectors", step_vectors, 6, FILES},
    {"memfd-wrong", step_wrong, 1, FILES}, {NULL, NULL, 0, FILES},
};
