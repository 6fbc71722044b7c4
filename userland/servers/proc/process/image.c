/*
 * image.c: an ELF file becomes an address space (ELF for the Arm 64-bit Architecture, and Linux's
 * binfmt_elf). Segments are mapped from the bundle in place; the rest of the last file page of a
 * data segment must read as zero, which is only prepared here: see exec_start.
 */
#include "process/image.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "process/addresses.h"
#include "process/program.h"
#include "time/vdso.h"

#define ALIGNMENT_MOST (2UL << 20)
#define STACK_FIRST    (128UL << 10) /* below the arguments, as Linux maps it at first */
#define PAGE_MASK      (PAGE_SIZE - 1UL)

void image_free(struct image *image)
{
    if (!image)
        return;
    while (image->parts) {
        struct image_part *part = image->parts;
        image->parts = part->next;
        wired_free((void *)part->contents);
        wired_free(part);
    }
    wired_free(image);
}

int64_t image_add_part(struct image *image, uint64_t address, uint64_t bytes, void *contents)
{
    struct image_part *part = wired_alloc(sizeof *part);
    if (!part) {
        wired_free(contents);
        return -ENOMEM;
    }
    *part = (struct image_part){image->parts, address, bytes, 0, contents};
    image->parts = part;
    return 0;
}

/* ---- Segments ---- */

static int64_t map_segment(struct memory *memory, struct image *image, struct entry *file,
                           const struct elf_segment *segment, uint64_t bias)
{
    uint64_t address = segment->address + bias, start = address & ~PAGE_MASK;
    uint64_t file_end = address + segment->file_size, end = address + segment->memory_size;
    uint64_t file_pages_end = (file_end + PAGE_MASK) & ~PAGE_MASK;
    uint64_t rights = MAP_READ | (segment->flags & ELF_WRITE ? MAP_WRITE : 0) |
                      (segment->flags & ELF_EXECUTE ? MAP_EXEC : 0);
    if (segment->memory_size == 0)
        return 0;
    if ((segment->address ^ segment->offset) & PAGE_MASK)
        return -ENOEXEC;
    if (segment->file_size == 0)
        file_pages_end = start;
    end = (end + PAGE_MASK) & ~PAGE_MASK;
    int64_t error = 0;
    /* Text and constants lie in memory already: entered at once, they cost no faults later. */
    uint64_t populate = segment->flags & ELF_WRITE ? 0 : MAP_POPULATE;
    if (file_pages_end > start)
        error = memory_map(memory, start, file_pages_end - start, rights | populate, file,
                           segment->offset >> PAGE_SHIFT);
    if (!error && end > file_pages_end)
        error = memory_map(memory, file_pages_end, end - file_pages_end, rights, NULL, 0);
    if (!error && segment->file_size && segment->memory_size > segment->file_size &&
        file_end & PAGE_MASK) {
        if (!(segment->flags & ELF_WRITE))
            return -ENOEXEC;
        error = image_add_part(image, file_end, file_pages_end - file_end, NULL);
    }
    return error == -EEXIST || error == -EINVAL ? -ENOEXEC : error;
}

static int64_t map_segments(struct memory *memory, struct image *image,
                            const struct program *program, uint64_t bias)
{
    for (unsigned i = 0; i < program->elf.headers; i++) {
        struct elf_segment segment = elf_segment(&program->elf, i);
        int64_t error = segment.type == ELF_LOAD
                            ? map_segment(memory, image, program->entry, &segment, bias)
                            : 0;
        if (error)
            return error;
    }
    return 0;
}

/* Where code and data of the program lie, for /proc/PID/stat: as Linux, the extent of what can be
 * executed, and of what cannot. */
static void note_facts(struct program_facts *facts, const struct elf *elf, uint64_t bias)
{
    facts->code_start = facts->data_start = UINT64_MAX;
    for (unsigned i = 0; i < elf->headers; i++) {
        struct elf_segment segment = elf_segment(elf, i);
        uint64_t start = segment.address + bias, end = start + segment.file_size;
        if (segment.type != ELF_LOAD)
            continue;
        if (start < facts->code_start)
            facts->code_start = start;
        if (facts->data_start == UINT64_MAX || start > facts->data_start)
            facts->data_start = start;
        if (segment.flags & ELF_EXECUTE && end > facts->code_end)
            facts->code_end = end;
        if (end > facts->data_end)
            facts->data_end = end;
    }
}

/* The largest alignment that a segment asks for; absurd ones are passed over. */
static uint64_t alignment_of(const struct elf *elf)
{
    uint64_t alignment = PAGE_SIZE;
    for (unsigned i = 0; i < elf->headers; i++) {
        struct elf_segment segment = elf_segment(elf, i);
        if (segment.type == ELF_LOAD && segment.alignment > alignment &&
            segment.alignment <= ALIGNMENT_MOST)
            alignment = segment.alignment;
    }
    return alignment;
}

/* At the top of mmap's range, which becomes as much smaller: where the file's address 0 is. */
static uint64_t bias_at_top(struct layout *layout, const struct elf *elf, uint64_t alignment)
{
    uint64_t base = (layout->top - (elf->high - elf->low)) & ~(alignment - 1);
    layout->top = layout->next = layout->hole = layout->hole_end = base;
    return base - elf->low;
}

/* Where the program goes; sets the layout. A position-independent one without a dynamic linker may
 * be one itself: it leaves the place of programs, and brk there, to what it loads; but not when
 * nothing is random, so that debuggers find it. */
static uint64_t place_program(struct memory *memory, const struct elf *elf, bool linked,
                              const struct addresses *addresses)
{
    uint64_t alignment = alignment_of(elf), base = addresses->program & ~(alignment - 1), bias = 0;
    linked |= addresses->program == PROGRAM_BASE;
    if (elf->position_independent && linked)
        bias = base - (elf->low & ~(alignment - 1));
    uint64_t end = elf->position_independent && !linked ? base : elf->high + bias;
    layout_init(&memory->layout, end + addresses->brk_gap, addresses->mmap_top);
    if (elf->position_independent && !linked)
        bias = bias_at_top(&memory->layout, elf, alignment);
    return bias;
}

static int64_t map_program(struct memory *memory, struct image *image,
                           const struct program *program, const struct program *linker,
                           const struct addresses *addresses)
{
    const struct elf *elf = &program->elf;
    uint64_t bias = place_program(memory, elf, linker, addresses);
    image->entry = image->program_entry = elf->entry + bias;
    image->headers = elf->headers_address ? elf->headers_address + bias : 0;
    image->header_bytes = elf->header_size;
    image->header_count = elf->headers;
    note_facts(&image->facts, elf, bias);
    int64_t error = map_segments(memory, image, program, bias);
    if (!error && linker) {
        if (linker->elf.position_independent)
            image->linker = bias_at_top(&memory->layout, &linker->elf, PAGE_SIZE);
        image->entry = linker->elf.entry + image->linker;
        error = map_segments(memory, image, linker, image->linker);
    }
    if (!error)
        error = vdso_map(memory);
    image->vdso = memory->layout.vdso;
    return error;
}

/* What is written there now, and some more; it grows when it is used (memory_grow). */
static int64_t map_stack(struct memory *memory, uint64_t pointer, uint64_t top, uint64_t rights)
{
    uint64_t start = (pointer & ~PAGE_MASK) - STACK_FIRST;
    return memory_map(memory, start, top - start, rights | ADVICE_GROWS_DOWN, NULL, 0);
}

struct image *image_map(struct process *process, struct memory *memory,
                        const struct program *program, const struct program *linker,
                        const struct arguments *arguments, const char *name, int64_t *error)
{
    const struct family *family = &process->family;
    struct image *image = wired_alloc(sizeof *image);
    *error = -ENOMEM;
    if (!image)
        return NULL;
    uint64_t rights = MAP_READ | MAP_WRITE | (program->elf.stack_executable ? MAP_EXEC : 0);
    struct addresses addresses = addresses_choose(process->limits[LINUX_RLIMIT_STACK].current,
                                                  !(family->personality & ADDR_NO_RANDOMIZE));
    *error = map_program(memory, image, program, linker, &addresses);
    if (!*error)
        *error = stack_build(image, arguments, &family->credentials, name, addresses.stack_texts);
    if (!*error)
        *error = map_stack(memory, image->stack_pointer, addresses.stack_top, rights);
    memory->facts = image->facts;
    if (!*error)
        return image;
    image_free(image);
    return NULL;
}
