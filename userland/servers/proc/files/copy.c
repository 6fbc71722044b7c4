/*
 * copy.c: from file to file without the program's memory between: sendfile and copy_file_range. The
 * bytes of the one are a vector in proc's own memory for the other's write.
 */
#include "contents.h"
#include "proc.h"
#include "remote.h"

/* ---- sendfile ---- */

/* One piece from where `in` has it. What `out`'s write answers. */
static int64_t send_piece(struct thread *thread, struct node *in, uint64_t offset, uint64_t bytes,
                          struct open_file *out)
{
    const uint8_t *from = contents_at(in, offset, &bytes);
    struct linux_iovec vector = {(uintptr_t)from, bytes};
    thread->far = HANDLE_SPACE;
    int64_t result = out->operations->write(thread, out, &vector, bytes, out->offset);
    thread->far = HANDLE_NONE;
    return result;
}

/* thread->stage: bytes sent by pieces that are done; thread->progress: of the present one. */
static int64_t send_all(struct thread *thread, struct node *in, uint64_t offset, uint64_t count,
                        struct open_file *out)
{
    while (thread->stage < count && offset + thread->stage < in->size) {
        uint64_t left = in->size - offset - thread->stage;
        if (left > count - thread->stage)
            left = count - thread->stage;
        bool stream = out->operations->stream;
        uint64_t piece = left < CLIENT_TURN ? left : CLIENT_TURN;
        int64_t brought =
            is_remote(in) ? remote_bring(thread, in, offset + thread->stage, piece, false) : 0;
        if (brought)
            return brought == ANSWER_NONE || !thread->stage ? brought : (int64_t)thread->stage;
        int64_t result = send_piece(thread, in, offset + thread->stage, piece, out);
        if (result == ANSWER_RETRY || result == ANSWER_NONE)
            return result;
        if (result <= 0) /* SIGPIPE may have ended the process: `out` is not looked at again */
            return thread->stage ? (int64_t)thread->stage : result;
        if (!stream)
            out->offset += (uint64_t)result;
        thread->stage += (uint64_t)result;
        thread->progress = 0;
        int64_t pause = client_pause(thread, thread->stage, (uint64_t)result);
        if (pause && thread->stage < count)
            return pause;
    }
    return (int64_t)thread->stage;
}

int64_t linux_sendfile(struct thread *thread, uint64_t out_descriptor, uint64_t in_descriptor,
                       uint64_t offset_address, uint64_t count)
{
    struct open_file *out = file_of(thread->process, out_descriptor);
    struct open_file *in = file_of(thread->process, in_descriptor);
    uint64_t offset;
    int64_t error = 0;
    if (offset_address) {
        error = client_read(thread, offset_address, &offset, sizeof offset);
        if (!error) /* it must be possible to write it back when all is done */
            error = client_write(thread, offset_address, &offset, sizeof offset);
        if (error)
            return error;
        if ((int64_t)offset < 0)
            return -EINVAL;
    }
    if (!in || in->flags & LINUX_O_WRONLY || !out || !(out->flags & LINUX_O_ACCMODE))
        return -EBADF;
    if (in->operations != &regular_operations || !out->operations || !out->operations->write ||
        out->flags & LINUX_O_APPEND)
        return -EINVAL;
    if (!offset_address)
        offset = in->offset;
    struct node *node = in->node;
    node_hold(node); /* SIGPIPE may end the process */
    int64_t result = send_all(thread, node, offset,
                              count > LINUX_MAX_RW_COUNT ? LINUX_MAX_RW_COUNT : count, out);
    node_drop(node);
    if (result > 0 && offset_address) {
        offset += (uint64_t)result;
        client_write(thread, offset_address, &offset, sizeof offset);
    } else if (result > 0) {
        in->offset = offset + (uint64_t)result;
    }
    return result;
}

/* ---- copy_file_range ---- */

/* Where one side stands: from the program's memory, or the file's own position. */
static int64_t position(struct thread *thread, uint64_t address, const struct open_file *file,
                        uint64_t *offset)
{
    *offset = file->offset;
    if (!address)
        return 0;
    int64_t error = client_read(thread, address, offset, sizeof *offset);
    return error ? error : client_write(thread, address, offset, sizeof *offset);
}

static void move_on(struct thread *thread, uint64_t address, struct open_file *file,
                    uint64_t offset)
{
    if (address)
        client_write(thread, address, &offset, sizeof offset);
    else
        file->offset = offset;
}

/* Before a piece is copied: 0 when the source is there, and the target's size is known to its
 * server. */
static int64_t ready(struct thread *thread, struct node *in, uint64_t from, struct node *out,
                     uint64_t to, uint64_t *bytes)
{
    int64_t error = is_remote(out) ? remote_before_write(thread, out, to, bytes) : 0;
    if (!error && is_remote(in))
        error = remote_bring(thread, in, from, *bytes, false);
    return error;
}

static int64_t write_piece(struct thread *thread, struct node *out, uint64_t to,
                           const uint8_t *from, uint64_t bytes)
{
    int64_t result = contents_write(out, to, from, bytes);
    int64_t error = result < 0 && is_remote(out) ? remote_bring(thread, out, to, bytes, true) : 0;
    return error ? error : result;
}

static int64_t copy_bytes(struct thread *thread, struct node *in, uint64_t from, struct node *out,
                          uint64_t to, uint64_t count)
{
    while (thread->progress < count) {
        uint64_t bytes = count - thread->progress;
        const uint8_t *at = contents_at(in, from + thread->progress, &bytes);
        int64_t result =
            ready(thread, in, from + thread->progress, out, to + thread->progress, &bytes);
        if (!result)
            result = write_piece(thread, out, to + thread->progress, at, bytes);
        if (result < 0)
            return transfer_stopped(thread, result);
        thread->progress += (uint64_t)result;
        if ((uint64_t)result < bytes)
            break;
        int64_t pause = client_pause(thread, thread->progress, bytes);
        if (pause && thread->progress < count)
            return pause;
    }
    return (int64_t)thread->progress;
}

static int64_t check(const struct open_file *in, const struct open_file *out)
{
    if (!in || !out)
        return -EBADF;
    if (node_type(in->node) == LINUX_S_IFDIR || node_type(out->node) == LINUX_S_IFDIR)
        return -EISDIR;
    if (in->operations != &regular_operations || out->operations != &regular_operations)
        return -EINVAL;
    if (in->flags & LINUX_O_WRONLY || !(out->flags & LINUX_O_ACCMODE) ||
        out->flags & LINUX_O_APPEND)
        return -EBADF;
    return file_sealed(out->node, LINUX_F_SEAL_WRITE);
}

int64_t linux_copy_file_range(struct thread *thread, uint64_t in_descriptor, uint64_t in_address,
                              uint64_t out_descriptor, uint64_t out_address, uint64_t count,
                              uint64_t flags)
{
    struct open_file *in = file_of(thread->process, in_descriptor);
    struct open_file *out = file_of(thread->process, out_descriptor);
    uint64_t from, to;
    int64_t error = !in || !out ? -EBADF : position(thread, in_address, in, &from);
    if (!error)
        error = position(thread, out_address, out, &to);
    if (error)
        return error;
    if (flags)
        return -EINVAL;
    error = check(in, out);
    if (error)
        return error;
    if ((int64_t)from < 0 || (int64_t)to < 0 || (int64_t)(from + count) < 0 ||
        (int64_t)(to + count) < 0)
        return -EOVERFLOW;
    if (in->node == out->node && from < to + count && to < from + count && count)
        return -EINVAL;
    if (from >= in->node->size)
        return 0;
    if (count > in->node->size - from)
        count = in->node->size - from;
    if (count > LINUX_MAX_RW_COUNT)
        count = LINUX_MAX_RW_COUNT;
    uint64_t limit = thread->process->limits[LINUX_RLIMIT_FSIZE].current;
    if (count && to >= limit)
        return files_too_large(thread);
    if (count > limit - to)
        count = limit - to;
    out->node->modified = out->node->changed = node_time();
    int64_t result = copy_bytes(thread, in->node, from, out->node, to, count);
    if (result > 0) {
        move_on(thread, in_address, in, from + (uint64_t)result);
        move_on(thread, out_address, out, to + (uint64_t)result);
    }
    return result;
}
