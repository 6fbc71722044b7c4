/*
 * tree.c: AVL trees (Adelson-Velsky and Landis; Knuth, TAOCP 3, 6.2.3). The heights
 * of a node's two sides differ by at most one, so 2^n nodes are at most 1.45 n deep.
 */
#include "mm/tree.h"

static int64_t height_of(const struct tree_node *node)
{
    return node ? node->height : 0;
}

static void height_update(struct tree_node *node)
{
    int64_t left = height_of(node->left), right = height_of(node->right);
    node->height = 1 + (left > right ? left : right);
}

/* Makes the link that pointed to `old` point to `new` (may be NULL). */
static void replace(struct tree *tree, struct tree_node *old, struct tree_node *new)
{
    struct tree_node *parent = old->parent;
    if (!parent)
        tree->root = new;
    else if (parent->left == old)
        parent->left = new;
    else
        parent->right = new;
    if (new)
        new->parent = parent;
}

/* The right child comes up, `node` becomes its left child. Returns the one that came up. */
static struct tree_node *rotate_left(struct tree *tree, struct tree_node *node)
{
    struct tree_node *up = node->right;
    replace(tree, node, up);
    node->right = up->left;
    if (node->right)
        node->right->parent = node;
    up->left = node;
    node->parent = up;
    height_update(node);
    height_update(up);
    return up;
}

static struct tree_node *rotate_right(struct tree *tree, struct tree_node *node)
{
    struct tree_node *up = node->left;
    replace(tree, node, up);
    node->left = up->right;
    if (node->left)
        node->left->parent = node;
    up->right = node;
    node->parent = up;
    height_update(node);
    height_update(up);
    return up;
}

/* From `node` up to the root, or as far as heights change: restores height and balance. */
static void rebalance(struct tree *tree, struct tree_node *node)
{
    for (; node; node = node->parent) {
        int64_t before = node->height;
        int64_t lean = height_of(node->left) - height_of(node->right);
        if (lean > 1) {
            if (height_of(node->left->left) < height_of(node->left->right))
                rotate_left(tree, node->left);
            node = rotate_right(tree, node);
        } else if (lean < -1) {
            if (height_of(node->right->right) < height_of(node->right->left))
                rotate_right(tree, node->right);
            node = rotate_left(tree, node);
        } else {
            height_update(node);
        }
        if (node->height == before)
            return;
    }
}

void tree_insert(struct tree *tree, struct tree_node *node)
{
    struct tree_node *parent = NULL, **link = &tree->root;
    while (*link) {
        parent = *link;
        link = node->key < parent->key ? &parent->left : &parent->right;
    }
    node->left = node->right = NULL;
    node->parent = parent;
    node->height = 1;
    *link = node;
    rebalance(tree, parent);
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    struct tree_node *from; /* the lowest node whose sides have changed */
    if (!node->left || !node->right) {
        from = node->parent;
        replace(tree, node, node->left ? node->left : node->right);
    } else { /* its successor, which has no left child, takes its place */
        struct tree_node *next = node->right;
        while (next->left)
            next = next->left;
        from = next->parent == node ? next : next->parent;
        if (next->parent != node) {
            replace(tree, next, next->right);
            next->right = node->right;
            next->right->parent = next;
        }
        replace(tree, node, next);
        next->left = node->left;
        next->left->parent = next;
        next->height = node->height;
    }
    rebalance(tree, from);
}

struct tree_node *tree_at_or_below(const struct tree *tree, uint64_t key)
{
    struct tree_node *found = NULL;
    for (struct tree_node *node = tree->root; node;) {
        if (node->key <= key) {
            found = node;
            node = node->right;
        } else {
            node = node->left;
        }
    }
    return found;
}

struct tree_node *tree_at_or_above(const struct tree *tree, uint64_t key)
{
    struct tree_node *found = NULL;
    for (struct tree_node *node = tree->root; node;) {
        if (node->key >= key) {
            found = node;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return found;
}

struct tree_node *tree_first(const struct tree *tree)
{
    struct tree_node *node = tree->root;
    while (node && node->left)
        node = node->left;
    return node;
}

struct tree_node *tree_next(const struct tree_node *node)
{
    if (node->right) {
        struct tree_node *next = node->right;
        while (next->left)
            next = next->left;
        return next;
    }
    while (node->parent && node->parent->right == node)
        node = node->parent;
    return node->parent;
}
