// sources: userland/servers/proc/files/names.c userland/lib/wired.c
// flags: -Iuserland -Ikernel -Iuserland/servers/proc -Iuserland/servers/proc/files
#include "names.h"
#include "pages.h"
#include <stdio.h>

static unsigned nodes_freed;

void node_hold(struct node *node)
{
    node->references++;
}

void node_drop(struct node *node)
{
    if (node && --node->references == 0) {
        nodes_freed++;
        wired_free(node);
    }
}

static struct node *new_node(uint32_t mode)
{
    struct node *node = wired_alloc(sizeof *node);
    node->references = 1;
    node->mode = mode;
    return node;
}

static struct entry *new_root(void)
{
    struct node *node = new_node(0040755);
    struct entry *root = entry_new(NULL, "", 0, node);
    node_drop(node);
    return root;
}

static struct entry *add(struct entry *directory, const char *name, uint32_t mode)
{
    struct node *node = new_node(mode);
    struct entry *entry = name_add(directory, name, strlen(name), false, node);
    node_drop(node);
    return entry;
}

TEST(names_are_found_where_they_are_and_nowhere_else)
{
    struct entry *root = new_root(), *sub = add(root, "sub", 0040755);
    struct entry *file = add(sub, "file", 0100644);
    CHECK(name_find(root, "sub", 3) == sub);
    CHECK(name_find(sub, "file", 4) == file);
    CHECK(!name_find(root, "file", 4));
    CHECK(!name_find(sub, "fil", 3));
    CHECK(!name_find(sub, "files", 5));
    CHECK_EQUAL(name_move(file, root, "other name", 10), 0);
    CHECK(name_find(root, "other name", 10) == file && !name_find(sub, "file", 4));
    CHECK(file->parent == root);
    CHECK_EQUAL(name_exchange(file, sub), 0);
    CHECK(name_find(root, "sub", 3) == file && name_find(root, "other name", 10) == sub);
    name_remove(file);
    CHECK(!name_find(root, "sub", 3));
    name_remove(sub);
    CHECK_EQUAL(nodes_freed, 2);
    entry_drop(root);
}

/* Reads a directory as getdents64 does, some names at a time, while others come and go. */
TEST(reading_a_directory_that_changes_shows_what_stays_exactly_once)
{
    enum { COUNT = 2000 };
    static struct entry *entries[2 * COUNT];
    static unsigned char seen[2 * COUNT];
    struct entry *root = new_root();
    char name[16];
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "%u", i);
        entries[i] = add(root, name, 0100644);
    }
    uint64_t position = 0;
    unsigned added = COUNT;
    for (;;) {
        struct entry *entry = name_from(root->node, position);
        for (unsigned i = 0; i < 7 && entry; i++, entry = entry->next) {
            seen[atoi(entry->name)]++;
            position = entry->position + 1;
        }
        if (!entry)
            break;
        unsigned victim = (unsigned)unit_random_below(COUNT);
        if (victim % 2 && entries[victim]) {
            name_remove(entries[victim]);
            entries[victim] = NULL;
        }
        if (added < 2 * COUNT && unit_random_below(2)) {
            snprintf(name, sizeof name, "%u", added);
            entries[added++] = add(root, name, 0100644);
        }
    }
    for (unsigned i = 0; i < added; i++) {
        CHECK(seen[i] <= 1);
        if (entries[i] && i < COUNT)
            CHECK_EQUAL(seen[i], 1);
    }
    for (unsigned i = 0; i < added; i++)
        if (entries[i])
            name_remove(entries[i]);
    entry_drop(root);
}

TEST(a_deep_tree_that_was_removed_ends_with_its_last_holder)
{
    enum { DEPTH = 200000 }; /* by recursion this would need more stack than there is */
    struct entry *root = new_root(), *at = root;
    static struct entry *path[DEPTH];
    for (unsigned i = 0; i < DEPTH; i++)
        path[i] = at = add(at, "d", 0040755);
    entry_hold(at);
    for (unsigned i = DEPTH; i-- > 0;)
        name_remove(path[i]);
    unsigned before = nodes_freed;
    CHECK(at->removed);
    entry_drop(at);
    CHECK_EQUAL(nodes_freed - before, DEPTH);
    entry_drop(root);
}

TEST(a_hundred_thousand_names_are_quick)
{
    enum { COUNT = 100000 };
    struct entry *root = new_root();
    char name[16];
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "name-%u", i);
        CHECK(add(root, name, 0100644));
    }
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "name-%u", i);
        struct entry *entry = name_find(root, name, strlen(name));
        CHECK(entry);
        name_remove(entry);
    }
    CHECK(!root->node->first && !root->node->last);
    entry_drop(root);
}
