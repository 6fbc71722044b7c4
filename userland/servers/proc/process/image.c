/*
 * image.c: an ELF file becomes an address space (ELF for the Arm 64-bit Architecture, and Linux's
 * binfmt_elf). Segments are mapped from the bundle in place; the rest of the last file page of a
 * data segment must read as zero, which is only prepared here: see exec_start.
 *
 * Addresses: the program where it was linked, or where memory/placement.c says; brk after it; the
 * stack at the top, a gap below it, then mmap's range downward, which begins with the vdso and the
 * dynamic linker.
 */
#include "process/image.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "memory/placement.h"
#include "proc.h"
#include "process/program.h"
#include "time/vdso.h"

#define STACK_FIRST (128UL << 10) /* below the arguments, as Linux maps it at first */
#define PAGE_MASK   (PAGE_SIZE - 1UL)

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

static int64_t map_program(struct memory *memory, struct image *image,
                           const struct placement *placement, const struct program *program,
                           const struct program *linker)
{
    const struct elf *elf = &program->elf;
    uint64_t bias = elf->position_independent ? placement->program - elf->low : 0;
    image->entry = image->program_entry = elf->entry + bias;
    image->headers = elf->headers_address ? elf->headers_address + bias : 0;
    image->header_bytes = elf->header_size;
    image->header_count = elf->headers;
    note_facts(&image->facts, elf, bias);
    layout_init(&memory->layout, elf->high + bias + placement->heap_gap, placement->mmap_top);
    int64_t error = vdso_map(memory);
    image->vdso = memory->layout.vdso;
    if (!error)
        error = map_segments(memory, image, program, bias);
    if (error || !linker)
        return error;
    if (linker->elf.position_independent)
        image->linker =
            layout_take(&memory->layout, linker->elf.high - linker->elf.low) - linker->elf.low;
    image->entry = linker->elf.entry + image->linker;
    return map_segments(memory, image, linker, image->linker);
}

/* What is written there now, and some more; it grows when it is used (memory_grow). */
static int64_t map_stack(struct memory *memory, uint64_t pointer, uint64_t top, uint64_t rights)
{
    uint64_t start = (pointer & ~PAGE_MASK) - STACK_FIRST;
    return memory_map(memory, start, top - start, rights | ADVICE_GROWS_DOWN, NULL, 0);
}

struct image *image_map(struct memory *memory, const struct program *program,
                        const struct program *linker, const struct arguments *arguments,
                        const struct thread *thread, const char *name, int64_t *error)
{
    struct image *image = wired_alloc(sizeof *image);
    struct placement placement = placement_choose(thread);
    *error = -ENOMEM;
    if (!image)
        return NULL;
    uint64_t rights = MAP_READ | MAP_WRITE | (program->elf.stack_executable ? MAP_EXEC : 0);
    *error = map_program(memory, image, &placement, program, linker);
    if (!*error)
        *error = stack_build(image, arguments, &thread->process->family.credentials, name,
                             placement.stack_top - placement.stack_offset);
    if (!*error)
        *error = map_stack(memory, image->stack_pointer, placement.stack_top, rights);
    memory->facts = image->facts;
    if (!*error)
        return image;
    image_free(image);
    return NULL;
}
