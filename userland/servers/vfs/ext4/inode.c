/*
 * inode.c: an inode as the card has it, and as programs see it. Times beyond 2038 and parts of
 * seconds are in the larger inodes' extra fields: two bits of the seconds' high part, then 30 of
 * nanoseconds ("Inode Timestamps" of the ext4 disk layout).
 */
#include "file_system.h"
#include <string.h>

int64_t inode_read(struct file_system *fs, uint32_t number, inode *inode)
{
    memset(inode, 0, sizeof *inode);
    errcode_t error =
        ext2fs_read_inode_full(fs->ext, number, (struct ext2_inode *)inode, sizeof *inode);
    return error == EXT2_ET_BAD_INODE_NUM ? -ENOENT : error_of(error);
}

int64_t inode_write(struct file_system *fs, uint32_t number, inode *inode)
{
    return error_of(
        ext2fs_write_inode_full(fs->ext, number, (struct ext2_inode *)inode, sizeof *inode));
}

uint64_t inode_size(const inode *inode)
{
    return inode->i_size | (uint64_t)inode->i_size_high << 32;
}

void inode_set_size(inode *inode, uint64_t size)
{
    inode->i_size = (uint32_t)size;
    inode->i_size_high = (uint32_t)(size >> 32);
}

bool inode_has_map(const inode *inode)
{
    if (LINUX_S_ISREG(inode->i_mode) || LINUX_S_ISDIR(inode->i_mode))
        return true;
    return LINUX_S_ISLNK(inode->i_mode) &&
           (inode->i_flags & EXT4_EXTENTS_FL || inode_size(inode) >= sizeof inode->i_block);
}

/* Is the field within what this inode has of its extra part? */
#define HAS(fs, inode, field)                                                                      \
    (EXT2_INODE_SIZE((fs)->ext->super) > EXT2_GOOD_OLD_INODE_SIZE &&                               \
     (size_t)EXT2_GOOD_OLD_INODE_SIZE + (inode)->i_extra_isize >=                                  \
         offsetof(struct ext2_inode_large, field) + sizeof(inode)->field)

static struct vfs_time time_from(uint32_t seconds, bool has_extra, uint32_t extra)
{
    struct vfs_time time = {.seconds = (int32_t)seconds};
    if (has_extra) {
        time.seconds += (int64_t)(extra & 3) << 32;
        time.nanoseconds = extra >> 2 < 1000000000 ? extra >> 2 : 0;
    }
    return time;
}

static uint32_t device_number(const inode *inode)
{
    if (inode->i_block[1])
        return inode->i_block[1]; /* as Linux's stat has it, but for more than 32 bits */
    return (inode->i_block[0] >> 8 & 0xff) << 8 | (inode->i_block[0] & 0xff);
}

/* Numbers that fit 8 and 8 bits are in the old place. */
void inode_set_device(inode *inode, uint32_t device)
{
    inode->i_block[0] = device < 0x10000 ? device : 0;
    inode->i_block[1] = device < 0x10000 ? 0 : device;
}

void inode_attributes(struct file_system *fs, const struct node *node, const inode *inode,
                      struct vfs_attributes *to)
{
    uint64_t blocks = inode->i_blocks | (uint64_t)inode->osd2.linux2.l_i_blocks_hi << 32;
    if (node->flags & NODE_MAP_CHANGED)
        blocks = (node->map.blocks + node->map.tree_count) * (BLOCK_BYTES / 512);
    *to = (struct vfs_attributes){
        .inode = node->number,
        .generation = inode->i_generation,
        .size = inode_size(inode),
        .blocks = blocks,
        .mode = inode->i_mode,
        .links = node->flags & NODE_ORPHAN ? 0 : inode->i_links_count,
        .uid = inode->i_uid | (uint32_t)inode->osd2.linux2.l_i_uid_high << 16,
        .gid = inode->i_gid | (uint32_t)inode->osd2.linux2.l_i_gid_high << 16,
        .accessed = time_from(inode->i_atime, HAS(fs, inode, i_atime_extra), inode->i_atime_extra),
        .modified = time_from(inode->i_mtime, HAS(fs, inode, i_mtime_extra), inode->i_mtime_extra),
        .changed = time_from(inode->i_ctime, HAS(fs, inode, i_ctime_extra), inode->i_ctime_extra)};
    if (HAS(fs, inode, i_crtime))
        to->created =
            time_from(inode->i_crtime, HAS(fs, inode, i_crtime_extra), inode->i_crtime_extra);
    if (LINUX_S_ISCHR(inode->i_mode) || LINUX_S_ISBLK(inode->i_mode))
        to->device = device_number(inode);
}

/* What cannot be said is said as nearly as possible. */
static void time_to(const struct vfs_time *time, bool has_extra, uint32_t *seconds, uint32_t *extra)
{
    int64_t most = has_extra ? ((int64_t)3 << 32) + INT32_MAX : INT32_MAX;
    int64_t from = time->seconds < INT32_MIN ? INT32_MIN : time->seconds;
    from = from > most ? most : from;
    *seconds = (uint32_t)from;
    if (has_extra)
        *extra = (uint32_t)((from - (int32_t)from) >> 32 & 3) | time->nanoseconds << 2;
}

void inode_set_time(struct file_system *fs, inode *inode, enum inode_time which,
                    const struct vfs_time *time)
{
    switch (which) {
    case INODE_ACCESSED:
        time_to(time, HAS(fs, inode, i_atime_extra), &inode->i_atime, &inode->i_atime_extra);
        break;
    case INODE_MODIFIED:
        time_to(time, HAS(fs, inode, i_mtime_extra), &inode->i_mtime, &inode->i_mtime_extra);
        break;
    case INODE_CHANGED:
        time_to(time, HAS(fs, inode, i_ctime_extra), &inode->i_ctime, &inode->i_ctime_extra);
        break;
    case INODE_CREATED:
        if (HAS(fs, inode, i_crtime))
            time_to(time, HAS(fs, inode, i_crtime_extra), &inode->i_crtime, &inode->i_crtime_extra);
        break;
    }
}

void inode_change(struct file_system *fs, inode *inode, uint32_t what,
                  const struct vfs_attributes *wanted)
{
    struct vfs_time now = fs->now();
    if (what & VFS_SET_MODE)
        inode->i_mode = (uint16_t)((inode->i_mode & 0170000) | (wanted->mode & 07777));
    if (what & VFS_SET_OWNER) {
        inode->i_uid = (uint16_t)wanted->uid;
        inode->osd2.linux2.l_i_uid_high = (uint16_t)(wanted->uid >> 16);
        inode->i_gid = (uint16_t)wanted->gid;
        inode->osd2.linux2.l_i_gid_high = (uint16_t)(wanted->gid >> 16);
    }
    if (what & VFS_SET_ACCESSED)
        inode_set_time(fs, inode, INODE_ACCESSED, &wanted->accessed);
    if (what & VFS_SET_MODIFIED)
        inode_set_time(fs, inode, INODE_MODIFIED, &wanted->modified);
    inode_set_time(fs, inode, INODE_CHANGED, what & VFS_SET_CHANGED ? &wanted->changed : &now);
}
