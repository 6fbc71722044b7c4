/*
 * names.c: looking up, linking, removing.
 */
#include "names.h"
#include "space.h"
#include <string.h>

int64_t name_check(const struct name *name)
{
    if (name->length > EXT2_NAME_LEN)
        return -ENAMETOOLONG;
    if (!name->length || memchr(name->text, '/', name->length) ||
        memchr(name->text, 0, name->length))
        return -EINVAL;
    return 0;
}

static bool is_dots(const struct name *name)
{
    return name->text[0] == '.' &&
           (name->length == 1 || (name->length == 2 && name->text[1] == '.'));
}

int64_t names_check_directory(struct file_system *fs, struct node *directory, inode *inode)
{
    if (fs->read_only)
        return -EROFS;
    int64_t error = inode_read(fs, directory->number, inode);
    if (!error && !LINUX_S_ISDIR(inode->i_mode))
        error = -ENOTDIR;
    return error ? error : directory->flags & NODE_ORPHAN ? -ENOENT : 0;
}

uint8_t names_type(uint32_t mode)
{
    static const uint8_t types[16] = {
        [1] = EXT2_FT_FIFO,     [2] = EXT2_FT_CHRDEV,   [4] = EXT2_FT_DIR,  [6] = EXT2_FT_BLKDEV,
        [8] = EXT2_FT_REG_FILE, [10] = EXT2_FT_SYMLINK, [12] = EXT2_FT_SOCK};
    return types[mode >> 12 & 15];
}

void names_note(struct file_system *fs, struct node *node, uint64_t block)
{
    node_changed(fs, node);
    if (node->named_in == fs->commit && node->named_at != block)
        node_flags(fs, node, NODE_NAMED_TWICE, 0);
    node->named_in = fs->commit;
    node->named_at = block;
}

void names_touch_times(struct file_system *fs, inode *inode, bool modified)
{
    struct vfs_time now = fs->now();
    inode_set_time(fs, inode, INODE_CHANGED, &now);
    if (modified)
        inode_set_time(fs, inode, INODE_MODIFIED, &now);
}

int64_t names_lookup(struct file_system *fs, struct node *directory, const struct name *name,
                     struct node **found)
{
    struct place place;
    if (name->length > EXT2_NAME_LEN)
        return -ENAMETOOLONG;
    int64_t error = directory_find(fs, directory, name, &place);
    return error ? error : node_get(fs, place.inode, found);
}

/* ---- Links ---- */

static int64_t link_held(struct file_system *fs, struct node *directory, inode *parent,
                         const struct name *name, struct node *node, inode *inode)
{
    struct place place;
    int64_t error = directory_room(fs, directory, name, &place);
    if (error)
        return error;
    if (place.cached->class == CACHE_NAMES_LATE)
        return -EAGAIN;
    error = directory_touch(fs, &place, false);
    if (error)
        return error;
    inode->i_links_count++;
    names_touch_times(fs, inode, false);
    error = inode_write(fs, node->number, inode);
    /* Again: room may have made the directory longer. */
    if (!error)
        error = inode_read(fs, directory->number, parent);
    names_touch_times(fs, parent, true);
    if (!error)
        error = inode_write(fs, directory->number, parent);
    if (error)
        return error;
    directory_put(fs, directory, &place, name, node->number, names_type(inode->i_mode));
    names_note(fs, node, place.cached->block);
    place.cached->awaited = true; /* before the block where it may lose the other name */
    return 0;
}

int64_t names_link(struct file_system *fs, struct node *directory, const struct name *name,
                   struct node *node)
{
    inode parent, inode;
    struct place place;
    int64_t error = name_check(name);
    if (!error)
        error = names_check_directory(fs, directory, &parent);
    if (!error)
        error = inode_read(fs, node->number, &inode);
    if (!error && LINUX_S_ISDIR(inode.i_mode))
        error = -EPERM;
    if (!error && node->flags & NODE_ORPHAN)
        error = -ENOENT;
    if (!error && inode.i_links_count >= NAMES_LINKS_MOST)
        error = -EMLINK;
    if (error)
        return error;
    error = directory_find(fs, directory, name, &place);
    if (error != -ENOENT)
        return error ? error : -EEXIST;
    fs->cache.holds++;
    error = link_held(fs, directory, &parent, name, node, &inode);
    fs->cache.holds--;
    return error;
}

/* ---- Removing ---- */

int64_t names_drop(struct file_system *fs, struct node *node, inode *inode, bool late)
{
    bool last = LINUX_S_ISDIR(inode->i_mode) || inode->i_links_count <= 1;
    names_touch_times(fs, inode, false);
    if (!last)
        inode->i_links_count--;
    int64_t error = inode_write(fs, node->number, inode);
    if (!error && last)
        node_orphan(fs, node, late);
    return error;
}

static int64_t check_removal(struct file_system *fs, struct node *node, const inode *inode,
                             bool is_directory)
{
    if (!LINUX_S_ISDIR(inode->i_mode))
        return is_directory ? -ENOTDIR : 0;
    if (!is_directory)
        return -EISDIR;
    int64_t empty = directory_is_empty(fs, node);
    return empty < 0 ? empty : empty ? 0 : -ENOTEMPTY;
}

static int64_t remove_held(struct file_system *fs, struct node *directory, inode *parent,
                           const struct name *name, struct node *node, inode *inode)
{
    struct place place;
    int64_t error = directory_find(fs, directory, name, &place);
    if (error)
        return error;
    bool fresh = place.cached->class == CACHE_FRESH;
    bool late = node->named_in == fs->commit && node->named_at != place.cached->block && !fresh;
    if (late && (node->flags & NODE_NAMED_TWICE || place.cached->awaited))
        return -EAGAIN;
    error = directory_touch(fs, &place, late);
    if (error)
        return error;
    bool is_directory = LINUX_S_ISDIR(inode->i_mode);
    if (is_directory && parent->i_links_count > 2)
        parent->i_links_count--;
    names_touch_times(fs, parent, true);
    error = inode_write(fs, directory->number, parent);
    if (!error)
        error = names_drop(fs, node, inode, is_directory && node->moved_out == fs->commit);
    if (!error)
        directory_remove(fs, directory, &place);
    return error;
}

int64_t names_remove(struct file_system *fs, struct node *directory, const struct name *name,
                     bool is_directory, struct node **gone)
{
    inode parent, inode;
    int64_t error = name_check(name);
    if (!error)
        error = names_check_directory(fs, directory, &parent);
    if (!error && is_dots(name))
        error = name->length == 1 ? -EINVAL : -ENOTEMPTY;
    if (!error)
        error = names_lookup(fs, directory, name, gone);
    if (!error)
        error = inode_read(fs, (*gone)->number, &inode);
    if (!error)
        error = check_removal(fs, *gone, &inode, is_directory);
    if (error)
        return error;
    fs->cache.holds++;
    error = remove_held(fs, directory, &parent, name, *gone, &inode);
    fs->cache.holds--;
    return error;
}

int64_t names_read_link(struct file_system *fs, struct node *node, char *to, size_t room)
{
    inode inode;
    struct cached *cached;
    int64_t error = inode_read(fs, node->number, &inode);
    if (error)
        return error;
    uint64_t size = inode_size(&inode);
    if (!LINUX_S_ISLNK(inode.i_mode))
        return -EINVAL;
    const void *from = inode.i_block;
    if (inode_has_map(&inode)) {
        if (size > BLOCK_BYTES)
            return -EUCLEAN;
        error = map_load(fs, node);
        uint64_t block = error ? 0 : map_block(&node->map, 0);
        if (!error)
            error = block ? cache_get(&fs->cache, block, &cached) : -EUCLEAN;
        if (error)
            return error;
        from = cached->data;
    }
    size = size < room ? size : room;
    memcpy(to, from, size);
    return (int64_t)size;
}
