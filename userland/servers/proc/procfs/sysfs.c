/*
 * sysfs.c: the little of /sys that programs look at: how many CPUs there are, and the card.
 */
#include "procfs.h"

/* Programs run on one. */
static int64_t one_processor(const struct subject *subject, struct text *text)
{
    (void)subject;
    text_add(text, "0\n");
    return 0;
}

static const struct item cpu_items[] = {
    {.name = "online", .mode = FILE_MODE, .make = one_processor},
    {.name = "possible", .mode = FILE_MODE, .make = one_processor},
    {.name = "present", .mode = FILE_MODE, .make = one_processor},
    {0},
};
static const struct item system_folder[] = {
    {.name = "cpu", .mode = LINUX_S_IFDIR | 0755, .items = cpu_items}, {0}};
static const struct item devices_folder[] = {
    {.name = "system", .mode = LINUX_S_IFDIR | 0755, .items = system_folder}, {0}};
static const struct item class_folder[] = {{.name = "block",
                                            .mode = LINUX_S_IFDIR | 0755,
                                            .find = find_block_name,
                                            .list = list_block_names},
                                           {0}};
static const struct item numbers_folder[] = {{.name = "block",
                                              .mode = LINUX_S_IFDIR | 0755,
                                              .find = find_block_number,
                                              .list = list_block_numbers},
                                             {0}};
static const struct item top_folder[] = {
    {.name = "devices", .mode = LINUX_S_IFDIR | 0755, .items = devices_folder},
    {.name = "block", .mode = LINUX_S_IFDIR | 0755, .find = find_disk, .list = list_disks},
    {.name = "class", .mode = LINUX_S_IFDIR | 0755, .items = class_folder},
    {.name = "dev", .mode = LINUX_S_IFDIR | 0755, .items = numbers_folder},
    {0}};

const struct item sysfs_item = {.name = "", .mode = DIRECTORY_MODE, .items = top_folder};
