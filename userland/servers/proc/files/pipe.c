/*
 * pipe.c: pipes and fifos. Bytes wait in chunks of wired memory, made as they are needed: one copy
 * in from the writer, one out to the reader, both by the kernel. A write of at most PIPE_BUF bytes
 * appears whole or not at all: it is staged, and appended when all of it is there.
 */
#include "pipe.h"
#include "lib/format.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

#define CAPACITY      65536UL
#define CAPACITY_MOST 1048576UL
#define CHUNK_BYTES   1992

struct chunk {
    struct chunk *next;
    uint32_t start, end; /* bytes there */
    uint8_t bytes[CHUNK_BYTES];
};
_Static_assert(sizeof(struct chunk) <= 2016, "a size class of the allocator");

static struct file_system pipe_system = {
    .type = "pipefs", .source = "pipefs", .magic = LINUX_PIPEFS_MAGIC, .device = 0x100};

/* ---- The buffer ---- */

struct pipe *pipe_new(void)
{
    struct pipe *pipe = wired_alloc(sizeof *pipe);
    if (pipe)
        pipe->capacity = CAPACITY;
    return pipe;
}

void pipe_free(struct pipe *pipe)
{
    while (pipe && pipe->first) {
        struct chunk *chunk = pipe->first;
        pipe->first = chunk->next;
        wired_free(chunk);
    }
    if (pipe)
        wired_free(pipe->spare);
    wired_free(pipe);
}

/* The last chunk, with room for at least a byte; NULL: no memory. */
static struct chunk *chunk_with_room(struct pipe *pipe)
{
    struct chunk *chunk = pipe->last;
    if (chunk && chunk->end < CHUNK_BYTES)
        return chunk;
    chunk = pipe->spare ? pipe->spare : wired_alloc(sizeof *chunk);
    if (!chunk)
        return NULL;
    pipe->spare = NULL;
    chunk->next = NULL;
    chunk->start = chunk->end = 0;
    if (pipe->last)
        pipe->last->next = chunk;
    else
        pipe->first = chunk;
    pipe->last = chunk;
    return chunk;
}

/* Forgets bytes at the front; keeps one empty chunk for the next write. */
static void consume(struct pipe *pipe, uint64_t bytes)
{
    struct chunk *chunk = pipe->first;
    chunk->start += (uint32_t)bytes;
    pipe->bytes -= bytes;
    if (chunk->start < chunk->end)
        return;
    if (chunk == pipe->last) {
        chunk->start = chunk->end = 0;
        return;
    }
    pipe->first = chunk->next;
    if (pipe->spare)
        wired_free(chunk);
    else
        pipe->spare = chunk;
}

/* ---- Reading ---- */

int64_t pipe_read_bytes(struct thread *thread, struct pipe *pipe, const struct linux_iovec *vector,
                        uint64_t total)
{
    uint64_t address, bytes, moved = 0;
    int64_t error = 0;
    while (!error && pipe->bytes &&
           vector_piece(vector, total, thread->progress, &address, &bytes)) {
        struct chunk *chunk = pipe->first;
        uint64_t done = 0, here = chunk->end - chunk->start;
        error = client_write_part(thread, address, chunk->bytes + chunk->start,
                                  bytes < here ? bytes : here, &done);
        thread->progress += done;
        moved += done;
        consume(pipe, done);
    }
    if (moved)
        wait_wake(&pipe->write_queue);
    return error ? transfer_stopped(thread, error) : (int64_t)thread->progress;
}

static int64_t pipe_read(struct thread *thread, struct open_file *file,
                         const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    struct pipe *pipe = file->state;
    (void)offset;
    if (total == 0)
        return 0;
    if (pipe->bytes)
        return pipe_read_bytes(thread, pipe, vector, total);
    if (thread->progress || pipe->writers == 0)
        return (int64_t)thread->progress;
    if (file->flags & LINUX_O_NONBLOCK)
        return -EAGAIN;
    /* Where it wants the bytes, for the writer: the first piece. */
    while (vector->length == 0)
        vector++;
    thread->stage = vector->length;
    int64_t error = wait_also(thread, &pipe->read_queue, vector->base);
    return error ? error : wait_begin(thread);
}

/* ---- Writing ---- */

/*
 * Bytes came. A reader that waits for them gets them at once where that is possible: its call need
 * not come again then. All others look for themselves.
 */
static void tell_readers(struct pipe *pipe)
{
    struct waiter *waiter = pipe->read_queue.first;
    struct chunk *chunk = pipe->first;
    if (waiter && waiter->key && pipe->bytes == chunk->end - chunk->start) {
        struct thread *thread = waiter->thread;
        uint64_t done = 0, bytes = pipe->bytes < thread->stage ? pipe->bytes : thread->stage;
        client_write_part(thread, waiter->key, chunk->bytes + chunk->start, bytes, &done);
        if (done) {
            consume(pipe, done);
            wait_finish(thread, (int64_t)done);
        }
    }
    if (pipe->read_queue.first || pipe->read_queue.watchers)
        wait_wake(&pipe->read_queue);
}

static void append(struct pipe *pipe, struct chunk *chunk, uint64_t bytes)
{
    chunk->end += (uint32_t)bytes;
    pipe->bytes += bytes;
}

/* All of a small write, or nothing of it. There is room for it. */
static int64_t write_whole(struct thread *thread, struct pipe *pipe,
                           const struct linux_iovec *vector, uint64_t total)
{
    static uint8_t staged[LINUX_PIPE_BUF]; /* of the call being served */
    uint64_t address, bytes;
    struct chunk *chunk = chunk_with_room(pipe);
    if (!chunk)
        return -ENOMEM;
    bool direct = total <= CHUNK_BYTES - chunk->end;
    uint8_t *to = direct ? chunk->bytes + chunk->end : staged;
    for (uint64_t at = 0; vector_piece(vector, total, at, &address, &bytes); at += bytes) {
        int64_t error = client_read(thread, address, to + at, bytes);
        if (error)
            return error;
    }
    if (direct) {
        append(pipe, chunk, total);
        return (int64_t)total;
    }
    for (uint64_t at = 0; at < total;) {
        chunk = chunk_with_room(pipe);
        if (!chunk) /* at least the first chunk was there: a short count, as on a full pipe */
            return (int64_t)at;
        bytes = CHUNK_BYTES - chunk->end < total - at ? CHUNK_BYTES - chunk->end : total - at;
        memcpy(chunk->bytes + chunk->end, staged + at, bytes);
        append(pipe, chunk, bytes);
        at += bytes;
    }
    return (int64_t)total;
}

/* As much of a large write as there is room for, from thread->progress on. 0: the pipe is full. */
static int64_t write_some(struct thread *thread, struct pipe *pipe,
                          const struct linux_iovec *vector, uint64_t total)
{
    uint64_t address, bytes;
    while (pipe->bytes < pipe->capacity &&
           vector_piece(vector, total, thread->progress, &address, &bytes)) {
        struct chunk *chunk = chunk_with_room(pipe);
        uint64_t done = 0, room = pipe->capacity - pipe->bytes;
        if (!chunk)
            return -ENOMEM;
        if (bytes > CHUNK_BYTES - chunk->end)
            bytes = CHUNK_BYTES - chunk->end;
        int64_t error = client_read_part(thread, address, chunk->bytes + chunk->end,
                                         bytes < room ? bytes : room, &done);
        thread->progress += done;
        append(pipe, chunk, done);
        if (error)
            return error;
    }
    return 0;
}

int64_t pipe_write_bytes(struct thread *thread, struct pipe *pipe, const struct linux_iovec *vector,
                         uint64_t total, bool wait)
{
    bool whole = total <= LINUX_PIPE_BUF;
    uint64_t before = pipe->bytes;
    int64_t result = 0;
    if (whole && pipe->bytes + total <= pipe->capacity)
        result = write_whole(thread, pipe, vector, total);
    else if (!whole)
        result = write_some(thread, pipe, vector, total);
    if (pipe->bytes != before)
        tell_readers(pipe);
    if (result < 0)
        return transfer_stopped(thread, result);
    if (result > 0 || thread->progress == total)
        return (int64_t)total;
    if (wait)
        return wait_for(thread, &pipe->write_queue);
    return thread->progress ? (int64_t)thread->progress : -EAGAIN;
}

static int64_t broken(struct thread *thread)
{
    files_signal(thread, LINUX_SIGPIPE); /* may end the process, and the pipe with it */
    return thread->progress ? (int64_t)thread->progress : -EPIPE;
}

static int64_t pipe_write(struct thread *thread, struct open_file *file,
                          const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    struct pipe *pipe = file->state;
    struct chunk *chunk = pipe->last;
    (void)offset;
    if (total == 0)
        return 0;
    if (pipe->readers == 0)
        return broken(thread);
    /* Most often one small piece, and there is room. */
    if (chunk && total <= CHUNK_BYTES - chunk->end && total <= vector->length &&
        pipe->bytes + total <= pipe->capacity) {
        int64_t error = client_read(thread, vector->base, chunk->bytes + chunk->end, total);
        if (error)
            return error;
        append(pipe, chunk, total);
        tell_readers(pipe);
        return (int64_t)total;
    }
    return pipe_write_bytes(thread, pipe, vector, total, !(file->flags & LINUX_O_NONBLOCK));
}

/* ---- The rest ---- */

static bool may_read(const struct open_file *file)
{
    return !(file->flags & LINUX_O_WRONLY);
}

static bool may_write(const struct open_file *file)
{
    return file->flags & LINUX_O_ACCMODE;
}

static uint32_t pipe_poll(struct open_file *file, struct poller *poller)
{
    struct pipe *pipe = file->state;
    uint32_t events = 0;
    if (may_read(file)) {
        poll_on(poller, &pipe->read_queue);
        events |= pipe->bytes ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
        events |= pipe->writers == 0 && pipe->writer_opens ? LINUX_POLLHUP : 0;
    }
    if (may_write(file)) {
        poll_on(poller, &pipe->write_queue);
        events |=
            pipe->bytes + LINUX_PIPE_BUF <= pipe->capacity ? LINUX_POLLOUT | LINUX_POLLWRNORM : 0;
        events |= pipe->readers == 0 ? LINUX_POLLERR : 0;
    }
    return events;
}

static int64_t pipe_ioctl(struct thread *thread, struct open_file *file, uint64_t request,
                          uint64_t argument)
{
    const struct pipe *pipe = file->state;
    int32_t bytes = (int32_t)pipe->bytes;
    return request == LINUX_FIONREAD ? client_write(thread, argument, &bytes, sizeof bytes)
                                     : -ENOTTY;
}

static void pipe_release(struct open_file *file)
{
    struct pipe *pipe = file->state;
    if (!pipe)
        return;
    pipe->readers -= may_read(file);
    pipe->writers -= may_write(file);
    if (pipe->readers || pipe->writers) {
        wait_wake(&pipe->read_queue);
        wait_wake(&pipe->write_queue);
        return;
    }
    if (file->node->pipe == pipe)
        file->node->pipe = NULL;
    pipe_free(pipe);
}

int64_t pipe_size(struct open_file *file, bool set, uint64_t wanted)
{
    struct pipe *pipe = file->state;
    if (!file->operations || file->operations->write != pipe_write)
        return -EBADF;
    if (!set)
        return (int64_t)pipe->capacity;
    uint64_t size = PAGE_SIZE;
    if ((uint32_t)wanted > 1UL << 31)
        return -EINVAL;
    while (size < (uint32_t)wanted)
        size *= 2;
    if (size > CAPACITY_MOST)
        return -EPERM;
    if (size < pipe->bytes)
        return -EBUSY;
    pipe->capacity = size;
    wait_wake(&pipe->write_queue);
    return (int64_t)size;
}

static const struct file_operations pipe_operations = {.stream = true,
                                                       .read = pipe_read,
                                                       .write = pipe_write,
                                                       .ioctl = pipe_ioctl,
                                                       .poll = pipe_poll,
                                                       .release = pipe_release};

/* ---- Fifos ---- */

/* A fifo (not a pipe, through /proc) is open as soon as it is for reading and writing: an opener of
 * one side waits for the other. It counts already, so that its counterpart finds it; what it opened
 * is kept with the wait.
 */
static int64_t wait_for_other_side(struct thread *thread, struct open_file *file)
{
    struct pipe *pipe = file->state;
    bool reading = may_read(file);
    if (file->node->system == &pipe_system || (reading ? pipe->writers : pipe->readers))
        return 0;
    if (file->flags & LINUX_O_NONBLOCK)
        return reading ? 0 : -ENXIO;
    thread->stage = reading ? pipe->writer_opens : pipe->reader_opens;
    return wait_for(thread, reading ? &pipe->read_queue : &pipe->write_queue);
}

static int64_t fifo_open(struct thread *thread, struct open_file *file)
{
    struct node *node = file->node;
    if (!node->pipe)
        node->pipe = pipe_new();
    struct pipe *pipe = node->pipe;
    if (!pipe)
        return -ENOMEM;
    file->state = pipe;
    if ((file->flags & LINUX_O_ACCMODE) == LINUX_O_WRONLY && file->flags & LINUX_O_NONBLOCK &&
        !pipe->readers && node->system != &pipe_system) {
        if (!pipe->writers) {
            node->pipe = NULL;
            pipe_free(pipe);
        }
        file->state = NULL;
        return -ENXIO;
    }
    pipe->readers += may_read(file);
    pipe->writers += may_write(file);
    pipe->reader_opens += may_read(file);
    pipe->writer_opens += may_write(file);
    if (may_read(file))
        wait_wake(&pipe->write_queue);
    if (may_write(file))
        wait_wake(&pipe->read_queue);
    return may_read(file) && may_write(file) ? 0 : wait_for_other_side(thread, file);
}

int64_t fifo_opened(struct thread *thread, struct open_file *file)
{
    const struct pipe *pipe = file->state;
    uint64_t opens = may_read(file) ? pipe->writer_opens : pipe->reader_opens;
    return opens != thread->stage
               ? 0
               : wait_for(thread, may_read(file) ? &((struct pipe *)pipe)->read_queue
                                                 : &((struct pipe *)pipe)->write_queue);
}

const struct file_operations fifo_operations = {.stream = true,
                                                .read = pipe_read,
                                                .write = pipe_write,
                                                .ioctl = pipe_ioctl,
                                                .poll = pipe_poll,
                                                .open = fifo_open,
                                                .release = pipe_release};

void pipe_forget(struct node *node)
{
    pipe_free(node->pipe);
}

/* ---- pipe2 ---- */

/* The two files, or 0 and -ENOMEM. */
static int64_t make_files(struct open_file *files[2], uint32_t flags)
{
    char name[32];
    struct node *node = node_new(&pipe_system, LINUX_S_IFIFO | 0600);
    struct pipe *pipe = pipe_new();
    struct entry *entry = NULL;
    if (node && pipe) {
        size_t length = format_text(name, sizeof name, "pipe:[%lu]", node->inode);
        entry = entry_new(NULL, name, length, node);
    }
    node_drop(node);
    for (unsigned i = 0; entry && i < 2; i++)
        files[i] = file_new(entry, flags | (i ? LINUX_O_WRONLY : 0));
    entry_drop(entry);
    if (!files[0] || !files[1]) {
        for (unsigned i = 0; i < 2; i++)
            file_drop(files[i]);
        pipe_free(pipe);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < 2; i++) {
        files[i]->operations = &pipe_operations;
        files[i]->state = pipe;
    }
    pipe->readers = pipe->writers = pipe->writer_opens = 1;
    files[0]->node->pipe = pipe; /* opened again through /proc/PID/fd it is as a fifo */
    files[0]->node->file = &fifo_operations;
    return 0;
}

int64_t linux_pipe2(struct thread *thread, uint64_t address, uint64_t flags)
{
    struct open_file *files[2] = {NULL, NULL};
    if (flags & ~(uint64_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK | LINUX_O_DIRECT))
        return -EINVAL;
    int64_t error = make_files(files, (uint32_t)flags & LINUX_O_NONBLOCK);
    return error
               ? error
               : descriptors_add_pair(thread, files[0], files[1], address, flags & LINUX_O_CLOEXEC);
}
