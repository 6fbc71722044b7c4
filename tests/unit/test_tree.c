// sources: kernel/mm/tree.c
#include "mm/tree.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define ITEMS 500

struct item {
    unsigned order; /* of insertion: equal keys keep it */
    struct tree_node node;
};

/* The model: pointers sorted by key, equal keys by age. */
static struct item *model[ITEMS];
static unsigned model_count;

static void model_insert(struct item *item)
{
    unsigned at = model_count++;
    for (; at > 0 && model[at - 1]->node.key > item->node.key; at--)
        model[at] = model[at - 1];
    model[at] = item;
}

static void model_remove(unsigned at)
{
    memmove(&model[at], &model[at + 1], (--model_count - at) * sizeof model[0]);
}

static void model_compare(const struct tree *tree)
{
    const struct tree_node *node = tree_first(tree);
    for (unsigned i = 0; i < model_count; i++, node = tree_next(node))
        CHECK(node == &model[i]->node);
    CHECK(node == NULL);
}

/* Height of a subtree whose balance, heights and parent links were checked. */
static int64_t checked_height(const struct tree_node *node, const struct tree_node *parent)
{
    if (!node)
        return 0;
    CHECK(node->parent == parent);
    int64_t left = checked_height(node->side[LEFT], node);
    int64_t right = checked_height(node->side[RIGHT], node);
    CHECK(left - right <= 1 && right - left <= 1);
    CHECK_EQUAL(node->height, 1 + (left > right ? left : right));
    return node->height;
}

static void searches_compare(const struct tree *tree, uint64_t key)
{
    const struct tree_node *below = NULL, *above = NULL;
    for (unsigned i = 0; i < model_count; i++) {
        if (model[i]->node.key <= key)
            below = &model[i]->node;
        if (model[i]->node.key >= key && !above)
            above = &model[i]->node;
    }
    CHECK(tree_at_or_below(tree, key) == below);
    CHECK(tree_at_or_above(tree, key) == above);
}

TEST(an_empty_tree_has_nothing)
{
    struct tree tree = {0};
    CHECK(tree_first(&tree) == NULL);
    CHECK(tree_at_or_below(&tree, UINT64_MAX) == NULL);
    CHECK(tree_at_or_above(&tree, 0) == NULL);
}

TEST(equal_keys_keep_the_order_of_insertion)
{
    struct tree tree = {0};
    struct item items[64];
    for (unsigned i = 0; i < 64; i++) {
        items[i].order = i;
        items[i].node.key = 7;
        tree_insert(&tree, &items[i].node);
    }
    const struct tree_node *node = tree_first(&tree);
    for (unsigned i = 0; i < 64; i++, node = tree_next(node))
        CHECK_EQUAL(tree_entry(node, struct item, node)->order, i);
}

TEST(a_sorted_row_becomes_no_list)
{
    struct tree tree = {0};
    static struct item items[4096];
    for (unsigned i = 0; i < 4096; i++) {
        items[i].node.key = i;
        tree_insert(&tree, &items[i].node);
    }
    CHECK(checked_height(tree.root, NULL) <= 17); /* 1.45 * log2(4096) */
}

TEST(random_operations_agree_with_a_sorted_array)
{
    static struct item items[ITEMS];
    static bool inside[ITEMS];
    static const uint64_t ranges[] = {8, 200, UINT64_MAX}; /* many equal keys .. none */
    for (unsigned range = 0; range < 3; range++) {
        struct tree tree = {0};
        model_count = 0;
        memset(inside, 0, sizeof inside);
        for (unsigned step = 0; step < 4000; step++) {
            unsigned pick = (unsigned)unit_random_below(ITEMS);
            bool grow = unit_random_below(100) < (step / 1000 % 2 ? 30u : 70u);
            if (grow && !inside[pick]) {
                items[pick].node.key = unit_random_below(ranges[range]);
                tree_insert(&tree, &items[pick].node);
                model_insert(&items[pick]);
                inside[pick] = true;
            } else if (!grow && model_count) {
                unsigned at = pick % model_count;
                tree_remove(&tree, &model[at]->node);
                inside[model[at] - items] = false;
                model_remove(at);
            }
            searches_compare(&tree, unit_random_below(ranges[range]));
            if (step % 50 == 0) {
                checked_height(tree.root, NULL);
                model_compare(&tree);
            }
        }
        while (model_count) { /* to the last node */
            tree_remove(&tree, &model[model_count / 2]->node);
            model_remove(model_count / 2);
            checked_height(tree.root, NULL);
        }
        CHECK(tree.root == NULL);
    }
}
