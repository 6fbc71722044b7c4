/*
 * change.c: what is known of a file, changed: chmod, chown, utimensat.
 */
#include "lib/vfs.h"
#include "proc.h"
#include "remote.h"

#define NANOSECONDS 1000000000L

/* ---- chmod ---- */

static int64_t change_mode(struct thread *thread, struct node *node, uint32_t mode)
{
    int64_t error = node_type(node) == LINUX_S_IFLNK ? -EOPNOTSUPP : node_owned(thread, node);
    if (!error && node->operations)
        error = -EPERM;
    if (error)
        return error;
    if (!files_privileged(thread) && !files_in_group(thread, node->group))
        mode &= ~(uint32_t)LINUX_S_ISGID;
    mode = (node->mode & LINUX_S_IFMT) | (mode & 07777);
    if (is_remote(node))
        return remote_set(thread, node, &(struct remote_change){.set = VFS_SET_MODE, .mode = mode});
    node->mode = mode;
    node->changed = node_time();
    return 0;
}

int64_t linux_fchmod(struct thread *thread, uint64_t descriptor, uint64_t mode)
{
    struct open_file *file = file_of(thread->process, descriptor);
    return file ? change_mode(thread, file->node, (uint32_t)mode) : -EBADF;
}

int64_t linux_fchmodat(struct thread *thread, uint64_t descriptor, uint64_t path, uint64_t mode)
{
    int64_t error;
    struct node *node = files_node(thread, descriptor, path, 0, &error);
    if (node)
        error = change_mode(thread, node, (uint32_t)mode);
    node_drop(node);
    return error;
}

/* ---- chown ---- */

static int64_t change_owner(struct thread *thread, struct node *node, uint32_t user, uint32_t group)
{
    if (node->operations)
        return -EPERM;
    if (!files_privileged(thread)) {
        bool keeps_user = user == UINT32_MAX || user == node->user;
        bool may_group =
            group == UINT32_MAX || group == node->group || files_in_group(thread, group);
        if (node->user != files_user(thread) || !keeps_user || !may_group)
            return user == UINT32_MAX && group == UINT32_MAX ? 0 : -EPERM;
    }
    uint32_t mode = node->mode;
    if (node_type(node) != LINUX_S_IFDIR)
        mode &= ~node_privileges(node);
    if (user == UINT32_MAX)
        user = node->user;
    if (group == UINT32_MAX)
        group = node->group;
    if (is_remote(node))
        return remote_set(
            thread, node,
            &(struct remote_change){
                .set = VFS_SET_OWNER | VFS_SET_MODE, .mode = mode, .user = user, .group = group});
    node->user = user;
    node->group = group;
    node->mode = mode;
    node->changed = node_time();
    return 0;
}

int64_t linux_fchown(struct thread *thread, uint64_t descriptor, uint64_t user, uint64_t group)
{
    struct open_file *file = file_of(thread->process, descriptor);
    return file ? change_owner(thread, file->node, (uint32_t)user, (uint32_t)group) : -EBADF;
}

int64_t linux_fchownat(struct thread *thread, uint64_t descriptor, uint64_t path, uint64_t user,
                       uint64_t group, uint64_t flags)
{
    int64_t error;
    if (flags & ~(uint64_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
        return -EINVAL;
    struct node *node = files_node(thread, descriptor, path, flags, &error);
    if (node)
        error = change_owner(thread, node, (uint32_t)user, (uint32_t)group);
    node_drop(node);
    return error;
}

/* ---- Times ---- */

struct times {
    struct linux_timespec time[2]; /* accessed, modified */
};

static bool valid(const struct linux_timespec *time)
{
    return time->nanoseconds == LINUX_UTIME_NOW || time->nanoseconds == LINUX_UTIME_OMIT ||
           (uint64_t)time->nanoseconds < NANOSECONDS;
}

/* Nanoseconds since 1970, held to what they can express: the year 2262. */
static int64_t nanoseconds_of(const struct linux_timespec *time, int64_t now, int64_t before)
{
    int64_t result;
    if (time->nanoseconds == LINUX_UTIME_NOW)
        return now;
    if (time->nanoseconds == LINUX_UTIME_OMIT)
        return before;
    if (__builtin_mul_overflow(time->seconds, NANOSECONDS, &result) ||
        __builtin_add_overflow(result, time->nanoseconds, &result))
        return time->seconds < 0 ? INT64_MIN : INT64_MAX;
    return result;
}

static int64_t change_times(struct thread *thread, struct node *node, const struct times *times)
{
    bool now_only = times->time[0].nanoseconds == LINUX_UTIME_NOW &&
                    times->time[1].nanoseconds == LINUX_UTIME_NOW;
    int64_t error = node_owned(thread, node), now = node_time();
    if (error && now_only)
        error = node_permits(thread, node, 2);
    if (error)
        return error;
    struct remote_change change = {.set = VFS_SET_ACCESSED | VFS_SET_MODIFIED,
                                   .accessed = nanoseconds_of(&times->time[0], now, node->accessed),
                                   .modified =
                                       nanoseconds_of(&times->time[1], now, node->modified)};
    if (is_remote(node))
        return remote_set(thread, node, &change);
    node->accessed = change.accessed;
    node->modified = change.modified;
    node->changed = now;
    return 0;
}

int64_t linux_utimensat(struct thread *thread, uint64_t descriptor, uint64_t path, uint64_t address,
                        uint64_t flags)
{
    struct times times = {{{0, LINUX_UTIME_NOW}, {0, LINUX_UTIME_NOW}}};
    struct node *node;
    int64_t error = address ? client_read(thread, address, &times, sizeof times) : 0;
    if (error)
        return error;
    if (times.time[0].nanoseconds == LINUX_UTIME_OMIT &&
        times.time[1].nanoseconds == LINUX_UTIME_OMIT)
        return 0;
    if (flags & ~(uint64_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
        return -EINVAL;
    if (!valid(&times.time[0]) || !valid(&times.time[1]))
        return -EINVAL;
    if (path == 0 && (int32_t)descriptor != LINUX_AT_FDCWD) {
        struct open_file *file = file_of(thread->process, descriptor);
        if (flags & LINUX_AT_SYMLINK_NOFOLLOW)
            return -EINVAL;
        if (!file)
            return -EBADF;
        node = file->node;
        node_hold(node);
    } else {
        node = files_node(thread, descriptor, path, flags, &error);
        if (!node)
            return error;
    }
    error = change_times(thread, node, &times);
    node_drop(node);
    return error;
}
