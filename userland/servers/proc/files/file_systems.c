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
