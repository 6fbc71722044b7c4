/* arena.c: memory behind frame numbers, so that code may write to the frames it allocates. */
#include "arch/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ALIGNMENT ((size_t)4 << 20) /* of the largest block, as in the kernel's linear map */

static char *arena(void)
{
    static char *start;
    if (!start) {
        size_t size = (size_t)ARENA_FRAMES * 4096 + ALIGNMENT;
        char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED) {
            perror("arena: mmap");
            exit(2);
        }
        start = map + (ALIGNMENT - (uintptr_t)map % ALIGNMENT) % ALIGNMENT;
    }
    return start;
}

static size_t checked(uint64_t offset)
{
    if (offset >= ARENA_FRAMES * 4096) {
        fprintf(stderr, "arena: address or frame outside of it\n");
        abort();
    }
    return offset;
}

void *frame_address(frame_number number)
{
    return arena() + checked((number - ARENA_FIRST) * 4096);
}

frame_number address_frame(const void *address)
{
    return ARENA_FIRST + checked((uintptr_t)address - (uintptr_t)arena()) / 4096;
}
