/*
 * names.c: random calls on names, and what the model says to them.
 */
#include "model.h"

/* What a call on an existing thing says; 0: it is there. */
static long missing(const struct path *path)
{
    return path->error ? path->error : path->name < 0 ? -ENOENT : 0;
}

void try_open(void)
{
    static const int kinds[] = {O_RDWR,
                                O_RDWR | O_CREAT,
                                O_RDWR | O_CREAT | O_TRUNC,
                                O_RDWR | O_CREAT | O_EXCL,
                                O_RDWR | O_APPEND | O_CREAT,
                                O_RDONLY};
    struct path path;
    struct file *file = &files[chance(FILES)];
    int flags = kinds[chance(6)];
    random_path(&path);
    doing = "open";
    if (file->node) {
        doing = "close";
        check(close(file->descriptor), 0);
        nodes[file->node].references--;
        file->node = 0;
        return;
    }
    int node = node_at(&path);
    long want = path.error;
    if (!want && !node && !(flags & O_CREAT))
        want = -ENOENT;
    if (!want && node && flags & O_EXCL)
        want = -EEXIST;
    if (!want && node && nodes[node].directory && (flags != O_RDONLY))
        want = -EISDIR;
    int made = !want && !node ? new_node(0) : 0;
    if (!want && !node && !made)
        return;
    int fd = open(path.text, flags, 0600);
    if (want || fd < 0) {
        check(fd < 0 ? -errno : 0, want);
        if (fd >= 0)
            close(fd);
        return;
    }
    if (nodes[node].directory && node) {
        check(close(fd), 0);
        return;
    }
    if (made)
        add_name(path.parent, path.letter, node = made);
    if (flags & O_TRUNC) {
        memset(nodes[node].bytes, 0, SIZE_MOST);
        nodes[node].size = 0;
    }
    nodes[node].references++;
    *file = (struct file){fd, node, flags, 0};
    check(0, 0);
}

void try_mkdir(void)
{
    struct path path;
    random_path(&path);
    doing = "mkdir";
    long want = path.error ? path.error : path.name >= 0 ? -EEXIST : 0;
    int made = want ? 0 : new_node(1);
    if (!want && !made)
        return;
    check(mkdir(path.text, 0700), want);
    if (!want)
        add_name(path.parent, path.letter, made);
}

void try_remove(void)
{
    struct path path;
    int directory = (int)chance(2);
    random_path(&path);
    doing = directory ? "rmdir" : "unlink";
    long want = missing(&path);
    int node = node_at(&path);
    if (!want && directory && !nodes[node].directory)
        want = -ENOTDIR;
    if (!want && !directory && nodes[node].directory)
        want = -EISDIR;
    if (!want && directory && !is_empty(node))
        want = -ENOTEMPTY;
    check(directory ? rmdir(path.text) : unlink(path.text), want);
    if (!want)
        drop_name(path.name);
}

void try_link(void)
{
    struct path from, to;
    random_path(&from);
    random_path(&to);
    doing = "link";
    long want = missing(&from);
    if (!want)
        want = to.error ? to.error : to.name >= 0 ? -EEXIST : 0;
    int node = node_at(&from);
    if (!want && nodes[node].directory)
        want = -EPERM;
    check(link(from.text, to.text), want);
    if (!want)
        add_name(to.parent, to.letter, node);
}

/* Is `node` the directory `above` or in it? */
static int is_below(int node, int above)
{
    while (node != above && node != 1) {
        int i = 0;
        while (names[i].node != node)
            i++;
        node = names[i].parent;
    }
    return node == above;
}

static long rename_wants(const struct path *from, const struct path *to, unsigned flags)
{
    int source = node_at(from), target = node_at(to);
    if (from->error || to->error)
        return from->error ? from->error : to->error;
    if (!source)
        return -ENOENT;
    if (target && flags & 1)
        return -EEXIST;
    if (!target && flags & 2)
        return -ENOENT;
    if (nodes[source].directory && is_below(to->parent, source))
        return -EINVAL;
    if (target && nodes[target].directory && is_below(from->parent, target))
        return flags & 2 ? -EINVAL : -ENOTEMPTY;
    if (!target || source == target || flags & 2)
        return 0;
    if (nodes[source].directory != nodes[target].directory)
        return nodes[source].directory ? -ENOTDIR : -EISDIR;
    return nodes[target].directory && !is_empty(target) ? -ENOTEMPTY : 0;
}

void try_rename(void)
{
    struct path from, to;
    unsigned flags = (unsigned)chance(3); /* 0, NOREPLACE, EXCHANGE */
    random_path(&from);
    random_path(&to);
    doing = flags == 0 ? "rename" : flags == 1 ? "rename NOREPLACE" : "rename EXCHANGE";
    long want = rename_wants(&from, &to, flags);
    check((long)syscall(SYS_renameat2, AT_FDCWD, from.text, AT_FDCWD, to.text, flags), want);
    int source = node_at(&from), target = node_at(&to);
    if (want || source == target)
        return;
    if (flags == 2) {
        names[from.name].node = target;
        names[to.name].node = source;
        return;
    }
    if (target)
        drop_name(to.name);
    names[from.name].parent = to.parent;
    names[from.name].letter = to.letter;
}
