/*
 * kernel.c: objects, faults and the file system, as the cache asks for them.
 */
#include "backend.h"
#include "lib/errors.h"
#include "lib/layout.h"
#include "lib/protocol.h"
#include "lib/startup.h"
#include "lib/step.h"
#include "lib/vfs.h"
#include "server.h"

int backend_object_new(uint64_t cookie, uint64_t pages, uint64_t *object)
{
    /* None is made without pages, but it may have none. */
    int64_t made = create_object(self, cookie, pages ? pages : 1, page_pool);
    if (made < 0)
        return (int)made;
    *object = (uint64_t)made;
    return pages ? 0 : backend_resize(*object, 0);
}

int backend_adopt(uint64_t *object, uint64_t *cookie, uint64_t *pages)
{
    struct adopted adopted;
    int64_t next = adopt(self, (handle)*object, &adopted);
    if (next < 0)
        return (int)next;
    *object = (uint64_t)next;
    *cookie = adopted.cookie;
    *pages = adopted.pages;
    return 0;
}

void backend_object_end(uint64_t object)
{
    handle_close((handle)object);
}

int backend_resize(uint64_t object, uint64_t pages)
{
    int64_t result = page_reclaim((handle)object, pages, 0, RECLAIM_RESIZE);
    return result < 0 ? (int)result : 0;
}

int backend_supply(uint64_t object, uint64_t request, uint64_t how, uint64_t page,
                   uint32_t data_page)
{
    bool copy = (how & 0xff) == SUPPLY_COPY;
    handle source = copy ? device.object : HANDLE_NONE;
    uint64_t from =
        copy ? (uint64_t)(device.ring.data - (uint8_t *)device.ring.shared) / PAGE_SIZE + data_page
             : 0;
    return (int)(request ? page_supply_only(request, how, page, 1, source, from)
                         : page_supply_unasked((handle)object, how, page, 1, source, from));
}

void backend_fail(uint64_t request, int error)
{
    page_supply_only(request, SUPPLY_FAIL | (uint64_t)-error << 32, 0, 1, 0, 0);
}

int backend_clean(uint64_t object, uint64_t page, uint64_t pages, uint64_t *dirty)
{
    int64_t error = page_clean((handle)object, page, pages);
    *dirty = error < 0 ? 0 : MESSAGE_WORDS[0];
    return error < 0 ? (int)error : 0;
}

int backend_copy_out(uint64_t object, uint64_t page, uint32_t data_page)
{
    int64_t bytes = object_copy((handle)object, page * PAGE_SIZE, backend_data(data_page), COPY_IN,
                                PAGE_SIZE, NULL);
    return bytes < 0 ? (int)bytes : 0;
}

bool backend_present(uint64_t object, uint64_t page)
{
    char byte;
    return object_copy((handle)object, page * PAGE_SIZE, &byte, COPY_IN, 1, NULL) == 1;
}

int backend_zero(uint64_t object, uint64_t page, uint64_t from)
{
    static char zeros[PAGE_SIZE];
    int64_t bytes = object_copy((handle)object, page * PAGE_SIZE + from, zeros, COPY_OUT,
                                PAGE_SIZE - from, NULL);
    return bytes < 0 ? (int)bytes : 0;
}

void backend_discard(uint64_t object, uint64_t page, uint64_t pages)
{
    page_reclaim((handle)object, page, pages, RECLAIM_DISCARD);
}

/* ---- The file system ---- */

static int ask(struct message *message)
{
    static handle vfs;
    if (!vfs)
        vfs = startup_handle_needed("vfs");
    const struct message asked = *message;
    int64_t error;
    while ((error = call(vfs, 0, message)) == -EOWNERDEAD) /* another one follows */
        *message = asked;
    if (error)
        return (int)error;
    return (int64_t)message->w[0] < 0 ? (int)(int64_t)message->w[0] : 0;
}

int backend_map(uint64_t inode, uint64_t page, uint64_t pages, bool allocate, struct extent *extent)
{
    struct message message = {.w = {VFS_MAP, inode, page, pages, allocate ? VFS_MAP_ALLOCATE : 0}};
    int error = ask(&message);
    *extent = (struct extent){
        .first = page, .pages = message.w[2], .sector = message.w[1], .fresh = message.w[3]};
    if (extent->fresh && !error)
        step("allocated");
    return error;
}

int backend_size(uint64_t inode, uint64_t *bytes)
{
    struct message message = {.w = {VFS_SIZE, inode}};
    int error = ask(&message);
    *bytes = error ? 0 : message.w[1];
    return error;
}

int backend_set_size(uint64_t inode, uint64_t bytes)
{
    return ask(&(struct message){.w = {VFS_SET_SIZE, inode, bytes}});
}

int backend_commit(uint64_t inode, bool data_only)
{
    int error = ask(&(struct message){.w = {VFS_COMMIT, inode, data_only}});
    step("committed");
    return error;
}
