/*
 * verifier: random steps on files of a folder, each done to a model as well; everything compared
 * with the model at the end, and again by `check` after a remount or a reboot. README.md.
 */
#include "verifier.h"
#include <dirent.h>

struct node nodes[SLOTS];
int names[SLOTS];
const char *folder, *doing = "";
int alone;
long step;
static uint64_t state;
static long passed, failed;
static unsigned char seen[SIZE_MOST + 1];

/* xorshift64*, Vigna 2016. */
uint64_t chance(uint64_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * 0x2545f4914f6cdd1dUL >> 33) % below;
}

void check(int holds)
{
    int error = errno;
    if (holds) {
        passed++;
        return;
    }
    if (failed++ < 10)
        printf("verifier: step %ld: %s: not so (errno %d)\n", step, doing, error);
}

/* Every fourth slot's name has all 255 bytes that a name may have. */
void path_of(int slot, char *path)
{
    int length =
        snprintf(path, PATH_BYTES - 255, "%s/%d/%d-", folder, slot % FOLDERS, slot / FOLDERS);
    char *name = strrchr(path, '/') + 1;
    long more = slot / FOLDERS % 4 == 3 ? 255 - (long)strlen(name) : slot;
    memset(path + length, 'a' + slot % 26, (size_t)more);
    path[length + more] = 0;
}

void compare_range(const unsigned char *bytes, const struct node *node, long from, long count)
{
    for (long i = 0; i < count; i++)
        if (bytes[i] != node->bytes[from + i]) {
            printf("verifier: node %d of %ld bytes: byte %ld is %u, not %u\n", (int)(node - nodes),
                   node->size, from + i, bytes[i], node->bytes[from + i]);
            errno = 0;
            check(0);
            return;
        }
    check(1);
}

static void compare_file(const char *path, const struct node *node)
{
    struct stat status;
    doing = "status of a file";
    check(!lstat(path, &status));
    doing = "kind";
    check(S_ISLNK(status.st_mode) == node->symbolic);
    doing = "size";
    check(status.st_size == node->size);
    doing = "links";
    check((int)status.st_nlink == node->names);
    if (node->symbolic) {
        doing = "readlink";
        check(readlink(path, (char *)seen, SIZE_MOST) == node->size);
        compare_range(seen, node, 0, node->size);
        return;
    }
    int file = open(path, O_RDONLY);
    doing = "read of a whole file";
    check(read(file, seen, sizeof seen) == node->size);
    compare_range(seen, node, 0, node->size);
    if (node->size) {
        unsigned char *at = mmap(NULL, (size_t)node->size, PROT_READ, MAP_SHARED, file, 0);
        doing = "mapping of a whole file";
        check(at != MAP_FAILED);
        if (at != MAP_FAILED)
            compare_range(at, node, 0, node->size);
        munmap(at, (size_t)node->size);
    }
    close(file);
}

static int names_in(const char *path)
{
    int count = 0;
    DIR *open = opendir(path);
    while (open && readdir(open))
        count++;
    if (open)
        closedir(open);
    return count - 2;
}

static void compare_all(void)
{
    char path[PATH_BYTES];
    int count[FOLDERS] = {0};
    for (int slot = 0; slot < SLOTS; slot++) {
        path_of(slot, path);
        if (names[slot] >= 0) {
            compare_file(path, &nodes[names[slot]]);
            count[slot % FOLDERS]++;
        } else {
            struct stat status;
            doing = "a name that was removed";
            check(lstat(path, &status) && errno == ENOENT);
        }
    }
    for (int i = 0; i < FOLDERS; i++) {
        snprintf(path, sizeof path, "%s/%d", folder, i);
        doing = "names of a folder";
        check(names_in(path) == count[i]);
    }
}

/* FNV-1a, 64 bits: what tests/system/test_card_model.py computes of the files on the card. */
static void tell_the_host(void)
{
    char path[PATH_BYTES];
    for (int slot = 0; slot < SLOTS; slot++) {
        if (names[slot] < 0 || nodes[names[slot]].symbolic)
            continue;
        const struct node *node = &nodes[names[slot]];
        uint64_t sum = 0xcbf29ce484222325UL;
        for (long i = 0; i < node->size; i++)
            sum = (sum ^ node->bytes[i]) * 0x100000001b3UL;
        path_of(slot, path);
        printf("file %s %ld %016llx\n", path, node->size, (unsigned long long)sum);
    }
}

static void begin(uint64_t seed)
{
    char path[PATH_BYTES];
    state = seed * 0x9e3779b97f4a7c15UL + 1;
    for (int i = 0; i < SLOTS; i++) {
        names[i] = -1;
        nodes[i].bytes = calloc(1, SIZE_MOST);
    }
    for (int i = 0; i < VIEWS; i++)
        views[i].node = -1;
    if (alone)
        return;
    doing = "folders";
    check(!mkdir(folder, 0700));
    for (int i = 0; i < FOLDERS; i++) {
        snprintf(path, sizeof path, "%s/%d", folder, i);
        check(!mkdir(path, 0700));
    }
}

int main(int count, char **arguments)
{
    if (count != 5) {
        fprintf(stderr, "usage: verifier run|check|host FOLDER SEED STEPS\n");
        return 2;
    }
    long steps = strtol(arguments[4], NULL, 0);
    folder = arguments[2];
    alone = strcmp(arguments[1], "run") != 0;
    begin(strtoull(arguments[3], NULL, 0));
    for (step = 1; step <= steps && failed < 10; step++)
        random_step();
    drop_views();
    if (strcmp(arguments[1], "host") == 0)
        tell_the_host();
    else
        compare_all();
    printf("verifier: %s, %ld steps: %ld passed, %ld failed\n", arguments[1], steps, passed,
           failed);
    return failed != 0;
}
