/*
 * directory.c: reading directories. Position 0 is ".", 1 is "..", and what comes after is the
 * directory's own position plus 2.
 */
#include "lib/memory.h"
#include "names.h"
#include "proc.h"
#include "remote.h"

#define STAGED PAGE_SIZE

struct listing {
    struct thread *thread;
    uint64_t address, size; /* of the program's buffer */
    uint64_t written;       /* … bytes there already */
    uint64_t staged, next;  /* in `stage`; position after the last entry */
    uint32_t entries;
    int64_t error;
};

static char stage[STAGED]; /* of the call being served */

static bool flush(struct listing *listing)
{
    listing->error =
        client_write(listing->thread, listing->address + listing->written, stage, listing->staged);
    listing->written += listing->staged;
    listing->staged = 0;
    return !listing->error;
}

bool list_put(struct listing *listing, const char *name, size_t length, uint64_t inode,
              uint32_t type, uint64_t next)
{
    size_t bytes = (sizeof(struct linux_directory_entry) + length + 1 + 7) & ~7UL;
    if (listing->error || listing->written + listing->staged + bytes > listing->size) {
        if (!listing->error && !listing->entries)
            listing->error = -EINVAL;
        return false;
    }
    if (listing->staged + bytes > STAGED && !flush(listing))
        return false;
    char *at = stage + listing->staged;
    struct linux_directory_entry header = {inode, (int64_t)next, (uint16_t)bytes,
                                           (uint8_t)(type >> 12)};
    memset(at, 0, bytes);
    memcpy(at, &header, sizeof header);
    memcpy(at + sizeof header, name, length);
    listing->staged += bytes;
    listing->next = next;
    listing->entries++;
    return true;
}

bool list_child(struct listing *listing, const char *name, size_t length, uint64_t inode,
                uint32_t type, uint64_t next)
{
    return list_put(listing, name, length, inode, type, next + 2);
}

static void list_stored(struct node *directory, uint64_t position, struct listing *listing)
{
    for (struct entry *entry = name_from(directory, position); entry; entry = entry->next) {
        const struct node *node = entry->node;
        if (!list_child(listing, entry->name, entry->name_length, node->inode, node->mode,
                        entry->position + 1))
            return;
    }
}

const struct node *directory_above(const struct entry *entry)
{
    while (entry->parent && entry->node->system->root == entry)
        entry = entry->parent;
    return entry->parent ? entry->parent->node : entry->node;
}

/* What the call answers: the rest goes to the program. */
static int64_t told(struct open_file *file, struct listing *listing)
{
    if (!listing->error && listing->staged)
        flush(listing);
    if (listing->error)
        return listing->error;
    file->offset = listing->next;
    return (int64_t)listing->written;
}

int64_t linux_getdents64(struct thread *thread, uint64_t descriptor, uint64_t buffer, uint64_t size)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file)
        return -EBADF;
    struct node *directory = file->node;
    if (node_type(directory) != LINUX_S_IFDIR)
        return -ENOTDIR;
    if (!directory->links)
        return -ENOENT;
    struct listing listing = {
        .thread = thread, .address = buffer, .size = (uint32_t)size, .next = file->offset};
    if (is_remote(directory)) {
        int64_t error = remote_list(thread, file, listing.next, &listing);
        if (error)
            return error;
        return told(file, &listing);
    }
    if (listing.next == 0)
        list_put(&listing, ".", 1, directory->inode, directory->mode, 1);
    if (listing.next == 1)
        list_put(&listing, "..", 2, directory_above(file->entry)->inode, LINUX_S_IFDIR, 2);
    if (listing.next >= 2 && directory->operations && directory->operations->list) {
        int64_t error = directory->operations->list(thread, directory, listing.next - 2, &listing);
        if (error)
            return error;
    } else if (listing.next >= 2) {
        list_stored(directory, listing.next - 2, &listing);
    }
    return told(file, &listing);
}
