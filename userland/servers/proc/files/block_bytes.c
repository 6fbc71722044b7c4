/*
 * block_bytes.c: reading and writing the card's device files. A call keeps a buffer while it lasts
 * (thread->wait.kept): sectors that were read and are on their way to the program, or bytes of the
 * program on their way to the card. Between, the call waits for the driver and comes again.
 */
#include "block_device.h"
#include "lib/block.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/wired.h"
#include "linux_block.h"
#include "remote_internal.h"

#define PIECE (REMOTE_CARD_PAGES * PAGE_SIZE) /* the most that goes at once */

struct buffer {
    uint64_t at;     /* byte of the part; a whole sector */
    uint32_t bytes;  /* whole sectors; 0: nothing is in it */
    uint32_t filled; /* of a write: bytes that came from the program */
    uint32_t size;   /* of `data` */
    bool read;       /* the sectors were read */
    bool written;    /* they were written */
    bool alone;      /* a sector that is written in part: nobody else does that meanwhile */
    uint8_t data[];
};

static bool taken; /* by a call whose buffer is `alone` */
static struct wait_queue waiting;

static void leave_alone(struct buffer *buffer)
{
    if (!buffer->alone)
        return;
    buffer->alone = taken = false;
    wait_wake(&waiting);
}

static void let_go(struct thread *thread)
{
    leave_alone(thread->wait.kept);
    wired_free(thread->wait.kept);
}

/* The buffer of a call that moves `total` bytes. NULL: no memory. */
static struct buffer *buffer_of(struct thread *thread, uint64_t total)
{
    struct buffer *buffer = thread->wait.kept;
    if (buffer)
        return buffer;
    uint64_t size = (total + 2 * BLOCK_SECTOR) & ~(uint64_t)(BLOCK_SECTOR - 1);
    size = size < PIECE ? size : PIECE;
    buffer = wired_alloc(sizeof *buffer + size);
    if (!buffer)
        return NULL;
    buffer->size = (uint32_t)size;
    thread->wait.kept = buffer;
    thread->wait.let_go = let_go;
    return buffer;
}

/* ---- The driver ---- */

/* As Linux tells them. */
static int64_t told(int64_t error)
{
    switch (error) {
    case -ESTALE: /* another card is in */
        return -ENOMEDIUM;
    case -EACCES:
        return -EROFS;
    case -EINVAL:
    case -ETIMEDOUT:
        return -EIO;
    }
    return error;
}

static void answered(struct remote_operation *operation, int64_t error,
                     const struct ring_completion *completion, const void *data)
{
    struct thread *thread = operation->thread;
    struct buffer *buffer = thread ? thread->wait.kept : NULL;
    (void)completion;
    if (!buffer)
        return;
    if (error) {
        thread->remote.error = (int32_t)told(error);
    } else if (operation->request.operation == BLOCK_READ) {
        memcpy(buffer->data, data, buffer->bytes);
        buffer->read = true;
    } else {
        buffer->written = true;
    }
}

/* Asks for the sectors of the buffer to be read, or written. ANSWER_NONE; or what went wrong the
 * last time. */
static int64_t ask(struct thread *thread, const struct open_file *file, struct buffer *buffer,
                   bool write)
{
    const struct block_part *part = block_part_of(file->node->special);
    int64_t error = thread->remote.error;
    thread->remote.error = 0;
    if (error)
        return error;
    struct remote_operation *operation =
        remote_operation(REMOTE_CARD, write ? BLOCK_WRITE : BLOCK_READ, write ? buffer->bytes : 0);
    if (operation) {
        operation->request.w[0] = part->first + buffer->at / BLOCK_SECTOR;
        operation->request.w[1] = buffer->bytes / BLOCK_SECTOR;
        if (write) {
            bool through = file->flags & (LINUX_O_DSYNC | LINUX_O_SYNC);
            operation->request.w[3] = through ? BLOCK_WRITE_THROUGH : 0;
            memcpy(operation->data, buffer->data, buffer->bytes);
        }
        operation->done = answered;
    }
    return remote_wait(thread, operation);
}

/* ---- read ---- */

/* Cuts a transfer to what there is of the part from `offset` on. */
static uint64_t cut(const struct open_file *file, uint64_t offset, uint64_t total)
{
    uint64_t size = block_part_of(file->node->special)->sectors * BLOCK_SECTOR;
    if (offset >= size)
        return 0;
    return total < size - offset ? total : size - offset;
}

static int64_t block_read(struct thread *thread, struct open_file *file,
                          const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    uint64_t address, bytes;
    total = cut(file, offset, total);
    struct buffer *buffer = total ? buffer_of(thread, total) : NULL;
    if (total && !buffer)
        return -ENOMEM;
    while (vector_piece(vector, total, thread->progress, &address, &bytes)) {
        uint64_t at = offset + thread->progress, end = offset + total, done = 0;
        if (!buffer->read || at - buffer->at >= buffer->bytes) {
            buffer->read = false;
            buffer->at = at & ~(uint64_t)(BLOCK_SECTOR - 1);
            end = (end + BLOCK_SECTOR - 1) & ~(uint64_t)(BLOCK_SECTOR - 1);
            buffer->bytes =
                end - buffer->at < buffer->size ? (uint32_t)(end - buffer->at) : buffer->size;
            return transfer_stopped(thread, ask(thread, file, buffer, false));
        }
        uint64_t skip = at - buffer->at;
        if (bytes > buffer->bytes - skip)
            bytes = buffer->bytes - skip;
        int64_t error = client_write_part(thread, address, buffer->data + skip, bytes, &done);
        thread->progress += done;
        if (error)
            return transfer_stopped(thread, error);
    }
    return (int64_t)total;
}

/* ---- write ---- */

/* What comes next: as many whole sectors as the buffer has room for, or a part of one. Its bytes;
 * `buffer` says where. */
static uint32_t next_piece(struct buffer *buffer, uint64_t at, uint64_t left)
{
    uint64_t skip = at & (BLOCK_SECTOR - 1);
    buffer->at = at - skip;
    if (skip || left < BLOCK_SECTOR) {
        buffer->bytes = BLOCK_SECTOR;
        return (uint32_t)(left < BLOCK_SECTOR - skip ? left : BLOCK_SECTOR - skip);
    }
    left &= ~(uint64_t)(BLOCK_SECTOR - 1);
    buffer->bytes = left < buffer->size ? (uint32_t)left : buffer->size;
    return buffer->bytes;
}

/* Fills the buffer from the program: 0, or what stopped it. */
static int64_t fill(struct thread *thread, struct buffer *buffer, const struct linux_iovec *vector,
                    uint64_t total, uint64_t skip, uint32_t bytes)
{
    uint64_t address, piece;
    while (buffer->filled < bytes &&
           vector_piece(vector, total, thread->progress + buffer->filled, &address, &piece)) {
        uint64_t done = 0;
        if (piece > bytes - buffer->filled)
            piece = bytes - buffer->filled;
        int64_t error =
            client_read_part(thread, address, buffer->data + skip + buffer->filled, piece, &done);
        buffer->filled += (uint32_t)done;
        if (error)
            return error;
    }
    return 0;
}

/* One piece, up to where it waits: 0 when it is written. */
static int64_t write_piece(struct thread *thread, struct open_file *file, struct buffer *buffer,
                           const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    uint64_t at = offset + thread->progress;
    uint32_t bytes = next_piece(buffer, at, total - thread->progress);
    if (bytes < buffer->bytes && !buffer->alone) {
        if (taken)
            return wait_for(thread, &waiting);
        buffer->alone = taken = true;
    }
    if (!buffer->written && bytes < buffer->bytes && !buffer->read)
        return ask(thread, file, buffer, false);
    int64_t error = fill(thread, buffer, vector, total, at - buffer->at, bytes);
    if (!error && !buffer->written)
        error = ask(thread, file, buffer, true);
    if (error)
        return error;
    thread->progress += bytes;
    buffer->filled = 0;
    buffer->read = buffer->written = false;
    leave_alone(buffer);
    return 0;
}

static int64_t block_write(struct thread *thread, struct open_file *file,
                           const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    if (!total)
        return 0;
    total = cut(file, offset, total);
    if (!total)
        return -ENOSPC;
    struct buffer *buffer = buffer_of(thread, total);
    if (!buffer)
        return -ENOMEM;
    while (thread->progress < total) {
        int64_t error = write_piece(thread, file, buffer, vector, total, offset);
        if (error)
            return transfer_stopped(thread, error);
    }
    return (int64_t)total;
}

/* ---- fsync ---- */

static void flushed(struct remote_operation *operation, int64_t error,
                    const struct ring_completion *completion, const void *data)
{
    (void)completion, (void)data;
    remote_ends(operation, error ? told(error) : 0);
}

int64_t block_flush(struct thread *thread)
{
    struct remote_operation *operation = remote_operation(REMOTE_CARD, BLOCK_FLUSH, 0);
    if (operation)
        operation->done = flushed;
    return remote_wait(thread, operation);
}

/* ---- The rest ---- */

static int64_t block_open(struct thread *thread, struct open_file *file)
{
    (void)thread;
    bool write = file->flags & LINUX_O_ACCMODE;
    if (!remote_server_there(REMOTE_CARD))
        return -ENXIO;
    return write && block_disk.read_only ? -EROFS : 0;
}

static int64_t give(struct thread *thread, uint64_t address, uint64_t value, size_t bytes)
{
    return client_write(thread, address, &value, bytes);
}

static int64_t block_ioctl(struct thread *thread, struct open_file *file, uint64_t request,
                           uint64_t argument)
{
    uint64_t sectors = block_part_of(file->node->special)->sectors;
    switch (request) {
    case LINUX_BLKGETSIZE64:
        return give(thread, argument, sectors * BLOCK_SECTOR, 8);
    case LINUX_BLKGETSIZE:
        return give(thread, argument, sectors, 8);
    case LINUX_BLKSSZGET:
    case LINUX_BLKPBSZGET:
    case LINUX_BLKIOMIN:
        return give(thread, argument, BLOCK_SECTOR, 4);
    case LINUX_BLKBSZGET:
        return give(thread, argument, PAGE_SIZE, 4);
    case LINUX_BLKROGET:
    case LINUX_BLKIOOPT:
    case LINUX_BLKALIGNOFF:
        return give(thread, argument, request == LINUX_BLKROGET && block_disk.read_only, 4);
    case LINUX_BLKROTATIONAL:
        return give(thread, argument, 0, 2);
    case LINUX_BLKFLSBUF: /* nothing is kept: but what the card itself keeps is to be written */
        return files_privileged(thread) ? block_flush(thread) : -EACCES;
    case LINUX_BLKDISCARD:
    case LINUX_BLKSECDISCARD:
    case LINUX_BLKZEROOUT:
        return -EOPNOTSUPP;
    case LINUX_BLKRRPART: /* the driver has read the table, and keeps to it */
        return -EBUSY;
    }
    return -ENOTTY;
}

const struct file_operations block_operations = {
    .read = block_read, .write = block_write, .open = block_open, .ioctl = block_ioctl};
