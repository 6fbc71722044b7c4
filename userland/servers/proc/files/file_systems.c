/*
 * file_systems.c: file systems and where they are mounted.
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "names.h"
#include "proc.h"

static struct file_system *first;
static uint32_t last_device;

struct file_system *file_systems(void)
{
    return first;
}

uint32_t file_system_number(void)
{
    return ++last_device;
}

struct file_system *file_system_new(const char *type, const char *source, uint32_t magic,
                                    const struct node_operations *operations)
{
    struct file_system *system = wired_alloc(sizeof *system);
    if (!system)
        return NULL;
    *system = (struct file_system){
        .type = type, .source = source, .magic = magic, .device = ++last_device};
    struct node *node = node_new(system, LINUX_S_IFDIR | 0755);
    if (node) {
        node->operations = operations;
        system->root = entry_new(NULL, "", 0, node);
        node_drop(node);
    }
    if (!system->root) {
        wired_free(system);
        return NULL;
    }
    return system;
}

int64_t file_system_mount(struct file_system *system, struct entry *directory)
{
    if (directory) {
        if (node_type(directory->node) != LINUX_S_IFDIR)
            return -ENOTDIR;
        while (directory->mounted)
            directory = directory->mounted;
        entry_hold(directory);
        entry_hold(system->root);
        system->root->parent = directory;
        directory->mounted = system->root;
    }
    struct file_system **end = &first;
    while (*end)
        end = &(*end)->next;
    *end = system;
    return 0;
}

void file_system_replace_root(struct file_system *system)
{
    struct file_system *before = first;
    for (struct file_system *other = before->next; other; other = other->next) {
        struct entry *covered = other->root->parent;
        struct entry *instead = covered->parent == before->root
                                    ? name_find(system->root, covered->name, covered->name_length)
                                    : NULL;
        if (!instead)
            continue; /* below another one; or it cannot be seen any more */
        covered->mounted = NULL;
        other->root->parent = instead;
        entry_hold(instead);
        instead->mounted = other->root;
        entry_drop(covered);
    }
    system->next = before->next;
    first = system;
    before->next = NULL;
}

/* ---- Unmounting ---- */

/* The next entry of a stored tree, depth first; NULL: that was the last. */
static struct entry *next_entry(struct entry *entry, const struct entry *root)
{
    if (node_type(entry->node) == LINUX_S_IFDIR && !entry->node->operations && entry->node->first)
        return entry->node->first;
    while (entry != root && !entry->next)
        entry = entry->parent;
    return entry == root ? NULL : entry->next;
}

static uint32_t children_of(const struct entry *entry)
{
    uint32_t count = 0;
    if (node_type(entry->node) == LINUX_S_IFDIR && !entry->node->operations)
        for (const struct entry *child = entry->node->first; child; child = child->next)
            count++;
    return count;
}

/* Does anybody but the tree itself and the caller refer to one of its entries? What was removed and
 * is still open refers to the directory it was in. */
static bool busy(const struct file_system *system)
{
    const uint32_t of_root = 3; /* the file system's, the covered directory's, the caller's */
    for (struct entry *entry = system->root; entry; entry = next_entry(entry, system->root))
        if (entry->mounted ||
            entry->references != children_of(entry) + (entry == system->root ? of_root : 1))
            return true;
    return false;
}

int64_t file_system_unmount(struct file_system *system)
{
    struct entry *root = system->root, *covered = root->parent;
    if (root->node->operations || busy(system))
        return -EBUSY;
    struct file_system **link = &first;
    while (*link != system)
        link = &(*link)->next;
    *link = system->next;
    covered->mounted = NULL;
    root->parent = NULL;
    entry_drop(root);
    entry_drop(covered);
    return 0;
}

void file_system_free(struct file_system *system)
{
    struct entry *root = system->root;
    while (!root->node->operations && root->node->first) {
        struct entry *leaf = root->node->first;
        while (node_type(leaf->node) == LINUX_S_IFDIR && leaf->node->first)
            leaf = leaf->node->first;
        name_remove(leaf);
    }
    if (system->source_owned)
        wired_free((void *)system->source);
    system->source = "";
    system->gone = true;
    entry_drop(root); /* its node may be the last */
}
