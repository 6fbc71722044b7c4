/*
 * elf.h: reads ELF64 executables for AArch64 that lie in memory: static (ET_EXEC)
 * and position-independent (ET_DYN). Nothing is trusted: after elf_read succeeded,
 * every segment lies inside the file and inside the address space, and no sum of
 * two of its numbers overflows.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_LOAD        1
#define ELF_DYNAMIC     2
#define ELF_INTERPRETER 3
#define ELF_HEADERS     6
#define ELF_TLS         7
#define ELF_GNU_STACK   0x6474e551
#define ELF_GNU_RELRO   0x6474e552

#define ELF_EXECUTE 1 /* bits of elf_segment.flags */
#define ELF_WRITE   2
#define ELF_READ    4

/* One program header, as it stands in the file. */
struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
};

struct elf {
    const uint8_t *file;
    size_t size;
    bool position_independent; /* ET_DYN: addresses count from where it is put */
    uint64_t entry;
    uint64_t headers_offset; /* program headers in the file */
    unsigned headers, header_size;
    uint64_t headers_address; /* where they are in memory (PT_PHDR, or the segment that covers
                                 them); 0: nowhere */
    uint64_t low, high;       /* page-rounded range of all PT_LOAD; low < high */
    bool stack_executable;    /* PT_GNU_STACK asks for it */
    const char *interpreter;  /* path of the dynamic linker, ends with 0; NULL: static */
    bool has_tls;
    struct elf_segment tls;
};

/*
 * Reads and checks the headers. 0, or -EINVAL (truncated, hostile, not ELF64 little-endian
 * AArch64) with a sentence in *error. `highest`: addresses must stay below this.
 */
int elf_read(struct elf *elf, const void *file, size_t size, uint64_t highest, const char **error);

/* The segment of that number, 0 .. elf->headers-1. */
struct elf_segment elf_segment(const struct elf *elf, unsigned number);
