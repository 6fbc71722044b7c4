/*
 * elf.c: elf.h. Layout and meaning: System V gABI, chapters 4 and 5; ELF for the
 * Arm 64-bit Architecture. Headers are copied out byte by byte, because a hostile
 * file aligns nothing. No kernel call in here.
 */
#include "lib/elf.h"
#include "entry/abi.h"
#include "lib/memory.h"

#define EXECUTABLE      2
#define SHARED          3
#define AARCH64         183
#define INTERPRETER_MAX 4096 /* PATH_MAX, with the final 0 */

struct file_header {
    uint8_t magic[4], class, data, ident_version, abi, padding[8];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
};
_Static_assert(sizeof(struct file_header) == 64, "as in the file");

struct program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
};
_Static_assert(sizeof(struct program_header) == sizeof(struct elf_segment), "the same fields");

/* a + b, or false when it exceeds the limit (or 64 bits). */
static bool within(uint64_t a, uint64_t b, uint64_t limit)
{
    return b <= limit && a <= limit - b;
}

struct elf_segment elf_segment(const struct elf *elf, unsigned number)
{
    struct elf_segment segment;
    memcpy(&segment, elf->file + elf->headers_offset + (size_t)number * elf->header_size,
           sizeof segment);
    return segment;
}

static const char *read_file_header(struct elf *elf)
{
    struct file_header header;
    if (elf->size < sizeof header)
        return "too short for an ELF header";
    memcpy(&header, elf->file, sizeof header);
    if (memcmp(header.magic, "\177ELF", 4))
        return "not an ELF file";
    if (header.class != 2 || header.data != 1 || header.ident_version != 1 || header.version != 1)
        return "not a 64-bit little-endian ELF file of version 1";
    if (header.machine != AARCH64)
        return "not for AArch64";
    if (header.type != EXECUTABLE && header.type != SHARED)
        return "not executable";
    if (header.program_header_size != sizeof(struct program_header))
        return "program headers of a wrong size";
    if (!header.program_header_count || header.program_header_count == 0xffff)
        return "no program headers, or too many";
    if (!within(header.program_headers,
                (uint64_t)header.program_header_count * header.program_header_size, elf->size))
        return "program headers beyond the end of the file";
    elf->position_independent = header.type == SHARED;
    elf->entry = header.entry;
    elf->headers_offset = header.program_headers;
    elf->headers = header.program_header_count;
    elf->header_size = header.program_header_size;
    return NULL;
}

/* Rules for every segment that has contents. */
static const char *check_extent(const struct elf *elf, const struct elf_segment *segment,
                                uint64_t highest)
{
    if (!within(segment->offset, segment->file_size, elf->size))
        return "a segment goes beyond the end of the file";
    if (segment->file_size > segment->memory_size)
        return "a segment is larger in the file than in memory";
    if (!within(segment->address, segment->memory_size, highest))
        return "a segment goes beyond the address space";
    if (segment->alignment & (segment->alignment - 1))
        return "an alignment that is no power of two";
    return NULL;
}

static const char *read_load(struct elf *elf, const struct elf_segment *segment, uint64_t highest,
                             uint64_t *end)
{
    if (!segment->memory_size)
        return NULL;
    if (!within(segment->address, segment->memory_size, highest - PAGE_SIZE))
        return "a segment goes beyond the address space";
    if ((segment->address ^ segment->offset) & (PAGE_SIZE - 1))
        return "a segment whose address and file offset differ within a page";
    if (segment->address < *end)
        return "segments overlap or are not in ascending order";
    if (elf->low == elf->high)
        elf->low = segment->address & ~(uint64_t)(PAGE_SIZE - 1);
    *end = segment->address + segment->memory_size;
    elf->high = (*end + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    if (!elf->headers_address && elf->headers_offset >= segment->offset &&
        within(elf->headers_offset - segment->offset, (uint64_t)elf->headers * elf->header_size,
               segment->file_size))
        elf->headers_address = segment->address + (elf->headers_offset - segment->offset);
    return NULL;
}

static const char *read_interpreter(struct elf *elf, const struct elf_segment *segment)
{
    if (elf->interpreter)
        return "two interpreters";
    if (!within(segment->offset, segment->file_size, elf->size))
        return "a segment goes beyond the end of the file";
    const char *path = (const char *)elf->file + segment->offset;
    if (segment->file_size < 2 || segment->file_size > INTERPRETER_MAX ||
        strnlen(path, segment->file_size) != segment->file_size - 1)
        return "the interpreter's path is empty, too long or not ended by 0";
    elf->interpreter = path;
    return NULL;
}

static const char *read_tls(struct elf *elf, const struct elf_segment *segment, uint64_t highest)
{
    if (elf->has_tls)
        return "two TLS segments";
    elf->has_tls = true;
    elf->tls = *segment;
    return check_extent(elf, segment, highest);
}

static const char *read_segment(struct elf *elf, unsigned number, uint64_t highest, uint64_t *end)
{
    struct elf_segment segment = elf_segment(elf, number);
    const char *error = NULL;
    switch (segment.type) {
    case ELF_LOAD:
        error = check_extent(elf, &segment, highest);
        return error ? error : read_load(elf, &segment, highest, end);
    case ELF_INTERPRETER:
        return read_interpreter(elf, &segment);
    case ELF_TLS:
        return read_tls(elf, &segment, highest);
    case ELF_GNU_STACK:
        elf->stack_executable = segment.flags & ELF_EXECUTE;
        return NULL;
    default: /* PT_PHDR too: headers_address comes from the segment that holds them, which is
                checked */
        return NULL;
    }
}

static const char *check_entry(const struct elf *elf)
{
    for (unsigned i = 0; i < elf->headers; i++) {
        struct elf_segment segment = elf_segment(elf, i);
        if (segment.type == ELF_LOAD && segment.flags & ELF_EXECUTE &&
            elf->entry >= segment.address && elf->entry - segment.address < segment.file_size)
            return elf->entry & 3 ? "the entry point is not aligned" : NULL;
    }
    return "the entry point is in no executable segment";
}

int elf_read(struct elf *elf, const void *file, size_t size, uint64_t highest, const char **error)
{
    *elf = (struct elf){.file = file, .size = size};
    uint64_t end = 0;
    *error = highest <= PAGE_SIZE ? "no address space" : read_file_header(elf);
    for (unsigned i = 0; !*error && i < elf->headers; i++)
        *error = read_segment(elf, i, highest, &end);
    if (!*error && elf->low == elf->high)
        *error = "nothing to load";
    if (!*error)
        *error = check_entry(elf);
    return *error ? -EINVAL : 0;
}
