/*
 * transfer.c: read and write in all their forms. Each becomes one operation of the file on a vector
 * of pieces. An operation that stops at an absent page keeps what it has moved in thread->progress
 * and goes on there when the call comes again, so no byte is moved twice.
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
        total += vector_buffer[i].length;
        if (total > LINUX_MAX_RW_COUNT)
            total = LINUX_MAX_RW_COUNT;
    }
    return (int64_t)total;
}

static int64_t read_into(struct thread *thread, uint64_t descriptor,
                         const struct linux_iovec *vector, uint64_t total, const uint64_t *at)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file || (file->flags & LINUX_O_ACCMODE) == 1)
        return -EBADF;
    if ((file->node->mode & LINUX_S_IFMT) == LINUX_S_IFDIR)
        return -EISDIR;
    if (!file->node->operations || !file->node->operations->read)
        return -EINVAL;
    int64_t result =
        file->node->operations->read(thread, file, vector, total, at ? *at : file->offset);
    if (result > 0 && !at)
        file->offset += (uint64_t)result;
    return result;
}

static int64_t write_from(struct thread *thread, uint64_t descriptor,
                          const struct linux_iovec *vector, uint64_t total)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file || (file->flags & LINUX_O_ACCMODE) == 0)
        return -EBADF;
    if (!file->node->operations || !file->node->operations->write)
        return -EINVAL;
    return file->node->operations->write(thread, file, vector, total);
}

static struct linux_iovec one_piece(uint64_t address, uint64_t bytes)
{
    return (struct linux_iovec){address, bytes > LINUX_MAX_RW_COUNT ? LINUX_MAX_RW_COUNT : bytes};
}

int64_t linux_read(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t bytes)
{
    struct linux_iovec piece = one_piece(address, bytes);
    return read_into(thread, descriptor, &piece, piece.length, NULL);
}

int64_t linux_write(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t bytes)
{
    struct linux_iovec piece = one_piece(address, bytes);
    return write_from(thread, descriptor, &piece, piece.length);
}

int64_t linux_readv(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t count)
{
    if (!file_of(thread->process, descriptor))
        return -EBADF;
    int64_t total = read_vector(thread, address, count);
    return total < 0 ? total : read_into(thread, descriptor, vector_buffer, (uint64_t)total, NULL);
}

int64_t linux_writev(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t count)
{
    if (!file_of(thread->process, descriptor))
        return -EBADF;
    int64_t total = read_vector(thread, address, count);
    return total < 0 ? total : write_from(thread, descriptor, vector_buffer, (uint64_t)total);
}

/* Devices have no position. */
static int64_t seekable(struct thread *thread, uint64_t descriptor)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file)
        return -EBADF;
    return file->node->operations == &console_operations ? -ESPIPE : 0;
}

int64_t linux_pread64(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t bytes,
                      uint64_t offset)
{
    struct linux_iovec piece = one_piece(address, bytes);
    if ((int64_t)offset < 0)
        return -EINVAL;
    int64_t error = seekable(thread, descriptor);
    return error ? error : read_into(thread, descriptor, &piece, piece.length, &offset);
}

int64_t linux_pwrite64(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t bytes,
                       uint64_t offset)
{
    struct linux_iovec piece = one_piece(address, bytes);
    if ((int64_t)offset < 0)
        return -EINVAL;
    int64_t error = seekable(thread, descriptor);
    return error ? error : write_from(thread, descriptor, &piece, piece.length);
}

int64_t linux_lseek(struct thread *thread, uint64_t descriptor, uint64_t offset, uint64_t whence)
{
    struct open_file *file = file_of(thread->process, descriptor);
    int64_t error = seekable(thread, descriptor), base = 0, position;
    if (error)
        return error;
    switch ((uint32_t)whence) {
    case 0: /* SEEK_SET */
        break;
    case 1: /* SEEK_CUR */
        base = (int64_t)file->offset;
        break;
    case 2: /* SEEK_END */
        base = (int64_t)file->node->size;
        break;
    default:
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, (int64_t)offset, &position))
        return -EOVERFLOW;
    if (position < 0)
        return -EINVAL;
    file->offset = (uint64_t)position;
    return position;
}

int64_t linux_ioctl(struct thread *thread, uint64_t descriptor, uint64_t request, uint64_t argument)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file)
        return -EBADF;
    if (!file->node->operations || !file->node->operations->ioctl)
        return -ENOTTY;
    return file->node->operations->ioctl(thread, file, (uint32_t)request, argument);
}

/* ---- Files of the bundle, /dev/null, /dev/zero ---- */

/* What a transfer that stopped answers: bytes moved count more than a bad address after them. */
static int64_t stopped(const struct thread *thread, int64_t error)
{
    return error == -EFAULT && thread->progress ? (int64_t)thread->progress : error;
}

/* Moves bytes to the program: `contents` at the distance moved, or zeros when it is NULL. */
static int64_t move_out(struct thread *thread, const uint8_t *contents,
                        const struct linux_iovec *vector, uint64_t total)
{
    static const uint8_t zeros[PAGE_SIZE];
    uint64_t address, bytes, most = contents ? CLIENT_TURN : sizeof zeros;
    while (vector_piece(vector, total, thread->progress, &address, &bytes)) {
        const uint8_t *from = contents ? contents + thread->progress : zeros;
        uint64_t done = 0;
        int64_t error =
            client_write_part(thread, address, from, bytes < most ? bytes : most, &done);
        thread->progress += done;
        if (error)
            return stopped(thread, error);
        error = client_pause(thread, thread->progress, done);
        if (error && thread->progress < total)
            return error;
    }
    return (int64_t)total;
}

static int64_t bundle_read(struct thread *thread, struct open_file *file,
                           const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    const struct node *node = file->node;
    if (offset >= node->size)
        return 0;
    return move_out(thread, node->data + offset, vector,
                    total < node->size - offset ? total : node->size - offset);
}
const struct file_operations bundle_operations = {.read = bundle_read};

static int64_t null_read(struct thread *thread, struct open_file *file,
                         const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    (void)thread, (void)file, (void)vector, (void)total, (void)offset;
    return 0;
}

static int64_t null_write(struct thread *thread, struct open_file *file,
                          const struct linux_iovec *vector, uint64_t total)
{
    (void)thread, (void)file, (void)vector;
    return (int64_t)total;
}
const struct file_operations null_operations = {.read = null_read, .write = null_write};

static int64_t zero_read(struct thread *thread, struct open_file *file,
                         const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    (void)file, (void)offset;
    return move_out(thread, NULL, vector, total);
}
const struct file_operations zero_operations = {.read = zero_read, .write = null_write};
