/*
 * names_rename.c: a name goes from one place to another. Within one block that is one step. Between
 * two, the block where the name comes is stored first: cut off in between, the file has both. What
 * the new name led to before keeps its inode until then.
 */
#include "directory_entry.h"
#include "names.h"
#include <string.h>

#define DEPTH_MOST 4096 /* directories above one another */

/* All that a rename is about. */
struct renaming {
    struct file_system *fs;
    struct node *from, *to; /* directories */
    const struct name *from_name, *to_name;
    struct node *moved, *other; /* `other`: what the new name leads to, or NULL */
    bool moved_is_directory, other_is_directory;
    uint8_t moved_type, other_type;
    bool exchange;
    struct place from_place, to_place;
};

static const struct name dots = {"..", 2};

/* Is `node` the directory `below`, or above it? 1, 0 or an error. */
static int64_t is_above(struct file_system *fs, const struct node *node, struct node *below)
{
    for (unsigned depth = 0; depth < DEPTH_MOST; depth++) {
        struct node *parent;
        if (below == node)
            return 1;
        if (below->number == EXT2_ROOT_INO)
            return 0;
        int64_t error = names_lookup(fs, below, &dots, &parent);
        if (error)
            return error == -ENOENT ? -EUCLEAN : error;
        below = parent;
    }
    return -EUCLEAN;
}

static int64_t look(struct file_system *fs, struct node *directory, const struct name *name,
                    struct node **node, bool *is_directory, uint8_t *type)
{
    inode inode;
    int64_t error = names_lookup(fs, directory, name, node);
    if (!error)
        error = inode_read(fs, (*node)->number, &inode);
    if (error)
        return error;
    *is_directory = LINUX_S_ISDIR(inode.i_mode);
    *type = names_type(inode.i_mode);
    return 0;
}

static int64_t check_loops(struct renaming *r)
{
    int64_t above = 0;
    if (r->moved_is_directory && r->from != r->to)
        above = is_above(r->fs, r->moved, r->to);
    if (!above && r->exchange && r->other_is_directory && r->from != r->to)
        above = is_above(r->fs, r->other, r->from);
    if (!above && r->moved_is_directory && r->moved == r->to)
        above = 1;
    return above < 0 ? above : above ? -EINVAL : 0;
}

static int64_t check_other(struct renaming *r)
{
    if (!r->other || r->exchange)
        return 0;
    if (!r->moved_is_directory)
        return r->other_is_directory ? -EISDIR : 0;
    if (!r->other_is_directory)
        return -ENOTDIR;
    int64_t empty = directory_is_empty(r->fs, r->other);
    return empty < 0 ? empty : empty ? 0 : -ENOTEMPTY;
}

/* Who is concerned, and is it allowed? */
static int64_t look_and_check(struct renaming *r, uint32_t flags)
{
    int64_t error =
        look(r->fs, r->from, r->from_name, &r->moved, &r->moved_is_directory, &r->moved_type);
    if (error)
        return error;
    error = look(r->fs, r->to, r->to_name, &r->other, &r->other_is_directory, &r->other_type);
    if (error == -ENOENT) {
        r->other = NULL;
        error = r->exchange ? -ENOENT : 0;
    } else if (!error && flags & NAMES_NO_REPLACE) {
        error = -EEXIST;
    }
    if (error || r->moved == r->other)
        return error;
    error = check_loops(r);
    return error ? error : check_other(r);
}

/* Both places, dirty in the right order. -EAGAIN: a commit first. */
static int64_t find_places(struct renaming *r)
{
    struct file_system *fs = r->fs;
    int64_t error = r->other ? directory_find(fs, r->to, r->to_name, &r->to_place)
                             : directory_room(fs, r->to, r->to_name, &r->to_place);
    if (!error)
        error = directory_find(fs, r->from, r->from_name, &r->from_place);
    if (error)
        return error;
    struct cached *from = r->from_place.cached, *to = r->to_place.cached;
    bool apart = from != to;
    bool late = apart && from->class != CACHE_FRESH;
    if (to->class == CACHE_NAMES_LATE || (late && from->awaited))
        return -EAGAIN;
    if (r->other && r->other->named_in == fs->commit && r->other->named_at != to->block)
        return -EAGAIN;
    error = directory_touch(fs, &r->to_place, false);
    if (!error)
        error = directory_touch(fs, &r->from_place, late);
    if (!error && late) {
        to->awaited = true;
        r->from->moved_out = fs->commit;
    }
    return error;
}

/* ".." of a directory leads to its new parent. */
static int64_t set_parent(struct file_system *fs, struct node *directory, struct node *parent)
{
    struct place place;
    int64_t error = directory_find(fs, directory, &dots, &place);
    if (!error)
        error = directory_touch(fs, &place, false);
    if (!error)
        directory_set(fs, directory, &place, parent->number, EXT2_FT_DIR);
    return error;
}

/* `difference` names of subdirectories more; and the times. */
static int64_t change_parent(struct file_system *fs, struct node *directory, int difference)
{
    inode inode;
    int64_t error = inode_read(fs, directory->number, &inode);
    if (error)
        return error;
    if (inode.i_links_count + difference >= NAMES_LINKS_MOST)
        return -EMLINK;
    if (inode.i_links_count > 1 && inode.i_links_count + difference >= 2)
        inode.i_links_count = (uint16_t)(inode.i_links_count + difference);
    names_touch_times(fs, &inode, true);
    return inode_write(fs, directory->number, &inode);
}

static int64_t change_parents(struct renaming *r)
{
    int gone = r->other && r->other_is_directory && !r->exchange; /* from `to` */
    int come = r->moved_is_directory - (r->exchange && r->other_is_directory);
    if (r->from == r->to)
        return change_parent(r->fs, r->to, -gone);
    int64_t error = change_parent(r->fs, r->to, come - gone);
    if (!error)
        error = change_parent(r->fs, r->from, -come);
    if (!error && r->moved_is_directory)
        error = set_parent(r->fs, r->moved, r->to);
    if (!error && r->exchange && r->other_is_directory)
        error = set_parent(r->fs, r->other, r->from);
    return error;
}

static int64_t touch_inode(struct file_system *fs, struct node *node)
{
    inode inode;
    int64_t error = inode_read(fs, node->number, &inode);
    names_touch_times(fs, &inode, false);
    return error ? error : inode_write(fs, node->number, &inode);
}

static int64_t change_inodes(struct renaming *r)
{
    inode inode;
    int64_t error = change_parents(r);
    if (!error)
        error = touch_inode(r->fs, r->moved);
    if (!error && r->exchange)
        return touch_inode(r->fs, r->other);
    if (!error && r->other)
        error = inode_read(r->fs, r->other->number, &inode);
    if (!error && r->other)
        error = names_drop(r->fs, r->other, &inode, true);
    return error;
}

/* Only bytes in blocks that are there: it cannot fail. */
static void change_names(struct renaming *r)
{
    struct file_system *fs = r->fs;
    if (r->other)
        directory_set(fs, r->to, &r->to_place, r->moved->number, r->moved_type);
    else
        directory_put(fs, r->to, &r->to_place, r->to_name, r->moved->number, r->moved_type);
    names_note(fs, r->moved, r->to_place.cached->block);
    if (r->exchange) {
        directory_set(fs, r->from, &r->from_place, r->other->number, r->other_type);
        names_note(fs, r->other, r->from_place.cached->block);
        return;
    }
    /* Putting may have parted the entry before it. */
    if (!directory_find(fs, r->from, r->from_name, &r->from_place))
        directory_remove(fs, r->from, &r->from_place);
}

static int64_t rename_held(struct renaming *r)
{
    int64_t error = find_places(r);
    if (!error)
        error = change_inodes(r);
    if (!error)
        change_names(r);
    return error;
}

static bool is_dots_name(const struct name *name)
{
    return name->text[0] == '.' &&
           (name->length == 1 || (name->length == 2 && name->text[1] == '.'));
}

int64_t names_rename(struct file_system *fs, struct node *from_directory, const struct name *from,
                     struct node *to_directory, const struct name *to, uint32_t flags,
                     struct node **gone)
{
    struct renaming r = {.fs = fs,
                         .from = from_directory,
                         .to = to_directory,
                         .from_name = from,
                         .to_name = to,
                         .exchange = flags & NAMES_EXCHANGE};
    inode inode;
    *gone = NULL;
    if (flags & ~(uint32_t)(NAMES_NO_REPLACE | NAMES_EXCHANGE) ||
        flags == (NAMES_NO_REPLACE | NAMES_EXCHANGE))
        return -EINVAL;
    int64_t error = name_check(from);
    if (!error)
        error = name_check(to);
    if (!error)
        error = names_check_directory(fs, from_directory, &inode);
    if (!error)
        error = names_check_directory(fs, to_directory, &inode);
    if (!error && (is_dots_name(from) || is_dots_name(to)))
        error = -EBUSY;
    if (!error)
        error = look_and_check(&r, flags);
    if (error || r.moved == r.other)
        return error;
    fs->cache.holds++;
    error = rename_held(&r);
    fs->cache.holds--;
    if (!error && !r.exchange)
        *gone = r.other;
    return error;
}
