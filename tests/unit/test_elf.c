// sources: userland/lib/elf.c
// flags: -Iuserland
#include "entry/abi.h"
#include "lib/elf.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define HIGHEST (1ul << 47)

/* The file every test begins with: two segments, TLS, stack, an interpreter. */
struct image {
    struct {
        uint8_t magic[4], class, data, version, abi, padding[8];
        uint16_t type, machine;
        uint32_t file_version;
        uint64_t entry, headers, sections;
        uint32_t flags;
        uint16_t size, header_size, header_count, section_size, section_count, names;
    } file;
    struct elf_segment segments[5];
    char interpreter[16];
    char text[0x2000];
};
enum { TEXT, DATA, TLS, STACK, INTERPRETER, SEGMENTS };

static struct image sample(void)
{
    struct image image = {
        .file = {.magic = {0x7f, 'E', 'L', 'F'},
                 .class = 2,
                 .data = 1,
                 .version = 1,
                 .type = 2,
                 .machine = 183,
                 .file_version = 1,
                 .entry = 0x400400,
                 .headers = 64,
                 .size = 64,
                 .header_size = 56,
                 .header_count = SEGMENTS},
        .segments =
            {
                [TEXT] = {ELF_LOAD, ELF_READ | ELF_EXECUTE, 0, 0x400000, 0x400000, 0x1000, 0x1000,
                          0x10000},
                [DATA] = {ELF_LOAD, ELF_READ | ELF_WRITE, 0x1010, 0x411010, 0, 0x500, 0x2500,
                          0x10000},
                [TLS] = {ELF_TLS, ELF_READ, 0x1010, 0x411010, 0, 0x10, 0x40, 8},
                [STACK] = {ELF_GNU_STACK, ELF_READ | ELF_WRITE, 0, 0, 0, 0, 0, 16},
                [INTERPRETER] = {ELF_INTERPRETER, ELF_READ, offsetof(struct image, interpreter), 0,
                                 0, 6, 6, 1},
            },
        .interpreter = "/ld.so",
    };
    image.segments[INTERPRETER].file_size = 7;
    return image;
}

static int read_image(const struct image *image, struct elf *elf, const char **error)
{
    return elf_read(elf, image, sizeof *image, HIGHEST, error);
}

TEST(what_a_program_needs_is_read)
{
    struct image image = sample();
    struct elf elf;
    const char *error;
    CHECK_EQUAL(read_image(&image, &elf, &error), 0);
    CHECK(!elf.position_independent && !elf.stack_executable);
    CHECK_EQUAL(elf.entry, 0x400400);
    CHECK_EQUAL(elf.low, 0x400000);
    CHECK_EQUAL(elf.high, 0x414000);
    CHECK_EQUAL(elf.headers_address, 0x400040);
    CHECK(elf.headers == SEGMENTS && elf.header_size == 56);
    CHECK(!strcmp(elf.interpreter, "/ld.so"));
    CHECK(elf.has_tls && elf.tls.memory_size == 0x40);
    CHECK_EQUAL(elf_segment(&elf, DATA).address, 0x411010);
}

TEST(a_position_independent_program_counts_from_zero)
{
    struct image image = sample();
    struct elf elf;
    const char *error;
    image.file.type = 3;
    image.file.entry = 0x400;
    image.segments[TEXT].address = 0;
    CHECK_EQUAL(read_image(&image, &elf, &error), 0);
    CHECK(elf.position_independent && elf.low == 0);
    CHECK_EQUAL(elf.headers_address, 0x40);
}

TEST(a_file_cut_anywhere_is_refused_or_complete_in_what_it_claims)
{
    struct image image = sample();
    for (size_t cut = 0; cut < sizeof image; cut += cut < 400 ? 1 : 97) {
        uint8_t *file = malloc(cut ? cut : 1);
        memcpy(file, &image, cut);
        struct elf elf;
        const char *error;
        int result = elf_read(&elf, file, cut, HIGHEST, &error);
        CHECK(result == (cut >= 0x1510 ? 0 : -EINVAL));
        CHECK(!result || error);
        free(file);
    }
}

/* One value is wrong; the reader must name a reason. */
#define REFUSED(assignment)                                                                        \
    do {                                                                                           \
        struct image image = sample();                                                             \
        struct elf elf;                                                                            \
        const char *error = NULL;                                                                  \
        image.assignment;                                                                          \
        CHECK_EQUAL(read_image(&image, &elf, &error), -EINVAL);                                    \
        CHECK(error);                                                                              \
    } while (0)

TEST(wrong_headers_are_refused)
{
    REFUSED(file.magic[0] = 0);
    REFUSED(file.class = 1);
    REFUSED(file.data = 2);
    REFUSED(file.version = 0);
    REFUSED(file.machine = 62);
    REFUSED(file.type = 1);
    REFUSED(file.type = 4);
    REFUSED(file.header_size = 32);
    REFUSED(file.header_count = 0);
    REFUSED(file.header_count = 0xffff);
    REFUSED(file.header_count = 10000);
    REFUSED(file.headers = UINT64_MAX - 8);
    REFUSED(file.headers = sizeof(struct image) - 10);
    REFUSED(file.entry = 0);
    REFUSED(file.entry = 0x400402);
    REFUSED(file.entry = 0x411020); /* in data */
    REFUSED(file.entry = 0x401000);
}

TEST(hostile_segments_are_refused)
{
    REFUSED(segments[TEXT].offset = UINT64_MAX - 0xfff);
    REFUSED(segments[TEXT].file_size = UINT64_MAX);
    REFUSED(segments[TEXT].memory_size = 0xfff); /* smaller than in the file */
    REFUSED(segments[TEXT].memory_size = UINT64_MAX);
    REFUSED(segments[TEXT].memory_size = 0x20000); /* over the next one */
    REFUSED(segments[DATA].address = UINT64_MAX - 0xfef);
    REFUSED(segments[DATA].address = HIGHEST - 0xff0);
    REFUSED(segments[DATA].memory_size = HIGHEST);
    REFUSED(segments[DATA].address = 0x411000); /* not where its offset is in the page */
    REFUSED(segments[DATA].address = 0x3ff010); /* below the one before */
    REFUSED(segments[DATA].alignment = 0x3000);
    REFUSED(segments[TEXT].flags = ELF_READ); /* nothing to execute */
    REFUSED(segments[TLS].offset = sizeof(struct image));
    REFUSED(segments[TLS].memory_size = 1);
    REFUSED(segments[TLS].alignment = 12);
    REFUSED(segments[STACK].type = ELF_TLS);
    REFUSED(segments[STACK].type = ELF_INTERPRETER);
    REFUSED(segments[INTERPRETER].file_size = 6); /* not ended by 0 */
    REFUSED(segments[INTERPRETER].file_size = 1);
    REFUSED(segments[INTERPRETER].file_size = 16); /* ends too early */
    REFUSED(segments[INTERPRETER].offset = UINT64_MAX - 2);
}

TEST(nothing_to_load_is_refused)
{
    struct image image = sample();
    struct elf elf;
    const char *error;
    for (int i = 0; i < SEGMENTS; i++)
        image.segments[i].type = 0;
    CHECK_EQUAL(read_image(&image, &elf, &error), -EINVAL);
}

/* Whatever is accepted, every promise of elf.h holds for it. */
static void check_promises(const struct elf *elf, size_t size)
{
    uint64_t end = 0;
    for (unsigned i = 0; i < elf->headers; i++) {
        struct elf_segment segment = elf_segment(elf, i);
        if (segment.type != ELF_LOAD || !segment.memory_size)
            continue;
        CHECK(segment.offset <= size && segment.file_size <= size - segment.offset);
        CHECK(segment.address >= end && segment.address < HIGHEST);
        CHECK(segment.memory_size <= HIGHEST - segment.address);
        CHECK(segment.file_size <= segment.memory_size);
        CHECK(segment.address >= elf->low);
        end = segment.address + segment.memory_size;
        CHECK(end <= elf->high);
    }
    CHECK(elf->low < elf->high && elf->high <= HIGHEST);
    if (elf->interpreter)
        CHECK(strlen(elf->interpreter) > 0);
}

TEST(random_damage_is_refused_or_harmless)
{
    static const uint64_t favourites[] = {0,          1,          0xfff,     0x1000,
                                          0x7fffffff, UINT64_MAX, 1ul << 63, HIGHEST};
    unsigned accepted = 0;
    for (int round = 0; round < 50000; round++) {
        struct image image = sample();
        uint8_t *bytes = (uint8_t *)&image;
        for (unsigned damage = (unsigned)unit_random_below(3) + 1; damage; damage--) {
            size_t at = unit_random_below(offsetof(struct image, text) / 8) * 8;
            uint64_t value = favourites[unit_random_below(8)];
            if (unit_random_below(2))
                memcpy(bytes + at, &value, 8);
            else
                bytes[at + unit_random_below(8)] = (uint8_t)unit_random();
        }
        uint8_t *file = malloc(sizeof image);
        memcpy(file, &image, sizeof image);
        struct elf elf;
        const char *error;
        if (!elf_read(&elf, file, sizeof image, HIGHEST, &error)) {
            check_promises(&elf, sizeof image);
            accepted++;
        }
        free(file);
    }
    CHECK(accepted > 100); /* otherwise this test looks at nothing */
}
