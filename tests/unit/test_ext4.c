// sources: tests/unit/ext4.c
// sources: userland/servers/vfs/ext4/*.c
// flags: -Iuserland -Iuserland/servers/vfs/ext4 -lext2fs -lcom_err
#include "directory_entry.h"
#include "ext4.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct file_system fs;

TEST(a_fresh_image_mounts_and_is_clean_after)
{
    struct image *image = image_make(16, "");
    image_mount_well(&fs, image);
    CHECK(image_find(&fs, image_root(&fs), "lost+found"));
    CHECK(!image_find(&fs, image_root(&fs), "nothing"));
    struct vfs_statistics statistics;
    CHECK_EQUAL(file_system_statistics(&fs, &statistics), 0);
    CHECK(statistics.free > 2000 && statistics.free < statistics.blocks);
    image_unmount_clean(&fs, image);
    image_free(image);
}

TEST(names_come_and_go)
{
    struct image *image = image_make(16, "");
    struct node *node, *gone;
    struct name name = image_name("file");
    image_mount_well(&fs, image);
    CHECK_EQUAL(image_create(&fs, image_root(&fs), "file", 0100644, &node), 0);
    CHECK_EQUAL(image_create(&fs, image_root(&fs), "file", 0100644, &node), -EEXIST);
    CHECK_EQUAL(image_create(&fs, image_root(&fs), "folder", 040755, &node), 0);
    image_unmount_clean(&fs, image);
    image_mount_well(&fs, image);
    CHECK(image_find(&fs, image_root(&fs), "file"));
    CHECK_EQUAL(names_remove(&fs, image_root(&fs), &name, false, &gone), 0);
    CHECK(!image_find(&fs, image_root(&fs), "file"));
    image_unmount_clean(&fs, image);
    image_free(image);
}

/* Many names in one directory, each found again, in time that does not grow with their square. */
static void many_names(const char *options, unsigned count, unsigned length)
{
    char text[EXT2_NAME_LEN + 1];
    struct image *image = image_make(32, options);
    struct node *node, *folder, *gone;
    image_mount_well(&fs, image);
    CHECK_EQUAL(image_create(&fs, image_root(&fs), "many", 040755, &folder), 0);
    node_hold(&fs, folder);
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%0*u", (int)length, i);
        CHECK_EQUAL(image_create(&fs, folder, text, 0100644, &node), 0);
        nodes_trim(&fs, 100);
        cache_trim(&fs.cache);
    }
    for (unsigned i = 0; i < count; i += 3) {
        snprintf(text, sizeof text, "%0*u", (int)length, i);
        struct name name = image_name(text);
        int64_t error = names_remove(&fs, folder, &name, false, &gone);
        if (error == -EAGAIN)
            error = commit_all(&fs) || names_remove(&fs, folder, &name, false, &gone);
        CHECK_EQUAL(error, 0);
    }
    node_release(&fs, folder, 1);
    image_unmount_clean(&fs, image);
    image_mount_well(&fs, image);
    folder = image_find(&fs, image_root(&fs), "many");
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%0*u", (int)length, i);
        CHECK_EQUAL(image_find(&fs, folder, text) != NULL, i % 3 != 0);
    }
    image_unmount_clean(&fs, image);
    image_free(image);
}

TEST(ten_thousand_names_in_a_directory)
{
    many_names("-O ^has_journal -N 12000", 10000, 1);
}

TEST(names_of_255_bytes)
{
    many_names("-O ^has_journal", 1000, EXT2_NAME_LEN);
}

/* A directory with an htree: mke2fs and e2fsck -D make one; it is read, and then written to. */
static void htree(const char *options)
{
    struct image *image = image_make(16, options);
    struct node *node, *folder;
    char text[64];
    inode inode;
    image_mount_well(&fs, image);
    CHECK_EQUAL(image_create(&fs, image_root(&fs), "tree", 040755, &folder), 0);
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(text, sizeof text, "a-longer-name-for-number-%u", i);
        CHECK_EQUAL(image_create(&fs, folder, text, 0100644, &node), 0);
    }
    CHECK_EQUAL(file_system_unmount(&fs), 0);
    CHECK((image_check(image, "-fyD") & ~1) == 0);
    image_mount_well(&fs, image);
    folder = image_find(&fs, image_root(&fs), "tree");
    CHECK_EQUAL(inode_read(&fs, folder->number, &inode), 0);
    CHECK(inode.i_flags & EXT2_INDEX_FL);
    CHECK(image_find(&fs, folder, "a-longer-name-for-number-1999"));
    CHECK_EQUAL(image_create(&fs, folder, "one more", 0100644, &node), 0);
    image_unmount_clean(&fs, image);
    image_mount_well(&fs, image);
    folder = image_find(&fs, image_root(&fs), "tree");
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(text, sizeof text, "a-longer-name-for-number-%u", i);
        CHECK(image_find(&fs, folder, text));
    }
    CHECK(image_find(&fs, folder, "one more"));
    image_unmount_clean(&fs, image);
    image_free(image);
}

TEST(an_indexed_directory_is_read_and_written)
{
    htree("-O ^has_journal -N 4000");
    htree("-O ^has_journal,^metadata_csum -N 4000");
}

TEST(a_held_inode_lives_without_a_name)
{
    struct image *image = image_make(16, "-O ^has_journal");
    struct vfs_statistics before, after;
    struct mapped mapped;
    struct node *node, *gone;
    struct name name = image_name("held");
    image_mount_well(&fs, image);
    file_system_statistics(&fs, &before);
    CHECK_EQUAL(image_create(&fs, image_root(&fs), "held", 0100644, &node), 0);
    node_hold(&fs, node);
    CHECK_EQUAL(data_map(&fs, node, 0, 100, true, &mapped), 0);
    CHECK_EQUAL(mapped.blocks, 100);
    CHECK(mapped.fresh);
    CHECK_EQUAL(data_set_size(&fs, node, 100 * BLOCK_BYTES), 0);
    CHECK_EQUAL(names_remove(&fs, image_root(&fs), &name, false, &gone), 0);
    CHECK_EQUAL(commit_everything(&fs), 0);
    CHECK_EQUAL(file_system_unmount(&fs), -EBUSY);
    CHECK_EQUAL(data_map(&fs, node, 50, 10, false, &mapped), 0);
    CHECK(mapped.start && mapped.blocks == 10);
    CHECK_EQUAL(node_release(&fs, node, 1), 0);
    CHECK_EQUAL(commit_everything(&fs), 0);
    file_system_statistics(&fs, &after);
    CHECK_EQUAL(after.free, before.free);
    CHECK_EQUAL(after.inodes_free, before.inodes_free);
    image_unmount_clean(&fs, image);
    image_free(image);
}

TEST(blocks_that_were_not_committed_read_as_zeros)
{
    struct image *image = image_make(16, "-O ^has_journal"), *cut;
    struct mapped mapped;
    struct node *node;
    image_mount_well(&fs, image);
    CHECK_EQUAL(image_create(&fs, image_root(&fs), "file", 0100644, &node), 0);
    node_hold(&fs, node);
    CHECK_EQUAL(data_map(&fs, node, 0, 8, true, &mapped), 0);
    CHECK_EQUAL(data_set_size(&fs, node, 8 * BLOCK_BYTES), 0);
    CHECK_EQUAL(commit_all(&fs), 0); /* of another's making: the pages are not written yet */
    cut = image_copy(image);
    CHECK_EQUAL(data_commit(&fs, node, false), 0);
    file_system_forget(&fs);
    CHECK((image_check(cut, "-fy") & ~1) == 0);
    image_mount_well(&fs, cut);
    node = image_find(&fs, image_root(&fs), "file");
    CHECK_EQUAL(data_map(&fs, node, 0, 8, false, &mapped), 0);
    CHECK_EQUAL(mapped.start, 0);
    image_unmount_clean(&fs, cut);
    CHECK((image_check(image, "-fy") & ~1) == 0);
    image_mount_well(&fs, image);
    node = image_find(&fs, image_root(&fs), "file");
    CHECK_EQUAL(data_map(&fs, node, 0, 8, false, &mapped), 0);
    CHECK(mapped.start && mapped.blocks == 8 && !mapped.fresh);
    image_unmount_clean(&fs, image);
    image_free(cut);
    image_free(image);
}

TEST(attributes_stay)
{
    static const struct vfs_time times[] = {{.seconds = 1, .nanoseconds = 999999999},
                                            {.seconds = 4000000000, .nanoseconds = 5},
                                            {.seconds = -5, .nanoseconds = 7},
                                            {.seconds = 15000000000, .nanoseconds = 0}};
    struct image *image = image_make(16, "-O ^has_journal");
    struct vfs_attributes wanted = {.mode = 0106754, .uid = 123456, .gid = 654321}, got;
    struct node *node;
    inode inode;
    image_mount_well(&fs, image);
    CHECK_EQUAL(image_create(&fs, image_root(&fs), "file", 0100644, &node), 0);
    for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
        wanted.accessed = wanted.modified = wanted.changed = times[i];
        node = image_find(&fs, image_root(&fs), "file");
        CHECK_EQUAL(inode_read(&fs, node->number, &inode), 0);
        inode_change(&fs, &inode, 0x1f, &wanted);
        CHECK_EQUAL(inode_write(&fs, node->number, &inode), 0);
        image_unmount_clean(&fs, image);
        image_mount_well(&fs, image);
        node = image_find(&fs, image_root(&fs), "file");
        CHECK_EQUAL(inode_read(&fs, node->number, &inode), 0);
        inode_attributes(&fs, node, &inode, &got);
        CHECK_EQUAL(got.mode, 0106754);
        CHECK(got.uid == 123456 && got.gid == 654321);
        CHECK(got.modified.seconds == times[i].seconds &&
              got.modified.nanoseconds == times[i].nanoseconds);
        CHECK(got.created.seconds == image_now.seconds &&
              got.created.nanoseconds == image_now.nanoseconds);
    }
    image_unmount_clean(&fs, image);
    image_free(image);
}

TEST(an_unclean_one_is_for_e2fsck_first)
{
    struct image *image = image_make(16, "-O ^has_journal");
    image_mount_well(&fs, image);
    file_system_forget(&fs);
    CHECK_EQUAL(image_mount(&fs, image, false), -EUCLEAN);
    CHECK_EQUAL(image_mount(&fs, image, true), 0);
    CHECK_EQUAL(file_system_unmount(&fs), 0);
    CHECK((image_check(image, "-fy") & ~1) == 0);
    image_mount_well(&fs, image);
    image_unmount_clean(&fs, image);
    image_free(image);
}

TEST(memory_for_metadata_is_bounded)
{
    struct image *image = image_make(16, "-O ^has_journal -N 8000");
    struct node *node;
    char text[32];
    image_mount_well(&fs, image);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "file%u", i);
        CHECK_EQUAL(image_create(&fs, image_root(&fs), text, 0100644, &node), 0);
        if (cache_dirty_blocks(&fs.cache) > 64)
            CHECK_EQUAL(commit_all(&fs), 0);
        nodes_trim(&fs, 10);
        cache_trim(&fs.cache);
        CHECK(fs.cache.blocks <= fs.cache.most + 64);
        CHECK(fs.idle_count <= 10);
    }
    image_unmount_clean(&fs, image);
    image_free(image);
}
