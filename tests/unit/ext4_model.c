/*
 * ext4_model.c: a model of a tree of files, and random work on it.
 */
#include "ext4_model.h"
#include "directory_entry.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t model_block(unsigned i)
{
    return i < MODEL_BLOCKS - 8 ? i : (uint64_t)1 << (i - (MODEL_BLOCKS - 8) + 20);
}

static void stamp_page(uint32_t *page, uint32_t stamp)
{
    for (unsigned i = 0; i < BLOCK_BYTES / 4; i++)
        page[i] = stamp;
}

bool model_stamp_is(const struct image *image, uint64_t block, uint32_t stamp)
{
    const uint32_t *page = (const void *)(image->bytes + block * BLOCK_BYTES);
    for (unsigned i = 0; block && i < BLOCK_BYTES / 4; i++)
        if (page[i] != stamp)
            return false;
    return block || !stamp;
}

void model_begin(struct model *model, struct file_system *fs, struct image *image)
{
    inode inode;
    memset(model, 0, sizeof *model);
    model->fs = fs;
    model->image = image;
    model->files[0] = (struct model_file){.number = EXT2_ROOT_INO, .mode = 040755, .used = true};
    CHECK_EQUAL(inode_read(fs, EXT2_ROOT_INO, &inode), 0);
    model->files[0].generation = inode.i_generation;
    model->names[0] = (struct model_name){.directory = 0, .file = 1, .used = true};
    strcpy(model->names[0].text, "lost+found");
    struct node *lost = image_find(fs, image_root(fs), "lost+found");
    CHECK_EQUAL(inode_read(fs, lost->number, &inode), 0);
    model->files[1] = (struct model_file){.number = lost->number,
                                          .generation = inode.i_generation,
                                          .mode = 040700,
                                          .links = 1,
                                          .used = true};
}

void model_end(struct model *model)
{
    free(model->touched);
    free(model->owners);
}

/* ---- Choosing ---- */

static bool is_directory(const struct model *model, uint32_t file)
{
    return LINUX_S_ISDIR(model->files[file].mode);
}

/* A file at random that has a name or is held, of the kind wanted; UINT32_MAX: none. */
static uint32_t any_file(const struct model *model, bool directory)
{
    for (unsigned tries = 0; tries < 200; tries++) {
        uint32_t file = (uint32_t)unit_random_below(MODEL_FILES);
        if (file != 1 && model->files[file].used && is_directory(model, file) == directory)
            return file;
    }
    return directory ? 0 : UINT32_MAX;
}

/* A directory that still has a name. */
static uint32_t any_directory(const struct model *model)
{
    uint32_t file = any_file(model, true);
    return file && !model->files[file].links ? 0 : file;
}

static void any_name(const struct model *model, char *text)
{
    uint64_t which = unit_random_below(60);
    int length = snprintf(text, EXT2_NAME_LEN + 1, "n%u", (unsigned)which);
    if (model->long_names && which % 3 == 0)
        memset(text + length, 'x', (size_t)(EXT2_NAME_LEN - length)), text[EXT2_NAME_LEN] = 0;
}

static struct model_name *find_name(struct model *model, uint32_t directory, const char *text)
{
    for (unsigned i = 0; i < MODEL_NAMES; i++)
        if (model->names[i].used && model->names[i].directory == directory &&
            !strcmp(model->names[i].text, text))
            return &model->names[i];
    return NULL;
}

/* Often one that is there. */
static void some_name(struct model *model, uint32_t *directory, char *text)
{
    struct model_name *name = &model->names[unit_random_below(MODEL_NAMES)];
    if (name->used && name != model->names && unit_random_below(4)) {
        *directory = name->directory;
        strcpy(text, name->text);
        return;
    }
    *directory = any_directory(model);
    any_name(model, text);
}

static bool is_empty(const struct model *model, uint32_t directory)
{
    for (unsigned i = 0; i < MODEL_NAMES; i++)
        if (model->names[i].used && model->names[i].directory == directory)
            return false;
    return true;
}

static struct node *node_of(struct model *model, uint32_t file)
{
    struct node *node;
    CHECK_EQUAL(node_get(model->fs, model->files[file].number, &node), 0);
    return node;
}

static void touch_name(struct model *model, uint32_t directory, const char *text, bool replaced)
{
    uint32_t number = model->files[directory].number;
    for (size_t i = 0; i < model->touched_count; i++) {
        struct model_touch *touch = &model->touched[i];
        if (touch->directory == number && !strcmp(touch->text, text)) {
            touch->replaced &= replaced;
            return;
        }
    }
    if (model->touched_count == model->touched_room) {
        model->touched_room = 2 * model->touched_room + 64;
        model->touched = realloc(model->touched, model->touched_room * sizeof *model->touched);
    }
    struct model_touch *touch = &model->touched[model->touched_count++];
    touch->directory = number;
    touch->replaced = replaced;
    strcpy(touch->text, text);
}

/* ---- Names ---- */

/* A change is asked for again after a commit if it needs one, or room that one brings. */
#define WITH_COMMIT(error, change)                                                                 \
    do {                                                                                           \
        error = (change);                                                                          \
        if (error == -EAGAIN || error == -ENOSPC) {                                                \
            CHECK_EQUAL(commit_everything(model->fs), 0);                                          \
            error = (change);                                                                      \
            CHECK(error != -EAGAIN);                                                               \
            model->full += error == -ENOSPC;                                                       \
        }                                                                                          \
    } while (0)

static void create(struct model *model)
{
    static const uint32_t modes[] = {0100644, 0100600, 0100755, 040755, 040700, 0120777, 020666};
    uint32_t directory, slot = 0, place = 0;
    char text[EXT2_NAME_LEN + 1], target[300];
    some_name(model, &directory, text);
    uint32_t mode = modes[unit_random_below(sizeof modes / sizeof *modes)];
    while (slot < MODEL_FILES && model->files[slot].used)
        slot++;
    while (place < MODEL_NAMES && model->names[place].used)
        place++;
    if (slot == MODEL_FILES || place == MODEL_NAMES)
        return;
    memset(target, 't', sizeof target);
    struct creation creation = {
        .mode = mode, .uid = 70000, .gid = 5, .device = 0x12345, .target = target};
    if (LINUX_S_ISLNK(mode))
        creation.target_bytes = 1 + unit_random_below(sizeof target);
    struct name name = image_name(text);
    struct node *node = NULL;
    inode inode;
    int64_t error;
    WITH_COMMIT(error, names_create(model->fs, node_of(model, directory), &name, &creation, &node));
    if (find_name(model, directory, text)) {
        CHECK_EQUAL(error, -EEXIST);
        return;
    }
    if (error == -ENOSPC)
        return;
    CHECK_EQUAL(error, 0);
    CHECK_EQUAL(inode_read(model->fs, node->number, &inode), 0);
    model->files[slot] = (struct model_file){.number = node->number,
                                             .generation = inode.i_generation,
                                             .mode = mode,
                                             .links = 1,
                                             .size = inode_size(&inode),
                                             .used = true,
                                             .touched = true};
    model->names[place] = (struct model_name){directory, "", slot, true};
    strcpy(model->names[place].text, text);
    touch_name(model, directory, text, false);
}

/* The model of what happens when a name goes. */
static void drop(struct model *model, uint32_t file)
{
    struct model_file *gone = &model->files[file];
    gone->links--;
    gone->touched = true;
    if (!gone->links && !gone->holds)
        gone->used = false;
}

static void remove_any(struct model *model)
{
    uint32_t directory;
    char text[EXT2_NAME_LEN + 1];
    struct node *gone;
    some_name(model, &directory, text);
    bool rmdir = unit_random_below(2);
    struct name name = image_name(text);
    struct model_name *found = find_name(model, directory, text);
    int64_t error;
    if (found && found->file == 1)
        return;
    WITH_COMMIT(error, names_remove(model->fs, node_of(model, directory), &name, rmdir, &gone));
    if (!found) {
        CHECK_EQUAL(error, -ENOENT);
        return;
    }
    if (rmdir != is_directory(model, found->file)) {
        CHECK_EQUAL(error, rmdir ? -ENOTDIR : -EISDIR);
        return;
    }
    if (rmdir && !is_empty(model, found->file)) {
        CHECK_EQUAL(error, -ENOTEMPTY);
        return;
    }
    CHECK_EQUAL(error, 0);
    CHECK_EQUAL(gone->number, model->files[found->file].number);
    touch_name(model, directory, text, false);
    found->used = false;
    drop(model, found->file);
}

static void link_any(struct model *model)
{
    uint32_t directory, file = any_file(model, false), place = 0;
    char text[EXT2_NAME_LEN + 1];
    some_name(model, &directory, text);
    while (place < MODEL_NAMES && model->names[place].used)
        place++;
    if (file == UINT32_MAX || place == MODEL_NAMES)
        return;
    struct name name = image_name(text);
    int64_t error;
    WITH_COMMIT(error,
                names_link(model->fs, node_of(model, directory), &name, node_of(model, file)));
    if (!model->files[file].links) {
        CHECK_EQUAL(error, -ENOENT);
        return;
    }
    if (find_name(model, directory, text)) {
        CHECK_EQUAL(error, -EEXIST);
        return;
    }
    if (error == -ENOSPC)
        return;
    CHECK_EQUAL(error, 0);
    model->files[file].links++;
    model->names[place] = (struct model_name){directory, "", file, true};
    strcpy(model->names[place].text, text);
    touch_name(model, directory, text, false);
}

/* Is `file` `above` or below it? */
static bool is_below(const struct model *model, uint32_t file, uint32_t above)
{
    while (file != above && file != 0) {
        unsigned i = 0;
        while (i < MODEL_NAMES && !(model->names[i].used && model->names[i].file == file))
            i++;
        if (i == MODEL_NAMES)
            return false;
        file = model->names[i].directory;
    }
    return file == above;
}

/* What a rename must answer. */
static int64_t rename_error(struct model *model, struct model_name *from, uint32_t to,
                            struct model_name *other, bool no_replace)
{
    if (!from)
        return -ENOENT;
    if (other && no_replace)
        return -EEXIST;
    if (other && other->file == from->file)
        return 0;
    if (is_directory(model, from->file) && is_below(model, to, from->file))
        return -EINVAL;
    if (!other)
        return 0;
    if (!is_directory(model, from->file))
        return is_directory(model, other->file) ? -EISDIR : 0;
    if (!is_directory(model, other->file))
        return -ENOTDIR;
    return is_empty(model, other->file) ? 0 : -ENOTEMPTY;
}

static void rename_any(struct model *model)
{
    uint32_t from_directory, to_directory;
    char from_text[EXT2_NAME_LEN + 1], to_text[EXT2_NAME_LEN + 1];
    some_name(model, &from_directory, from_text);
    some_name(model, &to_directory, to_text);
    struct model_name *from = find_name(model, from_directory, from_text);
    struct model_name *other = find_name(model, to_directory, to_text);
    if ((from && from->file == 1) || (other && other->file == 1))
        return;
    struct name from_name = image_name(from_text), to_name = image_name(to_text);
    bool no_replace = unit_random_below(8) == 0;
    struct node *gone;
    int64_t error;
    WITH_COMMIT(error, names_rename(model->fs, node_of(model, from_directory), &from_name,
                                    node_of(model, to_directory), &to_name,
                                    no_replace ? NAMES_NO_REPLACE : 0, &gone));
    if (error == -ENOSPC)
        return;
    CHECK_EQUAL(error, rename_error(model, from, to_directory, other, no_replace));
    if (error || (other && other->file == from->file))
        return;
    CHECK(!other == !gone);
    touch_name(model, from_directory, from_text, false);
    touch_name(model, to_directory, to_text, other != NULL);
    if (other) {
        drop(model, other->file);
        other->used = false;
    }
    from->directory = to_directory;
    strcpy(from->text, to_text);
}

/* ---- Contents ---- */

static void write_any(struct model *model)
{
    uint32_t file = any_file(model, false);
    if (file == UINT32_MAX || !LINUX_S_ISREG(model->files[file].mode))
        return;
    struct model_file *of = &model->files[file];
    unsigned from = (unsigned)unit_random_below(MODEL_BLOCKS), count = 1;
    if (from < MODEL_BLOCKS - 8)
        count += (unsigned)unit_random_below(MODEL_BLOCKS - 8 - from);
    uint32_t page[BLOCK_BYTES / 4], stamp = ++model->stamp;
    void *data = page;
    model->owners = realloc(model->owners, (stamp + 1) * sizeof *model->owners);
    model->owners[stamp] = of->generation;
    stamp_page(page, stamp);
    of->touched = true;
    for (unsigned i = from; i < from + count;) {
        struct mapped mapped;
        int64_t error;
        WITH_COMMIT(error, data_map(model->fs, node_of(model, file), model_block(i),
                                    from + count - i, true, &mapped));
        if (error == -ENOSPC)
            return;
        CHECK_EQUAL(error, 0);
        CHECK(mapped.start && mapped.blocks && mapped.blocks <= from + count - i);
        for (uint64_t k = 0; k < mapped.blocks; k++, i++) {
            model->image->device.write(&model->image->device, mapped.start + k, 1, &data);
            of->stamps[i] = stamp;
            uint64_t end = (model_block(i) + 1) * BLOCK_BYTES - stamp % BLOCK_BYTES;
            of->size = of->size > end ? of->size : end;
        }
        CHECK_EQUAL(data_set_size(model->fs, node_of(model, file), of->size), 0);
    }
}

static void truncate_any(struct model *model)
{
    uint32_t file = any_file(model, false);
    if (file == UINT32_MAX || !LINUX_S_ISREG(model->files[file].mode))
        return;
    struct model_file *of = &model->files[file];
    unsigned i = (unsigned)unit_random_below(MODEL_BLOCKS);
    of->size = unit_random_below(3) ? model_block(i) * BLOCK_BYTES : 0;
    of->touched = true;
    CHECK_EQUAL(data_set_size(model->fs, node_of(model, file), of->size), 0);
    for (i = 0; i < MODEL_BLOCKS; i++)
        if (model_block(i) * BLOCK_BYTES >= of->size)
            of->stamps[i] = 0;
}

/* Held or released: an inode without name lives as long as it is held. */
static void hold_any(struct model *model)
{
    uint32_t file = any_file(model, unit_random_below(8) == 0);
    if (file == UINT32_MAX || !file)
        return;
    struct model_file *of = &model->files[file];
    if (of->holds && unit_random_below(2)) {
        CHECK_EQUAL(node_release(model->fs, node_of(model, file), of->holds), 0);
        of->holds = 0;
        of->used = of->links;
    } else if (of->links) {
        node_hold(model->fs, node_of(model, file));
        of->holds++;
    }
}

void model_commit(struct model *model)
{
    CHECK_EQUAL(data_commit(model->fs, NULL, false), 0);
    model->touched_count = 0;
    for (unsigned i = 0; i < MODEL_FILES; i++)
        model->files[i].touched = false;
}

void model_remount(struct model *model)
{
    for (unsigned i = 0; i < MODEL_FILES; i++) {
        struct model_file *of = &model->files[i];
        if (of->used && of->holds)
            CHECK_EQUAL(node_release(model->fs, node_of(model, i), of->holds), 0);
        of->holds = 0;
        of->used &= i == 0 || of->links;
    }
    CHECK_EQUAL(file_system_unmount(model->fs), 0);
    image_mount_well(model->fs, model->image);
    model->touched_count = 0;
}

void model_step(struct model *model)
{
    static void (*const steps[])(struct model *) = {create,     create,    create,       remove_any,
                                                    remove_any, link_any,  rename_any,   rename_any,
                                                    write_any,  write_any, truncate_any, hold_any};
    steps[unit_random_below(sizeof steps / sizeof *steps)](model);
    if (!model->fs->cache.holds) {
        nodes_trim(model->fs, 8); /* so that they come and go */
        cache_trim(&model->fs->cache);
    }
}
