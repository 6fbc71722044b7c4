/*
 * model: a tree of files against a model of it in memory: random calls, each of whose answers and
 * errors the model knows, and from time to time all names, sizes and bytes compared. Usage:
 * model [SEED [STEPS]]; the same seed makes the same calls everywhere. Runs on Linux unchanged.
 */
#include "model.h"
#include <dirent.h>

long step;
const char *doing = "";
static uint64_t state;
static int passed, failed;

/* xorshift64*, Vigna 2016. */
uint64_t chance(uint64_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * 0x2545f4914f6cdd1dUL >> 33) % below;
}

void check(long got, long want)
{
    if (got < 0 && got == -1)
        got = -errno;
    if (got == want) {
        passed++;
        return;
    }
    failed++;
    printf("step %ld: %s: got %ld, the model says %ld\n", step, doing, got, want);
}

/* Every name of a directory, and what it is. */
static void compare(int directory, char *path, size_t length)
{
    struct dirent *entry;
    int count = 0, expected = 0;
    DIR *open = opendir(path);
    doing = "opendir";
    check(open != NULL, 1);
    while (open && (entry = readdir(open)))
        if (entry->d_name[0] != '.') {
            count++;
            doing = "a name in a directory";
            check(find_name(directory, entry->d_name[0]) >= 0, 1);
        }
    if (open)
        closedir(open);
    for (int i = 0; i < NAMES; i++) {
        struct stat status;
        struct node *node = &nodes[names[i].node];
        if (!names[i].node || names[i].parent != directory)
            continue;
        expected++;
        path[length] = '/';
        path[length + 1] = names[i].letter;
        path[length + 2] = 0;
        doing = "stat";
        check(lstat(path, &status), 0);
        doing = "kind";
        check(S_ISDIR(status.st_mode), node->directory);
        doing = "links";
        if (!node->directory)
            check((long)status.st_nlink, node->links);
        doing = "size";
        if (!node->directory)
            check(status.st_size, node->size);
        if (node->directory)
            compare(names[i].node, path, length + 2);
    }
    path[length] = 0;
    doing = "names in a directory";
    check(count, expected);
}

static void compare_files(void)
{
    for (int i = 0; i < FILES; i++) {
        if (!files[i].node)
            continue;
        struct node *node = &nodes[files[i].node];
        doing = "all of a file";
        check(pread(files[i].descriptor, seen, SIZE_MOST, 0), node->size);
        doing = "its bytes";
        check(memcmp(seen, node->bytes, (size_t)node->size), 0);
    }
}

/* Removes what is below a directory, by the model's knowledge of it. */
static void remove_below(int directory, char *path, size_t length)
{
    for (int i = 0; i < NAMES; i++) {
        if (!names[i].node || names[i].parent != directory)
            continue;
        path[length] = '/';
        path[length + 1] = names[i].letter;
        path[length + 2] = 0;
        if (nodes[names[i].node].directory)
            remove_below(names[i].node, path, length + 2);
        doing = "remove";
        check(nodes[names[i].node].directory ? rmdir(path) : unlink(path), 0);
        drop_name(i);
    }
    path[length] = 0;
}

/* What is there from the start: on Pagoda, files of the boot bundle. */
static void import(void)
{
    char path[] = ROOT "/?";
    for (char letter = 'a'; letter < 'a' + LETTERS; letter++) {
        path[sizeof path - 2] = letter;
        int fd = open(path, O_RDONLY);
        if (fd < 0)
            continue;
        int node = new_node(0);
        nodes[node].size = pread(fd, nodes[node].bytes, SIZE_MOST, 0);
        add_name(1, letter, node);
        printf("model: %s was there, %ld bytes\n", path, nodes[node].size);
        close(fd);
    }
}

int main(int count, char **arguments)
{
    static void (*const calls[])(void) = {try_open,   try_open,  try_mkdir, try_remove, try_link,
                                          try_rename, try_write, try_write, try_read,   try_read,
                                          try_resize, try_punch, try_seek,  try_copy};
    uint64_t seed = count > 1 ? strtoull(arguments[1], NULL, 0) : 1;
    long steps = count > 2 ? strtol(arguments[2], NULL, 0) : 3000;
    char path[64] = ROOT;
    state = seed * 0x9e3779b97f4a7c15UL + 1;
    printf("model: seed %llu, %ld steps\n", (unsigned long long)seed, steps);
    if (mkdir(ROOT, 0700) && errno == EEXIST)
        import();
    nodes[1] = (struct node){1, 1, 1, 0, NULL};
    for (step = 1; step <= steps && failed < 10; step++) {
        calls[chance(sizeof calls / sizeof calls[0])]();
        if (step % 100 == 0) {
            compare(1, path, sizeof ROOT - 1);
            compare_files();
        }
    }
    for (int i = 0; i < FILES; i++)
        if (files[i].node)
            close(files[i].descriptor);
    remove_below(1, path, sizeof ROOT - 1);
    doing = "remove the root";
    check(rmdir(ROOT), 0);
    printf("model: %d passed, %d failed\n", passed, failed);
    return failed != 0;
}
