/*
 * steps.c: the random steps. What chance is asked must not depend on what the files say: the model
 * alone goes the same way.
 */
#include "verifier.h"

struct view views[VIEWS];
static unsigned char buffer[SIZE_MOST];

static int random_name(void)
{
    int slot = (int)chance(SLOTS);
    for (int i = 0; i < SLOTS; i++, slot = (slot + 1) % SLOTS)
        if (names[slot] >= 0 && !nodes[names[slot]].symbolic)
            return slot;
    return -1;
}

static int free_node(void)
{
    for (int i = 0; i < SLOTS; i++) {
        int viewed = 0;
        for (int v = 0; v < VIEWS; v++)
            viewed |= views[v].node == i;
        if (!nodes[i].names && !viewed)
            return i;
    }
    return -1;
}

/* Some places are likelier: around pages, and around what is read ahead. */
static long random_place(long most)
{
    static const long edges[] = {0, 1, 2048, 4096, 8192, 65536, 131072, 262144};
    long place = chance(2) ? edges[chance(8)] + (long)chance(3) - 1 : (long)chance((uint64_t)most);
    return place < 0 ? 0 : place > most ? most : place;
}

static void new_bytes(unsigned char *at, long place, long count)
{
    for (long i = 0; i < count; i++)
        at[i] = (unsigned char)((uint64_t)(step * 131 + (place + i) * 29) * 0x9e3779b1u >> 20);
}

static int open_name(int slot, int flags)
{
    char path[PATH_BYTES];
    path_of(slot, path);
    int file = open(path, flags, 0600);
    doing = "open";
    check(file >= 0);
    return file;
}

static void create(void)
{
    int slot = (int)chance(SLOTS), node = free_node();
    if (names[slot] >= 0 || node < 0)
        return;
    names[slot] = node;
    memset(nodes[node].bytes, 0, SIZE_MOST);
    nodes[node].names = 1;
    nodes[node].size = 0;
    nodes[node].symbolic = 0;
    if (!alone)
        close(open_name(slot, O_RDWR | O_CREAT | O_EXCL));
}

static void make_symbolic(void)
{
    char path[PATH_BYTES];
    int slot = (int)chance(SLOTS), node = free_node(), length = 1 + (int)chance(200);
    if (names[slot] >= 0 || node < 0)
        return;
    names[slot] = node;
    memset(nodes[node].bytes, 0, SIZE_MOST);
    memset(nodes[node].bytes, 'a' + length % 26, (size_t)length);
    nodes[node].names = nodes[node].symbolic = 1;
    nodes[node].size = length;
    path_of(slot, path);
    doing = "symlink";
    if (!alone)
        check(!symlink((char *)nodes[node].bytes, path));
}

static void write_some(void)
{
    int slot = random_name(), how = (int)chance(16);
    long place = random_place(SIZE_MOST / 2), count = 1 + random_place(chance(4) ? 9000 : 150000);
    if (slot < 0)
        return;
    struct node *node = &nodes[names[slot]];
    if (how & 1)
        place = node->size;
    if (place + count > SIZE_MOST)
        return;
    new_bytes(node->bytes + place, place, count);
    if (node->size < place + count)
        node->size = place + count;
    if (alone)
        return;
    int file = open_name(slot, O_WRONLY | (how & 1 ? O_APPEND : 0) | (how == 2 ? O_SYNC : 0));
    doing = "pwrite";
    check(pwrite(file, node->bytes + place, (size_t)count, place) == count);
    doing = "fsync";
    if (how > 13)
        check(how == 14 ? !fsync(file) : !fdatasync(file));
    close(file);
}

static void read_some(void)
{
    int slot = random_name();
    long place = random_place(SIZE_MOST), count = random_place(100000);
    if (slot < 0 || alone)
        return;
    struct node *node = &nodes[names[slot]];
    long want = place >= node->size ? 0 : node->size - place < count ? node->size - place : count;
    int file = open_name(slot, O_RDONLY);
    doing = "pread";
    check(pread(file, buffer, (size_t)count, place) == want);
    compare_range(buffer, node, place, want);
    close(file);
}

static void resize(void)
{
    int slot = random_name();
    long size = random_place(SIZE_MOST - 1);
    if (slot < 0)
        return;
    struct node *node = &nodes[names[slot]];
    if (size < node->size)
        memset(node->bytes + size, 0, (size_t)(node->size - size));
    node->size = size;
    if (alone)
        return;
    char path[PATH_BYTES];
    path_of(slot, path);
    doing = "truncate";
    check(!truncate(path, size));
}

/* Written through a mapping; a shared one's bytes are the file's, a private one's are not. */
static void map_some(int shared)
{
    int slot = random_name(), sync = (int)chance(4);
    long at_random = random_place(SIZE_MOST), most = 1 + random_place(30000);
    if (slot < 0 || !nodes[names[slot]].size)
        return;
    struct node *node = &nodes[names[slot]];
    long place = at_random % node->size;
    long count = node->size - place < most ? node->size - place : most;
    if (shared)
        new_bytes(node->bytes + place, place, count);
    if (alone)
        return;
    int file = open_name(slot, O_RDWR);
    unsigned char *at = mmap(NULL, (size_t)node->size, PROT_READ | PROT_WRITE,
                             shared ? MAP_SHARED : MAP_PRIVATE, file, 0);
    doing = shared ? "shared mapping" : "private mapping";
    check(at != MAP_FAILED);
    if (at != MAP_FAILED) {
        compare_range(at, node, 0, place);
        new_bytes(at + place, place, count);
        check(pread(file, buffer, (size_t)count, place) == count);
        compare_range(buffer, node, place, count);
        compare_range(at + place + count, node, place + count, node->size - place - count);
        doing = "msync";
        if (sync == 0)
            check(!msync(at, (size_t)node->size, MS_SYNC));
        check(!munmap(at, (size_t)node->size));
    }
    close(file);
}

static void drop_view(struct view *view)
{
    if (view->node >= 0 && view->at)
        munmap(view->at, (size_t)view->bytes);
    view->node = -1;
}

void drop_views(void)
{
    for (int i = 0; i < VIEWS; i++)
        drop_view(&views[i]);
}

/* A kept mapping is made, or compared and written to as far as the file goes: also of a file that
 * has no name any more. */
static void use_view(void)
{
    struct view *view = &views[chance(VIEWS)];
    int slot = random_name(), end = (int)chance(5) == 0;
    long at_random = random_place(SIZE_MOST);
    if (view->node >= 0) {
        struct node *node = &nodes[view->node];
        long there = node->size < view->bytes ? node->size : view->bytes;
        if (!alone)
            compare_range(view->at, node, 0, there);
        if (there) {
            long place = at_random % there, count = there - place < 5000 ? there - place : 5000;
            new_bytes(node->bytes + place, place, count);
            if (!alone)
                memcpy(view->at + place, node->bytes + place, (size_t)count);
        }
        if (end)
            drop_view(view);
        return;
    }
    if (slot < 0)
        return;
    *view = (struct view){names[slot], at_random + 1, NULL};
    if (alone)
        return;
    int file = open_name(slot, O_RDWR);
    view->at = mmap(NULL, (size_t)view->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    doing = "mapping to keep";
    check(view->at != MAP_FAILED);
    close(file);
}

static void take_name(int slot)
{
    nodes[names[slot]].names--;
    names[slot] = -1;
}

static void remove_name(void)
{
    char path[PATH_BYTES];
    int slot = (int)chance(SLOTS);
    if (names[slot] < 0)
        return;
    take_name(slot);
    path_of(slot, path);
    doing = "unlink";
    if (!alone)
        check(!unlink(path));
}

static void move_name(int another)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    int slot = random_name(), target = (int)chance(SLOTS);
    if (slot < 0 || slot == target || (another && names[target] >= 0))
        return;
    path_of(slot, from);
    path_of(target, to);
    doing = another ? "link" : "rename";
    if (!alone)
        check(another ? !link(from, to) : !rename(from, to));
    int node = names[slot];
    if (names[target] == node)
        return; /* two names of one file: rename does nothing */
    if (names[target] >= 0)
        take_name(target);
    names[target] = node;
    nodes[node].names++;
    if (!another)
        take_name(slot);
}

static void sync_all(void)
{
    if (chance(20) == 0 && !alone)
        sync();
}

void random_step(void)
{
    switch (chance(16)) {
    case 0:
    case 1:
        return create();
    case 2:
    case 3:
    case 4:
        return write_some();
    case 5:
    case 6:
        return read_some();
    case 7:
    case 8:
        return map_some(1);
    case 9:
        return map_some(0);
    case 10:
    case 11:
        return use_view();
    case 12:
        return chance(2) ? resize() : sync_all();
    case 13:
        return chance(2) ? remove_name() : resize();
    case 14:
        return move_name(0);
    default:
        return chance(3) ? move_name(1) : make_symbolic();
    }
}
