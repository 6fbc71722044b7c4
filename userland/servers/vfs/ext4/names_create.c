/*
 * names_create.c: a new inode with its first name. The inode is complete before the name is put; up
 * to there everything can be taken back.
 */
#include "names.h"
#include "space.h"
#include <string.h>

static int64_t check(const struct creation *creation)
{
    if (!names_type(creation->mode))
        return -EINVAL;
    if (!LINUX_S_ISLNK(creation->mode))
        return 0;
    if (!creation->target_bytes)
        return -ENOENT;
    return creation->target_bytes < BLOCK_BYTES ? 0 : -ENAMETOOLONG;
}

static void fill_inode(struct file_system *fs, const struct creation *creation, inode *inode)
{
    static const enum inode_time times[] = {INODE_ACCESSED, INODE_MODIFIED, INODE_CHANGED,
                                            INODE_CREATED};
    struct vfs_time now = fs->now();
    memset(inode, 0, sizeof *inode);
    if (EXT2_INODE_SIZE(fs->ext->super) > EXT2_GOOD_OLD_INODE_SIZE)
        inode->i_extra_isize = sizeof *inode - EXT2_GOOD_OLD_INODE_SIZE;
    inode->i_mode = (uint16_t)creation->mode;
    inode->i_uid = (uint16_t)creation->uid;
    inode->osd2.linux2.l_i_uid_high = (uint16_t)(creation->uid >> 16);
    inode->i_gid = (uint16_t)creation->gid;
    inode->osd2.linux2.l_i_gid_high = (uint16_t)(creation->gid >> 16);
    inode->i_links_count = LINUX_S_ISDIR(creation->mode) ? 2 : 1;
    fs->generation = fs->generation * 1664525 + 1013904223;
    inode->i_generation = fs->generation;
    for (unsigned i = 0; i < sizeof times / sizeof *times; i++)
        inode_set_time(fs, inode, times[i], &now);
}

/* A header of a tree without entries. */
static void empty_tree(inode *inode)
{
    *(struct ext3_extent_header *)inode->i_block =
        (struct ext3_extent_header){.eh_magic = EXT3_EXT_MAGIC, .eh_max = TREE_ROOT_ENTRIES};
    inode->i_flags |= EXT4_EXTENTS_FL;
}

/* The block of a directory or of a long symbolic link. */
static int64_t add_block(struct file_system *fs, struct node *node, struct cached **cached)
{
    struct extent added = {.length = 1};
    uint64_t length;
    int64_t error =
        space_take(fs, SPACE_FOR_FILE, space_goal(fs, node->number), 1, &added.start, &length);
    if (error)
        return error;
    error = cache_new(&fs->cache, added.start, cached);
    if (!error)
        error = map_insert(fs, node, &added);
    if (error)
        space_give_back(fs, added.start, 1);
    return error;
}

static int64_t fill_contents(struct file_system *fs, struct node *node, struct node *directory,
                             const struct creation *creation, inode *inode)
{
    struct cached *cached = NULL;
    bool is_link = LINUX_S_ISLNK(creation->mode);
    bool is_short = creation->target_bytes < sizeof inode->i_block;
    bool is_directory = LINUX_S_ISDIR(creation->mode);
    int64_t error = 0;
    if (LINUX_S_ISCHR(creation->mode) || LINUX_S_ISBLK(creation->mode))
        inode_set_device(inode, creation->device);
    if (LINUX_S_ISREG(creation->mode) || is_directory || (is_link && !is_short))
        empty_tree(inode);
    if (is_directory || (is_link && !is_short))
        error = add_block(fs, node, &cached);
    if (is_link)
        inode_set_size(inode, creation->target_bytes);
    if (is_directory)
        inode_set_size(inode, BLOCK_BYTES);
    if (error)
        return error;
    if (is_link)
        memcpy(is_short ? (void *)inode->i_block : cached->data, creation->target,
               creation->target_bytes);
    error = inode_write(fs, node->number, inode);
    if (!error && is_directory)
        directory_make(fs, cached, node->number, directory->number);
    return error;
}

/* Takes everything back that was made of it. */
static void undo(struct file_system *fs, struct node *node, bool is_directory)
{
    inode inode = {0};
    for (size_t i = 0; i < node->map.count; i++)
        space_give_back(fs, node->map.extents[i].start, node->map.extents[i].length);
    fs->reserved -= node->reserved;
    node->reserved = 0;
    map_forget(node);
    inode_write(fs, node->number, &inode);
    space_give_inode_back(fs, node->number, is_directory);
    node_drop(fs, node);
}

static int64_t name_it(struct file_system *fs, struct node *directory, const struct place *place,
                       const struct name *name, struct node *node, uint32_t mode)
{
    inode parent;
    int64_t error = inode_read(fs, directory->number, &parent);
    if (error)
        return error;
    if (LINUX_S_ISDIR(mode) && parent.i_links_count > 1)
        parent.i_links_count++;
    names_touch_times(fs, &parent, true);
    error = directory_touch(fs, place, false);
    if (!error)
        error = inode_write(fs, directory->number, &parent);
    if (error)
        return error;
    directory_put(fs, directory, place, name, node->number, names_type(mode));
    names_note(fs, node, place->cached->block);
    return 0;
}

static int64_t create_held(struct file_system *fs, struct node *directory, const struct name *name,
                           const struct creation *creation, struct node **made)
{
    struct place place;
    uint32_t number;
    inode inode;
    bool is_directory = LINUX_S_ISDIR(creation->mode);
    int64_t error = directory_room(fs, directory, name, &place);
    if (!error)
        error = space_take_inode(fs, directory->number, creation->mode, &number);
    if (error)
        return error;
    struct node *node = node_make(fs, number);
    if (!node) {
        space_give_inode_back(fs, number, is_directory);
        return -ENOMEM;
    }
    node_flags(fs, node, NODE_MAP_LOADED, 0);
    fill_inode(fs, creation, &inode);
    error = fill_contents(fs, node, directory, creation, &inode);
    if (!error)
        error = name_it(fs, directory, &place, name, node, creation->mode);
    if (error)
        undo(fs, node, is_directory);
    else
        *made = node;
    return error;
}

int64_t names_create(struct file_system *fs, struct node *directory, const struct name *name,
                     const struct creation *creation, struct node **made)
{
    inode parent;
    struct place place;
    int64_t error = name_check(name);
    if (!error)
        error = check(creation);
    if (!error)
        error = names_check_directory(fs, directory, &parent);
    if (!error && LINUX_S_ISDIR(creation->mode) && parent.i_links_count >= NAMES_LINKS_MOST)
        error = -EMLINK;
    if (error)
        return error;
    error = directory_find(fs, directory, name, &place);
    if (error != -ENOENT)
        return error ? error : -EEXIST;
    fs->cache.holds++;
    error = create_held(fs, directory, name, creation, made);
    fs->cache.holds--;
    return error;
}
