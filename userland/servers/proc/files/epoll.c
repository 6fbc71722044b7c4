/*
 * epoll.c: a set of files to be watched for long. Each file's queues have a watcher for it; when
 * one is woken the watch goes to the list of those that may be ready, so a wait costs what is
 * ready, not what is watched. A watch that is not edge-triggered stays on that list until it is
 * found idle.
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "poll.h"
#include "proc.h"

#define EVENTS_ONCE 64 /* staged for one copy to the program */
#define DEPTH_MOST  5  /* epolls that watch epolls, as Linux */

#define LINUX_EPOLL_CTL_ADD  1
#define LINUX_EPOLL_CTL_DEL  2
#define LINUX_EPOLL_CTL_MOD  3
#define LINUX_EPOLLEXCLUSIVE (1U << 28)
#define LINUX_EPOLLONESHOT   (1U << 30)
#define LINUX_EPOLLET        (1U << 31)
#define PRIVATE_BITS         (LINUX_EPOLLONESHOT | LINUX_EPOLLET | LINUX_EPOLLEXCLUSIVE | 1U << 29)

struct linux_epoll_event {
    uint32_t events, padding;
    uint64_t data;
};

struct epoll {
    struct watch *watches;      /* all */
    struct watch *ready, *last; /* may have something to tell, in order */
    struct wait_queue queue;
};

/* One file in one epoll. */
struct watch {
    struct watch *next, **link;           /* of the epoll */
    struct watch *file_next, **file_link; /* of the open file */
    struct watch *ready_next;
    struct epoll *epoll;
    struct open_file *file;
    struct queue_watcher *watchers;
    int32_t descriptor;
    uint32_t events;
    uint64_t data;
    bool listed; /* in the ready list */
};

struct queue_watcher {
    struct watcher watcher;
    struct watch *watch;
    struct queue_watcher *next;
};

static const struct file_operations epoll_operations;

static struct epoll *epoll_of(struct open_file *file)
{
    return file && file->operations == &epoll_operations ? file->state : NULL;
}

/* ---- The ready list ---- */

static void list(struct watch *watch)
{
    struct epoll *epoll = watch->epoll;
    if (watch->listed)
        return;
    watch->listed = true;
    watch->ready_next = NULL;
    if (epoll->ready)
        epoll->last->ready_next = watch;
    else
        epoll->ready = watch;
    epoll->last = watch;
}

static void unlist(struct watch *watch)
{
    struct epoll *epoll = watch->epoll;
    struct watch *before = NULL, *at = epoll->ready;
    if (!watch->listed)
        return;
    while (at != watch) {
        before = at;
        at = at->ready_next;
    }
    if (before)
        before->ready_next = watch->ready_next;
    else
        epoll->ready = watch->ready_next;
    if (epoll->last == watch)
        epoll->last = before;
    watch->listed = false;
}

static void woken(struct watcher *watcher)
{
    struct watch *watch = ((struct queue_watcher *)watcher)->watch;
    if (!(watch->events & ~PRIVATE_BITS))
        return; /* one shot, and it was */
    list(watch);
    wait_wake(&watch->epoll->queue);
}

/* ---- Watches ---- */

struct adder {
    struct poller poller;
    struct watch *watch;
};

static int64_t add_queue(struct poller *poller, struct wait_queue *queue)
{
    struct watch *watch = ((struct adder *)poller)->watch;
    struct queue_watcher *watcher = wired_alloc(sizeof *watcher);
    if (!watcher)
        return -ENOMEM;
    watcher->watcher.woken = woken;
    watcher->watch = watch;
    watcher->next = watch->watchers;
    watch->watchers = watcher;
    wait_watch(&watcher->watcher, queue);
    return 0;
}

static void watch_free(struct watch *watch)
{
    unlist(watch);
    while (watch->watchers) {
        struct queue_watcher *watcher = watch->watchers;
        watch->watchers = watcher->next;
        wait_unwatch(&watcher->watcher);
        wired_free(watcher);
    }
    *watch->link = watch->next;
    if (watch->next)
        watch->next->link = watch->link;
    *watch->file_link = watch->file_next;
    if (watch->file_next)
        watch->file_next->file_link = watch->file_link;
    wired_free(watch);
}

void watches_end(struct open_file *file)
{
    while (file->watches)
        watch_free(file->watches);
}

static struct watch *watch_find(const struct epoll *epoll, const struct open_file *file,
                                int32_t descriptor)
{
    struct watch *watch = file->watches;
    while (watch && (watch->epoll != epoll || watch->descriptor != descriptor))
        watch = watch->file_next;
    return watch;
}

/* Lists it when there is something to tell already. */
static void check(struct watch *watch, uint32_t events)
{
    if (events & (watch->events | LINUX_POLLERR | LINUX_POLLHUP)) {
        list(watch);
        wait_wake(&watch->epoll->queue);
    }
}

static int64_t watch_add(struct epoll *epoll, struct open_file *file, int32_t descriptor,
                         const struct linux_epoll_event *event)
{
    struct watch *watch = wired_alloc(sizeof *watch);
    if (!watch)
        return -ENOMEM;
    *watch = (struct watch){.next = epoll->watches,
                            .link = &epoll->watches,
                            .file_next = file->watches,
                            .file_link = &file->watches,
                            .epoll = epoll,
                            .file = file,
                            .descriptor = descriptor,
                            .events = event->events,
                            .data = event->data};
    if (watch->next)
        watch->next->link = &watch->next;
    if (watch->file_next)
        watch->file_next->file_link = &watch->file_next;
    epoll->watches = file->watches = watch;
    struct adder adder = {{.add = add_queue}, watch};
    uint32_t events = file_poll(file, &adder.poller);
    if (adder.poller.error) {
        watch_free(watch);
        return -ENOMEM;
    }
    check(watch, events);
    return 0;
}

/* Does `file` lead to `epoll`, or too deep? */
static bool leads_to(struct open_file *file, const struct epoll *epoll, unsigned depth)
{
    const struct epoll *inner = epoll_of(file);
    if (!inner)
        return false;
    if (inner == epoll || depth >= DEPTH_MOST)
        return true;
    for (const struct watch *watch = inner->watches; watch; watch = watch->next)
        if (leads_to(watch->file, epoll, depth + 1))
            return true;
    return false;
}

int64_t linux_epoll_ctl(struct thread *thread, uint64_t descriptor, uint64_t operation,
                        uint64_t target, uint64_t address)
{
    struct linux_epoll_event event = {0};
    int64_t error = 0;
    if ((uint32_t)operation != LINUX_EPOLL_CTL_DEL)
        error = client_read(thread, address, &event, sizeof event);
    if (error)
        return error;
    struct open_file *own = file_of(thread->process, descriptor);
    struct open_file *file = file_of(thread->process, target);
    if (!own || !file)
        return -EBADF;
    if (!file->operations || !file->operations->poll)
        return -EPERM;
    struct epoll *epoll = epoll_of(own);
    if (!epoll || own == file)
        return -EINVAL;
    struct watch *watch = watch_find(epoll, file, (int32_t)target);
    switch ((uint32_t)operation) {
    case LINUX_EPOLL_CTL_ADD:
        if (leads_to(file, epoll, 0))
            return -ELOOP;
        return watch ? -EEXIST : watch_add(epoll, file, (int32_t)target, &event);
    case LINUX_EPOLL_CTL_DEL:
        if (watch)
            watch_free(watch);
        return watch ? 0 : -ENOENT;
    case LINUX_EPOLL_CTL_MOD:
        if (!watch)
            return -ENOENT;
        watch->events = event.events;
        watch->data = event.data;
        check(watch, file_poll(file, NULL));
        return 0;
    default:
        return -EINVAL;
    }
}

/* ---- Waiting ---- */

/* Takes what is ready off the list, into `events`, and puts back what stays ready. How many. */
static uint32_t gather(struct epoll *epoll, struct linux_epoll_event *events, uint32_t most)
{
    struct watch *watch = epoll->ready, *kept = NULL, **kept_end = &kept;
    uint32_t count = 0;
    epoll->ready = epoll->last = NULL;
    while (watch && count < most) {
        struct watch *next = watch->ready_next;
        uint32_t now = file_poll(watch->file, NULL) &
                       ((watch->events & ~PRIVATE_BITS) | LINUX_POLLERR | LINUX_POLLHUP);
        watch->listed = false;
        watch->ready_next = NULL;
        if (now && watch->events & ~PRIVATE_BITS) {
            events[count++] = (struct linux_epoll_event){now, 0, watch->data};
            if (watch->events & LINUX_EPOLLONESHOT) {
                watch->events &= PRIVATE_BITS;
            } else if (!(watch->events & LINUX_EPOLLET)) {
                *kept_end = watch;
                kept_end = &watch->ready_next;
            }
        }
        watch = next;
    }
    epoll->ready = watch; /* those not looked at come first the next time */
    while (watch && watch->ready_next)
        watch = watch->ready_next;
    epoll->last = watch;
    while (kept) {
        struct watch *next = kept->ready_next;
        list(kept);
        kept = next;
    }
    return count;
}

static uint32_t epoll_poll(struct open_file *file, struct poller *poller)
{
    struct epoll *epoll = file->state;
    poll_on(poller, &epoll->queue);
    for (struct watch *watch = epoll->ready; watch; watch = watch->ready_next)
        if (file_poll(watch->file, NULL) &
            ((watch->events & ~PRIVATE_BITS) | LINUX_POLLERR | LINUX_POLLHUP))
            return LINUX_POLLIN | LINUX_POLLRDNORM;
    return 0;
}

static int64_t epoll_wait(struct thread *thread, uint64_t descriptor, uint64_t address,
                          int32_t most, uint64_t deadline)
{
    struct linux_epoll_event events[EVENTS_ONCE];
    struct open_file *file = file_of(thread->process, descriptor);
    struct epoll *epoll = epoll_of(file);
    if (most <= 0 || (uint32_t)most > INT32_MAX / sizeof events[0])
        return -EINVAL;
    if (!epoll)
        return file ? -EINVAL : -EBADF;
    /* The page must be there before anything is taken off the list. */
    if (epoll_poll(file, NULL)) {
        uint32_t room = (uint32_t)most < EVENTS_ONCE ? (uint32_t)most : EVENTS_ONCE;
        memset(events, 0, room * sizeof events[0]);
        int64_t error = client_write(thread, address, events, room * sizeof events[0]);
        if (error == ANSWER_RETRY)
            return error;
        uint32_t count = gather(epoll, events, room);
        if (count && client_write(thread, address, events, count * sizeof events[0]))
            return -EFAULT;
        if (count)
            return count;
    }
    if (time_now() >= deadline)
        return 0;
    struct poller poller = {.thread = thread};
    poll_on(&poller, &epoll->queue);
    int64_t result = poll_wait(thread, &poller, deadline);
    thread->wait.restart = RESTART_NEVER;
    return result;
}

int64_t linux_epoll_pwait(struct thread *thread, uint64_t descriptor, uint64_t address,
                          uint64_t most, uint64_t milliseconds, uint64_t mask, uint64_t size)
{
    int32_t wanted = (int32_t)milliseconds;
    uint64_t deadline = UINT64_MAX;
    struct linux_timespec time = {wanted / 1000, wanted % 1000 * 1000000L};
    int64_t error = poll_mask(thread, mask, size);
    if (!error && wanted >= 0)
        error = poll_deadline(thread, &time, &deadline);
    return error ? error : epoll_wait(thread, descriptor, address, (int32_t)most, deadline);
}

int64_t linux_epoll_pwait2(struct thread *thread, uint64_t descriptor, uint64_t address,
                           uint64_t most, uint64_t time_address, uint64_t mask, uint64_t size)
{
    uint64_t deadline = UINT64_MAX;
    struct linux_timespec time;
    int64_t error = time_address ? client_read(thread, time_address, &time, sizeof time) : 0;
    if (!error && time_address)
        error = poll_deadline(thread, &time, &deadline);
    if (!error)
        error = poll_mask(thread, mask, size);
    return error ? error : epoll_wait(thread, descriptor, address, (int32_t)most, deadline);
}

/* ---- Begin and end ---- */

static void epoll_release(struct open_file *file)
{
    struct epoll *epoll = file->state;
    while (epoll->watches)
        watch_free(epoll->watches);
    wired_free(epoll);
}

static const struct file_operations epoll_operations = {
    .stream = true, .poll = epoll_poll, .release = epoll_release};

int64_t linux_epoll_create1(struct thread *thread, uint64_t flags)
{
    if (flags & ~(uint64_t)LINUX_O_CLOEXEC)
        return -EINVAL;
    struct epoll *epoll = wired_alloc(sizeof *epoll);
    struct open_file *file =
        epoll ? anonymous_file("anon_inode:[eventpoll]", LINUX_O_RDWR, &epoll_operations, epoll)
              : NULL;
    if (!file) {
        wired_free(epoll);
        return -ENOMEM;
    }
    return descriptor_add(thread->process, file, flags & LINUX_O_CLOEXEC);
}
