/*
 * attributes.c: what is known of a file, told: stat and its kin, statfs, access, readlink.
 */
#include "contents.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "remote.h"

#define NANOSECONDS 1000000000L

static struct linux_timespec time_of(int64_t nanoseconds)
{
    int64_t seconds = nanoseconds / NANOSECONDS, rest = nanoseconds % NANOSECONDS;
    if (rest < 0) {
        seconds--;
        rest += NANOSECONDS;
    }
    return (struct linux_timespec){seconds, rest};
}

static uint64_t blocks_of(const struct node *node)
{
    return node->file == &regular_operations ? contents_blocks(node) : 0;
}

static uint32_t special_of(const struct node *node)
{
    uint32_t type = node_type(node);
    return type == LINUX_S_IFCHR || type == LINUX_S_IFBLK ? node->special : 0;
}

static int64_t refresh(struct thread *thread, struct node *node)
{
    if (is_remote(node))
        return remote_refresh(thread, node);
    if (node->operations && node->operations->refresh)
        node->operations->refresh(node);
    return 0;
}

static int64_t write_stat(struct thread *thread, struct node *node, uint64_t address)
{
    int64_t error = refresh(thread, node);
    if (error)
        return error;
    struct linux_stat status = {
        .device = node->system->device,
        .inode = node->inode,
        .mode = node->mode,
        .links = node->links,
        .user = node->user,
        .group = node->group,
        .special_device = special_of(node),
        .size = (int64_t)node->size,
        .block_size = PAGE_SIZE,
        .blocks = (int64_t)blocks_of(node),
        .accessed = time_of(node->accessed),
        .modified = time_of(node->modified),
        .changed = time_of(node->changed),
    };
    return client_write(thread, address, &status, sizeof status);
}

/* The node that a call of the *at kind means: `path` may be empty. With a reference; NULL: *error.
 */
struct node *files_node(struct thread *thread, uint64_t descriptor, uint64_t path, uint64_t flags,
                        int64_t *error)
{
    char first = 1;
    if (flags & LINUX_AT_EMPTY_PATH && (int32_t)descriptor != LINUX_AT_FDCWD) {
        *error = client_read(thread, path, &first, 1);
        if (*error)
            return NULL;
    }
    if (!first) {
        struct open_file *file = file_of_any(thread->process, descriptor);
        *error = -EBADF;
        if (!file)
            return NULL;
        node_hold(file->node);
        return file->node;
    }
    struct entry *entry = files_find(thread, descriptor, path, flags, error);
    if (!entry)
        return NULL;
    struct node *node = entry->node;
    node_hold(node);
    entry_drop(entry);
    return node;
}

int64_t linux_newfstatat(struct thread *thread, uint64_t directory, uint64_t path, uint64_t buffer,
                         uint64_t flags)
{
    int64_t error;
    if (flags &
        ~(uint64_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH | LINUX_AT_NO_AUTOMOUNT))
        return -EINVAL;
    struct node *node = files_node(thread, directory, path, flags, &error);
    if (node)
        error = write_stat(thread, node, buffer);
    node_drop(node);
    return error;
}

int64_t linux_fstat(struct thread *thread, uint64_t descriptor, uint64_t buffer)
{
    struct open_file *file = file_of_any(thread->process, descriptor);
    return file ? write_stat(thread, file->node, buffer) : -EBADF;
}

static struct linux_statx_time statx_time(int64_t nanoseconds)
{
    struct linux_timespec time = time_of(nanoseconds);
    return (struct linux_statx_time){time.seconds, (uint32_t)time.nanoseconds, 0};
}

#define STATX_BASIC 0x7ff
#define STATX_MOUNT 0x1000

int64_t linux_statx(struct thread *thread, uint64_t directory, uint64_t path, uint64_t flags,
                    uint64_t mask, uint64_t buffer)
{
    int64_t error;
    if (flags & ~(uint64_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH |
                            LINUX_AT_NO_AUTOMOUNT | LINUX_AT_STATX_SYNC_TYPE) ||
        (flags & LINUX_AT_STATX_SYNC_TYPE) == LINUX_AT_STATX_SYNC_TYPE || mask & 0x80000000)
        return -EINVAL;
    struct node *node = files_node(thread, directory, path, flags, &error);
    if (!node)
        return error;
    error = refresh(thread, node);
    if (error) {
        node_drop(node);
        return error;
    }
    struct linux_statx status = {
        .mask = STATX_BASIC,
        .block_size = PAGE_SIZE,
        .links = node->links,
        .user = node->user,
        .group = node->group,
        .mode = (uint16_t)node->mode,
        .inode = node->inode,
        .size = node->size,
        .blocks = blocks_of(node),
        .accessed = statx_time(node->accessed),
        .changed = statx_time(node->changed),
        .modified = statx_time(node->modified),
        .special_major = special_of(node) >> 8 & 0xfff,
        .special_minor = (special_of(node) & 0xff) | (special_of(node) >> 12 & 0xfff00),
        .device_minor = node->system->device,
    };
    node_drop(node);
    return client_write(thread, buffer, &status, sizeof status);
}

/* ---- statfs ---- */

/* ext4's, as vfs knows it. */
static int64_t write_remote_statfs(struct thread *thread, const struct file_system *system,
                                   uint64_t address)
{
    struct vfs_statistics facts;
    int64_t error = remote_statistics(thread, system, &facts);
    if (error)
        return error;
    struct linux_statfs status = {.type = system->magic,
                                  .block_size = (int64_t)facts.block_bytes,
                                  .fragment_size = (int64_t)facts.block_bytes,
                                  .blocks = facts.blocks,
                                  .free = facts.free,
                                  .available = facts.available,
                                  .files = facts.inodes,
                                  .files_free = facts.inodes_free,
                                  .name_length = (int64_t)facts.name_most,
                                  .flags = 0x20 | (facts.read_only ? 1 : 0)};
    memcpy(&status.id, &facts.id, sizeof status.id);
    return client_write(thread, address, &status, sizeof status);
}

static int64_t write_statfs(struct thread *thread, const struct file_system *system,
                            uint64_t address)
{
    struct pool_facts pool;
    struct linux_statfs status = {.type = system->magic,
                                  .block_size = PAGE_SIZE,
                                  .name_length = LINUX_NAME_MAX,
                                  .fragment_size = PAGE_SIZE,
                                  .flags = 0x20}; /* ST_VALID */
    if (system->remote)
        return write_remote_statfs(thread, system, address);
    if (system->magic == LINUX_TMPFS_MAGIC && pool_query(configuration.programs, &pool) >= 0) {
        status.blocks = pool.limit;
        status.free = status.available = pool.used < pool.limit ? pool.limit - pool.used : 0;
        if (system->pages_most) {
            uint64_t left =
                system->pages < system->pages_most ? system->pages_most - system->pages : 0;
            status.blocks = system->pages_most;
            status.free = status.available = left < status.free ? left : status.free;
        }
        status.files = system->nodes + status.free;
        status.files_free = status.free;
    }
    return client_write(thread, address, &status, sizeof status);
}

int64_t linux_statfs(struct thread *thread, uint64_t path, uint64_t buffer)
{
    int64_t error;
    struct node *node = files_node(thread, (uint64_t)LINUX_AT_FDCWD, path, 0, &error);
    if (node)
        error = write_statfs(thread, node->system, buffer);
    node_drop(node);
    return error;
}

int64_t linux_fstatfs(struct thread *thread, uint64_t descriptor, uint64_t buffer)
{
    struct open_file *file = file_of_any(thread->process, descriptor);
    return file ? write_statfs(thread, file->node->system, buffer) : -EBADF;
}

/* ---- access ---- */

int64_t linux_faccessat2(struct thread *thread, uint64_t directory, uint64_t path, uint64_t mode,
                         uint64_t flags)
{
    int64_t error;
    if ((uint32_t)mode & ~7U ||
        flags & ~(uint64_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH | LINUX_AT_EACCESS))
        return -EINVAL;
    struct node *node = files_node(thread, directory, path, flags, &error);
    if (!node)
        return error;
    const struct credentials *who = &thread->process->family.credentials;
    if (flags & LINUX_AT_EACCESS)
        error = node_permits(thread, node, (unsigned)mode);
    else
        error = node_permits_as(thread, who->user.real, who->group.real, node, (unsigned)mode);
    node_drop(node);
    return error;
}

int64_t linux_faccessat(struct thread *thread, uint64_t directory, uint64_t path, uint64_t mode)
{
    return linux_faccessat2(thread, directory, path, mode, 0);
}

/* ---- readlink ---- */

static char link_buffer[LINUX_PATH_MAX]; /* of the call being served */

/* The text of a link that is more than its text. */
static int64_t target_text(struct thread *thread, struct node *node)
{
    struct entry *target = NULL;
    int64_t error = node->operations->link_target(thread, node, &target);
    if (error)
        return error;
    int64_t length =
        path_text(target, thread->process->place->root, link_buffer, sizeof link_buffer);
    entry_drop(target);
    return length < 0 ? -ENAMETOOLONG : length - 1;
}

static int64_t read_link(struct thread *thread, struct node *node, uint64_t buffer, uint64_t size)
{
    const char *text = (const char *)node->base;
    int64_t length = (int64_t)node->size;
    if (node->operations) {
        text = link_buffer;
        length = node->operations->link_target
                     ? target_text(thread, node)
                     : node->operations->link_text(thread, node, link_buffer, sizeof link_buffer);
    }
    if (length < 0)
        return length;
    if (length > (int64_t)size)
        length = (int64_t)size;
    int64_t error = client_write(thread, buffer, text, (size_t)length);
    return error ? error : length;
}

int64_t linux_readlinkat(struct thread *thread, uint64_t directory, uint64_t path, uint64_t buffer,
                         uint64_t size)
{
    int64_t error;
    if ((int32_t)size <= 0)
        return -EINVAL;
    struct node *node = files_node(thread, directory, path,
                                   LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH, &error);
    if (!node)
        return error;
    error = node_type(node) == LINUX_S_IFLNK ? read_link(thread, node, buffer, (uint32_t)size)
                                             : -EINVAL;
    node_drop(node);
    return error;
}
