/*
 * load.c: an ELF image becomes wired pages of a server. Each segment is an object
 * of its own; the handle it is mapped through has just the segment's rights, so
 * that text can never be made writable, nor data executable.
 */
#include "lib/elf.h"
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "root.h"

#define WINDOW        0x900000000000 /* where root sees pages while it fills them */
#define IMAGE_HIGHEST (LAYOUT_STACK_TOP - (LAYOUT_STACK_PAGES + 1) * PAGE_SIZE)

static void fill(const struct server *server, handle object, uint64_t pages, const void *from,
                 size_t bytes, size_t skip)
{
    int64_t error = region_map(HANDLE_SPACE, WINDOW, pages, MAP_READ | MAP_WRITE | MAP_POPULATE,
                               object, 0, 0, 0);
    if (error < 0)
        die("server %s: cannot fill its pages: %s", server->wish->name, error_name(error));
    memcpy((char *)WINDOW + skip, from, bytes);
    region_unmap(HANDLE_SPACE, WINDOW, pages, 0);
}

void pages_give(const struct server *server, uintptr_t address, uint64_t pages, uint64_t map,
                const void *from, size_t bytes, size_t skip)
{
    uint64_t rights = (map & MAP_READ ? RIGHT_READ : 0) | (map & MAP_WRITE ? RIGHT_WRITE : 0) |
                      (map & MAP_EXEC ? RIGHT_EXEC : 0);
    int64_t object = create_wired(pages, server->pool);
    if (object < 0)
        die("server %s: no room in its pool (%lu KiB) for %lu pages at 0x%lx: %s",
            server->wish->name, server->wish->pool_limit / 1024, pages, address,
            error_name(object));
    if (bytes)
        fill(server, (handle)object, pages, from, bytes, skip);
    int64_t limited = handle_dup((handle)object, rights, 0, 0);
    int64_t error = limited < 0 ? limited
                                : region_map(server->space, address, pages, map | MAP_POPULATE,
                                             (handle)limited, 0, 0, 0);
    if (error < 0)
        die("server %s: cannot map %lu pages at 0x%lx: %s", server->wish->name, pages, address,
            error_name(error));
    handle_close((handle)limited);
    handle_close((handle)object); /* the region keeps it */
}

static void load_segment(const struct server *server, const struct elf *elf,
                         const struct elf_segment *segment)
{
    uint64_t skip = segment->address % PAGE_SIZE, first = segment->address - skip;
    uint64_t pages = (skip + segment->memory_size + PAGE_SIZE - 1) / PAGE_SIZE;
    uint64_t map = (segment->flags & ELF_READ ? MAP_READ : 0) |
                   (segment->flags & ELF_WRITE ? MAP_WRITE : 0) |
                   (segment->flags & ELF_EXECUTE ? MAP_EXEC : 0);
    if (map & MAP_WRITE && map & MAP_EXEC)
        die("server %s: its image has a segment both writable and executable", server->wish->name);
    pages_give(server, first, pages, map, elf->file + segment->offset, segment->file_size, skip);
}

uint64_t image_load(const struct server *server, const struct cpio_entry *file)
{
    struct elf elf;
    const char *error;
    if (elf_read(&elf, file->data, file->size, IMAGE_HIGHEST, &error))
        die("server %s: %s: %s", server->wish->name, server->wish->image, error);
    if (elf.position_independent || elf.interpreter || elf.low < PAGE_SIZE)
        die("server %s: %s is not a static native program (link it with userland/lib/native.ld)",
            server->wish->name, server->wish->image);
    for (unsigned i = 0; i < elf.headers; i++) {
        struct elf_segment segment = elf_segment(&elf, i);
        if (segment.type == ELF_LOAD && segment.memory_size)
            load_segment(server, &elf, &segment);
    }
    return elf.entry;
}
