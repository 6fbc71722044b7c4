/*
 * tree.c: the root file system: a tmpfs that begins with the bundle's entries below `root/`, which
 * stay where they are until they are written to. Directories that the archive only implies are made
 * up, and what programs expect of every system is added: devices, /proc, /tmp, /dev/shm.
 */
#include "contents.h"
#include "lib/cpio.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "names.h"
#include "proc.h"

#define NANOSECONDS 1000000000L

static struct file_system *root;

struct entry *tree_root(void)
{
    return root->root;
}

/* ---- Building ---- */

/* A name in a directory; `name` must stay: it lies in the bundle or is a constant. NULL: no memory.
 */
static struct entry *add_child(struct entry *directory, const char *name, size_t length,
                               uint32_t mode)
{
    struct node *node = node_new(directory->node->system, mode);
    struct entry *entry = node ? name_add(directory, name, length, true, node) : NULL;
    if (entry && node_type(node) == LINUX_S_IFDIR)
        directory->node->links++;
    node_drop(node);
    return entry;
}

/* The entry of that path, made with its directories where missing; the last one with `mode`. */
static struct entry *make_path(const char *path, size_t length, uint32_t mode)
{
    struct entry *entry = root->root;
    size_t start = 0;
    while (entry && start < length) {
        size_t end = start;
        while (end < length && path[end] != '/')
            end++;
        if (end > start) {
            struct entry *child = name_find(entry, path + start, end - start);
            while (child && child->mounted)
                child = child->mounted;
            entry = child ? child
                          : add_child(entry, path + start, end - start,
                                      end < length ? LINUX_S_IFDIR | 0755 : mode);
        }
        start = end + 1;
    }
    return entry;
}

static int add_entry(const struct cpio_entry *entry)
{
    static const char prefix[] = "root/";
    size_t skip = sizeof prefix - 1;
    if (entry->name_length <= skip || memcmp(entry->name, prefix, skip) != 0)
        return 0;
    struct entry *made = make_path(entry->name + skip, entry->name_length - skip, entry->mode);
    if (!made)
        return -ENOMEM;
    struct node *node = made->node;
    if ((node->mode ^ entry->mode) & LINUX_S_IFMT) {
        log_print(LOG_ERROR, "proc: the bundle has two kinds of %s\n", entry->name);
        return -EINVAL;
    }
    node->mode = entry->mode;
    node->user = entry->user;
    node->group = entry->group;
    node->modified = node->changed = (int64_t)entry->time * NANOSECONDS;
    node->accessed = node->modified + 1; /* later: to read them changes nothing (relatime) */
    if (node_type(node) == LINUX_S_IFREG)
        node->file = &regular_operations;
    if (node_type(node) == LINUX_S_IFREG || node_type(node) == LINUX_S_IFLNK) {
        node->base = entry->data;
        node->size = entry->size;
    }
    if (node_type(node) == LINUX_S_IFREG)
        node->base_size = entry->size;
    return 0;
}

int64_t tree_device(const char *path, uint32_t mode, uint32_t special,
                    const struct file_operations *operations)
{
    struct entry *entry = make_path(path, strlen(path), mode);
    if (!entry)
        return -ENOMEM;
    entry->node->mode = mode;
    entry->node->special = special;
    entry->node->file = operations;
    return 0;
}

struct entry *tree_directory(const char *path)
{
    struct entry *entry = make_path(path, strlen(path), LINUX_S_IFDIR | 0755);
    if (entry)
        entry_hold(entry);
    return entry;
}

int64_t tree_link(const char *path, const char *target)
{
    struct entry *entry = make_path(path, strlen(path), LINUX_S_IFLNK | 0777);
    if (!entry)
        return -ENOMEM;
    if (node_type(entry->node) == LINUX_S_IFLNK) {
        entry->node->base = (const uint8_t *)target;
        entry->node->size = strlen(target);
    }
    return 0;
}

/* ---- All ---- */

void tree_replace(struct file_system *system)
{
    file_system_replace_root(system);
    root = system;
}

static int64_t mount_memory(const char *path, uint32_t permissions)
{
    struct entry *directory = tree_directory(path);
    struct file_system *system = file_system_new("tmpfs", "tmpfs", LINUX_TMPFS_MAGIC, NULL);
    if (!directory || !system)
        return -ENOMEM;
    system->root->node->mode = LINUX_S_IFDIR | permissions;
    int64_t error = file_system_mount(system, directory);
    entry_drop(directory);
    return error;
}

/* What stays when another file system becomes the root. */
static int64_t mount_apart(void)
{
    int64_t error = mount_memory("dev", 0755);
    if (!error)
        error = mount_memory("tmp", 01777);
    return error ? error : mount_memory("run", 0755);
}

static int64_t add_built_in(void)
{
    int64_t error = devices_init();
    if (!error)
        error = mount_memory("dev/shm", 01777);
    if (!error)
        error = tree_link("dev/fd", "/proc/self/fd");
    if (!error)
        error = tree_link("dev/stdin", "/proc/self/fd/0");
    if (!error)
        error = tree_link("dev/stdout", "/proc/self/fd/1");
    if (!error)
        error = tree_link("dev/stderr", "/proc/self/fd/2");
    struct entry *temporary = error ? NULL : make_path("tmp", 3, LINUX_S_IFDIR | 01777);
    return error || temporary ? error : -ENOMEM;
}

int tree_init(const void *archive, size_t size, bool apart)
{
    struct cpio iterator = cpio_open(archive, size);
    struct cpio_entry entry;
    int error;
    root = file_system_new("tmpfs", "rootfs", LINUX_TMPFS_MAGIC, NULL);
    if (!root || file_system_mount(root, NULL))
        return -ENOMEM;
    contents_init(archive);
    if (apart && mount_apart())
        return -ENOMEM;
    while ((error = cpio_next(&iterator, &entry)) > 0)
        if ((error = add_entry(&entry)) != 0)
            break;
    if (error == -EINVAL && iterator.error)
        log_print(LOG_ERROR, "proc: the bundle is malformed at offset %zu: %s\n", iterator.next,
                  iterator.error);
    return error ? error : (int)add_built_in();
}
