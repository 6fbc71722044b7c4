/*
 * locks.c: flock, and the record locks of fcntl. Who waits looks again after every change of the
 * file's locks; who waits for whom is kept in a list, so that a circle is refused (EDEADLK).
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "record_locks.h"

struct file_locks {
    struct lock_list list;
    struct wait_queue queue;
};

/* One thread that waits for a record lock; thread->wait.kept. */
struct lock_wait {
    struct lock_wait *next;
    const void *owner, *blocker;
};
static struct lock_wait *waiting;

static struct file_locks *locks_of(struct node *node)
{
    if (!node->locks)
        node->locks = wired_alloc(sizeof *node->locks);
    return node->locks;
}

void locks_forget(struct node *node)
{
    wired_free(node->locks); /* whoever held one had it open */
}

static void drop_owner(struct node *node, const void *owner)
{
    if (node->locks && lock_drop_owner(&node->locks->list, owner))
        wait_wake(&node->locks->queue);
}

void locks_close(struct process *process, struct node *node)
{
    drop_owner(node, process->files);
}

void locks_release(struct open_file *file)
{
    drop_owner(file->node, file);
}

/* ---- Waiting ---- */

static void let_go(struct thread *thread)
{
    struct lock_wait **link = &waiting;
    while (*link && *link != thread->wait.kept)
        link = &(*link)->next;
    if (*link)
        *link = (*link)->next;
    wired_free(thread->wait.kept);
}

/* Would `owner` wait for itself, if it waited for `blocker`? */
static bool circle(const void *owner, const void *blocker)
{
    const struct lock_wait *wait = waiting;
    for (unsigned steps = 0; blocker != owner; steps++) {
        for (wait = waiting; wait && wait->owner != blocker;)
            wait = wait->next;
        if (!wait || steps > 1000)
            return false;
        blocker = wait->blocker;
    }
    return true;
}

static int64_t wait_for_lock(struct thread *thread, struct file_locks *locks,
                             const struct lock *wanted, const struct lock *blocker)
{
    struct lock_wait *wait = thread->wait.kept;
    if (wanted->kind == LOCK_POSIX) {
        if (wait)
            wait->owner = NULL; /* not to meet itself */
        if (blocker->kind == LOCK_POSIX && circle(wanted->owner, blocker->owner))
            return -EDEADLK;
        if (!wait) {
            wait = wired_alloc(sizeof *wait);
            if (!wait)
                return -ENOLCK;
            wait->next = waiting;
            waiting = wait;
            thread->wait.kept = wait;
            thread->wait.let_go = let_go;
        }
        wait->owner = wanted->owner;
        wait->blocker = blocker->owner;
    }
    return wait_for(thread, &locks->queue);
}

/* Sets or waits. `unlock` never waits. */
static int64_t set(struct thread *thread, struct node *node, const struct lock *wanted, bool unlock,
                   bool wait)
{
    struct file_locks *locks = locks_of(node);
    if (!locks)
        return -ENOLCK;
    const struct lock *conflict = unlock ? NULL : lock_conflict(&locks->list, wanted);
    if (conflict)
        return wait ? wait_for_lock(thread, locks, wanted, conflict) : -EAGAIN;
    if (lock_set(&locks->list, wanted, unlock))
        return -ENOLCK;
    wait_wake(&locks->queue);
    return 0;
}

/* ---- fcntl ---- */

/* From Linux's words to a range. */
static int64_t range_of(const struct open_file *file, const struct linux_flock *flock,
                        struct lock *lock)
{
    int64_t base = 0, start, end;
    if (flock->whence == LINUX_SEEK_CUR)
        base = (int64_t)file->offset;
    else if (flock->whence == LINUX_SEEK_END)
        base = (int64_t)file->node->size;
    else if (flock->whence != LINUX_SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow(base, flock->start, &start))
        return -EOVERFLOW;
    if (start < 0)
        return -EINVAL;
    lock->start = (uint64_t)start;
    lock->end = UINT64_MAX;
    if (flock->length > 0) {
        if (__builtin_add_overflow(start, flock->length - 1, &end))
            return -EOVERFLOW;
        lock->end = (uint64_t)end;
    } else if (flock->length < 0) {
        if (start + flock->length < 0)
            return -EINVAL;
        lock->start = (uint64_t)(start + flock->length);
        lock->end = (uint64_t)start - 1;
    }
    return 0;
}

static int64_t tell(struct thread *thread, struct node *node, const struct lock *wanted,
                    struct linux_flock *flock, uint64_t address)
{
    const struct lock *conflict = node->locks ? lock_conflict(&node->locks->list, wanted) : NULL;
    if (!conflict) {
        flock->type = LINUX_F_UNLCK;
    } else {
        flock->type = conflict->write ? LINUX_F_WRLCK : LINUX_F_RDLCK;
        flock->whence = LINUX_SEEK_SET;
        flock->start = (int64_t)conflict->start;
        flock->length =
            conflict->end == UINT64_MAX ? 0 : (int64_t)(conflict->end - conflict->start + 1);
        flock->pid = conflict->kind == LOCK_OPEN_FILE ? -1 : (int32_t)conflict->pid;
    }
    return client_write(thread, address, flock, sizeof *flock);
}

int64_t locks_control(struct thread *thread, struct open_file *file, uint32_t command,
                      uint64_t address)
{
    bool open_file = command >= LINUX_F_OFD_GETLK;
    bool get = command == LINUX_F_GETLK || command == LINUX_F_OFD_GETLK;
    bool wait = command == LINUX_F_SETLKW || command == LINUX_F_OFD_SETLKW;
    struct linux_flock flock;
    struct lock wanted = {.owner = open_file ? (const void *)file : thread->process->files,
                          .pid = thread->process->pid,
                          .kind = open_file ? LOCK_OPEN_FILE : LOCK_POSIX};
    int64_t error = client_read(thread, address, &flock, sizeof flock);
    if (error)
        return error;
    if (open_file && flock.pid != 0)
        return -EINVAL;
    if (flock.type < LINUX_F_RDLCK || flock.type > LINUX_F_UNLCK ||
        (get && flock.type == LINUX_F_UNLCK))
        return -EINVAL;
    wanted.write = flock.type == LINUX_F_WRLCK;
    error = range_of(file, &flock, &wanted);
    if (error)
        return error;
    if (get)
        return tell(thread, file->node, &wanted, &flock, address);
    if (flock.type == LINUX_F_RDLCK && file->flags & LINUX_O_WRONLY)
        return -EBADF;
    if (flock.type == LINUX_F_WRLCK && !(file->flags & LINUX_O_ACCMODE))
        return -EBADF;
    return set(thread, file->node, &wanted, flock.type == LINUX_F_UNLCK, wait);
}

/* ---- flock ---- */

int64_t linux_flock(struct thread *thread, uint64_t descriptor, uint64_t operation)
{
    uint32_t what = (uint32_t)operation & ~(uint32_t)LINUX_LOCK_NB;
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file)
        return -EBADF;
    if (what != LINUX_LOCK_SH && what != LINUX_LOCK_EX && what != LINUX_LOCK_UN)
        return -EINVAL;
    struct lock wanted = {.owner = file,
                          .end = UINT64_MAX,
                          .pid = thread->process->pid,
                          .kind = LOCK_WHOLE,
                          .write = what == LINUX_LOCK_EX};
    return set(thread, file->node, &wanted, what == LINUX_LOCK_UN, !(operation & LINUX_LOCK_NB));
}
