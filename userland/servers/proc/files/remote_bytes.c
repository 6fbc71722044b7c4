/*
 * remote_bytes.c: the bytes of regular files that live in another server. The file pager keeps an
 * object for each inode, for reading, writing and mapping alike; proc shows it in its own space and
 * lets the kernel copy. Where a page is missing the copy fails: then the pager is asked to bring it
 * (FILL), the call waits, and tries again.
 *
 * The pager must know the size of a file before the bytes are there, or it might write a page back
 * without them; so a write that makes a file longer asks first (w4 of FILL).
 */
#include "contents.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/server.h"
#include "lib/wired.h"
#include "pages.h"
#include "remote_internal.h"

#define ROUNDS_MOST 64 /* pages brought without a byte moved: something is wrong */

/* A call to the pager. One that died of it, or meanwhile, is followed by another. */
static int64_t ask(struct message *message)
{
    const struct message asked = *message;
    int64_t error;
    while ((error = call(configuration.file, 0, message)) == -EOWNERDEAD)
        *message = asked;
    return error;
}

int64_t remote_begin(struct node *node)
{
    struct message message = {
        .w = {FILE_OPEN, node->inode, remote_of(node)->generation, node->size}};
    if (node->pages)
        return 0;
    if (!remote_server_there(REMOTE_FILE))
        return -EIO;
    struct file_pages *pages = wired_alloc(sizeof *pages);
    if (!pages)
        return -ENOMEM;
    int64_t error = ask(&message);
    if (!error && (int64_t)message.w[0] < 0) {
        error = (int64_t)message.w[0];
        message_refuse_handle(&message);
    } else if (!error && !(message_tag(&message) & TAG_HANDLE)) {
        error = -EIO;
    }
    if (error) {
        wired_free(pages);
        return error == -ENOMEM || error == -EMFILE ? -ENOMEM : -EIO;
    }
    pages->object = (handle)message.w[5];
    node->pages = pages;
    if (message.w[2] <= FILE_BYTES_MOST)
        node->size = message.w[2]; /* the pager may have had it open all the time */
    remote_of(node)->told = node->size;
    return 0;
}

void remote_written(struct node *node)
{
    remote_of(node)->written = remote_of(node)->blocks_stale = true;
    node->modified = node->changed = node_time(); /* as msync and the last munmap would */
    remote_touched(node);
}

void remote_forget_pages(struct node *node)
{
    struct message message = {.w = {FILE_CLOSE, node->inode}};
    struct file_pages *pages = node->file == &regular_operations ? node->pages : NULL;
    if (!pages)
        return;
    pages_hide(pages);
    handle_close(pages->object);
    wired_free(pages);
    node->pages = NULL;
    if (node->links && remote_server_there(REMOTE_FILE))
        ask(&message);
}

uint8_t *remote_at(struct node *node, uint64_t offset, uint64_t *bytes)
{
    uint64_t most = CLIENT_TURN - (offset & PAGE_MASK);
    if (*bytes > most)
        *bytes = most;
    if (!node->pages || pages_show(node->pages, (offset + *bytes - 1) >> PAGE_SHIFT))
        return NULL;
    return (uint8_t *)node->pages->window + offset;
}

/* ---- Pages are brought ---- */

static void filled(struct remote_operation *operation, int64_t error,
                   const struct ring_completion *completion, const void *data)
{
    struct remote_node *remote = operation->about[0];
    (void)data;
    if (!error && !completion->w[0])
        error = -EIO;
    if (!error && operation->request.w[4] > remote->told)
        remote->told = operation->request.w[4];
    if (!error && operation->request.w[3] & FILE_FILL_WRITE)
        remote->written = remote->blocks_stale = true;
    if (error && operation->thread)
        operation->thread->remote.error = (int32_t)error;
    else if (operation->own[1] && operation->thread)
        operation->thread->remote.done = true;
}

/* An error that the last answer had: told once. */
static int64_t failed(struct thread *thread)
{
    int64_t error = thread->remote.error;
    thread->remote.error = 0;
    return error;
}

static int64_t fill(struct thread *thread, struct node *node, uint64_t offset, uint64_t bytes,
                    uint32_t how, uint64_t size)
{
    int64_t error = failed(thread);
    if (!error)
        error = remote_begin(node);
    if (error)
        return error;
    struct remote_operation *operation = remote_operation(REMOTE_FILE, FILE_FILL, 0);
    uint64_t first = offset >> PAGE_SHIFT;
    if (operation) {
        operation->request.w[0] = node->inode;
        operation->request.w[1] = first;
        operation->request.w[2] = ((offset + bytes - 1) >> PAGE_SHIFT) - first + 1;
        operation->request.w[3] = how;
        operation->request.w[4] = size;
        remote_concerns(operation, node);
        operation->done = filled;
    }
    return remote_wait(thread, operation);
}

/* Is there a page in [offset, offset + bytes) that cannot be read now? */
static bool absent(struct node *node, uint64_t offset, uint64_t bytes)
{
    uint64_t last = (offset + bytes - 1) >> PAGE_SHIFT;
    char byte;
    for (uint64_t page = offset >> PAGE_SHIFT; page <= last; page++)
        if (pages_copy(&byte, (void *)(node->pages->window + (page << PAGE_SHIFT)), 1))
            return true;
    return false;
}

int64_t remote_bring(struct thread *thread, struct node *node, uint64_t offset, uint64_t bytes,
                     bool write)
{
    uint64_t piece = bytes;
    int64_t error = failed(thread);
    if (error)
        return error;
    if (!node->pages || !remote_at(node, offset, &piece))
        return -ENOMEM;
    if (!write && !absent(node, offset, piece))
        return 0;
    if (thread->remote.at != offset)
        thread->remote.rounds = 0;
    thread->remote.at = offset;
    if (thread->remote.rounds++ > ROUNDS_MOST)
        return -EIO;
    return fill(thread, node, offset, piece, write ? FILE_FILL_WRITE : 0, 0);
}

int64_t remote_read(struct thread *thread, struct node *node, uint64_t offset, void *buffer,
                    size_t bytes)
{
    int64_t error = remote_begin(node);
    for (size_t done = 0; !error && done < bytes;) {
        uint64_t piece = bytes - done;
        const uint8_t *from = remote_at(node, offset + done, &piece);
        if (!from)
            return -ENOMEM;
        if (pages_copy((char *)buffer + done, from, piece)) {
            error = remote_bring(thread, node, offset + done, piece, false);
            return error ? error : -EIO;
        }
        done += piece;
    }
    return error;
}

/* How to fill the pages of a write. Those behind the end of the file need not be read if all of
 * them is written: `*bytes` is cut to such, or to others. (Those before it are read all the same:
 * if the program's bytes cannot be had after all, the old ones must be there.) */
static uint32_t cut(const struct node *node, uint64_t offset, uint64_t *bytes)
{
    uint64_t in_page = offset & PAGE_MASK, end = (node->size + PAGE_MASK) & ~PAGE_MASK;
    if (*bytes > CLIENT_TURN - in_page)
        *bytes = CLIENT_TURN - in_page;
    if (offset < end) {
        if (*bytes > end - offset)
            *bytes = end - offset;
        return FILE_FILL_WRITE;
    }
    if (in_page || *bytes < PAGE_SIZE) {
        if (*bytes > PAGE_SIZE - in_page)
            *bytes = PAGE_SIZE - in_page;
        return FILE_FILL_WRITE;
    }
    *bytes &= ~PAGE_MASK;
    return FILE_FILL_WRITE | FILE_FILL_WHOLE;
}

int64_t remote_before_write(struct thread *thread, struct node *node, uint64_t offset,
                            uint64_t *bytes)
{
    struct remote_node *remote = remote_of(node);
    if (remote_system.read_only)
        return -EROFS;
    uint32_t how = cut(node, offset, bytes);
    if (offset + *bytes <= remote->told)
        return thread->remote.error ? failed(thread) : 0; /* pages that are absent: remote_bring */
    return fill(thread, node, offset, *bytes, how, offset + *bytes);
}

int64_t remote_allocate(struct thread *thread, struct node *node, uint64_t offset, uint64_t *bytes)
{
    uint64_t most = CLIENT_TURN - (offset & PAGE_MASK);
    if (*bytes > most)
        *bytes = most;
    if (remote_system.read_only)
        return -EROFS;
    if (thread->remote.done) { /* that part */
        thread->remote.done = false;
        return 0;
    }
    int64_t result = fill(thread, node, offset, *bytes, FILE_FILL_WRITE, offset + *bytes);
    if (thread->remote.operation)
        thread->remote.operation->own[1] = 1;
    return result;
}

int64_t remote_zero(struct thread *thread, struct node *node, uint64_t offset, uint64_t end)
{
    static const char zeros[PAGE_SIZE];
    int64_t error = remote_system.read_only ? -EROFS : remote_begin(node);
    if (end > node->size)
        end = node->size;
    for (uint64_t at = offset + thread->progress; !error && at < end;
         at = offset + thread->progress) {
        uint64_t piece = PAGE_SIZE - (at & PAGE_MASK), shown;
        if (piece > end - at)
            piece = end - at;
        shown = piece;
        uint8_t *to = remote_at(node, at, &shown);
        if (!to)
            return -ENOMEM;
        if (pages_copy(to, zeros, piece)) {
            uint64_t rest = end - at < CLIENT_TURN ? end - at : CLIENT_TURN;
            error = remote_bring(thread, node, at, rest, true);
            return error ? error : -EIO;
        }
        thread->progress += piece;
        error = client_pause(thread, thread->progress, piece);
    }
    if (!error)
        remote_touched(node);
    return error;
}

/* ---- Sizes ---- */

static void resized(struct remote_operation *operation, int64_t error,
                    const struct ring_completion *completion, const void *data)
{
    struct node *node = &operation->about[0]->node;
    uint64_t size = operation->request.w[1];
    (void)completion, (void)data;
    if (!error) {
        node->size = remote_of(node)->told = size;
        remote_of(node)->written = remote_of(node)->blocks_stale = true;
        node->modified = node->changed = node_time();
        remote_touched(node);
    }
    if (error || operation->own[0])
        remote_ends(operation, error);
}

int64_t remote_resize(struct thread *thread, struct node *node, uint64_t size, bool ends)
{
    if (remote_system.read_only)
        return -EROFS;
    if (size > FILE_SIZE_MAX)
        return -EFBIG;
    int64_t error = remote_begin(node); /* the pager must know it */
    if (error)
        return error;
    struct remote_operation *operation = remote_operation(REMOTE_FILE, FILE_RESIZE, 0);
    if (operation) {
        operation->request.w[0] = node->inode;
        operation->request.w[1] = size;
        operation->own[0] = ends;
        operation->exclusive = true;
        remote_concerns(operation, node);
        operation->done = resized;
    }
    return remote_wait(thread, operation);
}

/* ---- To the card ---- */

/* The last step of a call: found done when it comes again. */
static void last_step(struct remote_operation *operation, int64_t error,
                      const struct ring_completion *completion, const void *data)
{
    (void)completion, (void)data;
    struct thread *thread = operation->thread;
    if (thread && error)
        thread->remote.error = (int32_t)error;
    else if (thread)
        thread->remote.done = true;
}

static void a_step(struct remote_operation *operation, int64_t error,
                   const struct ring_completion *completion, const void *data)
{
    (void)completion, (void)data;
    if (operation->thread)
        operation->thread->remote.error = (int32_t)error;
}

/* Steps before the last one: 0 when none is left. */
static int64_t before_sync(struct thread *thread, struct node *node)
{
    struct remote_node *remote = remote_of(node);
    struct remote_operation *operation = remote_times(node);
    if (!operation && node->pages && node_type(node) == LINUX_S_IFREG &&
        remote->told > node->size) { /* a write was cut short */
        operation = remote_operation(REMOTE_FILE, FILE_RESIZE, 0);
        if (!operation)
            return -ENOMEM;
        operation->request.w[0] = node->inode;
        operation->request.w[1] = remote->told = node->size;
        operation->exclusive = true;
    }
    if (!operation)
        return 0;
    remote_concerns(operation, node);
    operation->done = a_step;
    return remote_wait(thread, operation);
}

static int64_t sync_names(struct thread *thread)
{
    struct remote_operation *operation = remote_operation(REMOTE_VFS, VFS_SYNC, 0);
    if (operation)
        operation->done = last_step;
    return remote_wait(thread, operation);
}

int64_t remote_sync(struct thread *thread, struct node *node, uint64_t first, uint64_t pages,
                    uint32_t how)
{
    int64_t error = failed(thread);
    if (error || thread->remote.done)
        return error;
    if (node_type(node) != LINUX_S_IFREG)
        return sync_names(thread);
    error = before_sync(thread, node);
    if (error)
        return error;
    struct remote_operation *operation = remote_operation(REMOTE_FILE, FILE_SYNC, 0);
    if (operation) {
        operation->request.w[0] = node->inode;
        operation->request.w[1] = first;
        operation->request.w[2] = pages;
        operation->request.w[3] = how;
        remote_concerns(operation, node);
        operation->done = last_step;
    }
    return remote_wait(thread, operation);
}

static void data_synced(struct remote_operation *operation, int64_t error,
                        const struct ring_completion *completion, const void *data)
{
    a_step(operation, error, completion, data);
    if (operation->thread && !error)
        operation->thread->stage = 1;
}

int64_t remote_sync_all(struct thread *thread)
{
    int64_t error = failed(thread);
    if (error || thread->remote.done)
        return error;
    if (thread->stage)
        return sync_names(thread);
    remote_tell_times();
    struct remote_operation *operation = remote_operation(REMOTE_FILE, FILE_SYNC, 0);
    if (operation) {
        operation->request.w[3] = FILE_SYNC_METADATA;
        operation->done = data_synced;
    }
    return remote_wait(thread, operation);
}

/* ---- Advice, and what there is ---- */

static void heard(struct remote_operation *operation, int64_t error,
                  const struct ring_completion *completion, const void *data)
{
    (void)operation, (void)error, (void)completion, (void)data;
}

void remote_advise(struct node *node, uint64_t offset, uint64_t bytes, uint32_t advice)
{
    if (!node->pages || remote_under_way(REMOTE_FILE) > 32) /* advice may be lost */
        return;
    struct remote_operation *operation = remote_operation(REMOTE_FILE, FILE_ADVISE, 0);
    if (!operation)
        return;
    uint64_t first = offset >> PAGE_SHIFT, end = node->size;
    if (bytes && offset + bytes > offset && offset + bytes < end)
        end = offset + bytes;
    uint64_t last = (end + PAGE_MASK) >> PAGE_SHIFT;
    operation->request.w[0] = node->inode;
    operation->request.w[1] = first;
    operation->request.w[2] = last > first ? last - first : 0;
    operation->request.w[3] = advice;
    operation->done = heard;
    remote_concerns(operation, node);
    remote_send(operation);
}

void remote_memory(struct remote_memory *memory)
{
    struct message message = {.w = {FILE_FACTS}};
    *memory = (struct remote_memory){0};
    if (remote_server_there(REMOTE_FILE) && !ask(&message) && (int64_t)message.w[0] >= 0)
        *memory = (struct remote_memory){message.w[1], message.w[2], message.w[3], message.w[4],
                                         message.w[5]};
}
