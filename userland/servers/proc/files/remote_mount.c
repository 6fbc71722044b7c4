/*
 * remote_mount.c: how the remote file system comes to be seen, and goes. There is one at a time:
 * what the server vfs has. At the start it is mounted at /mnt, or, if the manifest says so, becomes
 * the root, with what only proc can have (/dev, /proc, /sys, /tmp, /run) over its directories.
 */
#include "block_device.h"
#include "lib/log.h"
#include "lib/manifest.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/wired.h"
#include "names.h"
#include "remote_internal.h"

#define EXT4_MAGIC 0xef53

struct remote_system remote_system;

/* What is being done when there is no call that waits for it. */
static struct {
    void (*ready)(void);
    bool root;
    bool checked;       /* or it was tried */
    unsigned directory; /* of `over`: looked for */
    void (*ended)(void);
    struct remote_operation *unmount;
} now;

static const char *const over[] = {"dev", "proc", "sys", "tmp", "run"};

/* ---- The parts of mounting ---- */

static struct file_system *make_system(const struct vfs_attributes *attributes, const char *type,
                                       const char *source)
{
    struct file_system *system = wired_alloc(sizeof *system);
    char *name = wired_text(source, strlen(source));
    struct node *node = NULL;
    if (system && name) {
        *system = (struct file_system){.type = type,
                                       .source = name,
                                       .source_owned = true,
                                       .magic = EXT4_MAGIC,
                                       .remote = true,
                                       .device = file_system_number()};
        node = remote_node_of(system, attributes);
    }
    if (node)
        system->root = entry_new(NULL, "", 0, node);
    if (node && system->root) {
        node_drop(node);
        return system;
    }
    node_drop(node);
    wired_free(system);
    wired_free(name);
    return NULL;
}

static struct remote_operation *mount_request(bool read_only, size_t data_bytes)
{
    struct remote_operation *operation = remote_operation(REMOTE_VFS, VFS_MOUNT, data_bytes);
    if (operation) {
        operation->request.w[0] = read_only ? VFS_MOUNT_READ_ONLY : 0;
        operation->request.w[1] = (uint64_t)(node_time() - (int64_t)time_now());
    }
    return operation;
}

/* MOUNT was answered: what is the root like? */
static struct remote_operation *root_request(const struct ring_completion *completion,
                                             const void *data, bool read_only)
{
    memcpy(&remote_system.statistics, data, sizeof remote_system.statistics);
    remote_system.read_only = read_only || remote_system.statistics.read_only;
    struct remote_operation *operation = remote_operation(REMOTE_VFS, VFS_ATTRIBUTES, 0);
    if (operation)
        operation->request.w[0] = completion->w[0];
    return operation;
}

static struct file_system *root_answered(const void *data, const char *type, const char *source)
{
    struct vfs_attributes attributes;
    memcpy(&attributes, data, sizeof attributes);
    bool good = remote_attributes_good(&attributes, sizeof attributes) &&
                (attributes.mode & LINUX_S_IFMT) == LINUX_S_IFDIR;
    remote_system.system = good ? make_system(&attributes, type, source) : NULL;
    return remote_system.system;
}

/* MOUNT was done, but the root cannot be used: all as before. */
static void mount_undo(uint64_t root)
{
    struct remote_operation *operation = remote_operation(REMOTE_VFS, VFS_RELEASE, 0);
    if (operation) {
        operation->request.w[0] = root;
        operation->request.w[1] = 1;
        remote_send(operation);
    }
    remote_send(remote_operation(REMOTE_VFS, VFS_UNMOUNT, 0));
}

/* ---- At the start ---- */

static void start_over(int64_t error)
{
    void (*ready)(void) = now.ready;
    if (error)
        log_print(LOG_ERROR, "proc: the card's file system cannot be mounted: %s%s\n",
                  linux_error_name(error), now.root ? "; the bundle is the root instead" : "");
    now.ready = NULL;
    ready();
}

static void next_directory(void);

static void directory_there(struct remote_operation *operation, int64_t error,
                            const struct ring_completion *completion, const void *data)
{
    const char *name = over[now.directory];
    struct vfs_attributes attributes;
    (void)completion;
    if (error == -ENOENT && operation->request.operation == VFS_LOOKUP &&
        !remote_system.read_only) {
        struct remote_operation *make = remote_operation(REMOTE_VFS, VFS_CREATE, strlen(name));
        if (make) {
            memcpy(make->data, name, strlen(name));
            make->request = operation->request;
            make->request.operation = VFS_CREATE;
            make->request.w[2] = LINUX_S_IFDIR | 0755;
            make->done = directory_there;
            remote_send(make);
            return;
        }
    }
    struct node *node = NULL;
    if (!error) {
        memcpy(&attributes, data, sizeof attributes);
        if (remote_attributes_good(&attributes, sizeof attributes))
            node = remote_node_of(remote_system.system, &attributes);
    }
    if (!node || node_type(node) != LINUX_S_IFDIR ||
        !remote_name_add(remote_system.system->root, name, strlen(name), node))
        log_print(LOG_ERROR, "proc: the card has no /%s: it cannot be there\n", name);
    node_drop(node);
    now.directory++;
    next_directory();
}

static void next_directory(void)
{
    if (now.directory == sizeof over / sizeof *over) {
        tree_replace(remote_system.system);
        start_over(0);
        return;
    }
    const char *name = over[now.directory];
    struct remote_operation *operation = remote_operation(REMOTE_VFS, VFS_LOOKUP, strlen(name));
    if (!operation) {
        start_over(-ENOMEM);
        return;
    }
    memcpy(operation->data, name, strlen(name));
    operation->request.w[0] = remote_system.system->root->node->inode;
    operation->request.w[1] = strlen(name);
    operation->done = directory_there;
    remote_send(operation);
}

static void root_known(struct remote_operation *operation, int64_t error,
                       const struct ring_completion *completion, const void *data)
{
    (void)completion;
    struct file_system *system = error ? NULL : root_answered(data, "ext4", block_root_path());
    if (!system) {
        mount_undo(operation->request.w[0]);
        start_over(error ? error : -EIO);
    } else if (now.root) {
        next_directory();
    } else {
        struct entry *directory = tree_directory("mnt");
        error = directory ? file_system_mount(system, directory) : -ENOMEM;
        entry_drop(directory);
        start_over(error);
    }
}

static void mounted(struct remote_operation *operation, int64_t error,
                    const struct ring_completion *completion, const void *data);

static void mount_now(void)
{
    struct remote_operation *operation = mount_request(false, 0);
    if (!operation) {
        start_over(-ENOMEM);
        return;
    }
    operation->done = mounted;
    remote_send(operation);
}

/* The check of an unclean file system has ended. */
static void checked(bool good)
{
    if (good)
        mount_now();
    else
        start_over(-EUCLEAN);
}

static void mounted(struct remote_operation *operation, int64_t error,
                    const struct ring_completion *completion, const void *data)
{
    struct remote_operation *next = NULL;
    (void)operation;
    if (error == -EUCLEAN && !now.checked) {
        now.checked = true;
        if (remote_check(checked))
            return;
    }
    if (!error) {
        next = root_request(completion, data, false);
        error = next ? 0 : -ENOMEM;
    }
    if (error) {
        start_over(error);
        return;
    }
    next->done = root_known;
    remote_send(next);
}

void remote_init(const struct manifest *manifest, void (*ready)(void))
{
    now.ready = ready;
    now.root = manifest->root;
    remote_check_prepare(manifest);
    if (!configuration.vfs || !configuration.file) {
        start_over(manifest->root ? -ENODEV : 0);
        return;
    }
    int64_t error = remote_open_ring(REMOTE_VFS, configuration.vfs);
    if (!error)
        error = remote_open_ring(REMOTE_FILE, configuration.file);
    if (error)
        start_over(error);
    else
        block_device_init(manifest, mount_now);
}

void remote_clock_set(void)
{
    struct remote_operation *operation =
        remote_system.system ? remote_operation(REMOTE_VFS, VFS_CLOCK, 0) : NULL;
    if (!operation)
        return;
    operation->request.w[0] = (uint64_t)(node_time() - (int64_t)time_now());
    remote_send(operation);
}

bool remote_exists(void)
{
    return remote_server_there(REMOTE_VFS) && remote_server_there(REMOTE_FILE);
}

bool remote_mounted(void)
{
    return remote_system.system;
}

bool remote_read_only(void)
{
    return remote_system.read_only;
}

/* ---- mount(2) ---- */

static void root_known_to_call(struct remote_operation *operation, int64_t error,
                               const struct ring_completion *completion, const void *data)
{
    (void)completion;
    const char *type = (const char *)operation->own[1];
    struct file_system *system = error ? NULL : root_answered(data, type, operation->data);
    if (!system)
        mount_undo(operation->request.w[0]);
    if (!error)
        error = system ? file_system_mount(system, operation->directory) : -EIO;
    remote_ends(operation, error);
}

static void mounted_for_call(struct remote_operation *operation, int64_t error,
                             const struct ring_completion *completion, const void *data)
{
    struct remote_operation *next = NULL;
    if (!error) {
        remote_system.read_only = operation->request.w[0] & VFS_MOUNT_READ_ONLY;
        remote_system.statistics = *(const struct vfs_statistics *)data;
        remote_system.read_only |= remote_system.statistics.read_only != 0;
        next = remote_operation(REMOTE_VFS, VFS_ATTRIBUTES, operation->data_bytes);
        error = next ? 0 : -ENOMEM;
    }
    if (error) {
        remote_ends(operation, error);
        return;
    }
    next->request.w[0] = completion->w[0];
    memcpy(next->data, operation->data, operation->data_bytes);
    next->directory = operation->directory;
    operation->directory = NULL;
    next->own[1] = operation->own[1];
    next->done = root_known_to_call;
    remote_instead(operation, next);
}

int64_t remote_mount(struct thread *thread, struct entry *directory, const char *type,
                     const char *source, bool read_only)
{
    static const char *const types[] = {"ext4", "ext3", "ext2"};
    if (remote_system.system)
        return -EBUSY;
    struct remote_operation *operation = mount_request(read_only, strlen(source) + 1);
    if (operation) {
        memcpy(operation->data, source, strlen(source));
        operation->own[1] = (uintptr_t)types[0];
        for (unsigned i = 0; i < sizeof types / sizeof *types; i++)
            if (strcmp(types[i], type) == 0)
                operation->own[1] = (uintptr_t)types[i];
        operation->directory = directory;
        entry_hold(directory);
        operation->done = mounted_for_call;
    }
    return remote_wait(thread, operation);
}

/* ---- How full it is ---- */

static void counted(struct remote_operation *operation, int64_t error,
                    const struct ring_completion *completion, const void *data)
{
    (void)completion;
    if (error) {
        remote_ends(operation, error);
        return;
    }
    memcpy(&remote_system.statistics, data, sizeof remote_system.statistics);
    if (operation->thread)
        operation->thread->remote.done = true;
}

int64_t remote_statistics(struct thread *thread, const struct file_system *system,
                          struct vfs_statistics *statistics)
{
    (void)system;
    if (thread->remote.done) {
        *statistics = remote_system.statistics;
        return 0;
    }
    struct remote_operation *operation = remote_operation(REMOTE_VFS, VFS_STATISTICS, 0);
    if (operation)
        operation->done = counted;
    return remote_wait(thread, operation);
}

/* ---- The end ---- */

static void unmounted(struct remote_operation *operation, int64_t error,
                      const struct ring_completion *completion, const void *data)
{
    void (*ended)(void) = now.ended;
    (void)completion, (void)data;
    if (error)
        log_print(LOG_ERROR, "proc: the card was not unmounted: %s\n", linux_error_name(error));
    else
        remote_system.system = NULL;
    remote_missing_clear();
    remote_ends(operation, error);
    now.ended = NULL;
    if (ended)
        ended();
}

/* Everything is written and released. */
static void all_released(void)
{
    struct remote_operation *operation = now.unmount;
    now.unmount = NULL;
    if (operation)
        remote_send(operation);
    else if (now.ended)
        now.ended();
}

static void all_written(struct remote_operation *operation, int64_t error,
                        const struct ring_completion *completion, const void *data)
{
    (void)operation, (void)completion, (void)data;
    if (error)
        log_print(LOG_ERROR, "proc: not all of the files could be written: %s\n",
                  linux_error_name(error));
    if (now.ended)
        remote_nodes_release();
    remote_when_quiet(all_released);
}

/* The way to the end: times, bytes, references, then `now.unmount`. */
static void begin_end(void)
{
    remote_tell_times();
    remote_names_drop();
    struct remote_operation *operation = remote_operation(REMOTE_FILE, FILE_SYNC, 0);
    if (!operation) {
        remote_when_quiet(all_released);
        return;
    }
    operation->request.w[3] = FILE_SYNC_METADATA;
    operation->done = all_written;
    remote_send(operation);
}

void remote_end(void (*done)(void))
{
    if (!remote_system.system || !remote_exists()) {
        done();
        return;
    }
    now.ended = done;
    now.unmount = remote_operation(REMOTE_VFS, VFS_UNMOUNT, 0);
    if (now.unmount)
        now.unmount->done = unmounted;
    begin_end();
}

int64_t remote_unmount(struct thread *thread, struct file_system *system)
{
    struct entry *root = system->root;
    remote_names_drop();
    if (now.unmount)
        return -EBUSY;
    struct remote_operation *operation = remote_operation(REMOTE_VFS, VFS_UNMOUNT, 0);
    if (!operation)
        return -ENOMEM;
    int64_t error = file_system_unmount(system);
    if (error) {
        wired_free(operation);
        return error;
    }
    operation->done = unmounted;
    now.unmount = operation;
    system->gone = true;
    system->source = "";
    error = remote_wait_for(thread, operation);
    begin_end();
    entry_drop(root);
    return error;
}
