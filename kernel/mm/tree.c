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
    int64_t left = height_of(node->side[LEFT]), right = height_of(node->side[RIGHT]);
    node->height = 1 + (left > right ? left : right);
}

static void attach(struct tree_node *parent, unsigned side, struct tree_node *child)
{
    parent->side[side] = child;
    if (child)
        child->parent = parent;
}

/* Makes the link that pointed to `old` point to `new` (may be NULL). */
static void replace(struct tree *tree, struct tree_node *old, struct tree_node *new)
{
    struct tree_node *parent = old->parent;
    if (parent)
        attach(parent, parent->side[RIGHT] == old, new);
    else if ((tree->root = new))
        new->parent = NULL;
}

/* `node` goes down on `side`, its child of the other side comes up and is returned. */
static struct tree_node *rotate(struct tree *tree, struct tree_node *node, unsigned side)
{
    struct tree_node *up = node->side[!side];
    replace(tree, node, up);
    attach(node, !side, up->side[side]);
    attach(up, side, node);
    height_update(node);
    height_update(up);
    return up;
}

/* From `node` up to the root, or as far as heights change: restores height and balance. */
static void rebalance(struct tree *tree, struct tree_node *node)
{
    for (; node; node = node->parent) {
        int64_t before = node->height;
        int64_t lean = height_of(node->side[RIGHT]) - height_of(node->side[LEFT]);
        unsigned high = lean > 0;
        height_update(node);
        if (lean < -1 || lean > 1) {
            struct tree_node *child = node->side[high];
            if (height_of(child->side[high]) < height_of(child->side[!high]))
                rotate(tree, child, high);
            node = rotate(tree, node, !high);
        }
        if (node->height == before)
            return;
    }
}

void tree_insert(struct tree *tree, struct tree_node *node)
{
    struct tree_node *parent = NULL, **link = &tree->root;
    for (; *link; link = &parent->side[node->key >= parent->key])
        parent = *link;
    *node = (struct tree_node){.parent = parent, .key = node->key, .height = 1};
    *link = node;
    rebalance(tree, parent);
}

static struct tree_node *leftmost(struct tree_node *node)
{
    while (node && node->side[LEFT])
        node = node->side[LEFT];
    return node;
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    struct tree_node *left = node->side[LEFT], *right = node->side[RIGHT];
    struct tree_node *from = node->parent; /* the lowest node whose sides have changed */
    if (left && right) { /* its successor, which has no left child, takes its place */
        struct tree_node *next = leftmost(right);
        from = next == right ? next : next->parent;
        replace(tree, next, next->side[RIGHT]);
        replace(tree, node, next);
        attach(next, LEFT, node->side[LEFT]);
        attach(next, RIGHT, node->side[RIGHT]);
        next->height = node->height;
    } else {
        replace(tree, node, left ? left : right);
    }
    rebalance(tree, from);
}

struct tree_node *tree_at_or_below(const struct tree *tree, uint64_t key)
{
    struct tree_node *found = NULL;
    for (struct tree_node *node = tree->root; node; node = node->side[node->key <= key])
        found = node->key <= key ? node : found;
    return found;
}

struct tree_node *tree_at_or_above(const struct tree *tree, uint64_t key)
{
    struct tree_node *found = NULL;
    for (struct tree_node *node = tree->root; node; node = node->side[node->key < key])
        found = node->key >= key ? node : found;
    return found;
}

struct tree_node *tree_first(const struct tree *tree)
{
    return leftmost(tree->root);
}

struct tree_node *tree_next(const struct tree_node *node)
{
    if (node->side[RIGHT])
        return leftmost(node->side[RIGHT]);
    while (node->parent && node->parent->side[RIGHT] == node)
        node = node->parent;
    return node->parent;
}
