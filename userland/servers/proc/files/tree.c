/*
 * tree.c: the names of files. Built once from the bundle's entries below `root/`; directories that
 * the archive only implies are made up. A few names that programs expect are added: the terminal,
 * /dev/null, /dev/zero and /proc/self/exe.
 */
#include "lib/cpio.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

#define LINKS_MAX 40 /* as Linux: then ELOOP */
#define NAME_MAX  255

static struct node root = {.name = "", .mode = LINUX_S_IFDIR | 0755, .inode = 1, .parent = &root};
static uint32_t last_inode = 1;

struct node *tree_root(void)
{
    return &root;
}

static struct node *child_of(const struct node *directory, const char *name, size_t length)
{
    for (struct node *node = directory->children; node; node = node->next)
        if (node->name_length == length && memcmp(node->name, name, length) == 0)
            return node;
    return NULL;
}

/* ---- Building ---- */

/* `name` must stay: it lies in the bundle or is a constant. NULL: no memory. */
static struct node *add_child(struct node *directory, const char *name, size_t length)
{
    struct node *node = wired_alloc(sizeof *node);
    if (!node)
        return NULL;
    struct node **end = &directory->children;
    while (*end)
        end = &(*end)->next;
    *end = node;
    node->parent = directory;
    node->name = name;
    node->name_length = length;
    node->mode = LINUX_S_IFDIR | 0755;
    node->inode = ++last_inode;
    return node;
}

/* The node of that path below the root, made with its directories where missing. */
static struct node *make_path(const char *path, size_t length)
{
    struct node *node = &root;
    size_t start = 0;
    while (node && start < length) {
        size_t end = start;
        while (end < length && path[end] != '/')
            end++;
        if (end > start) {
            struct node *child = child_of(node, path + start, end - start);
            node = child ? child : add_child(node, path + start, end - start);
        }
        start = end + 1;
    }
    return node;
}

static int add_entry(const struct cpio_entry *entry)
{
    static const char prefix[] = "root/";
    size_t skip = sizeof prefix - 1;
    if (entry->name_length <= skip || memcmp(entry->name, prefix, skip) != 0)
        return 0;
    struct node *node = make_path(entry->name + skip, entry->name_length - skip);
    if (!node)
        return -ENOMEM;
    node->mode = entry->mode;
    node->time = entry->time;
    node->data = entry->data;
    node->size = entry->size;
    if ((entry->mode & LINUX_S_IFMT) != LINUX_S_IFREG)
        return 0;
    node->operations = &bundle_operations;
    node->bundle_page = entry->offset >> PAGE_SHIFT;
    node->mappable = (entry->offset & (PAGE_SIZE - 1)) == 0;
    return 0;
}

static int add_special(const char *path, uint32_t mode, uint32_t device,
                       const struct file_operations *operations)
{
    struct node *node = make_path(path, strlen(path));
    if (!node)
        return -ENOMEM;
    node->mode = mode;
    node->device = device;
    node->operations = operations;
    node->own_program = mode == (LINUX_S_IFLNK | 0777);
    return 0;
}

#define DEVICE(major, minor) ((major) << 8 | (minor)) /* for numbers below 256 */

int tree_init(const void *archive, size_t size)
{
    struct cpio iterator = cpio_open(archive, size);
    struct cpio_entry entry;
    int error;
    while ((error = cpio_next(&iterator, &entry)) > 0)
        if ((error = add_entry(&entry)) != 0)
            break;
    if (error == -EINVAL)
        log_print(LOG_ERROR, "proc: the bundle is malformed at offset %zu: %s\n", iterator.next,
                  iterator.error);
    if (!error)
        error = add_special("dev/console", LINUX_S_IFCHR | 0600, DEVICE(5, 1), &console_operations);
    if (!error)
        error = add_special("dev/tty", LINUX_S_IFCHR | 0666, DEVICE(5, 0), &console_operations);
    if (!error)
        error = add_special("dev/null", LINUX_S_IFCHR | 0666, DEVICE(1, 3), &null_operations);
    if (!error)
        error = add_special("dev/zero", LINUX_S_IFCHR | 0666, DEVICE(1, 5), &zero_operations);
    if (!error)
        error = add_special("proc/self/exe", LINUX_S_IFLNK | 0777, 0, NULL);
    return error;
}

/* ---- Looking up ---- */

const char *tree_link(const struct process *process, const struct node *node, size_t *length)
{
    if (node->own_program) {
        *length = strlen(process->memory->path);
        return process->memory->path;
    }
    *length = node->size;
    return (const char *)node->data;
}

/* One walk over `length` bytes of path; links lead to a walk within. */
static struct node *walk(struct process *process, struct node *node, const char *path,
                         size_t length, bool follow, unsigned *links, int64_t *error)
{
    size_t start = 0;
    if (length && path[0] == '/')
        node = &root;
    while (node && start < length) {
        size_t end = start;
        while (end < length && path[end] != '/')
            end++;
        size_t name = end - start;
        const char *text = path + start;
        start = end + 1;
        if (name == 0)
            continue;
        *error = name > NAME_MAX                                ? -ENAMETOOLONG
                 : (node->mode & LINUX_S_IFMT) != LINUX_S_IFDIR ? -ENOTDIR
                                                                : -ENOENT;
        if (*error != -ENOENT)
            return NULL;
        if (name == 1 && text[0] == '.')
            continue;
        struct node *directory = node;
        node = name == 2 && text[0] == '.' && text[1] == '.' ? node->parent
                                                             : child_of(node, text, name);
        /* A link in the middle is always followed, at the end when asked for or before a slash. */
        if (node && (node->mode & LINUX_S_IFMT) == LINUX_S_IFLNK && (end < length || follow)) {
            size_t target_length;
            const char *target = tree_link(process, node, &target_length);
            if (++*links > LINKS_MAX) {
                *error = -ELOOP;
                return NULL;
            }
            node = walk(process, directory, target, target_length, true, links, error);
        }
    }
    if (node && length && path[length - 1] == '/' && (node->mode & LINUX_S_IFMT) != LINUX_S_IFDIR) {
        *error = -ENOTDIR;
        return NULL;
    }
    return node;
}

struct node *tree_find(struct process *process, struct node *from, const char *path, bool follow,
                       int64_t *error)
{
    unsigned links = 0;
    *error = -ENOENT;
    if (path[0] == 0)
        return NULL;
    return walk(process, from, path, strlen(path), follow, &links, error);
}

int64_t tree_path(const struct node *node, char *text, size_t size)
{
    size_t length = node == &root ? 1 : 0;
    for (const struct node *at = node; at != &root; at = at->parent)
        length += at->name_length + 1;
    if (length + 1 > size)
        return -ERANGE;
    text[0] = '/';
    text[length] = 0;
    size_t end = length;
    for (const struct node *at = node; at != &root; at = at->parent) {
        end -= at->name_length;
        memcpy(text + end, at->name, at->name_length);
        text[--end] = '/';
    }
    return (int64_t)length + 1;
}
