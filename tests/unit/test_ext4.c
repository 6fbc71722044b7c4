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
