/*
 * memfd.c: files of memory that never had a name, and the seals they may have.
 */
#include "lib/memory.h"
#include "proc.h"

#define LINUX_MFD_CLOEXEC       1
#define LINUX_MFD_ALLOW_SEALING 2
#define NAME_MOST               249 /* Linux: NAME_MAX without "memfd:" */

static struct file_system memory_system = {
    .type = "tmpfs", .source = "tmpfs", .magic = LINUX_TMPFS_MAGIC, .device = 0x102};

int64_t linux_memfd_create(struct thread *thread, uint64_t name_address, uint64_t flags)
{
    static const char before[] = "/memfd:", after[] = " (deleted)";
    char name[sizeof before + NAME_MOST + sizeof after];
    size_t start = sizeof before - 1;
    if (flags & ~(uint64_t)(LINUX_MFD_CLOEXEC | LINUX_MFD_ALLOW_SEALING))
        return -EINVAL; /* and no huge pages */
    memcpy(name, before, start);
    int64_t length = client_string(thread, name_address, name + start, NAME_MOST + 1);
    if (length < 0)
        return length == -ENAMETOOLONG ? -EINVAL : length;
    memcpy(name + start + length, after, sizeof after);
    struct node *node = node_new(&memory_system, LINUX_S_IFREG | 0777);
    if (!node)
        return -ENOMEM;
    node->file = &regular_operations;
    node->links = 0;
    node->user = files_user(thread);
    node->group = files_group(thread);
    node->special = flags & LINUX_MFD_ALLOW_SEALING ? LINUX_F_SEAL_SEAL : 0; /* none at all */
    struct open_file *file = file_new_unnamed(node, name, LINUX_O_RDWR | LINUX_O_LARGEFILE);
    if (!file)
        return -ENOMEM;
    return descriptor_add(thread->process, file, flags & LINUX_MFD_CLOEXEC);
}

int64_t seals_control(struct open_file *file, bool add, uint64_t seals)
{
    const uint32_t known = LINUX_F_SEAL_SEAL | LINUX_F_SEAL_SHRINK | LINUX_F_SEAL_GROW |
                           LINUX_F_SEAL_WRITE | LINUX_F_SEAL_FUTURE_WRITE;
    struct node *node = file->node;
    if (file->operations != &regular_operations)
        return -EINVAL;
    if (!add)
        return file_seals(node);
    if (!(file->flags & LINUX_O_ACCMODE))
        return -EPERM;
    if ((uint32_t)seals & ~known)
        return -EINVAL;
    if (file_seals(node) & LINUX_F_SEAL_SEAL)
        return -EPERM;
    node->special = (file_seals(node) | (uint32_t)seals) ^ LINUX_F_SEAL_SEAL;
    return 0;
}
