/*
 * mount.c: mount and umount2, as far as there is something to mount: a tmpfs. What would only be a
 * second view of a tree (bind) or comes from a device is refused.
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "names.h"
#include "proc.h"
#include "remote.h"

#define LINUX_MS_RDONLY  1
#define LINUX_MS_REMOUNT 32
/* Bind, move, and the kinds of propagation. */
#define LINUX_MS_OTHER     (4096 | 8192 | 1 << 17 | 1 << 18 | 1 << 19 | 1 << 20)
#define LINUX_MNT_FORCE    1
#define LINUX_MNT_DETACH   2
#define LINUX_UMOUNT_KNOWN 15
#define OPTIONS_MOST       256

/* A number with a base, or with K, M, G after it. False: it is none. */
static bool parse_number(const char *text, unsigned base, uint64_t *value)
{
    const char *at = text;
    *value = 0;
    for (; *at >= '0' && *at < (char)('0' + base); at++)
        *value = *value * base + (uint64_t)(*at - '0');
    static const char units[] = "kKmMgG";
    const char *unit = *at ? strchr(units, *at) : NULL;
    if (unit && base == 10) {
        *value <<= 10 * ((unit - units) / 2 + 1);
        at++;
    }
    return at > text && !*at;
}

/* One "name=value" of a tmpfs. 0 or -EINVAL. */
static int64_t set_option(struct file_system *system, const char *option)
{
    struct node *root = system->root->node;
    const char *equals = strchr(option, '=');
    uint64_t value;
    if (!equals)
        return -EINVAL;
    if (strncmp(option, "mode=", 5) == 0 && parse_number(equals + 1, 8, &value))
        root->mode = LINUX_S_IFDIR | ((uint32_t)value & 07777);
    else if (strncmp(option, "uid=", 4) == 0 && parse_number(equals + 1, 10, &value))
        root->user = (uint32_t)value;
    else if (strncmp(option, "gid=", 4) == 0 && parse_number(equals + 1, 10, &value))
        root->group = (uint32_t)value;
    else if (strncmp(option, "size=", 5) == 0 && parse_number(equals + 1, 10, &value))
        system->pages_most = (value + PAGE_SIZE - 1) >> PAGE_SHIFT;
    else
        return -EINVAL;
    return 0;
}

/* All options, separated by commas. */
static int64_t set_options(struct file_system *system, char *options)
{
    int64_t error = 0;
    while (*options && !error) {
        char *end = strchr(options, ',');
        if (end)
            *end = 0;
        error = *options ? set_option(system, options) : 0;
        options = end ? end + 1 : options + strlen(options);
    }
    return error;
}

static int64_t mount_tmpfs(struct entry *directory, const char *source, char *options)
{
    char *name = wired_text(source, strlen(source));
    struct file_system *system =
        name ? file_system_new("tmpfs", name, LINUX_TMPFS_MAGIC, NULL) : NULL;
    if (!system) {
        wired_free(name);
        return -ENOMEM;
    }
    system->source_owned = true;
    system->root->node->mode = LINUX_S_IFDIR | 01777;
    int64_t error = set_options(system, options);
    if (!error)
        error = file_system_mount(system, directory);
    if (error)
        file_system_free(system);
    return error;
}

/* What is on the card. */
static bool is_stored_type(const char *type)
{
    return strcmp(type, "ext4") == 0 || strcmp(type, "ext3") == 0 || strcmp(type, "ext2") == 0;
}

static int64_t mount_at(struct thread *thread, struct entry *directory, uint64_t flags,
                        const char *source, const char *type, char *options)
{
    if (node_type(directory->node) != LINUX_S_IFDIR)
        return -ENOTDIR;
    if (flags & LINUX_MS_REMOUNT) { /* nothing can be changed, but what is so may be said again */
        if (directory->node->system->root != directory)
            return -EINVAL;
        return flags & LINUX_MS_RDONLY ? -EPERM : 0;
    }
    if (flags & LINUX_MS_OTHER)
        return -EPERM;
    if (is_stored_type(type))
        return remote_exists()
                   ? remote_mount(thread, directory, type, source, flags & LINUX_MS_RDONLY)
                   : -ENODEV;
    if (flags & LINUX_MS_RDONLY)
        return -EPERM;
    if (strcmp(type, "tmpfs") != 0 && strcmp(type, "ramfs") != 0)
        return -ENODEV;
    return mount_tmpfs(directory, source, options);
}

/* A string that may be missing: "". */
static int64_t read_text(struct thread *thread, uint64_t address, char *text, size_t size)
{
    text[0] = 0;
    int64_t length = address ? client_string(thread, address, text, size) : 0;
    return length == -ENAMETOOLONG ? -EINVAL : length < 0 ? length : 0;
}

int64_t linux_mount(struct thread *thread, uint64_t source_address, uint64_t target,
                    uint64_t type_address, uint64_t flags, uint64_t data)
{
    char source[OPTIONS_MOST], type[32], options[OPTIONS_MOST];
    if ((flags & 0xffff0000) == 0xc0ed0000) /* what mount(8) once had to say */
        flags &= 0xffff;
    int64_t error = read_text(thread, type_address, type, sizeof type);
    if (!error)
        error = read_text(thread, source_address, source, sizeof source);
    if (!error)
        error = read_text(thread, data, options, sizeof options);
    if (error)
        return error;
    struct entry *directory = files_find(thread, (uint64_t)LINUX_AT_FDCWD, target, 0, &error);
    if (!directory)
        return error;
    error = files_privileged(thread) ? mount_at(thread, directory, flags, source, type, options)
                                     : -EPERM;
    entry_drop(directory);
    return error;
}

int64_t linux_umount2(struct thread *thread, uint64_t target, uint64_t flags)
{
    int64_t error;
    if (flags & ~(uint64_t)LINUX_UMOUNT_KNOWN)
        return -EINVAL;
    struct entry *root = files_find(thread, (uint64_t)LINUX_AT_FDCWD, target, 0, &error);
    if (!root)
        return error;
    if (!files_privileged(thread))
        error = -EPERM;
    else if (root->node->system->root != root || !root->parent)
        error = -EINVAL;
    else if (root->node->system->remote)
        error = remote_unmount(thread, root->node->system);
    else
        error = file_system_unmount(root->node->system);
    struct file_system *system = root->node->system;
    bool remote = system->remote;
    entry_drop(root);
    if (!error && !remote)
        file_system_free(system);
    return error;
}
