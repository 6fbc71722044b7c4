/*
 * bytes.c: random calls on open files, and what the model says to them.
 */
#include "model.h"

struct file files[FILES];
unsigned char seen[SIZE_MOST];
static unsigned char buffer[SIZE_MOST];

static struct file *open_file(void)
{
    struct file *file = &files[chance(FILES)];
    return file->node ? file : NULL;
}

/* Some places and lengths are likelier: around pages, and around what wired memory holds. */
static long random_place(long most)
{
    static const long edges[] = {0, 1, 63, 64, 2015, 2016, 2017, 4095, 4096, 4097, 65536, 262144};
    long place = chance(2) ? edges[chance(12)] + (long)chance(3) - 1 : (long)chance((uint64_t)most);
    return place < 0 ? 0 : place > most ? most : place;
}

void try_write(void)
{
    struct file *file = open_file();
    if (!file)
        return;
    struct node *node = &nodes[file->node];
    int at_place = (int)chance(2);
    long place = at_place ? random_place(SIZE_MOST / 2) : file->offset;
    long bytes = random_place(chance(4) ? 5000 : SIZE_MOST / 3);
    doing = at_place ? "pwrite" : "write";
    if (file->flags & O_APPEND)
        place = node->size;
    if (place + bytes > SIZE_MOST)
        return;
    for (long i = 0; i < bytes; i++)
        buffer[i] = (unsigned char)(step * 7 + i * 13 + i / 256);
    long want = file->flags == O_RDONLY ? -EBADF : bytes;
    check(at_place ? pwrite(file->descriptor, buffer, (size_t)bytes, place)
                   : write(file->descriptor, buffer, (size_t)bytes),
          want);
    if (want <= 0)
        return;
    memcpy(node->bytes + place, buffer, (size_t)bytes);
    if (node->size < place + bytes)
        node->size = place + bytes;
    if (!at_place)
        file->offset = place + bytes;
}

void try_read(void)
{
    struct file *file = open_file();
    if (!file)
        return;
    struct node *node = &nodes[file->node];
    int at_place = (int)chance(2);
    long place = at_place ? random_place(SIZE_MOST) : file->offset, bytes = random_place(70000);
    long want = place >= node->size ? 0 : node->size - place < bytes ? node->size - place : bytes;
    doing = at_place ? "pread" : "read";
    check(at_place ? pread(file->descriptor, seen, (size_t)bytes, place)
                   : read(file->descriptor, seen, (size_t)bytes),
          want);
    doing = "bytes read";
    check(memcmp(seen, node->bytes + place, (size_t)want), 0);
    if (!at_place)
        file->offset += want;
}

void try_resize(void)
{
    struct file *file = open_file();
    if (!file)
        return;
    struct node *node = &nodes[file->node];
    long size = random_place(SIZE_MOST - 1);
    doing = "ftruncate";
    check(ftruncate(file->descriptor, size), file->flags == O_RDONLY ? -EINVAL : 0);
    if (file->flags == O_RDONLY)
        return;
    if (size < node->size)
        memset(node->bytes + size, 0, (size_t)(node->size - size));
    node->size = size;
}

void try_punch(void)
{
    struct file *file = open_file();
    if (!file || file->flags == O_RDONLY)
        return;
    struct node *node = &nodes[file->node];
    long place = random_place(SIZE_MOST / 2), bytes = 1 + random_place(40000);
    doing = "punch";
    check(fallocate(file->descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, place, bytes), 0);
    if (place < node->size)
        memset(node->bytes + place, 0,
               (size_t)(bytes < node->size - place ? bytes : node->size - place));
}

void try_seek(void)
{
    struct file *file = open_file();
    if (!file)
        return;
    long place = random_place(SIZE_MOST - 1);
    doing = "lseek";
    check(lseek(file->descriptor, place, SEEK_SET), place);
    file->offset = place;
}

void try_copy(void)
{
    struct file *from = open_file(), *to = open_file();
    if (!from || !to || from->node == to->node || to->flags == O_RDONLY || to->flags & O_APPEND)
        return;
    struct node *source = &nodes[from->node], *target = &nodes[to->node];
    loff_t at = random_place(SIZE_MOST / 2), place = random_place(SIZE_MOST / 2);
    long bytes = random_place(100000);
    long want = at >= source->size ? 0 : source->size - at < bytes ? source->size - at : bytes;
    doing = "copy_file_range";
    check(copy_file_range(from->descriptor, &at, to->descriptor, &place, (size_t)bytes, 0), want);
    memcpy(target->bytes + place - want, source->bytes + at - want, (size_t)want);
    if (want && target->size < place)
        target->size = place;
}
