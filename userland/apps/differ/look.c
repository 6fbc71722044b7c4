/* look.c of differ: what /proc says of the arena, and of memory that grows downward. */
#define _GNU_SOURCE
#include "differ.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT_MOST (1 << 18)

static char text[TEXT_MOST];

/* The whole of a file in `text`; 0, or -1 with errno. */
static int read_text(const char *path)
{
    size_t used = 0;
    ssize_t got = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        return -1;
    while (used < TEXT_MOST - 1 && (got = read(file, text + used, TEXT_MOST - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    close(file);
    return got < 0 ? -1 : 0;
}

/* One line of maps: 1 when it is one. */
static int parse_line(const char *line, uintptr_t *begin, uintptr_t *end, char rights[5])
{
    char *at;

    *begin = strtoul(line, &at, 16);
    if (*at != '-')
        return 0;
    *end = strtoul(at + 1, &at, 16);
    if (*at != ' ' || strlen(at) < 5)
        return 0;
    memcpy(rights, at + 1, 4);
    rights[4] = '\0';
    return 1;
}

static char *next_line(char *line)
{
    char *end = strchr(line, '\n');

    return end ? end + 1 : line + strlen(line);
}

static void say_piece(uintptr_t from, uintptr_t begin, uintptr_t end, const char *rights)
{
    if (begin < end)
        say(" %ld+%lu%s", (long)(begin - from) / (long)PAGE, (unsigned long)((end - begin) / PAGE),
            rights);
}

/* The mappings inside [from, to). Neighbours with the same rights count as one: where Linux
   keeps them apart depends on its own bookkeeping, which no program can see otherwise. */
static void say_maps(uintptr_t from, uintptr_t to)
{
    uintptr_t begin = 0, end = 0, next_begin, next_end;
    char rights[5] = "", next_rights[5];

    if (read_text("/proc/self/maps")) {
        say(" %s", error_name(errno));
        return;
    }
    for (char *line = text; *line; line = next_line(line)) {
        if (!parse_line(line, &next_begin, &next_end, next_rights)) {
            say(" not a line of maps: %.40s", line);
            return;
        }
        if (next_begin < from || next_begin >= to)
            continue;
        if (next_begin == end && !strcmp(rights, next_rights)) {
            end = next_end;
            continue;
        }
        say_piece(from, begin, end, rights);
        begin = next_begin;
        end = next_end;
        memcpy(rights, next_rights, sizeof(rights));
    }
    say_piece(from, begin, end, rights);
}

static void step_maps(void)
{
    say_maps((uintptr_t)ARENA, (uintptr_t)ARENA + ARENA_PAGES * PAGE);
}

/* Bits of pagemap that everybody may see: present (63), of a file or shared (61). Not of pages
   without rights, nor of those of a file: whether those have entries is the system's affair. */
static void step_pagemap(void)
{
    struct range range = pick_mapped(48);
    uint64_t entries[ARENA_PAGES];
    char present[ARENA_PAGES + 1];
    ssize_t got;
    int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

    say_range(range);
    if (file < 0) {
        say(" %s", error_name(errno));
        return;
    }
    got = pread(file, entries, range.count * 8, (off_t)((uintptr_t)address_of(range) / PAGE * 8));
    close(file);
    if (got != (ssize_t)range.count * 8) {
        say(" short %zd", got);
        return;
    }
    for (unsigned i = 0; i < range.count; i++)
        present[i] = pages[range.first + i].rights == PROT_NONE  ? '-'
                     : pages[range.first + i].kind & KIND_BEYOND ? '-'
                     : !(entries[i] >> 63)  ? (entries[i] >> 62 & 1 ? 's' : '.')
                     : entries[i] >> 61 & 1 ? 'f'
                                            : 'p';
    present[range.count] = '\0';
    say(" %s", present);
}

/* The number behind `name` in one area's lines of smaps, in KiB. */
static unsigned long field(const char *area, const char *end, const char *name)
{
    const char *at = strstr(area, name);

    return at && at < end ? strtoul(at + strlen(name), NULL, 10) : 0;
}

static int any(int kind)
{
    for (unsigned i = 0; i < ARENA_PAGES; i++)
        if (pages[i].rights >= 0 && pages[i].kind & kind)
            return 1;
    return 0;
}

/* Sums over the arena of what smaps tells, without mappings that give no rights. Pages shown twice
   count half for what is locked: Pagoda counts programs, not addresses. What was written to a file
   is in the tables of who maps it at once, or when it is touched: the system's affair. */
static void step_smaps(void)
{
    static const char *const names[] = {"\nSize:", "\nRss:", "\nAnonymous:", "\nLocked:"};
    unsigned long sums[4] = {0};
    uintptr_t begin, end;
    char rights[5];

    if (read_text("/proc/self/smaps")) {
        say(" %s", error_name(errno));
        return;
    }
    for (char *line = text; *line; line = next_line(line)) {
        char *stop = line, ignored[5];

        if (!parse_line(line, &begin, &end, rights))
            continue;
        do {
            stop = next_line(stop);
        } while (*stop && !parse_line(stop, &(uintptr_t){0}, &(uintptr_t){0}, ignored));
        if (strncmp(rights, "---", 3) && begin >= (uintptr_t)ARENA &&
            begin < (uintptr_t)ARENA + ARENA_PAGES * PAGE)
            for (unsigned i = 0; i < 4; i++)
                sums[i] += field(line, stop, names[i]);
    }
    for (unsigned i = 0; i < 4 - (unsigned)any(KIND_TWICE); i++)
        if (i != 1 || !any(KIND_BEYOND))
            say(" %s %lu", names[i] + 1, sums[i]);
}

#define HOLE       ((char *)0x180000000) /* far from everything */
#define HOLE_PAGES 4096

/* Memory that grows downward: touched below its end, nearer and nearer to a neighbour. */
static void step_grows_down(void)
{
    char *top = HOLE + HOLE_PAGES * PAGE, *neighbour = HOLE + pick(1024) * PAGE;
    int with_neighbour = chance(60), flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    uintptr_t below = 0;
    struct fault fault;

    if (with_neighbour)
        mmap(neighbour, PAGE, chance(50) ? PROT_READ : PROT_NONE, flags, -1, 0);
    if (mmap(top - PAGE, PAGE, PROT_READ | PROT_WRITE, flags | MAP_GROWSDOWN, -1, 0) ==
        MAP_FAILED) {
        say(" %s", error_name(errno));
        return;
    }
    for (unsigned i = 0; i < 6; i++) {
        below += (1 + pick(700)) * PAGE;
        if (below >= HOLE_PAGES * PAGE)
            break;
        say(" -%lu", (unsigned long)(below / PAGE));
        if (try_write(top - below, i + 1, &fault))
            say(" signal %d code %d", fault.signal, fault.code);
    }
    say_maps((uintptr_t)HOLE, (uintptr_t)top);
    munmap(HOLE, HOLE_PAGES * PAGE);
}

const struct step look_steps[] = {
    {"maps", step_maps, 14, MEMORY},  {"pagemap", step_pagemap, 5, MEMORY},
    {"smaps", step_smaps, 3, MEMORY}, {"grows-down", step_grows_down, 2, SIGNAL},
    {NULL, NULL, 0, MEMORY},
};
