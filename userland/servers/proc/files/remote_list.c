/*
 * remote_list.c: reading directories of a remote file system. vfs tells names a page at a time; an
 * open directory keeps the page it has last, and where in it the program is.
 */
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/wired.h"
#include "remote_internal.h"

/* What an open directory keeps. */
struct chunk {
    uint64_t position; /* of the next name in it */
    uint32_t bytes, at;
    bool end; /* there are no names behind position */
    char names[PAGE_SIZE];
};

/* A name at `at` that lies whole in the chunk, or NULL. */
static const struct vfs_name *name_at(const struct chunk *chunk)
{
    const struct vfs_name *name = (const struct vfs_name *)(chunk->names + chunk->at);
    uint32_t left = chunk->bytes - chunk->at;
    if (left < sizeof *name || name->bytes > left || name->bytes % 8 ||
        name->bytes < sizeof *name + name->length + 1u || !name->length)
        return NULL;
    return name;
}

static void chunk_read(struct remote_operation *operation, int64_t error,
                       const struct ring_completion *completion, const void *data)
{
    struct open_file *file = operation->file;
    if (!error && completion->w[0] > PAGE_SIZE)
        error = -EIO;
    if (!error && !file->state)
        file->state = wired_alloc(sizeof(struct chunk));
    if (!error && !file->state)
        error = -ENOMEM;
    if (error) {
        remote_ends(operation, error);
        return;
    }
    struct chunk *chunk = file->state;
    chunk->position = operation->request.w[1];
    chunk->bytes = (uint32_t)completion->w[0];
    chunk->at = 0;
    chunk->end = !chunk->bytes;
    memcpy(chunk->names, data, chunk->bytes);
}

static int64_t read_chunk(struct thread *thread, struct open_file *file, uint64_t position)
{
    struct remote_operation *operation = remote_operation(REMOTE_VFS, VFS_READ_DIRECTORY, 0);
    if (operation) {
        operation->request.w[0] = file->node->inode;
        operation->request.w[1] = position;
        operation->file = file;
        file_hold(file);
        remote_concerns(operation, file->node);
        operation->done = chunk_read;
    }
    return remote_wait(thread, operation);
}

int64_t remote_list(struct thread *thread, struct open_file *file, uint64_t position,
                    struct listing *listing)
{
    struct chunk *chunk = file->state;
    for (bool any = false;; any = true) {
        if (!chunk || chunk->position != position || (chunk->at == chunk->bytes && !chunk->end))
            return any ? 0 : read_chunk(thread, file, position); /* fewer than would fit */
        if (chunk->end) {
            chunk->position = UINT64_MAX; /* names may come yet: the next call asks again */
            return 0;
        }
        const struct vfs_name *name = name_at(chunk);
        if (!name)
            return -EIO;
        uint64_t inode = name->inode;
        if (name->length == 2 && name->name[0] == '.' && name->name[1] == '.')
            inode = directory_above(file->entry)->inode;
        if (!list_put(listing, name->name, name->length, inode, (uint32_t)name->type << 12,
                      name->position))
            return 0;
        chunk->at += name->bytes;
        chunk->position = position = name->position;
    }
}

static void release(struct open_file *file)
{
    wired_free(file->state);
}

const struct file_operations remote_directory_operations = {.release = release};
