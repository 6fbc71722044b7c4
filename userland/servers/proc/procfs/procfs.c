/*
 * procfs.c: the tree of /proc: from names to nodes, and from nodes to whom they are about.
 */
#include "procfs.h"
#include "lib/format.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "process/linux_process.h"
#include "sequence.h"

#define LINUX_PROC_MAGIC     0x9fa0
#define LINUX_SYSFS_MAGIC    0x62656572
#define LINUX_CAP_SYS_PTRACE 19
#define TASK                 (1UL << 63) /* in node->detail: about one thread; below, the descriptor */

static const struct node_operations node_operations, text_link_operations;
static const struct text_operations text_operations;

static const struct item *item_of(const struct node *node)
{
    return (const struct item *)node->about;
}

bool number_read(const char *text, size_t length, uint64_t most, uint64_t *number)
{
    uint64_t value = 0;
    if (length == 0 || length > 19 || (text[0] == '0' && length > 1))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *number = value;
    return value < most;
}

/* ---- Subjects ---- */

/* ptrace(2), "Ptrace access mode checking", with the ids for files. */
static bool may_look(const struct thread *reader, const struct process *process)
{
    const struct credentials *own = &reader->process->family.credentials;
    const struct credentials *other = &process->family.credentials;
    if (reader->process == process || own->effective >> LINUX_CAP_SYS_PTRACE & 1)
        return true;
    return own->user.file == other->user.real && own->user.file == other->user.effective &&
           own->user.file == other->user.saved && own->group.file == other->group.real &&
           own->group.file == other->group.effective && own->group.file == other->group.saved &&
           !process->family.undumpable;
}

int64_t subject_of(struct thread *reader, const struct node *node, struct subject *subject)
{
    const struct pid *pid = node->own;
    *subject = (struct subject){.reader = reader,
                                .system = node->system,
                                .pid = node->own,
                                .item = item_of(node),
                                .task = node->detail & TASK,
                                .number = node->detail & ~TASK};
    if (!pid)
        return 0;
    subject->thread = pid->thread;
    subject->process = pid->process ? pid->process : pid->thread ? pid->thread->process : NULL;
    if (subject->task && !pid->thread && subject->process)
        subject->thread = subject->process->threads; /* a leader that has ended */
    if (!subject->process)
        return -ESRCH;
    return subject->item->private && !may_look(reader, subject->process) ? -EACCES : 0;
}

/* ---- Nodes ---- */

uint64_t item_inode(const struct item *item, uint32_t pid, bool task, uint64_t number)
{
    /* Fits: a pid has 15 bits, a descriptor 20; items are some 4 KiB of constants. */
    return ((uintptr_t)item >> 3 & 0xffff) | (uint64_t)pid << 16 | (uint64_t)task << 31 |
           (number + 1) << 32;
}

int64_t item_node(const struct subject *subject, const struct item *item, struct pid *pid,
                  bool task, uint64_t number, struct node **child)
{
    struct node *node = node_new(subject->system, item->mode);
    if (!node)
        return -ENOMEM;
    node->operations = item->link_text ? &text_link_operations : &node_operations;
    if (node_type(node) == LINUX_S_IFREG) {
        node->file = item->file   ? item->file
                     : item->step ? &sequence_operations
                                  : &text_file_operations;
        node->text = &text_operations;
    }
    node->about = (uintptr_t)item;
    node->detail = number | (task ? TASK : 0);
    node->own = pid;
    if (pid)
        pid->references++;
    node->inode = item_inode(item, pid ? pid->number : 0, task, number);
    node_operations.refresh(node);
    *child = node;
    return 0;
}

static void refresh(struct node *node)
{
    const struct pid *pid = node->own;
    const struct process *process = pid ? pid->process : NULL;
    if (pid && !process && pid->thread)
        process = pid->thread->process;
    bool owned = process && !process->family.undumpable;
    node->user = owned ? process->family.credentials.user.effective : 0;
    node->group = owned ? process->family.credentials.group.effective : 0;
}

static void forget(struct node *node)
{
    pid_drop(node->own);
}

/* ---- Directories ---- */

static const struct item *find_item(const struct item *items, const char *name, size_t length)
{
    for (; items && items->name; items++)
        if (strlen(items->name) == length && memcmp(items->name, name, length) == 0)
            return items;
    return NULL;
}

static int64_t lookup(struct thread *thread, struct node *directory, const char *name,
                      size_t length, struct node **child)
{
    struct subject subject;
    int64_t error = subject_of(thread, directory, &subject);
    if (error)
        return error == -ESRCH ? -ENOENT : error;
    const struct item *item = find_item(subject.item->items, name, length);
    if (item)
        return item_node(&subject, item, directory->own, subject.task, subject.number, child);
    return subject.item->find ? subject.item->find(&subject, name, length, child) : -ENOENT;
}

static int64_t list(struct thread *thread, struct node *directory, uint64_t position,
                    struct listing *listing)
{
    struct subject subject;
    int64_t error = subject_of(thread, directory, &subject);
    if (error)
        return error == -ESRCH ? -ENOENT : error;
    const struct pid *pid = directory->own;
    uint64_t at = 0;
    for (const struct item *item = subject.item->items; item && item->name; item++, at++)
        if (at >= position &&
            !list_child(listing, item->name, strlen(item->name),
                        item_inode(item, pid ? pid->number : 0, subject.task, subject.number),
                        item->mode, at + 1))
            return 0;
    if (!subject.item->list)
        return 0;
    return subject.item->list(&subject, position < LISTED ? 0 : position - LISTED, listing);
}

/* ---- Links ---- */

static int64_t link_text(struct thread *thread, struct node *link, char *text, size_t size)
{
    struct subject subject;
    int64_t error = subject_of(thread, link, &subject);
    if (error)
        return error == -ESRCH ? -ENOENT : error;
    return subject.item->link_text(&subject, text, size);
}

static int64_t link_target(struct thread *thread, struct node *link, struct entry **target)
{
    struct subject subject;
    int64_t error = subject_of(thread, link, &subject);
    if (error)
        return error == -ESRCH ? -ENOENT : error;
    return subject.item->target(&subject, target);
}

/* ---- Texts ---- */

static int64_t make(struct thread *thread, struct node *node, struct text *text)
{
    struct subject subject;
    int64_t error = subject_of(thread, node, &subject);
    if (error)
        return error;
    return subject.item->make ? subject.item->make(&subject, text) : -EINVAL;
}

static int64_t take(struct thread *thread, struct node *node, const char *bytes, size_t length)
{
    struct subject subject;
    int64_t error = subject_of(thread, node, &subject);
    if (error)
        return error;
    return subject.item->take ? subject.item->take(&subject, bytes, length) : -EINVAL;
}

static const struct text_operations text_operations = {.make = make, .take = take};

/* ---- The root ---- */

static int64_t find_process(const struct subject *subject, const char *name, size_t length,
                            struct node **child)
{
    uint64_t number;
    if (!number_read(name, length, PID_MAX, &number))
        return -ENOENT;
    struct pid *pid = pid_find((uint32_t)number);
    if (!pid || (!pid->process && !pid->thread))
        return -ENOENT;
    return item_node(subject, &process_item, pid, false, 0, child);
}

static int64_t list_processes(const struct subject *subject, uint64_t position,
                              struct listing *listing)
{
    char name[16];
    (void)subject;
    struct process *process = process_after(position ? (uint32_t)position - 1 : 0);
    for (; process; process = process_after(process->pid)) {
        size_t length = format_text(name, sizeof name, "%u", process->pid);
        if (!list_child(listing, name, length, item_inode(&process_item, process->pid, false, 0),
                        LINUX_S_IFDIR, LISTED + process->pid + 1))
            break;
    }
    return 0;
}

static const struct item root_item = {.name = "",
                                      .mode = DIRECTORY_MODE,
                                      .items = system_items,
                                      .find = find_process,
                                      .list = list_processes};

static int64_t mount(const char *path, const char *type, uint32_t magic, const struct item *item)
{
    struct entry *directory = tree_directory(path);
    struct file_system *system = file_system_new(type, type, magic, &node_operations);
    if (!directory || !system) {
        entry_drop(directory);
        return -ENOMEM;
    }
    system->root->node->about = (uintptr_t)item;
    system->root->node->mode = DIRECTORY_MODE;
    int64_t error = file_system_mount(system, directory);
    entry_drop(directory);
    return error;
}

int64_t procfs_init(void)
{
    load_init();
    int64_t error = mount("proc", "proc", LINUX_PROC_MAGIC, &root_item);
    return error ? error : mount("sys", "sysfs", LINUX_SYSFS_MAGIC, &sysfs_item);
}

/* ---- What nodes can do ---- */

static const struct node_operations node_operations = {.lookup = lookup,
                                                       .list = list,
                                                       .link_target = link_target,
                                                       .refresh = refresh,
                                                       .forget = forget};
static const struct node_operations text_link_operations = {
    .link_text = link_text, .refresh = refresh, .forget = forget};
