/*
 * client.c: the memory of a program that waits for an answer. The authority to copy is the pending
 * request and ends with its reply. A page that is absent is never waited for: the program is told
 * to fault on it and to ask again, so proc goes on serving others meanwhile.
 */
#include "lib/memory.h"
#include "proc.h"

/* More rounds than this without one byte more, and the page cannot be had: EFAULT. A round brings
 * in six pages and four stay pinned, so an honest call needs one or two. */
#define RETRIES_MAX 32

/* The end of the region at `address`, or of its page when the kernel does not say. Pages beyond may
 * not exist, and asking for one of those would fail the call where Linux answers a short count. */
static uint64_t region_end(const struct thread *thread, uint64_t address)
{
    struct region_facts facts;
    uint64_t page_end = (address | (PAGE_SIZE - 1)) + 1;
    if (region_query(thread->process->memory->space, address, &facts) < 0 || facts.start > address)
        return page_end;
    return facts.start + (facts.pages << PAGE_SHIFT);
}

/* Asks for the absent page and those of the same range after it. */
static int64_t ask_for_pages(struct thread *thread, uint64_t address, uint64_t end, uint64_t tag)
{
    unsigned count = 0;
    uint64_t limit = end;
    if (thread->retry[0] == address && thread->retry_tag == tag) {
        if (++thread->retries > RETRIES_MAX || (thread->refused && !thread->retry[1]))
            return -EFAULT;
    } else {
        thread->retries = 0;
    }
    thread->retry_tag = (uint32_t)tag;
    if (thread->refused) /* perhaps it is another one that cannot be had */
        limit = address + 1;
    else if ((address | (PAGE_SIZE - 1)) < end - 1)
        limit = region_end(thread, address);
    while (count < 6 && address < end && address < limit) {
        thread->retry[count++] = address;
        address = (address | (PAGE_SIZE - 1)) + 1;
    }
    if (count < 6)
        thread->retry[count] = 0;
    return ANSWER_RETRY;
}

/* Some of the range is not the program's to use: copies what comes before, page by page. */
static int64_t copy_what_there_is(struct thread *thread, uint64_t address, char *own, size_t bytes,
                                  uint64_t direction, uint64_t *done, struct copy_stop *stop)
{
    int64_t result = 0;
    while (*done < bytes) {
        size_t piece = PAGE_SIZE - ((address + *done) & (PAGE_SIZE - 1));
        if (piece > bytes - *done)
            piece = bytes - *done;
        result = space_copy(thread->far, thread->request, address + *done, own + *done, direction,
                            piece, stop);
        if (result < 0)
            return result;
        *done += piece;
    }
    return 0;
}

static int64_t copy(struct thread *thread, uint64_t address, void *own, size_t bytes,
                    uint64_t direction, uint64_t *done);

/* space_copy answered something else than that all was copied. */
static __attribute__((noinline)) int64_t copy_stopped(struct thread *thread, uint64_t address,
                                                      void *own, size_t bytes, uint64_t direction,
                                                      uint64_t *done, int64_t result,
                                                      struct copy_stop stop)
{
    uint64_t end = address + bytes;
    if (result >= 0 || end < address || thread->far) /* far: nobody to ask for proc's own pages */
        return -EFAULT;
    if (result == -EFAULT && stop.address - address < bytes && memory_grow(thread, stop.address))
        return copy(thread, address, own, bytes, direction, done); /* it ended in a stack */
    if (result == -EFAULT)
        result = copy_what_there_is(thread, address, own, bytes, direction, done, &stop);
    if (result != -EAGAIN)
        return result == 0 ? 0 : -EFAULT;
    if (stop.copied)
        thread->retries = 0;
    *done += stop.copied;
    return ask_for_pages(thread, address + *done, end,
                         direction == COPY_IN ? TAG_RETRY_READ : TAG_RETRY_WRITE);
}

static inline int64_t copy(struct thread *thread, uint64_t address, void *own, size_t bytes,
                           uint64_t direction, uint64_t *done)
{
    if (*done >= bytes)
        return 0;
    struct copy_stop stop;
    int64_t result = space_copy(thread->far, thread->request, address + *done, (char *)own + *done,
                                direction, bytes - *done, &stop);
    if (__builtin_expect(result != (int64_t)(bytes - *done), 0))
        return copy_stopped(thread, address, own, bytes, direction, done, result, stop);
    *done = bytes;
    return 0;
}

int64_t client_read(struct thread *thread, uint64_t address, void *own, size_t bytes)
{
    uint64_t done = 0;
    return copy(thread, address, own, bytes, COPY_IN, &done);
}

int64_t client_write(struct thread *thread, uint64_t address, const void *own, size_t bytes)
{
    uint64_t done = 0;
    return copy(thread, address, (void *)own, bytes, COPY_OUT, &done);
}

int64_t client_read_part(struct thread *thread, uint64_t address, void *own, size_t bytes,
                         uint64_t *done)
{
    return copy(thread, address, own, bytes, COPY_IN, done);
}

int64_t client_write_part(struct thread *thread, uint64_t address, const void *own, size_t bytes,
                          uint64_t *done)
{
    return copy(thread, address, (void *)own, bytes, COPY_OUT, done);
}

int64_t client_pause(struct thread *thread, uint64_t done, uint64_t moved)
{
    return done / CLIENT_TURN == (done - moved) / CLIENT_TURN ? 0 : client_again(thread);
}

int64_t client_again(struct thread *thread)
{
    thread->retry_tag = TAG_RETRY_READ;
    thread->retries = 0;
    thread->retry[0] = 0; /* no page: just again */
    return ANSWER_RETRY;
}

int64_t client_string(struct thread *thread, uint64_t address, char *own, size_t size)
{
    size_t have = 0;
    while (have < size) {
        /* Not beyond the end of a page: the next may not exist, and the string not need it. */
        size_t bytes = PAGE_SIZE - ((address + have) & (PAGE_SIZE - 1));
        if (bytes > size - have)
            bytes = size - have;
        int64_t error = client_read(thread, address + have, own + have, bytes);
        if (error)
            return error;
        size_t length = strnlen(own + have, bytes);
        if (length < bytes)
            return (int64_t)(have + length);
        have += bytes;
    }
    return -ENAMETOOLONG;
}
