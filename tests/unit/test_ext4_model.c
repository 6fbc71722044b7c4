// sources: tests/unit/ext4.c tests/unit/ext4_model.c tests/unit/ext4_verify.c
// sources: userland/servers/vfs/ext4/*.c
// flags: -Iuserland -Iuserland/servers/vfs/ext4 -lext2fs -lcom_err
#include "ext4_model.h"

static struct file_system fs;
static struct model model;

/* Rounds of work; after each everything is looked at, after some it is unmounted and checked. */
static void work(unsigned mebibytes, const char *options, unsigned rounds, unsigned steps,
                 bool long_names)
{
    struct image *image = image_make(mebibytes, options);
    image_mount_well(&fs, image);
    model_begin(&model, &fs, image);
    model.long_names = long_names;
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < steps; i++)
            model_step(&model);
        model_verify(&model);
        if (round % 3 == 1)
            model_commit(&model);
        if (round % 3 != 2)
            continue;
        model_remount(&model);
        model_verify(&model);
        CHECK_EQUAL(file_system_unmount(&fs), 0);
        CHECK_EQUAL(image_check(image, "-fn"), 0);
        image_mount_well(&fs, image);
    }
    model_remount(&model);
    image_unmount_clean(&fs, image);
    model_end(&model);
    image_free(image);
}

TEST(random_work_is_as_the_model_has_it)
{
    work(16, "-O ^has_journal", 12, 400, false);
}

TEST(random_work_with_long_names)
{
    work(16, "-O ^has_journal", 9, 400, true);
}

TEST(random_work_without_checksums_and_with_small_inodes)
{
    work(16, "-O ^has_journal,^metadata_csum,^64bit -I 128", 6, 300, true);
}

TEST(random_work_on_a_full_device_loses_nothing)
{
    work(2, "-O ^has_journal -N 96", 15, 400, true);
    CHECK(model.full > 10);
}
