/*
 * tree.c: the model's tree: nodes and their names, in two tables.
 */
#include "model.h"

struct node nodes[NODES];
struct name names[NAMES];

int new_node(int directory)
{
    for (int i = 2; i < NODES; i++)
        if (!nodes[i].references) {
            nodes[i].directory = directory;
            nodes[i].size = 0;
            nodes[i].links = 0;
            if (!directory && !nodes[i].bytes)
                nodes[i].bytes = malloc(SIZE_MOST);
            if (!directory)
                memset(nodes[i].bytes, 0, SIZE_MOST);
            return i;
        }
    return 0;
}

int find_name(int parent, char letter)
{
    for (int i = 0; i < NAMES; i++)
        if (names[i].node && names[i].parent == parent && names[i].letter == letter)
            return i;
    return -1;
}

int is_empty(int directory)
{
    for (int i = 0; i < NAMES; i++)
        if (names[i].node && names[i].parent == directory)
            return 0;
    return 1;
}

int add_name(int parent, char letter, int node)
{
    for (int i = 0; i < NAMES; i++)
        if (!names[i].node) {
            names[i] = (struct name){parent, node, letter};
            nodes[node].links++;
            nodes[node].references++;
            return i;
        }
    return -1;
}

void drop_name(int name)
{
    nodes[names[name].node].links--;
    nodes[names[name].node].references--;
    names[name].node = 0;
}

void random_path(struct path *path)
{
    int depth = 1 + (int)chance(3), at = 1;
    size_t length = sizeof ROOT - 1;
    memcpy(path->text, ROOT, length);
    path->error = 0;
    for (int i = 0; i < depth; i++) {
        char letter = (char)('a' + chance(LETTERS));
        path->text[length++] = '/';
        path->text[length++] = letter;
        if (path->error)
            continue;
        path->parent = at;
        path->letter = letter;
        path->name = find_name(at, letter);
        if (i + 1 == depth)
            break;
        if (path->name < 0)
            path->error = -ENOENT;
        else if (!nodes[names[path->name].node].directory)
            path->error = -ENOTDIR;
        else
            at = names[path->name].node;
    }
    path->text[length] = 0;
}

int node_at(const struct path *path)
{
    return path->name < 0 ? 0 : names[path->name].node;
}
