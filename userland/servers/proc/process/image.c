/*
 * image.c: an ELF file and its arguments become an address space. Segments are mapped from the
 * bundle in place; the rest of the last file page of a data segment must read as zero, and the
 * stack begins with argc, argv, envp and the auxiliary vector (ELF for the Arm 64-bit Architecture,
 * and Linux's binfmt_elf). Both are only prepared here: see exec_start.
 *
 * Addresses: the program where it was linked, or from PROGRAM_BASE; brk after it; the dynamic
 * linker at LINKER_BASE; the stack at the top, a gap below it, then mmap's range downward.
 */
#include "lib/elf.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "time/vdso.h"

#define PROGRAM_BASE  0x555550000000UL
#define LINKER_BASE   0x7ffff0000000UL
#define STACK_TOP     0xfffffffff000UL
#define STACK_GAP     (1UL << 20)   /* as Linux's stack_guard_gap: an overflow hits nothing */
#define STACK_FIRST   (128UL << 10) /* below the arguments, as Linux maps it at first */
#define ARGUMENTS_MAX (STACK_BYTES / 4)
#define PAGE_MASK     (PAGE_SIZE - 1UL)

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

/* `contents` belongs to the image from now on, also on failure. */
static int64_t add_part(struct image *image, uint64_t address, uint64_t bytes, void *contents)
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

static int64_t map_segment(struct memory *memory, struct image *image, const struct node *node,
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
        error = memory_map(memory, start, file_pages_end - start, rights | populate, node,
                           segment->offset >> PAGE_SHIFT);
    if (!error && end > file_pages_end)
        error = memory_map(memory, file_pages_end, end - file_pages_end, rights, NULL, 0);
    if (!error && segment->file_size && segment->memory_size > segment->file_size &&
        file_end & PAGE_MASK) {
        if (!(segment->flags & ELF_WRITE))
            return -ENOEXEC;
        error = add_part(image, file_end, file_pages_end - file_end, NULL);
    }
    return error == -EEXIST || error == -EINVAL ? -ENOEXEC : error;
}

static int64_t map_segments(struct memory *memory, struct image *image, const struct node *node,
                            const struct elf *elf, uint64_t bias)
{
    for (unsigned i = 0; i < elf->headers; i++) {
        struct elf_segment segment = elf_segment(elf, i);
        int64_t error =
            segment.type == ELF_LOAD ? map_segment(memory, image, node, &segment, bias) : 0;
        if (error)
            return error;
    }
    return 0;
}

/* Finds a file and reads its headers. */
static int64_t open_program(struct process *process, const char *path, struct node **node,
                            struct elf *elf)
{
    int64_t error;
    const char *reason;
    *node = tree_find(process, process->directory, path, true, &error);
    if (!*node)
        return error;
    if (((*node)->mode & LINUX_S_IFMT) != LINUX_S_IFREG || !((*node)->mode & 0111))
        return -EACCES;
    if (!(*node)->mappable || elf_read(elf, (*node)->data, (*node)->size,
                                       STACK_TOP - STACK_BYTES - STACK_GAP, &reason) < 0)
        return -ENOEXEC;
    return 0;
}

/* ---- The stack ---- */

struct stack_writer {
    char *block;      /* the top of the stack, bytes */
    uint64_t address; /* where block[0] will be */
    uint64_t *words;  /* next word of argc … auxv */
    uint64_t text;    /* offset in block of the next string */
};

static uint64_t count_strings(char *const strings[], uint64_t *bytes)
{
    uint64_t count = 0;
    for (; strings[count]; count++)
        *bytes += strlen(strings[count]) + 1;
    return count;
}

/* Copies a text; its future address. */
static uint64_t put_text(struct stack_writer *writer, const void *text, size_t bytes)
{
    uint64_t address = writer->address + writer->text;
    memcpy(writer->block + writer->text, text, bytes);
    writer->text += bytes;
    return address;
}

static void put_strings(struct stack_writer *writer, char *const strings[])
{
    for (; *strings; strings++)
        *writer->words++ = put_text(writer, *strings, strlen(*strings) + 1);
    *writer->words++ = 0;
}

struct auxiliary {
    uint64_t type, value;
};

/*
 * HWCAP: what every ARMv8-A core has. More (atomics, crypto) cannot be seen from EL0, and programs
 * fall back to what is always there.
 */
static void put_auxiliary(struct stack_writer *writer, const struct elf *elf, uint64_t bias,
                          uint64_t linker_base, uint64_t vdso, const char *path)
{
    unsigned char random[16];
    random_bytes(random, sizeof random);
    uint64_t platform = put_text(writer, "aarch64", 8);
    uint64_t name = put_text(writer, path, strlen(path) + 1);
    uint64_t random_address = put_text(writer, random, sizeof random);
    const struct auxiliary vector[] = {
        {AT_SYSINFO_EHDR, vdso},
        {AT_HWCAP, HWCAP_FP | HWCAP_ASIMD},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_CLKTCK, 100},
        {AT_PHDR, elf->headers_address ? elf->headers_address + bias : 0},
        {AT_PHENT, elf->header_size},
        {AT_PHNUM, elf->headers},
        {AT_BASE, linker_base},
        {AT_FLAGS, 0},
        {AT_ENTRY, elf->entry + bias},
        {AT_UID, 0},
        {AT_EUID, 0},
        {AT_GID, 0},
        {AT_EGID, 0},
        {AT_SECURE, 0},
        {AT_RANDOM, random_address},
        {AT_HWCAP2, 0},
        {AT_MINSIGSTKSZ, 4720}, /* a signal frame with FP registers, as Linux counts it */
        {AT_EXECFN, name},
        {AT_PLATFORM, platform},
        {AT_NULL, 0},
    };
    memcpy(writer->words, vector, sizeof vector);
}
#define AUXILIARY_WORDS (2 * 21)

static int64_t build_stack(struct image *image, const struct elf *elf, uint64_t bias,
                           uint64_t linker_base, uint64_t vdso, const char *path,
                           char *const arguments[], char *const environment[])
{
    uint64_t text = strlen(path) + 1 + 8 + 16;
    uint64_t argument_count = count_strings(arguments, &text);
    uint64_t environment_count = count_strings(environment, &text);
    uint64_t words = 1 + argument_count + 1 + environment_count + 1 + AUXILIARY_WORDS;
    uint64_t bytes = (words * 8 + text + 8 + 15) & ~15UL; /* the last 8 stay zero */
    if (bytes > ARGUMENTS_MAX)
        return -E2BIG;
    char *block = wired_alloc(bytes);
    if (!block)
        return -ENOMEM;
    struct stack_writer writer = {block, STACK_TOP - bytes, (uint64_t *)block, words * 8};
    *writer.words++ = argument_count;
    put_strings(&writer, arguments);
    put_strings(&writer, environment);
    put_auxiliary(&writer, elf, bias, linker_base, vdso, path);
    image->stack_pointer = writer.address;
    return add_part(image, writer.address, bytes, block);
}

/* What is written there now, and some more; it grows when it is used (memory_grow). */
static int64_t map_stack(struct memory *memory, uint64_t pointer, uint64_t rights)
{
    uint64_t start = (pointer & ~PAGE_MASK) - STACK_FIRST;
    memory->layout.stack_start = pointer;
    return memory_map(memory, start, STACK_TOP - start, rights | ADVICE_GROWS_DOWN, NULL, 0);
}

/* ---- All together ---- */

/* The dynamic linker, when the program names one: it runs first. */
static int64_t map_linker(struct process *process, struct memory *memory, struct image *image,
                          const char *path, uint64_t *base)
{
    struct node *node;
    struct elf elf;
    int64_t error = open_program(process, path, &node, &elf);
    if (error) {
        log_print(LOG_ERROR, "proc: dynamic linker %s: %s\n", path, linux_error_name(error));
        return error;
    }
    *base = elf.position_independent ? LINKER_BASE - elf.low : 0;
    image->entry = elf.entry + *base;
    return map_segments(memory, image, node, &elf, *base);
}

static int64_t map_all(struct process *process, struct memory *memory, struct image *image,
                       const char *path, char *const arguments[], char *const environment[])
{
    struct node *node;
    struct elf elf;
    int64_t error = open_program(process, path, &node, &elf);
    if (error)
        return error;
    uint64_t bias = elf.position_independent ? PROGRAM_BASE - elf.low : 0, linker_base = 0;
    uint64_t stack_rights = MAP_READ | MAP_WRITE | (elf.stack_executable ? MAP_EXEC : 0);
    image->entry = elf.entry + bias;
    layout_init(&memory->layout, elf.high + bias, STACK_TOP - STACK_BYTES - STACK_GAP);
    error = vdso_map(memory);
    if (!error)
        error = map_segments(memory, image, node, &elf, bias);
    if (!error && elf.interpreter)
        error = map_linker(process, memory, image, elf.interpreter, &linker_base);
    if (!error)
        error = build_stack(image, &elf, bias, linker_base, memory->layout.vdso, path, arguments,
                            environment);
    return error ? error : map_stack(memory, image->stack_pointer, stack_rights);
}

int64_t image_map(struct process *process, struct memory *memory, const char *path,
                  char *const arguments[], char *const environment[], struct image **image)
{
    struct image *made = wired_alloc(sizeof *made);
    if (!made)
        return -ENOMEM;
    int64_t error = map_all(process, memory, made, path, arguments, environment);
    if (error) {
        image_free(made);
        return error;
    }
    *image = made;
    return 0;
}
