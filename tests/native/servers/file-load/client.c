#include "load.h"

#define ENTRIES 16

static struct ring_client vfs, file;
static uint64_t root_inode;
static uint32_t vfs_page; /* entry i has data page i */

static void open_ring(struct ring_client *ring, const char *name, uint32_t data_pages)
{
    int64_t notification = create_notification(0, HANDLE_NONE);
    WANT(notification > 0, "%s", error_name(notification));
    int64_t error = ring_client_open(ring, startup_handle_needed(name), ENTRIES, data_pages,
                                     (handle)notification, 1, 2);
    WANT(!error, "%s: %s", name, error_name(error));
}

void client_open(void)
{
    open_ring(&vfs, "vfs", ENTRIES);
    open_ring(&file, "file", 0);
    int64_t error = ask_vfs(VFS_MOUNT, 0, 0, 0, 0, "", &root_inode);
    WANT(!error, "mount: %s", error_name(error));
}

static int64_t one(struct ring_client *ring, struct ring_request *request, uint64_t *result)
{
    struct ring_completion completion;
    request->tag = 77;
    ring_client_submit(ring, request);
    int64_t error = ring_client_wait(ring, &completion);
    WANT(!error && completion.tag == 77, "waiting: %s", error_name(error));
    if (result)
        *result = completion.w[0];
    return completion.error;
}

int64_t ask_file(uint32_t operation, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3,
                 uint64_t w4, uint64_t *result)
{
    struct ring_request request = {operation, 0, {w0, w1, w2, w3, w4}};
    return one(&file, &request, result);
}

int64_t ask_vfs(uint32_t operation, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3,
                const char *name, uint64_t *result)
{
    struct ring_request request = {operation, 0, {w0, w1, w2, w3}};
    vfs_page = vfs.ring.submitted % ENTRIES;
    memcpy(ring_client_page(&vfs, vfs_page), name, strlen(name));
    return one(&vfs, &request, result);
}

const void *answer_of_vfs(void)
{
    return ring_client_page(&vfs, vfs_page);
}

static unsigned under_way;

void begin_file(uint32_t operation, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
    struct ring_request request = {operation, 0, {w0, w1, w2, w3}};
    ring_client_submit(&file, &request);
    ring_client_kick(&file);
    under_way++;
}

void finish_file(void)
{
    struct ring_completion completion;
    for (; under_way; under_way--) {
        int64_t error = ring_client_wait(&file, &completion);
        WANT(!error && !completion.error, "%s", error_name(error ? error : completion.error));
    }
}

int64_t client_unmount(void)
{
    int64_t error = ask_vfs(VFS_RELEASE, root_inode, 1, 0, 0, "", NULL);
    return error ? error : ask_vfs(VFS_UNMOUNT, 0, 0, 0, 0, "", NULL);
}

static int64_t call_file(struct message *message)
{
    int64_t error = call(startup_handle_needed("file"), 0, message);
    return error ? error : (int64_t)message->w[0];
}

void file_open(struct open_file *opened, const char *name, bool make, uint64_t pages)
{
    const struct vfs_attributes *attributes = answer_of_vfs();
    int64_t error = make ? ask_vfs(VFS_CREATE, root_inode, strlen(name), 0100644, 0, name, NULL)
                         : ask_vfs(VFS_LOOKUP, root_inode, strlen(name), 0, 0, name, NULL);
    WANT(!error, "%s: %s", name, error_name(error));
    attributes = answer_of_vfs();
    *opened = (struct open_file){
        .inode = attributes->inode, .generation = attributes->generation, .size = attributes->size};
    struct message message = {.w = {FILE_OPEN, opened->inode, opened->generation, opened->size}};
    error = call_file(&message);
    WANT(!error && message_tag(&message) & TAG_HANDLE, "open: %s", error_name(error));
    opened->object = (handle)message.w[5];
    opened->size = message.w[2];
    opened->pages = pages;
    opened->at = (uint8_t *)wired_addresses(pages);
    error = region_map(HANDLE_SPACE, (uintptr_t)opened->at, pages, MAP_READ | MAP_WRITE,
                       opened->object, 0, 0, 0);
    WANT(!error, "map: %s", error_name(error));
}

void file_close(struct open_file *opened)
{
    struct message message = {.w = {FILE_CLOSE, opened->inode}};
    region_unmap(HANDLE_SPACE, (uintptr_t)opened->at, opened->pages, 0);
    wired_addresses_free((uintptr_t)opened->at, opened->pages);
    handle_close(opened->object);
    int64_t error = call_file(&message);
    WANT(!error, "close: %s", error_name(error));
    error = ask_vfs(VFS_RELEASE, opened->inode, 1, 0, 0, "", NULL);
    WANT(!error, "release: %s", error_name(error));
}

void facts_ask(uint64_t facts[5])
{
    struct message message = {.w = {FILE_FACTS}};
    int64_t error = call_file(&message);
    WANT(!error, "facts: %s", error_name(error));
    memcpy(facts, &message.w[1], 5 * sizeof *facts);
}
