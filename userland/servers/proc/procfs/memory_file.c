/*
 * memory_file.c: /proc/PID/mem: the memory of a process, read and written at offsets that are its
 * addresses. For pages that are absent the caller waits as for process_vm_readv.
 */
#include "memory_file.h"
#include "signal/trace.h"

static char page[PAGE_SIZE]; /* of the call being served */

/* foreign_copy counts its tries where read and write keep the position: they are kept with the open
 * file meanwhile. */
static int64_t copy_foreign(const struct subject *subject, struct open_file *file, uint64_t address,
                            uint64_t bytes, bool write, uint64_t *done)
{
    struct thread *thread = subject->reader;
    uint64_t position = thread->stage;
    thread->stage = (uintptr_t)file->state;
    int64_t error = foreign_copy(thread, subject->process, address, page, bytes, write, true, done);
    file->state = (void *)(uintptr_t)(error == ANSWER_NONE ? thread->stage : 0);
    thread->stage = position;
    return error;
}

/* One piece within a page of the process, between it and `page`. */
static int64_t move_far(const struct subject *subject, struct open_file *file, uint64_t address,
                        uint64_t bytes, bool write, uint64_t *done)
{
    struct thread *thread = subject->reader;
    if (subject->process != thread->process)
        return copy_foreign(subject, file, address, bytes, write, done);
    int64_t error = write ? client_write(thread, address, page, bytes)
                          : client_read(thread, address, page, bytes);
    *done = error ? 0 : bytes;
    return error;
}

static int64_t move_piece(const struct subject *subject, struct open_file *file, uint64_t address,
                          uint64_t own, uint64_t bytes, bool write, uint64_t *done)
{
    struct thread *thread = subject->reader;
    int64_t error = write ? client_read(thread, own, page, bytes) : 0;
    if (error)
        return error;
    error = move_far(subject, file, address, bytes, write, done);
    if (error == -EFAULT)
        return -EIO;
    if (!error && !write)
        error = client_write(thread, own, page, bytes);
    if (error)
        *done = 0;
    return error;
}

static int64_t transfer(struct thread *thread, struct open_file *file,
                        const struct linux_iovec *vector, uint64_t total, uint64_t offset,
                        bool write)
{
    struct subject subject;
    uint64_t own, bytes;
    int64_t error = subject_of(thread, file->node, &subject);
    if (error || !subject.process->memory)
        return error == -ESRCH ? 0 : error;
    while (vector_piece(vector, total, thread->progress, &own, &bytes)) {
        uint64_t done = 0, address = offset + thread->progress;
        uint64_t most = PAGE_SIZE - (address & (PAGE_SIZE - 1));
        error = move_piece(&subject, file, address, own, bytes < most ? bytes : most, write, &done);
        thread->progress += done;
        if (!error && thread->progress < total)
            error = client_pause(thread, thread->progress, done);
        if (error)
            return error <= ANSWER_LAST ? error : transfer_stopped(thread, error);
    }
    return (int64_t)total;
}

static int64_t read(struct thread *thread, struct open_file *file, const struct linux_iovec *vector,
                    uint64_t total, uint64_t offset)
{
    return transfer(thread, file, vector, total, offset, false);
}

static int64_t write(struct thread *thread, struct open_file *file,
                     const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    return transfer(thread, file, vector, total, offset, true);
}

const struct file_operations memory_file_operations = {.read = read, .write = write};
