/*
 * ext4_verify.c: is everything as the model has it?
 */
#include "ext4_model.h"
#include <stdlib.h>
#include <string.h>

/* Every name of the model is there and leads to its inode. */
static void verify_name(struct model *model, const struct model_name *name)
{
    struct node *directory, *node;
    CHECK_EQUAL(node_get(model->fs, model->files[name->directory].number, &directory), 0);
    struct name wanted = image_name(name->text);
    CHECK_EQUAL(names_lookup(model->fs, directory, &wanted, &node), 0);
    CHECK_EQUAL(node->number, model->files[name->file].number);
}

/* The names that reading brings are as many, in pieces of any size, and none comes twice. */
static void verify_directory(struct model *model, uint32_t file)
{
    static uint8_t buffer[BLOCK_BYTES];
    struct node *directory;
    unsigned there = 2, found = 0, least = 300;
    uint64_t position = 0;
    CHECK_EQUAL(node_get(model->fs, model->files[file].number, &directory), 0);
    for (unsigned i = 0; i < MODEL_NAMES; i++)
        there += model->names[i].used && model->names[i].directory == file;
    for (;;) {
        size_t room = least + unit_random_below(sizeof buffer - least);
        int64_t bytes = directory_read(model->fs, directory, position, buffer, room);
        CHECK(bytes >= 0);
        if (!bytes)
            break;
        for (int64_t at = 0; at < bytes;) {
            struct vfs_name *name = (void *)(buffer + at);
            CHECK(name->position > position);
            position = name->position;
            at += name->bytes;
            found++;
        }
    }
    CHECK_EQUAL(found, there);
}

static void verify_file(struct model *model, uint32_t file)
{
    struct model_file *of = &model->files[file];
    struct vfs_attributes attributes;
    struct node *node;
    inode inode;
    CHECK_EQUAL(node_get(model->fs, of->number, &node), 0);
    CHECK_EQUAL(inode_read(model->fs, of->number, &inode), 0);
    inode_attributes(model->fs, node, &inode, &attributes);
    CHECK_EQUAL(attributes.mode, of->mode);
    CHECK_EQUAL(attributes.generation, of->generation);
    if (!LINUX_S_ISDIR(of->mode)) {
        CHECK_EQUAL(attributes.links, of->links);
        CHECK_EQUAL(attributes.size, of->size);
        CHECK_EQUAL(attributes.uid, 70000);
    }
    if (LINUX_S_ISCHR(of->mode))
        CHECK_EQUAL(attributes.device, 0x12345);
    for (unsigned i = 0; i < MODEL_BLOCKS && LINUX_S_ISREG(of->mode); i++) {
        struct mapped mapped;
        CHECK_EQUAL(data_map(model->fs, node, model_block(i), 1, false, &mapped), 0);
        CHECK(model_stamp_is(model->image, mapped.start, of->stamps[i]));
    }
    if (LINUX_S_ISLNK(of->mode)) {
        char target[400], wanted[400];
        memset(wanted, 't', sizeof wanted);
        CHECK_EQUAL(names_read_link(model->fs, node, target, sizeof target), of->size);
        CHECK(!memcmp(target, wanted, of->size));
    }
}

void model_verify(struct model *model)
{
    for (unsigned i = 0; i < MODEL_NAMES; i++)
        if (model->names[i].used)
            verify_name(model, &model->names[i]);
    for (uint32_t i = 0; i < MODEL_FILES; i++) {
        if (!model->files[i].used || i == 1)
            continue;
        if (i)
            verify_file(model, i);
        if (LINUX_S_ISDIR(model->files[i].mode))
            verify_directory(model, i);
    }
}
