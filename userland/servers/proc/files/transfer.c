/*
 * transfer.c: read and write in all their forms. Each becomes one operation of the file on a vector
 * of pieces. An operation that stops at an absent page keeps what it has moved in thread->progress
 * and goes on there when the call comes again, so no byte is moved twice; where it began stays in
 * thread->stage meanwhile, whoever else moves the file's position.
 */
#include "lib/memory.h"
#include "proc.h"

static struct linux_iovec vector_buffer[LINUX_IOV_MAX]; /* of the call being served */

bool vector_piece(const struct linux_iovec *vector, uint64_t total, uint64_t done,
                  uint64_t *address, uint64_t *bytes)
{
    uint64_t left = total - done;
    if (left == 0)
        return false;
    for (; done >= vector->length; vector++)
        done -= vector->length;
    *address = vector->base + done;
    *bytes = vector->length - done < left ? vector->length - done : left;
    return true;
}

int64_t transfer_stopped(const struct thread *thread, int64_t error)
{
    bool again = error == ANSWER_RETRY || error == ANSWER_NONE;
    return again || thread->progress == 0 ? error : (int64_t)thread->progress;
}

/* No program has memory there, whatever is mapped: said before anything else happens. */
static inline bool is_outside(const struct linux_iovec *piece)
{
    return piece->length > USER_END || piece->base > USER_END - piece->length;
}

/* Reads and checks a vector. Its total, cut to what one call moves, or an error. */
static int64_t read_vector(struct thread *thread, uint64_t address, uint64_t count)
{
    uint64_t total = 0;
    if (count > LINUX_IOV_MAX)
        return -EINVAL;
    int64_t error = client_read(thread, address, vector_buffer, count * sizeof vector_buffer[0]);
    if (error)
        return error;
    for (uint64_t i = 0; i < count; i++) {
        if ((int64_t)vector_buffer[i].length < 0)
            return -EINVAL;
        if (is_outside(&vector_buffer[i]))
            return -EFAULT;
        total += vector_buffer[i].length;
        if (total > LINUX_MAX_RW_COUNT)
            total = LINUX_MAX_RW_COUNT;
    }
    return (int64_t)total;
}

int64_t transfer_vector(struct thread *thread, uint64_t address, uint64_t count,
                        const struct linux_iovec **vector)
{
    *vector = vector_buffer;
    return read_vector(thread, address, count);
}

/* Where a transfer begins: the file's position, kept while the call comes again. */
static uint64_t begin_at(struct thread *thread, const struct open_file *file, bool append)
{
    if (thread->progress == 0)
        thread->stage = append ? file->node->size : file->offset;
    return thread->stage;
}

static inline int64_t read_into(struct thread *thread, struct open_file *file,
                                const struct linux_iovec *vector, uint64_t total,
                                const uint64_t *at)
{
    if (!file || file->flags & LINUX_O_WRONLY)
        return -EBADF;
    const struct file_operations *operations = file->operations;
    if (__builtin_expect(!operations || !operations->read, 0))
        return node_type(file->node) == LINUX_S_IFDIR ? -EISDIR : -EINVAL;
    if (__builtin_expect(is_outside(vector), 0))
        return -EFAULT;
    if (at || operations->stream)
        return operations->read(thread, file, vector, total, at ? *at : 0);
    int64_t result = operations->read(thread, file, vector, total, begin_at(thread, file, false));
    if (result > 0)
        file->offset = thread->stage + (uint64_t)result;
    return result;
}

static inline int64_t write_from(struct thread *thread, struct open_file *file,
                                 const struct linux_iovec *vector, uint64_t total,
                                 const uint64_t *at)
{
    if (!file || (file->flags & LINUX_O_ACCMODE) == 0 ||
        (file->flags & LINUX_O_ACCMODE) == LINUX_O_ACCMODE)
        return -EBADF;
    const struct file_operations *operations = file->operations;
    if (__builtin_expect(!operations || !operations->write, 0))
        return -EINVAL;
    if (__builtin_expect(is_outside(vector), 0))
        return -EFAULT;
    /* What has no position is not looked at again: SIGPIPE may have ended the process. */
    if (operations->stream)
        return operations->write(thread, file, vector, total, 0);
    bool append = file->flags & LINUX_O_APPEND && node_type(file->node) == LINUX_S_IFREG;
    if (at && !append)
        return operations->write(thread, file, vector, total, *at);
    int64_t result = operations->write(thread, file, vector, total, begin_at(thread, file, append));
    if (result > 0 && !at)
        file->offset = thread->stage + (uint64_t)result;
    return result;
}

/* What one call moves of it. */
static uint64_t some_of(const struct linux_iovec *piece)
{
    return piece->length > LINUX_MAX_RW_COUNT ? LINUX_MAX_RW_COUNT : piece->length;
}

int64_t linux_read(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t bytes)
{
    const struct linux_iovec piece = {address, bytes};
    return read_into(thread, file_of(thread->process, descriptor), &piece, some_of(&piece), NULL);
}

int64_t linux_write(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t bytes)
{
    const struct linux_iovec piece = {address, bytes};
    return write_from(thread, file_of(thread->process, descriptor), &piece, some_of(&piece), NULL);
}

int64_t linux_readv(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t count)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file || file->flags & LINUX_O_WRONLY)
        return -EBADF;
    int64_t total = read_vector(thread, address, count);
    return total < 0 ? total : read_into(thread, file, vector_buffer, (uint64_t)total, NULL);
}

int64_t linux_writev(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t count)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file || (file->flags & LINUX_O_ACCMODE) == 0)
        return -EBADF;
    int64_t total = read_vector(thread, address, count);
    return total < 0 ? total : write_from(thread, file, vector_buffer, (uint64_t)total, NULL);
}

/* ---- At a position ---- */

/* The file, if it has positions. */
static struct open_file *positioned(struct thread *thread, uint64_t descriptor, uint64_t offset,
                                    int64_t *error)
{
    struct open_file *file = file_of(thread->process, descriptor);
    *error = -EINVAL;
    if ((int64_t)offset < 0)
        return NULL;
    *error = file ? -ESPIPE : -EBADF;
    return file && file->operations && file->operations->stream ? NULL : file;
}

int64_t linux_pread64(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t bytes,
                      uint64_t offset)
{
    const struct linux_iovec piece = {address, bytes};
    int64_t error;
    struct open_file *file = positioned(thread, descriptor, offset, &error);
    return file ? read_into(thread, file, &piece, some_of(&piece), &offset) : error;
}

int64_t linux_pwrite64(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t bytes,
                       uint64_t offset)
{
    const struct linux_iovec piece = {address, bytes};
    int64_t error;
    struct open_file *file = positioned(thread, descriptor, offset, &error);
    return file ? write_from(thread, file, &piece, some_of(&piece), &offset) : error;
}

/* Linux's flags for one transfer: HIPRI, DSYNC and SYNC ask for nothing that is not so anyway. */
#define RWF_HIPRI  0x1
#define RWF_DSYNC  0x2
#define RWF_SYNC   0x4
#define RWF_NOWAIT 0x8
#define RWF_APPEND 0x10

static int64_t vector_at(struct thread *thread, uint64_t descriptor, uint64_t address,
                         uint64_t count, uint64_t offset, uint64_t flags, bool write)
{
    int64_t error;
    bool here = offset == UINT64_MAX; /* preadv2: at the file's own position */
    struct open_file *file = here ? file_of(thread->process, descriptor)
                                  : positioned(thread, descriptor, offset, &error);
    if (!file)
        return here ? -EBADF : error;
    int64_t total = read_vector(thread, address, count);
    if (total < 0)
        return total;
    if (flags & ~(uint64_t)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC))
        return -EOPNOTSUPP;
    const uint64_t *at = here ? NULL : &offset;
    return write ? write_from(thread, file, vector_buffer, (uint64_t)total, at)
                 : read_into(thread, file, vector_buffer, (uint64_t)total, at);
}

int64_t linux_preadv(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t count,
                     uint64_t offset)
{
    return (int64_t)offset < 0 ? -EINVAL
                               : vector_at(thread, descriptor, address, count, offset, 0, false);
}

int64_t linux_pwritev(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t count,
                      uint64_t offset)
{
    return (int64_t)offset < 0 ? -EINVAL
                               : vector_at(thread, descriptor, address, count, offset, 0, true);
}

/* The fifth argument is the offset's upper half on 32-bit systems. */
int64_t linux_preadv2(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t count,
                      uint64_t offset, uint64_t high, uint64_t flags)
{
    (void)high;
    return vector_at(thread, descriptor, address, count, offset, flags, false);
}

int64_t linux_pwritev2(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t count,
                       uint64_t offset, uint64_t high, uint64_t flags)
{
    (void)high;
    return vector_at(thread, descriptor, address, count, offset, flags, true);
}
