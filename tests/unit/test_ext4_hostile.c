// sources: tests/unit/ext4.c tests/unit/ext4_model.c
// sources: userland/servers/vfs/ext4/*.c
// flags: -Iuserland -Iuserland/servers/vfs/ext4 -lext2fs -lcom_err
/*
 * Hostile images: metadata with flipped bits, foreign numbers or blocks exchanged, mounted and
 * worked on. Any error will do; a crash, a sanitizer's complaint or a hang will not. Without
 * checksums what was changed is believed, so most of it is done without.
 */
#include "ext4_model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS_MOST 60 /* for one image: far more than any takes */

static struct file_system fs;
static struct model model;

static struct image *populated(const char *options)
{
    struct image *image = image_make(2, options);
    image_mount_well(&fs, image);
    model_begin(&model, &fs, image);
    model.long_names = true;
    for (unsigned i = 0; i < 300; i++)
        model_step(&model);
    model_remount(&model);
    CHECK_EQUAL(file_system_unmount(&fs), 0);
    model_end(&model);
    return image;
}

/* Blocks that hold metadata: those that are not all one stamp, nor empty. */
static size_t metadata_blocks(const struct image *image, uint64_t *blocks)
{
    size_t count = 0;
    for (uint64_t block = 0; block < image->device.blocks; block++)
        if (!model_stamp_is(image, block ? block : 1,
                            *(uint32_t *)(image->bytes + block * BLOCK_BYTES)))
            blocks[count++] = block;
    return count;
}

static void damage(struct image *image, const uint64_t *blocks, size_t count)
{
    static const uint32_t numbers[] = {0, 1, 2, 0xf30a, 0x7fffffff, 0x80000000, 0xffffffff, 511};
    for (uint64_t left = 1 + unit_random_below(6); left; left--) {
        uint8_t *block = image->bytes + blocks[unit_random_below(count)] * BLOCK_BYTES;
        uint64_t at = unit_random_below(unit_random_below(2) ? 128 : BLOCK_BYTES);
        uint32_t number = numbers[unit_random_below(sizeof numbers / sizeof *numbers)];
        switch (unit_random_below(4)) {
        case 0:
            block[at] ^= (uint8_t)(1u << unit_random_below(8));
            break;
        case 1:
            memcpy(block + at / 4 * 4, &number, 4);
            break;
        case 2:
            memcpy(block + at / 4 * 4, &number, 2);
            break;
        default:
            memcpy(block, image->bytes + blocks[unit_random_below(count)] * BLOCK_BYTES,
                   BLOCK_BYTES);
        }
    }
}

/* ---- Work that believes nothing ---- */

static struct node *known[64];

static void look_at(struct node *node)
{
    static uint8_t buffer[BLOCK_BYTES];
    struct vfs_attributes attributes;
    struct mapped mapped;
    uint64_t position = 0;
    inode inode;
    if (inode_read(&fs, node->number, &inode))
        return;
    inode_attributes(&fs, node, &inode, &attributes);
    for (unsigned i = 0; i < MODEL_BLOCKS; i++)
        data_map(&fs, node, model_block(i), 100, false, &mapped);
    names_read_link(&fs, node, (char *)buffer, sizeof buffer);
    for (unsigned rounds = 0; rounds < 2000; rounds++) {
        int64_t bytes = directory_read(&fs, node, position, buffer, sizeof buffer);
        if (bytes <= 0)
            return;
        for (int64_t at = 0; at < bytes;) {
            struct vfs_name *name = (void *)(buffer + at);
            struct node *found;
            at += name->bytes;
            CHECK(name->bytes && name->position > position);
            position = name->position;
            if (!node_get(&fs, (uint32_t)name->inode, &found) && !found->holds) {
                node_hold(&fs, found);
                struct node **place = &known[unit_random_below(64)];
                if (*place)
                    node_release(&fs, *place, 1);
                *place = found;
            }
        }
    }
}

static void change(void)
{
    struct node *node = known[unit_random_below(64)], *other = known[unit_random_below(64)], *got;
    char text[EXT2_NAME_LEN + 1], other_text[16];
    struct mapped mapped;
    if (!node || !other)
        return;
    snprintf(text, sizeof text, "n%u", (unsigned)unit_random_below(60));
    snprintf(other_text, sizeof other_text, "n%u", (unsigned)unit_random_below(60));
    struct name name = image_name(text), other_name = image_name(other_text);
    switch (unit_random_below(8)) {
    case 0:
        image_create(&fs, node, text, unit_random_below(2) ? 0100644 : 040755, &got);
        break;
    case 1:
        names_remove(&fs, node, &name, unit_random_below(2), &got);
        break;
    case 2:
        names_rename(&fs, node, &name, other, &other_name, 0, &got);
        break;
    case 3:
        names_link(&fs, node, &name, other);
        break;
    case 4:
        data_map(&fs, node, model_block((unsigned)unit_random_below(MODEL_BLOCKS)), 10, true,
                 &mapped);
        break;
    case 5:
        data_set_size(&fs, node, unit_random_below(1 << 20));
        break;
    case 6:
        commit_all(&fs);
        break;
    default:
        look_at(node);
    }
    cache_trim(&fs.cache);
}

static bool attack(const struct image *sound, const uint64_t *blocks, size_t count)
{
    struct image *image = image_copy(sound);
    damage(image, blocks, count);
    alarm(SECONDS_MOST); /* a hang ends the program: a failed test */
    bool got_in = !image_mount(&fs, image, false);
    if (got_in) {
        memset(known, 0, sizeof known);
        if (!node_get(&fs, EXT2_ROOT_INO, &known[0])) {
            node_hold(&fs, known[0]);
            look_at(known[0]);
        }
        for (unsigned i = 0; i < 120; i++)
            change();
        commit_all(&fs);
        file_system_forget(&fs);
    }
    alarm(0);
    image_free(image);
    return got_in;
}

static void attack_often(const char *options, unsigned default_times)
{
    static uint64_t blocks[512];
    const char *wanted = getenv("EXT4_ATTACKS");
    unsigned times = wanted ? (unsigned)atoi(wanted) : default_times, got_in = 0;
    struct image *image = populated(options);
    size_t count = metadata_blocks(image, blocks);
    CHECK(count > 8);
    for (unsigned i = 0; i < times; i++)
        got_in += attack(image, blocks, count);
    CHECK(got_in); /* else nothing was attacked */
    image_free(image);
}

TEST(damaged_metadata_is_an_error_and_no_more)
{
    attack_often("-O ^has_journal,^metadata_csum -N 96", 400);
}

TEST(damaged_metadata_with_checksums)
{
    attack_often("-O ^has_journal -N 96", 100);
}

TEST(truncated_images_and_other_things_are_refused)
{
    struct image *image = populated("-O ^has_journal -N 96");
    struct image *cut = image_copy(image);
    cut->device.blocks /= 2;
    CHECK_EQUAL(image_mount(&fs, cut, false), -EUCLEAN);
    cut->device.blocks = 0;
    CHECK_EQUAL(image_mount(&fs, cut, false), -EUCLEAN);
    image_free(cut);
    memset(image->bytes, 0, 2 * BLOCK_BYTES);
    CHECK_EQUAL(image_mount(&fs, image, true), -EUCLEAN);
    image_free(image);
    image = image_make(4, "-b 1024 -O ^has_journal");
    CHECK_EQUAL(image_mount(&fs, image, true), -EUCLEAN);
    image_free(image);
}

TEST(errors_of_the_device_are_told_and_lose_nothing)
{
    struct image *image = image_make(4, "-O ^has_journal -N 96");
    struct node *node;
    char text[16];
    image_mount_well(&fs, image);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(text, sizeof text, "file%u", i);
        CHECK_EQUAL(image_create(&fs, image_root(&fs), text, 0100644, &node), 0);
        image->fail_after = i % 8;
        int64_t error = commit_all(&fs);
        CHECK(error == 0 || error == -EIO);
        image->fail_after = UINT64_MAX;
    }
    image_unmount_clean(&fs, image);
    image_free(image);
}
