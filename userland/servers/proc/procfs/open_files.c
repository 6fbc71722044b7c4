/*
 * open_files.c: /proc/PID/fd and fdinfo.
 */
#include "files/linux_files.h"
#include "procfs.h"

static const struct item link_item, facts_item;

static struct open_file *file_at(const struct subject *subject)
{
    return subject->process->files ? file_of_any(subject->process, subject->number) : NULL;
}

static int64_t find(const struct subject *subject, const struct item *item, const char *name,
                    size_t length, struct node **child)
{
    struct subject wanted = *subject;
    if (!number_read(name, length, UINT32_MAX, &wanted.number) || !file_at(&wanted))
        return -ENOENT;
    int64_t error = item_node(subject, item, subject->pid, subject->task, wanted.number, child);
    if (error || item != &link_item)
        return error;
    static const uint16_t modes[] = {0500, 0300, 0700, 0700};
    (*child)->mode = LINUX_S_IFLNK | modes[file_at(&wanted)->flags & LINUX_O_ACCMODE];
    return 0;
}

int64_t find_descriptor(const struct subject *subject, const char *name, size_t length,
                        struct node **child)
{
    return find(subject, &link_item, name, length, child);
}

int64_t find_descriptor_facts(const struct subject *subject, const char *name, size_t length,
                              struct node **child)
{
    return find(subject, &facts_item, name, length, child);
}

static int64_t list(const struct subject *subject, const struct item *item, uint64_t position,
                    struct listing *listing)
{
    const struct files *files = subject->process->files;
    char name[16];
    for (uint64_t i = position; files && i < files->count; i++) {
        if (!files->table[i].file)
            continue;
        size_t length = format_text(name, sizeof name, "%lu", i);
        uint64_t inode = item_inode(item, subject->pid->number, subject->task, i);
        if (!list_child(listing, name, length, inode, item->mode, LISTED + i + 1))
            break;
    }
    return 0;
}

int64_t list_descriptors(const struct subject *subject, uint64_t position, struct listing *listing)
{
    return list(subject, &link_item, position, listing);
}

int64_t list_descriptor_facts(const struct subject *subject, uint64_t position,
                              struct listing *listing)
{
    return list(subject, &facts_item, position, listing);
}

static int64_t target(const struct subject *subject, struct entry **target)
{
    struct open_file *file = file_at(subject);
    if (!file)
        return -ENOENT;
    entry_hold(*target = file->entry);
    return 0;
}

static int64_t facts(const struct subject *subject, struct text *text)
{
    const struct open_file *file = file_at(subject);
    if (!file)
        return -ENOENT;
    bool closed = subject->process->files->table[subject->number].close_on_exec;
    uint32_t flags = file->flags | (closed ? LINUX_O_CLOEXEC : 0);
    text_add(text, "pos:\t%lu\nflags:\t0%u\nmnt_id:\t%u\nino:\t%lu\n", file->offset, octal(flags),
             file->node->system->device, file->node->inode);
    return 0;
}

static const struct item link_item = {
    .name = "", .mode = LINUX_S_IFLNK | 0700, .private = true, .target = target};
static const struct item facts_item = {
    .name = "", .mode = LINUX_S_IFREG | 0400, .private = true, .make = facts};
