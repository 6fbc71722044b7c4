/*
 * full: takes all the room that files can have, in every way, gives it back, and finds that it is
 * all there again. Status 0 when each way ends in an errno, and twice at the same place (within a
 * tenth). Meant for a small pool; on Linux for a small tmpfs at /tmp.
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PIECE 65536

static char bytes[PIECE];

static int is_full(int error)
{
    return error == ENOSPC || error == ENOMEM || error == ENFILE || error == EMFILE ||
           error == ENOBUFS;
}

/* One large file: pieces written. */
static long large(void)
{
    long count = 0;
    int fd = open("/tmp/full", O_CREAT | O_RDWR | O_TRUNC, 0600);
    while (write(fd, bytes, PIECE) == PIECE)
        count++;
    EXPECT(is_full(errno), 1);
    EXPECT(pread(fd, bytes, PIECE, 0), count ? PIECE : 0);
    EXPECT(close(fd) + unlink("/tmp/full"), 0);
    return count;
}

/* Many files of one size each. */
static long many(size_t size)
{
    char name[32];
    long count = 0;
    EXPECT(mkdir("/tmp/full", 0700), 0);
    for (;; count++) {
        snprintf(name, sizeof name, "/tmp/full/%ld", count);
        int fd = open(name, O_CREAT | O_RDWR, 0600);
        if (fd < 0)
            break;
        long wrote = write(fd, bytes, size);
        close(fd);
        if (wrote != (long)size)
            break;
    }
    EXPECT(is_full(errno), 1);
    for (long i = 0; i <= count; i++) {
        snprintf(name, sizeof name, "/tmp/full/%ld", i);
        unlink(name);
    }
    EXPECT(rmdir("/tmp/full"), 0);
    return count;
}

/* Pages of a shared mapping: the one too many is SIGBUS, or the process is ended for it. */
static long mapped(void)
{
    int fd = memfd_create("full", 0), status;
    long size = 1L << 30;
    EXPECT(ftruncate(fd, size), 0);
    pid_t child = fork();
    if (child == 0) {
        char *map = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        for (long at = 0; at < size; at += 4096)
            map[at] = 1;
        _exit(0);
    }
    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(WIFSIGNALED(status) && (WTERMSIG(status) == SIGBUS || WTERMSIG(status) == SIGKILL), 1);
    struct stat facts;
    EXPECT(fstat(fd, &facts), 0);
    EXPECT(close(fd), 0);
    return 0;
}

/* Bytes in pipes, in as many as there can be. */
static long pipes(void)
{
    static int ends[4096][2];
    long count = 0, total = 0;
    struct rlimit limit = {4096, 4096};
    setrlimit(RLIMIT_NOFILE, &limit);
    for (; count < 2000 && pipe2(ends[count], O_NONBLOCK) == 0; count++) {
        long wrote = write(ends[count][1], bytes, PIECE);
        if (wrote < PIECE)
            EXPECT(wrote > 0 || is_full(errno), 1);
        if (wrote > 0)
            total += wrote;
    }
    while (count-- > 0) {
        close(ends[count][0]);
        close(ends[count][1]);
    }
    return total / PIECE;
}

static void twice(const char *what, long first, long second)
{
    printf("%s: %ld, then %ld\n", what, first, second);
    EXPECT_TRUE(second >= first - first / 10 - 1 && second <= first + first / 10 + 1);
}

int main(void)
{
    memset(bytes, 'f', sizeof bytes); /* they must be there when there is no room for more */
    long first = large();
    twice("pieces of a file", first, large());
    first = many(3000);
    twice("files of 3000 bytes", first, many(3000));
    first = many(100);
    twice("files of 100 bytes", first, many(100));
    mapped();
    mapped();
    first = pipes();
    twice("full pipes", first, pipes());
    first = large();
    twice("pieces of a file", first, large());
    return checks_end("full");
}
