/*
 * main.c: vfs: names, attributes and maps of one ext4 file system, for proc (by ring) and the pager
 * of files (by calls). It waits for the block driver and for nobody else.
 *
 * Argument: the name of the handle to the block driver; "card" when there is none. Or
 * "restartable", with "card": nothing is answered that would be lost if this server died.
 */
#include "clock.h"
#include "disk.h"
#include "ext4/commit.h"
#include "ext4/data.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/ring_server.h"
#include "lib/server.h"
#include "lib/startup.h"
#include "lib/step.h"
#include "lib/wired.h"
#include "server.h"
#include "tick.h"

#define CACHE_BLOCKS    512  /* 2 MiB */
#define DIRTY_MOST      256  /* blocks: more are committed at once */
#define ORPHANS_MOST    512  /* inodes that go with the next commit */
#define IDLE_NODES_MOST 1024 /* that nobody holds */
#define RESERVE_PAGES   64   /* of the pool, for what must not fail */
#define SECTORS         (BLOCK_BYTES / 512)

static struct ring_server rings;
static struct file_system file_system;
static struct disk disk;
static bool is_mounted;
static bool restartable; /* nothing is answered that would be lost with this server */

struct file_system *mounted(void)
{
    return is_mounted ? &file_system : NULL;
}

static void say(const char *line)
{
    log_print(LOG_WARNING, "%s: %s\n", startup_name(), line);
}

int64_t mount(uint32_t flags)
{
    char word[STARTUP_NAME_BYTES];
    if (is_mounted)
        return 0; /* a further client */
    bool named = argument_word(word, sizeof word) && strcmp(word, "restartable");
    handle driver = startup_handle(named ? word : "card");
    int64_t error = driver ? disk_open(&disk, driver) : -ENXIO;
    if (error)
        return error;
    file_system.now = clock_now;
    file_system.log = say;
    error = file_system_mount(&file_system, &disk.device, flags & VFS_MOUNT_READ_ONLY,
                              flags & VFS_MOUNT_AGAIN, CACHE_BLOCKS);
    if (error)
        disk_close(&disk);
    is_mounted = !error;
    return error;
}

int64_t unmount(void)
{
    int64_t error = is_mounted ? file_system_unmount(&file_system) : -ENXIO;
    if (error)
        return error;
    disk_close(&disk);
    is_mounted = false;
    return 0;
}

void keep_house(void)
{
    if (!is_mounted)
        return;
    if (cache_dirty_blocks(&file_system.cache) > DIRTY_MOST || file_system.orphans > ORPHANS_MOST)
        commit_all(&file_system); /* on error it is tried again, and said to who syncs */
    nodes_trim(&file_system, IDLE_NODES_MOST);
    cache_trim(&file_system.cache);
}

/* ---- Calls of the pager ---- */

static int64_t call_map(struct node *node, struct message *message)
{
    struct mapped mapped;
    bool allocate = message->w[4] & VFS_MAP_ALLOCATE;
    int64_t error = data_map(&file_system, node, message->w[2], message->w[3], allocate, &mapped);
    if (error == -ENOSPC && commit_needed(&file_system)) {
        error = commit_everything(&file_system);
        if (!error)
            error = data_map(&file_system, node, message->w[2], message->w[3], allocate, &mapped);
    }
    if (error)
        return error;
    message->w[1] = mapped.start * SECTORS;
    message->w[2] = mapped.blocks;
    message->w[3] = mapped.fresh;
    return 0;
}

static int64_t call_size(struct node *node, struct message *message)
{
    inode inode;
    int64_t error = inode_read(&file_system, node->number, &inode);
    if (error)
        return error;
    message->w[1] = inode_size(&inode);
    message->w[2] = inode.i_generation;
    return 0;
}

/* Before an answer: what it says is on the card, if it must not be lost with this server. */
static int64_t make_sure(void)
{
    if (!restartable || !is_mounted || !commit_needed(&file_system))
        return 0;
    step("changed");
    int64_t error = commit_everything(&file_system);
    step("committed");
    return error;
}

static int64_t on_inode(struct message *message)
{
    struct node *node = NULL;
    bool all = message->w[0] == VFS_COMMIT && !message->w[1];
    if (restartable && startup_block->deaths)
        mount(VFS_MOUNT_AGAIN); /* the pager may come before proc */
    if (!is_mounted)
        return -ENXIO;
    if (message->w[1] > UINT32_MAX)
        return -ENOENT;
    int64_t error = all ? 0 : node_get(&file_system, (uint32_t)message->w[1], &node);
    if (error)
        return error;
    switch (message->w[0]) {
    case VFS_MAP:
        return wired_scarce() && message->w[4] & VFS_MAP_ALLOCATE ? -ENOMEM
                                                                  : call_map(node, message);
    case VFS_SET_SIZE:
        return data_set_size(&file_system, node, message->w[2]);
    case VFS_COMMIT:
        return data_commit(&file_system, node, message->w[2] & 1);
    default:
        return call_size(node, message);
    }
}

static int64_t on_call(struct message *message)
{
    int64_t tag;
    if (ring_server_call(&rings, message, &tag))
        return tag;
    message_refuse_handle(message);
    if (message->w[0] >= VFS_MAP && message->w[0] <= VFS_SIZE) {
        int64_t result = on_inode(message), error = make_sure();
        message->w[0] = (uint64_t)(result ? result : error);
        step("reply");
    } else
        message->w[0] = (uint64_t)-ENOSYS;
    keep_house();
    return 0;
}

/* ---- Rings ---- */

/* Entry i has data page i. */
static int64_t attached(struct ring_link *link)
{
    return link->ring.data_pages < link->ring.entries ? -EINVAL : 0;
}

static int64_t on_notify(struct message *message)
{
    struct ring_request request;
    struct ring_link *link;
    if (message->badge == TICK_BADGE && is_mounted && commit_needed(&file_system))
        commit_all(&file_system); /* on error the next one tries again */
    if (message->badge == TICK_BADGE || !ring_server_notify(&rings, message))
        return ANSWER_LATER;
    while ((link = ring_server_take(&rings, &request))) {
        struct ring_completion completion = {.tag = request.tag};
        uint32_t entry = (link->ring.submitted - 1) & (link->ring.entries - 1);
        step("request");
        request_serve(&request, link->ring.data + (uint64_t)entry * PAGE_SIZE, &completion);
        int64_t error = make_sure();
        if (!completion.error)
            completion.error = (int32_t)error;
        step("answer");
        ring_server_complete(&rings, link, &completion);
        ring_server_tell(&rings);
        keep_house();
    }
    return ANSWER_LATER;
}

static const struct ring_server_operations ring_operations = {.attached = attached};
static const struct server_operations operations = {.on_call = on_call, .on_notify = on_notify};

int main(const struct startup *startup)
{
    struct pool_facts facts;
    (void)startup;
    handle self = startup_handle_needed("self");
    steps_begin();
    char word[STARTUP_NAME_BYTES];
    restartable = argument_word(word, sizeof word) && !strcmp(word, "restartable");
    if (!pool_query(HANDLE_POOL, &facts) && facts.limit > facts.used + RESERVE_PAGES)
        wired_reserve(facts.limit - facts.used - RESERVE_PAGES);
    int64_t error = ring_server_begin(&rings, self, &ring_operations);
    if (!error)
        error = tick_begin(self);
    if (error) {
        log_print(LOG_ERROR, "%s: cannot begin: %s\n", startup_name(), error_name(error));
        return 1;
    }
    server_loop(self, &operations);
}
