/*
 * extended.c: extended attributes: there are none. Names of kinds that a tmpfs of Linux knows are
 * not there (ENODATA), all others are not supported, and none can be made.
 */
#include "lib/memory.h"
#include "proc.h"

#define SIZE_MOST 65536

/* Reads a name: 0, an error, or 1 when a file could have it. */
static int64_t read_name(struct thread *thread, uint64_t address)
{
    static const char *const kinds[] = {"security.", "trusted.", "system.posix_acl_access",
                                        "system.posix_acl_default"};
    char name[LINUX_NAME_MAX + 1];
    int64_t length = client_string(thread, address, name, sizeof name);
    if (length == -ENAMETOOLONG || length == 0)
        return -ERANGE;
    if (length < 0)
        return length;
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
            return 1;
    return -EOPNOTSUPP;
}

/* A file by path or, with `descriptor`, by that. 0 or an error. */
static int64_t find(struct thread *thread, uint64_t file, bool follow, bool descriptor)
{
    int64_t error;
    if (descriptor)
        return file_of(thread->process, file) ? 0 : -EBADF;
    struct entry *entry = files_find(thread, (uint64_t)LINUX_AT_FDCWD, file,
                                     follow ? 0 : LINUX_AT_SYMLINK_NOFOLLOW, &error);
    entry_drop(entry);
    return entry ? 0 : error;
}

static int64_t set(struct thread *thread, uint64_t file, uint64_t name, uint64_t size,
                   uint64_t flags, bool follow, bool descriptor)
{
    if (flags & ~3UL)
        return -EINVAL;
    int64_t known = read_name(thread, name);
    if (known < 0 && known != -EOPNOTSUPP)
        return known;
    if (size > SIZE_MOST)
        return -E2BIG;
    int64_t error = find(thread, file, follow, descriptor);
    return error ? error : -EOPNOTSUPP;
}

static int64_t get(struct thread *thread, uint64_t file, uint64_t name, bool follow,
                   bool descriptor)
{
    int64_t known = read_name(thread, name);
    if (known < 0 && known != -EOPNOTSUPP)
        return known;
    int64_t error = find(thread, file, follow, descriptor);
    return error ? error : known < 0 ? known : -ENODATA;
}

int64_t linux_setxattr(struct thread *thread, uint64_t path, uint64_t name, uint64_t value,
                       uint64_t size, uint64_t flags)
{
    (void)value;
    return set(thread, path, name, size, flags, true, false);
}

int64_t linux_lsetxattr(struct thread *thread, uint64_t path, uint64_t name, uint64_t value,
                        uint64_t size, uint64_t flags)
{
    (void)value;
    return set(thread, path, name, size, flags, false, false);
}

int64_t linux_fsetxattr(struct thread *thread, uint64_t file, uint64_t name, uint64_t value,
                        uint64_t size, uint64_t flags)
{
    (void)value;
    return set(thread, file, name, size, flags, false, true);
}

int64_t linux_getxattr(struct thread *thread, uint64_t path, uint64_t name)
{
    return get(thread, path, name, true, false);
}

int64_t linux_lgetxattr(struct thread *thread, uint64_t path, uint64_t name)
{
    return get(thread, path, name, false, false);
}

int64_t linux_fgetxattr(struct thread *thread, uint64_t file, uint64_t name)
{
    return get(thread, file, name, false, true);
}

int64_t linux_listxattr(struct thread *thread, uint64_t path)
{
    return find(thread, path, true, false);
}

int64_t linux_llistxattr(struct thread *thread, uint64_t path)
{
    return find(thread, path, false, false);
}

int64_t linux_flistxattr(struct thread *thread, uint64_t file)
{
    return find(thread, file, false, true);
}

/* To remove is to find, with the same errors. */
int64_t linux_removexattr(struct thread *thread, uint64_t path, uint64_t name)
{
    return get(thread, path, name, true, false);
}

int64_t linux_lremovexattr(struct thread *thread, uint64_t path, uint64_t name)
{
    return get(thread, path, name, false, false);
}

int64_t linux_fremovexattr(struct thread *thread, uint64_t file, uint64_t name)
{
    return get(thread, file, name, false, true);
}
