#include "arch/cache.h"
#include "arch/string.h"
#include "boot/boot.h"
#include "vm/region.h"
#include <elf.h>

#define STACK_TOP     0x80000000ul
#define STACK_PAGES   16
#define MESSAGE_PAGE  0x80010000ul
#define ROOT_PRIORITY 30

#define CPIO_HEADER 110 /* bytes of a newc header: a magic of six, then fields of eight digits */

/* So many bytes of a range of the bundle, or NULL beyond its end. banks_init has mapped it. */
static const void *part(const struct range *range, uint64_t offset, uint64_t bytes)
{
    if (offset > range->size || bytes > range->size - offset)
        return NULL;
    return (const char *)LINEAR_BASE + range->start + offset;
}

/* A field of eight hexadecimal digits. */
static uint64_t cpio_field(const char *header, unsigned field)
{
    uint64_t value = 0;
    for (const char *digit = header + 6 + 8 * field, *end = digit + 8; digit < end; digit++)
        value = value << 4 | (*digit <= '9' ? *digit - '0' : (*digit | 32) - 'a' + 10);
    return value;
}

/* Where a file's bytes are. */
static struct range cpio_find(const struct range *bundle, const char *name)
{
    uint64_t offset = 0, length = strlen(name) + 1;
    const char *header;
    while ((header = part(bundle, offset, CPIO_HEADER)) && !memcmp(header, "070701", 6)) {
        uint64_t size = cpio_field(header, 6), name_size = cpio_field(header, 11);
        uint64_t data = (offset + CPIO_HEADER + name_size + 3) & ~3ul;
        if (name_size == length && part(bundle, data, size) &&
            !memcmp(header + CPIO_HEADER, name, length))
            return (struct range){bundle->start + data, size};
        offset = (data + size + 3) & ~3ul;
    }
    panic("the bundle has no %s: was the right initrd given?", name);
}

static void *needed(void *memory)
{
    if (!memory)
        panic("no memory for the root server");
    return memory;
}

static struct object *wired(uint64_t pages)
{
    struct object *object = needed(object_new(&root_pool_object, OBJECT_WIRED, pages));
    uint64_t done = 0;
    int64_t error;
    while ((error = object_wire_step(object, &done)))
        needed(error > 0 ? object : NULL);
    return object;
}

static void *page_of(struct object *object, uint64_t index)
{
    return frame_address(object_page(object, index) >> PAGE_SHIFT);
}

static void show(struct space *space, uint64_t va, struct object *object, unsigned rights)
{
    uint64_t pages = object->pages;
    if (region_new(space, va, pages << PAGE_SHIFT, rights, rights, object, 0, NULL, 0) ||
        region_populate(region_at(space, va), va, pages, false))
        panic("the root server's segments overlap or do not fit");
}

static void load_segment(struct space *space, const Elf64_Phdr *segment, const char *from)
{
    uint64_t skip = segment->p_vaddr & (PAGE_SIZE - 1), end = skip + segment->p_filesz, next;
    struct object *object = wired((skip + segment->p_memsz + PAGE_SIZE - 1) >> PAGE_SHIFT);
    for (uint64_t at = skip; at < end; from += next - at, at = next) {
        next = (at | (PAGE_SIZE - 1)) + 1;
        next = next < end ? next : end;
        memcpy((char *)page_of(object, at >> PAGE_SHIFT) + (at & (PAGE_SIZE - 1)), from, next - at);
    }
    show(space, segment->p_vaddr - skip, object,
         (segment->p_flags & PF_R ? MAP_READ : 0) | (segment->p_flags & PF_W ? MAP_WRITE : 0) |
             (segment->p_flags & PF_X ? MAP_EXEC : 0));
}

static uint64_t load_program(struct space *space, const struct range *bundle)
{
    const struct range file = cpio_find(bundle, "servers/root");
    const Elf64_Ehdr *header = part(&file, 0, sizeof *header);
    const Elf64_Phdr *segment;
    const void *contents;
    if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_machine != EM_AARCH64 ||
        header->e_type != ET_EXEC || header->e_phentsize != sizeof *segment)
        panic("servers/root is not a static AArch64 program");
    for (unsigned i = 0; i < header->e_phnum; i++) {
        segment = part(&file, header->e_phoff + i * sizeof *segment, sizeof *segment);
        contents = segment ? part(&file, segment->p_offset, segment->p_filesz) : NULL;
        if (!contents || (segment->p_type == PT_LOAD && segment->p_filesz > segment->p_memsz))
            panic("servers/root is cut short");
        if (segment->p_type == PT_LOAD && segment->p_memsz)
            load_segment(space, segment, contents);
    }
    return header->e_entry;
}

/* A range as an object whose pages are where the boot loader put them. */
static struct object *loaded(const struct range *range)
{
    uint64_t skip = range->start % PAGE_SIZE;
    uint64_t pages = (skip + range->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    struct object *object = needed(object_new(&root_pool_object, OBJECT_RANGE, pages));
    object->memory = MAIR_NORMAL;
    object->base = range->start - skip;
    return object;
}

static void give_handles(struct space *space, struct thread *thread, const struct boot_info *info)
{
    static struct kernel_object system = {.refs = 1, .kind = KERNEL_OBJECT_SYSTEM};
    struct handle_table *table = &space->handles;
    if (handle_insert_at(table, HANDLE_SPACE, &space->object, RIGHTS_ALL) < 0 ||
        handle_insert_at(table, HANDLE_THREAD, &thread->object, RIGHTS_ALL) < 0 ||
        handle_insert_at(table, HANDLE_POOL, &root_pool_object.object, RIGHTS_ALL) < 0 ||
        handle_insert_at(table, HANDLE_SYSTEM, &system, RIGHTS_ALL) < 0 ||
        handle_insert_at(table, HANDLE_BUNDLE, &loaded(&info->bundle)->object,
                         RIGHT_READ | RIGHT_EXEC | RIGHT_DUP) < 0 ||
        handle_insert_at(table, HANDLE_TREE, &loaded(&info->tree)->object, RIGHT_READ) < 0)
        panic("no memory for the root server's handles");
}

struct thread *root_start(const struct boot_info *info)
{
    struct space *space = needed(space_new(&root_pool_object, LEVEL_ROOT));
    struct thread *thread = needed(thread_new(space, ROOT_PRIORITY));
    struct object *message = wired(1);
    if (!info->bundle.size || info->bundle.start & (PAGE_SIZE - 1))
        panic("no bundle: give one as initrd, at a page boundary");
    memcpy(space->name, "root", 5);
    space->priority_limit = PRIORITIES - 1;
    thread->registers.pc = load_program(space, &info->bundle);
    thread->registers.sp = STACK_TOP;
    show(space, STACK_TOP - (STACK_PAGES << PAGE_SHIFT), wired(STACK_PAGES), MAP_READ | MAP_WRITE);
    show(space, MESSAGE_PAGE, message, MAP_READ | MAP_WRITE);
    thread->message_object = message;
    thread->message_page = page_of(message, 0);
    frame_of(address_frame(thread->message_page))->pins++;
    object_ref(&message->object);
    /* Programs run right out of it. */
    for (uint64_t at = 0; at < info->bundle.size; at += PAGE_SIZE)
        cache_sync_instructions(frame_address((info->bundle.start + at) >> PAGE_SHIFT));
    give_handles(space, thread, info);
    return thread;
}
