// sources: tests/unit/ext4.c tests/unit/ext4_model.c
// sources: userland/servers/vfs/ext4/*.c
// flags: -Iuserland -Iuserland/servers/vfs/ext4 -lext2fs -lcom_err
/*
 * Power cuts: random work is recorded, every write and flush of it. Then the medium is made as it
 * would be if power had gone at a moment: all up to the last flush, and of what came after it a
 * beginning, or some writes in any order. e2fsck -fy must mend it without help; what was committed
 * before must be there, and nothing that was not worked on since may differ.
 */
#include "ext4_model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMITS 14
#define STEPS   12 /* between two */

/* What a commit promised, and what was worked on until the next. */
struct promise {
    size_t position; /* in the log, behind the commit */
    struct model_file files[MODEL_FILES];
    struct model_name names[MODEL_NAMES];
    bool changed[MODEL_FILES];  /* contents, until the next commit */
    bool survives[MODEL_FILES]; /* has a name at every moment until the next commit */
    struct model_touch *touched;
    size_t touched_count;
};

static struct file_system fs;
static struct model model;
static struct promise promises[COMMITS];
static struct image *base, *image;
static uint8_t *reached; /* by inode number: has a name outside lost+found */

static void promise_begin(struct promise *promise)
{
    promise->position = image->count;
    memcpy(promise->files, model.files, sizeof model.files);
    memcpy(promise->names, model.names, sizeof model.names);
}

/* The next commit comes now. */
static void promise_end(struct promise *promise)
{
    for (unsigned i = 0; i < MODEL_FILES; i++) {
        const struct model_file *now = &model.files[i], *then = &promise->files[i];
        bool same = now->used && now->generation == then->generation && now->links;
        promise->changed[i] = !same || now->touched;
        promise->survives[i] = then->used && then->links && same;
    }
    promise->touched = malloc(model.touched_count * sizeof *model.touched + 1);
    memcpy(promise->touched, model.touched, model.touched_count * sizeof *model.touched);
    promise->touched_count = model.touched_count;
}

/* Old files first; then recorded work with commits. */
static void record(const char *options)
{
    image = image_make(4, options);
    image_mount_well(&fs, image);
    model_begin(&model, &fs, image);
    model.long_names = true;
    for (unsigned i = 0; i < 250; i++)
        model_step(&model);
    model_remount(&model);
    base = image_copy(image);
    image_record(image);
    for (unsigned i = 0; i < COMMITS; i++) {
        model_commit(&model);
        promise_begin(&promises[i]);
        for (unsigned k = 0; k < STEPS; k++)
            model_step(&model);
        promise_end(&promises[i]);
    }
    file_system_forget(&fs); /* power goes at last */
}

static void forget(void)
{
    for (unsigned i = 0; i < COMMITS; i++)
        free(promises[i].touched);
    image_free(base);
    image_free(image);
    model_end(&model);
}

/* ---- What must be there ---- */

static const struct model_touch *touch_of(const struct promise *promise, uint32_t directory,
                                          const char *text)
{
    for (size_t i = 0; i < promise->touched_count; i++)
        if (promise->touched[i].directory == directory && !strcmp(promise->touched[i].text, text))
            return &promise->touched[i];
    return NULL;
}

static void check_name(const struct promise *promise, const struct model_name *name)
{
    uint32_t number = promise->files[name->directory].number;
    const struct model_touch *touch = touch_of(promise, number, name->text);
    struct name wanted = image_name(name->text);
    struct node *directory, *node;
    if (touch && !touch->replaced)
        return;
    CHECK_EQUAL(node_get(&fs, number, &directory), 0);
    CHECK_EQUAL(names_lookup(&fs, directory, &wanted, &node), 0);
    CHECK(touch || node->number == promise->files[name->file].number);
}

static void check_file(const struct image *cut, const struct model_file *of)
{
    struct node *node;
    inode inode;
    CHECK_EQUAL(node_get(&fs, of->number, &node), 0);
    CHECK_EQUAL(inode_read(&fs, of->number, &inode), 0);
    CHECK_EQUAL(inode.i_generation, of->generation);
    if (!LINUX_S_ISREG(of->mode))
        return;
    CHECK_EQUAL(inode_size(&inode), of->size);
    for (unsigned i = 0; i < MODEL_BLOCKS; i++) {
        struct mapped mapped;
        CHECK_EQUAL(data_map(&fs, node, model_block(i), 1, false, &mapped), 0);
        CHECK(model_stamp_is(cut, mapped.start, of->stamps[i]));
    }
}

/* Whatever happened to a file: it has nothing in it that was written to another. */
static void check_own(const struct image *cut, const struct model_file *of)
{
    struct node *node;
    inode inode;
    if (!LINUX_S_ISREG(of->mode) || node_get(&fs, of->number, &node) ||
        inode_read(&fs, of->number, &inode) || inode.i_generation != of->generation)
        return;
    for (unsigned i = 0; i < MODEL_BLOCKS; i++) {
        struct mapped mapped;
        CHECK_EQUAL(data_map(&fs, node, model_block(i), 1, false, &mapped), 0);
        if (!mapped.start)
            continue;
        uint32_t stamp = *(const uint32_t *)(cut->bytes + mapped.start * BLOCK_BYTES);
        CHECK(stamp && stamp <= model.stamp && model.owners[stamp] == of->generation);
        CHECK(model_stamp_is(cut, mapped.start, stamp));
    }
}

/* Notes every inode that has a name. */
static void reach(uint32_t number, unsigned depth)
{
    uint8_t *buffer = malloc(BLOCK_BYTES);
    struct node *directory;
    uint64_t position = 0;
    int64_t bytes;
    CHECK(depth < 300);
    CHECK_EQUAL(node_get(&fs, number, &directory), 0);
    while ((bytes = directory_read(&fs, directory, position, buffer, BLOCK_BYTES)) > 0)
        for (int64_t at = 0; at < bytes;) {
            struct vfs_name *name = (void *)(buffer + at);
            at += name->bytes;
            position = name->position;
            if (name->name[0] == '.' || !strcmp(name->name, "lost+found"))
                continue;
            reached[name->inode] = 1;
            if (name->type == 4)
                reach((uint32_t)name->inode, depth + 1);
        }
    CHECK_EQUAL(bytes, 0);
    free(buffer);
}

static void check_cut(struct image *cut, size_t position)
{
    const struct promise *promise = NULL;
    for (unsigned i = 0; i < COMMITS && promises[i].position <= position; i++)
        promise = &promises[i];
    CHECK((image_check(cut, "-fy") & ~1) == 0);
    CHECK_EQUAL(image_check(cut, "-fn"), 0);
    CHECK_EQUAL(image_mount(&fs, cut, true), 0);
    if (!promise) {
        file_system_forget(&fs);
        return;
    }
    for (unsigned i = 0; i < MODEL_NAMES; i++)
        if (promise->names[i].used)
            check_name(promise, &promise->names[i]);
    reached = calloc(fs.ext->super->s_inodes_count + 1, 1);
    reach(EXT2_ROOT_INO, 0);
    for (unsigned i = 2; i < MODEL_FILES; i++) {
        if (promise->survives[i])
            CHECK(reached[promise->files[i].number]);
        if (promise->survives[i] && !promise->changed[i])
            check_file(cut, &promise->files[i]);
        if (promise->files[i].used)
            check_own(cut, &promise->files[i]);
    }
    free(reached);
    file_system_forget(&fs);
}

/* ---- Cutting ---- */

static void apply(struct image *cut, const struct recorded *one)
{
    if (!one->flush)
        memcpy(cut->bytes + one->block * BLOCK_BYTES, one->data, BLOCK_BYTES);
}

static void cut_in_order(size_t position)
{
    struct image *cut = image_copy(base);
    for (size_t i = 0; i < position; i++)
        apply(cut, &image->log[i]);
    check_cut(cut, position);
    image_free(cut);
}

/* After the last flush before `position`, some of the writes up to the next flush, in any order. */
static void cut_in_disorder(size_t position)
{
    struct image *cut = image_copy(base);
    size_t from = position, to = position;
    while (from && !image->log[from - 1].flush)
        from--;
    while (to < image->count && !image->log[to].flush)
        to++;
    for (size_t i = 0; i < from; i++)
        apply(cut, &image->log[i]);
    for (size_t left = unit_random_below(to - from + 1) * 2; left && to > from; left--)
        apply(cut, &image->log[from + unit_random_below(to - from)]);
    check_cut(cut, from);
    image_free(cut);
}

static void cut_everywhere(const char *options, unsigned in_order, unsigned in_disorder)
{
    record(options);
    size_t step = image->count / in_order + 1;
    for (size_t at = unit_random_below(step); at <= image->count; at += step)
        cut_in_order(at);
    for (unsigned i = 0; i < in_disorder; i++)
        cut_in_disorder(unit_random_below(image->count + 1));
    forget();
}

TEST(a_power_cut_in_order_or_not_loses_nothing_that_was_committed)
{
    const char *all = getenv("EXT4_CUTS"); /* how many; each takes about a fifth of a second */
    unsigned cuts = all ? (unsigned)atoi(all) : 40;
    cut_everywhere("-O ^has_journal -N 256", cuts, cuts);
}

TEST(the_same_without_checksums)
{
    cut_everywhere("-O ^has_journal,^metadata_csum -N 256", 10, 10);
}
