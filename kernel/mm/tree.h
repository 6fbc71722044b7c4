/*
 * tree.h: an ordered tree of nodes that live inside their owners (AVL, with
 * parent links). Used for regions by address, slot chunks by index, sleepers
 * by deadline. No allocation, no recursion, O(log n) everything.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { LEFT, RIGHT };
struct tree_node {
    struct tree_node *side[2], *parent;
    uint64_t key;
    int64_t height;
};
struct tree {
    struct tree_node *root;
};

#define tree_entry(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

/* Inserts by node->key. Equal keys are allowed and keep insertion order. */
void tree_insert(struct tree *tree, struct tree_node *node);
/* `node` must be in the tree; it may be inserted again afterwards. */
void tree_remove(struct tree *tree, struct tree_node *node);
/* Greatest key <= key (of equal ones the last); smallest key >= key (the first); or NULL. */
struct tree_node *tree_at_or_below(const struct tree *tree, uint64_t key);
struct tree_node *tree_at_or_above(const struct tree *tree, uint64_t key);
struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_next(const struct tree_node *node);
