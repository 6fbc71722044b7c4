/*
 * regular.c: reading and writing regular files. Bytes go between the program and where the file
 * keeps them in one copy, by the kernel.
 */
#include "contents.h"
#include "lib/memory.h"
#include "proc.h"
#include "remote.h"

/* As relatime: once after each change. */
static __attribute__((noinline)) void note_access(struct node *node, const struct open_file *file)
{
    if (file->flags & LINUX_O_NOATIME)
        return;
    node->accessed = node_time();
    if (is_remote(node))
        remote_touched(node);
}

/* The rest of a read, from thread->progress on. */
static __attribute__((noinline)) int64_t read_rest(struct thread *thread, struct node *node,
                                                   const struct linux_iovec *vector, uint64_t total,
                                                   uint64_t offset)
{
    uint64_t address, bytes;
    while (vector_piece(vector, total, thread->progress, &address, &bytes)) {
        uint64_t done = 0, piece = bytes < CLIENT_TURN ? bytes : CLIENT_TURN;
        const uint8_t *from = contents_at(node, offset + thread->progress, &piece);
        int64_t error = client_write_part(thread, address, from, piece, &done);
        thread->progress += done;
        if (error == -EFAULT)
            error = contents_failed(thread, node, offset + thread->progress, piece - done, -EIO);
        if (error)
            return transfer_stopped(thread, error);
        error = client_pause(thread, thread->progress, done);
        if (error && thread->progress < total)
            return error;
    }
    return (int64_t)total;
}

static int64_t regular_read(struct thread *thread, struct open_file *file,
                            const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    struct node *node = file->node;
    if (offset >= node->size)
        return (int64_t)thread->progress;
    if (total > node->size - offset)
        total = node->size - offset;
    if (node->accessed <= node->modified)
        note_access(node, file);
    /* Most often one piece on either side, all of it there. */
    if (total <= vector->length && !thread->progress) {
        uint64_t piece = total;
        const uint8_t *from = contents_at(node, offset, &piece);
        if (piece == total && piece < CLIENT_TURN) {
            int64_t error = client_write_part(thread, vector->base, from, piece, &thread->progress);
            if (__builtin_expect(!error, 1))
                return (int64_t)total;
            if (error == ANSWER_RETRY)
                return error;
        }
    }
    return read_rest(thread, node, vector, total, offset);
}

/* One piece of a vector to the file. */
static int64_t write_piece(struct thread *thread, struct node *node, uint64_t offset,
                           uint64_t address, uint64_t bytes, uint64_t *done)
{
    int64_t error = is_remote(node) ? remote_before_write(thread, node, offset, &bytes) : 0;
    uint8_t *to = error ? NULL : contents_prepare(node, offset, &bytes, &error);
    char byte;
    if (!to)
        return error;
    error = client_read_part(thread, address, to, bytes, done);
    if (*done && node->size < offset + *done)
        node->size = offset + *done;
    if (error != -EFAULT)
        return error;
    if (!is_remote(node))
        return contents_reachable(node, offset + *done, 1) ? -EFAULT : -ENOSPC;
    /* The file's page is missing, if the program's is there. */
    error = client_read(thread, address + *done, &byte, 1);
    return error ? error : remote_bring(thread, node, offset + *done, bytes - *done, true);
}

/* O_SYNC and O_DSYNC: all that was written is on the card before the call ends. */
static int64_t sync_written(struct thread *thread, struct open_file *file, uint64_t total,
                            uint64_t offset)
{
    uint64_t first = offset >> PAGE_SHIFT, last = (offset + total - 1) >> PAGE_SHIFT;
    int64_t error = remote_sync(thread, file->node, first, last - first + 1, FILE_SYNC_METADATA);
    return error ? error : (int64_t)total;
}

/* The limit RLIMIT_FSIZE sets: bytes that may be written at `offset`; 0: none. */
static uint64_t allowed(const struct thread *thread, uint64_t offset, uint64_t total)
{
    uint64_t limit = thread->process->limits[LINUX_RLIMIT_FSIZE].current;
    if (offset >= limit)
        return 0;
    return total < limit - offset ? total : limit - offset;
}

/* Not once all is written and the call comes again for O_SYNC: a new time would be one more thing
 * to bring to the card, for ever. */
static void note_change(const struct thread *thread, struct node *node)
{
    node->modified = node->changed = node_time();
    if (is_remote(node))
        remote_touched(node);
    if (!files_privileged(thread))
        node->mode &= ~node_privileges(node);
}

static int64_t regular_write(struct thread *thread, struct open_file *file,
                             const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    struct node *node = file->node;
    uint64_t address, bytes;
    if (total == 0)
        return 0;
    total = allowed(thread, offset, total);
    if (total == 0)
        return files_too_large(thread);
    if (__builtin_expect(node->special, 0)) {
        uint32_t grow = offset + total > node->size ? LINUX_F_SEAL_GROW : 0;
        int64_t sealed = file_sealed(node, LINUX_F_SEAL_WRITE | LINUX_F_SEAL_FUTURE_WRITE | grow);
        if (sealed)
            return sealed;
    }
    if (thread->progress < total)
        note_change(thread, node);
    while (vector_piece(vector, total, thread->progress, &address, &bytes)) {
        uint64_t done = 0;
        int64_t error = write_piece(thread, node, offset + thread->progress, address,
                                    bytes < CLIENT_TURN ? bytes : CLIENT_TURN, &done);
        thread->progress += done;
        if (error && error != ANSWER_RETRY)
            contents_trim(node);
        if (error)
            return transfer_stopped(thread, error);
        error = client_pause(thread, thread->progress, done);
        if (error && thread->progress < total)
            return error;
    }
    if (is_remote(node) && file->flags & (LINUX_O_SYNC | LINUX_O_DSYNC))
        return sync_written(thread, file, total, offset);
    return (int64_t)total;
}

const struct file_operations regular_operations = {.read = regular_read, .write = regular_write};
