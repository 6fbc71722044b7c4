/*
 * anonymous.c: files without a name or contents of their own: what is open is all there is. And the
 * smallest of them, eventfd: a counter that can be waited for.
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

static struct file_system anonymous_system = {
    .type = "anon_inodefs", .source = "anon_inodefs", .magic = LINUX_ANON_MAGIC, .device = 0x101};

struct open_file *anonymous_file(const char *name, uint32_t flags,
                                 const struct file_operations *operations, void *state)
{
    struct node *node = node_new(&anonymous_system, 0600);
    struct open_file *file = node ? file_new_unnamed(node, name, flags) : NULL;
    if (!file)
        return NULL;
    file->operations = operations;
    file->state = state;
    return file;
}

/* ---- eventfd ---- */

#define LINUX_EFD_SEMAPHORE 1
#define COUNT_MOST          (UINT64_MAX - 1)

struct event_count {
    uint64_t count;
    bool semaphore;
    struct wait_queue readers, writers;
};

/* The one piece of 8 bytes or more that both calls want. */
static int64_t piece_of_8(const struct linux_iovec *vector, uint64_t total, uint64_t *address)
{
    uint64_t bytes;
    if (total < 8 || !vector_piece(vector, total, 0, address, &bytes) || bytes < 8)
        return -EINVAL;
    return 0;
}

static int64_t event_read(struct thread *thread, struct open_file *file,
                          const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    struct event_count *event = file->state;
    uint64_t address, value;
    (void)offset;
    int64_t error = piece_of_8(vector, total, &address);
    if (error)
        return error;
    if (!event->count)
        return file->flags & LINUX_O_NONBLOCK ? -EAGAIN : wait_for(thread, &event->readers);
    value = event->semaphore ? 1 : event->count;
    error = client_write(thread, address, &value, sizeof value);
    if (error)
        return error;
    event->count -= value;
    wait_wake(&event->writers);
    return 8;
}

static int64_t event_write(struct thread *thread, struct open_file *file,
                           const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    struct event_count *event = file->state;
    uint64_t address, value;
    (void)offset;
    int64_t error = piece_of_8(vector, total, &address);
    if (!error)
        error = client_read(thread, address, &value, sizeof value);
    if (error)
        return error;
    if (value == UINT64_MAX)
        return -EINVAL;
    if (value > COUNT_MOST - event->count)
        return file->flags & LINUX_O_NONBLOCK ? -EAGAIN : wait_for(thread, &event->writers);
    event->count += value;
    if (event->count)
        wait_wake(&event->readers);
    return 8;
}

static uint32_t event_poll(struct open_file *file, struct poller *poller)
{
    struct event_count *event = file->state;
    poll_on(poller, &event->readers);
    poll_on(poller, &event->writers);
    return (event->count ? LINUX_POLLIN : 0) | (event->count < COUNT_MOST ? LINUX_POLLOUT : 0);
}

static void event_release(struct open_file *file)
{
    wired_free(file->state);
}

static const struct file_operations event_operations = {.stream = true,
                                                        .read = event_read,
                                                        .write = event_write,
                                                        .poll = event_poll,
                                                        .release = event_release};

int64_t linux_eventfd2(struct thread *thread, uint64_t count, uint64_t flags)
{
    const uint64_t known = LINUX_EFD_SEMAPHORE | LINUX_O_CLOEXEC | LINUX_O_NONBLOCK;
    if (flags & ~known)
        return -EINVAL;
    struct event_count *event = wired_alloc(sizeof *event);
    if (!event)
        return -ENOMEM;
    event->count = (uint32_t)count;
    event->semaphore = flags & LINUX_EFD_SEMAPHORE;
    struct open_file *file =
        anonymous_file("anon_inode:[eventfd]", LINUX_O_RDWR | (flags & LINUX_O_NONBLOCK),
                       &event_operations, event);
    if (!file) {
        wired_free(event);
        return -ENOMEM;
    }
    return descriptor_add(thread->process, file, flags & LINUX_O_CLOEXEC);
}
