#include "boot/bundle.h"
#include "arch/cache.h"
#include "arch/memory.h"
#include "arch/string.h"
#include "debug/panic.h"
#include "sched/scheduler.h"
#include "vm/region.h"
#include <elf.h>

#define STACK_TOP    0x80000000ul
#define STACK_BYTES  0x10000ul
#define MESSAGE_PAGE 0x80010000ul
#define ROOT_PRIORITY 30

/* Bytes of the bundle, also where it lies outside the linear map. False beyond its end. */
static bool bundle_read(const struct range *bundle, uint64_t offset, void *to, uint64_t bytes)
{
    if (offset > bundle->size || bytes > bundle->size - offset)
        return false;
    while (bytes) {
        uint64_t at = bundle->start + offset, in_page = at & (PAGE_SIZE - 1);
        uint64_t some = PAGE_SIZE - in_page < bytes ? PAGE_SIZE - in_page : bytes;
        char *page = frame_open(at >> PAGE_SHIFT, 0);
        memcpy(to, page + in_page, some);
        frame_close(page, 0);
        to = (char *)to + some;
        offset += some;
        bytes -= some;
    }
    return true;
}

/* A field of eight hexadecimal digits of a newc header. */
static uint64_t cpio_field(const char *header, unsigned field)
{
    const char *digits = header + 6 + 8 * field;
    uint64_t value = 0;

    for (unsigned i = 0; i < 8; i++) {
        char c = digits[i];
        value = value << 4 | (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return value;
}

/* Where a file's bytes are in the bundle. */
static struct range cpio_find(const struct range *bundle, const char *name)
{
    char header[110], found[64];
    uint64_t offset = 0, length = strlen(name) + 1;

    while (bundle_read(bundle, offset, header, sizeof header) && !memcmp(header, "070701", 6)) {
        uint64_t size = cpio_field(header, 6), name_size = cpio_field(header, 11);
        uint64_t data = (offset + sizeof header + name_size + 3) & ~3ul;
        if (name_size == length && length <= sizeof found &&
            bundle_read(bundle, offset + sizeof header, found, length) && !memcmp(found, name, length))
            return (struct range){data, size};
        offset = (data + size + 3) & ~3ul;
    }
    panic("the bundle has no %s: was the right initrd given?", name);
}

static struct object *wired(uint64_t pages)
{
    struct object *object = object_new(&root_pool_object, OBJECT_WIRED, pages);
    uint64_t done = 0;
    int64_t error;

    if (!object)
        panic("no memory for the root server");
    while ((error = object_wire_step(object, &done)))
        if (error < 0)
            panic("no memory for the root server");
    return object;
}

static void show(struct space *space, uint64_t va, struct object *object, unsigned rights)
{
    uint64_t pages = object->pages;

    if (region_new(space, va, pages << PAGE_SHIFT, rights, rights, object, 0, NULL, 0) ||
        region_populate(region_at(space, va), va, pages))
        panic("the root server's segments overlap or do not fit");
}

static void load_segment(struct space *space, const struct range *bundle, uint64_t file,
                         const Elf64_Phdr *segment)
{
    uint64_t va = segment->p_vaddr & ~(PAGE_SIZE - 1ul), skip = segment->p_vaddr - va;
    uint64_t pages = (skip + segment->p_memsz + PAGE_SIZE - 1) >> PAGE_SHIFT;
    struct object *object = wired(pages);
    unsigned rights = (segment->p_flags & PF_R ? MAP_READ : 0) | (segment->p_flags & PF_W ? MAP_WRITE : 0) |
                      (segment->p_flags & PF_X ? MAP_EXEC : 0);

    for (uint64_t done = 0; done < segment->p_filesz;) {
        uint64_t at = skip + done, room = PAGE_SIZE - (at & (PAGE_SIZE - 1));
        uint64_t some = segment->p_filesz - done < room ? segment->p_filesz - done : room;
        char *page = frame_address(object_page(object, at >> PAGE_SHIFT) >> PAGE_SHIFT);
        if (!bundle_read(bundle, file + segment->p_offset + done, page + (at & (PAGE_SIZE - 1)), some))
            panic("servers/root is cut short");
        done += some;
    }
    show(space, va, object, rights);
}

static uint64_t load_program(struct space *space, const struct range *bundle)
{
    struct range file = cpio_find(bundle, "servers/root");
    Elf64_Ehdr header;
    Elf64_Phdr segment;

    if (!bundle_read(bundle, file.start, &header, sizeof header) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_machine != EM_AARCH64 ||
        header.e_type != ET_EXEC || header.e_phentsize != sizeof segment)
        panic("servers/root is not a static AArch64 program");
    for (unsigned i = 0; i < header.e_phnum; i++) {
        if (!bundle_read(bundle, file.start + header.e_phoff + i * sizeof segment, &segment, sizeof segment))
            panic("servers/root is cut short");
        if (segment.p_type == PT_LOAD && segment.p_memsz)
            load_segment(space, bundle, file.start, &segment);
    }
    return header.e_entry;
}

/* Handles 1 to 5, in this order. */
static void give_handles(struct space *space, struct thread *thread, struct object *bundle)
{
    static struct kernel_object system = {.refs = 1, .kind = KERNEL_OBJECT_SYSTEM};
    struct handle_table *table = &space->handles;

    if (handle_insert_at(table, HANDLE_SPACE, &space->object, RIGHTS_ALL) < 0 ||
        handle_insert_at(table, HANDLE_THREAD, &thread->object, RIGHTS_ALL) < 0 ||
        handle_insert_at(table, HANDLE_POOL, &root_pool_object.object, RIGHTS_ALL) < 0 ||
        handle_insert_at(table, HANDLE_SYSTEM, &system, RIGHTS_ALL) < 0 ||
        handle_insert_at(table, HANDLE_BUNDLE, &bundle->object,
                         RIGHT_READ | RIGHT_EXEC | RIGHT_DUP) < 0)
        panic("no memory for the root server's handles");
}

/* The bundle as an object whose pages are where the boot loader put them. */
static struct object *bundle_object(const struct range *bundle)
{
    struct object *object = object_new(&root_pool_object, OBJECT_RANGE,
                                       (bundle->size + PAGE_SIZE - 1) >> PAGE_SHIFT);

    if (!object)
        panic("no memory for the bundle's object");
    object->memory = MAIR_NORMAL;
    object->base = bundle->start;
    for (uint64_t i = 0; i < object->pages; i++) { /* programs run right out of it */
        void *page = frame_open((bundle->start >> PAGE_SHIFT) + i, 0);
        cache_sync_instructions(page);
        frame_close(page, 0);
    }
    return object;
}

struct thread *root_start(const struct boot_info *info)
{
    struct space *space = space_new(&root_pool_object, LEVEL_ROOT);
    struct thread *thread = space ? thread_new(space, ROOT_PRIORITY) : NULL;
    struct object *message;

    if (!thread)
        panic("no memory for the root server");
    if (!info->bundle.size || info->bundle.start & (PAGE_SIZE - 1))
        panic("no bundle: give one as initrd, at a page boundary");
    memcpy(space->name, "root", 5);
    space->priority_limit = PRIORITIES - 1;
    thread->registers.pc = load_program(space, &info->bundle);
    thread->registers.sp = STACK_TOP;
    show(space, STACK_TOP - STACK_BYTES, wired(STACK_BYTES >> PAGE_SHIFT), MAP_READ | MAP_WRITE);
    message = wired(1);
    show(space, MESSAGE_PAGE, message, MAP_READ | MAP_WRITE);
    thread->message_object = message;
    thread->message_page = frame_address(object_page(message, 0) >> PAGE_SHIFT);
    frame_of(address_frame(thread->message_page))->pins++;
    object_ref(&message->object);
    give_handles(space, thread, bundle_object(&info->bundle));
    return thread;
}
