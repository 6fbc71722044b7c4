/*
 * stack.c: what a program finds on its stack: argc, argv, envp and the auxiliary vector, then the
 * texts they point to (ELF for the Arm 64-bit Architecture, and Linux's binfmt_elf). It is built in
 * proc's memory and written by exec_start.
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "process/arguments.h"
#include "process/image.h"

#define STACK_ALIGNMENT 16

struct auxiliary {
    uint64_t type, value;
};
#define AUXILIARIES 21

struct writer {
    char *block;      /* the top of the stack, bytes */
    uint64_t address; /* where block[0] will be */
    uint64_t *words;  /* next word of argc … auxv */
    uint64_t text;    /* offset in block of the next text */
};

/* Copies a text; its future address. */
static uint64_t put_text(struct writer *writer, const void *text, size_t bytes)
{
    uint64_t address = writer->address + writer->text;
    memcpy(writer->block + writer->text, text, bytes);
    writer->text += bytes;
    return address;
}

/* A text of several strings, and a pointer to each. */
static void put_strings(struct writer *writer, const char *text, size_t bytes)
{
    uint64_t address = put_text(writer, text, bytes);
    for (size_t at = 0; at < bytes; at += strlen(text + at) + 1)
        *writer->words++ = address + at;
}

/*
 * HWCAP: what every ARMv8-A core has. More (atomics, crypto) cannot be seen from EL0, and programs
 * fall back to what is always there.
 */
static void put_auxiliary(struct writer *writer, const struct image *image,
                          const struct credentials *who, const uint64_t texts[3])
{
    const struct auxiliary vector[AUXILIARIES] = {
        {AT_SYSINFO_EHDR, image->vdso},
        {AT_HWCAP, HWCAP_FP | HWCAP_ASIMD},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_CLKTCK, 100},
        {AT_PHDR, image->headers},
        {AT_PHENT, image->header_bytes},
        {AT_PHNUM, image->header_count},
        {AT_BASE, image->linker},
        {AT_FLAGS, 0},
        {AT_ENTRY, image->program_entry},
        {AT_UID, who->user.real},
        {AT_EUID, who->user.effective},
        {AT_GID, who->group.real},
        {AT_EGID, who->group.effective},
        {AT_SECURE, 0},
        {AT_RANDOM, texts[0]},
        {AT_HWCAP2, 0},
        {AT_MINSIGSTKSZ, 4720}, /* a signal frame with FP registers, as Linux counts it */
        {AT_EXECFN, texts[2]},
        {AT_PLATFORM, texts[1]},
        {AT_NULL, 0},
    };
    memcpy(writer->words, vector, sizeof vector);
}

/* What stands for argv: bytes and count without the first of `argv` when others are instead. */
static const char *rest_of_argv(const struct arguments *arguments, size_t *bytes, uint32_t *count)
{
    const struct strings *argv = &arguments->argv;
    size_t skipped = arguments->instead.count && argv->count ? strlen(argv->text) + 1 : 0;
    *bytes = argv->bytes - skipped;
    *count = argv->count - (skipped != 0);
    return argv->text + skipped;
}

static void fill(struct writer *writer, struct image *image, const struct arguments *arguments,
                 const struct credentials *who, const char *name)
{
    static const char platform[] = "aarch64";
    unsigned char random[16];
    uint64_t texts[3];
    size_t bytes;
    uint32_t count;
    const char *rest = rest_of_argv(arguments, &bytes, &count);
    random_bytes(random, sizeof random);
    texts[0] = put_text(writer, random, sizeof random);
    texts[1] = put_text(writer, platform, sizeof platform);
    *writer->words++ = arguments->instead.count + count;
    image->facts.arguments_start = writer->address + writer->text;
    put_strings(writer, arguments->instead.text, arguments->instead.bytes);
    put_strings(writer, rest, bytes);
    *writer->words++ = 0;
    image->facts.arguments_end = image->facts.environment_start = writer->address + writer->text;
    put_strings(writer, arguments->envp.text, arguments->envp.bytes);
    *writer->words++ = 0;
    image->facts.environment_end = writer->address + writer->text;
    texts[2] = put_text(writer, name, strlen(name) + 1);
    image->facts.auxiliary_start =
        writer->address + (uint64_t)((char *)writer->words - writer->block);
    image->facts.auxiliary_end =
        image->facts.auxiliary_start + AUXILIARIES * sizeof(struct auxiliary);
    put_auxiliary(writer, image, who, texts);
}

int64_t stack_build(struct image *image, const struct arguments *arguments,
                    const struct credentials *who, const char *name, uint64_t top)
{
    size_t argv_bytes;
    uint32_t argv_count;
    rest_of_argv(arguments, &argv_bytes, &argv_count);
    uint64_t words =
        1 + arguments->instead.count + argv_count + 1 + arguments->envp.count + 1 + 2 * AUXILIARIES;
    uint64_t text = 16 + sizeof "aarch64" + arguments->instead.bytes + argv_bytes +
                    arguments->envp.bytes + strlen(name) + 1;
    /* The last 8 bytes stay zero. */
    uint64_t bytes =
        (words * sizeof(uint64_t) + text + 8 + STACK_ALIGNMENT - 1) & ~(STACK_ALIGNMENT - 1UL);
    char *block = wired_alloc(bytes);
    if (!block)
        return -ENOMEM;
    struct writer writer = {block, top - bytes, (uint64_t *)block, words * sizeof(uint64_t)};
    fill(&writer, image, arguments, who, name);
    image->stack_pointer = image->facts.stack_start = writer.address;
    return image_add_part(image, writer.address, bytes, block);
}
