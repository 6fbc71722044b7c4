/*
 * mapped: files that are mapped and read and written and cut at the same time: all ways show the
 * same bytes. Compares with Linux's answers and runs there unchanged.
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PAGE 4096L

static char text[64 * PAGE];
static sigjmp_buf back;
static volatile int caught;

static void on_signal(int number)
{
    caught = number;
    siglongjmp(back, 1);
}

/* The signal that reading a byte there gives, or 0. */
static int touch(const volatile char *at)
{
    caught = 0;
    if (sigsetjmp(back, 1) == 0)
        (void)*at;
    return caught;
}

static int status_of(pid_t child)
{
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        return 1000;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int temporary(long size)
{
    int fd = open("/tmp/mapped", O_CREAT | O_RDWR | O_TRUNC, 0600);
    EXPECT_TRUE(fd >= 0);
    EXPECT(unlink("/tmp/mapped"), 0);
    for (long i = 0; i < size; i++)
        text[i] = (char)(i % 251);
    EXPECT(write(fd, text, (size_t)size), size);
    return fd;
}

static void both_ways(long size)
{
    int fd = temporary(size);
    char *map = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT_TRUE(map != MAP_FAILED);
    EXPECT(memcmp(map, text, (size_t)size), 0);
    map[1] = 'M';
    EXPECT(pread(fd, text, 2, 0), 2);
    EXPECT(text[1], 'M');
    EXPECT(pwrite(fd, "W", 1, 2), 1);
    EXPECT(map[2], 'W');
    /* Larger: what is beyond was not there, and is. */
    EXPECT(touch(map + 10 * PAGE), SIGBUS);
    EXPECT(ftruncate(fd, 12 * PAGE), 0);
    EXPECT(touch(map + 10 * PAGE), 0);
    EXPECT(map[10 * PAGE], 0);
    map[10 * PAGE + 5] = 'L';
    EXPECT(pread(fd, text, 1, 10 * PAGE + 5), 1);
    EXPECT(text[0], 'L');
    EXPECT(pwrite(fd, "far", 3, 14 * PAGE), 3);
    EXPECT(map[14 * PAGE], 'f');
    EXPECT(map[13 * PAGE], 0);
    /* Smaller: gone for the mapping, and zeros when it comes back. */
    EXPECT(ftruncate(fd, 100), 0);
    EXPECT(touch(map + 10 * PAGE), SIGBUS);
    EXPECT(touch(map + PAGE), SIGBUS);
    EXPECT(touch(map + 99), 0);
    EXPECT(map[200], 0);
    EXPECT(ftruncate(fd, 12 * PAGE), 0);
    EXPECT(map[10 * PAGE + 5], 0);
    EXPECT(map[1], 'M');
    EXPECT(ftruncate(fd, 0), 0);
    EXPECT(touch(map), SIGBUS);
    EXPECT(pwrite(fd, "again", 5, 0), 5);
    EXPECT(map[0], 'a');
    /* The mapping keeps the file when all names and descriptors are gone. */
    map[7] = 'k';
    EXPECT(fcntl(fd, F_DUPFD, 50), 50);
    EXPECT(close(fd), 0);
    EXPECT(munmap(map, 16 * PAGE), 0);
    EXPECT(pread(50, text, 8, 0), 5);
    EXPECT(close(50), 0);
}

static void private_ways(void)
{
    int fd = temporary(3 * PAGE + 100);
    char *map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    EXPECT(memcmp(map, text, 3 * PAGE + 100), 0);
    EXPECT(map[3 * PAGE + 100], 0);
    map[0] = 'p';
    EXPECT(pread(fd, text, 1, 0), 1);
    EXPECT(text[0], 0);
    EXPECT(pwrite(fd, "qr", 2, PAGE), 2);
    EXPECT(map[PAGE], 'q'); /* not written here yet: the file's own */
    map[PAGE + 1] = 's';
    EXPECT(pwrite(fd, "tu", 2, PAGE), 2);
    EXPECT(map[PAGE], 'q');
    EXPECT(munmap(map, 4 * PAGE), 0);
    EXPECT(close(fd), 0);
}

static void between_processes(void)
{
    int fd = temporary(PAGE), ends[2];
    char byte;
    volatile char *map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        map[5] = 'c';
        if (pwrite(fd, "d", 1, 6) != 1 || ftruncate(fd, 2 * PAGE) != 0)
            _exit(1);
        map[PAGE] = 'e';
        _exit(write(ends[1], "x", 1) != 1);
    }
    EXPECT(read(ends[0], &byte, 1), 1);
    EXPECT(map[5], 'c');
    EXPECT(map[6], 'd');
    EXPECT(map[PAGE], 'e');
    EXPECT(status_of(child), 0);
    EXPECT(close(fd) + close(ends[0]) + close(ends[1]), 0);
    EXPECT(map[5], 'c');
    EXPECT(munmap((void *)map, 2 * PAGE), 0);
}

static void holes(void)
{
    int fd = memfd_create("holes", 0);
    struct stat status;
    EXPECT(ftruncate(fd, 1L << 30), 0);
    char *map = mmap(NULL, 1 << 30, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT(map[500 * PAGE], 0);
    map[1000 * PAGE] = 'h';
    EXPECT(pread(fd, text, 3, 1000 * PAGE - 1), 3);
    EXPECT(memcmp(text, "\0h\0", 3), 0);
    EXPECT(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 999 * PAGE, 3 * PAGE), 0);
    EXPECT(map[1000 * PAGE], 0);
    EXPECT(munmap(map, 1 << 30), 0);
    EXPECT(ftruncate(fd, 0), 0);
    EXPECT(fstat(fd, &status), 0);
    EXPECT(status.st_blocks, 0);
    EXPECT(close(fd), 0);
}

static void refused(const char *path)
{
    int fd = open(path, O_RDONLY), ends[2];
    EXPECT(CALL(SYS_mmap, 0L, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L), -EACCES);
    EXPECT(close(fd), 0);
    fd = open("/tmp/mapped", O_CREAT | O_WRONLY, 0600);
    EXPECT(CALL(SYS_mmap, 0L, PAGE, PROT_READ, MAP_SHARED, fd, 0L), -EACCES);
    EXPECT(close(fd) + unlink("/tmp/mapped"), 0);
    EXPECT(pipe(ends), 0);
    EXPECT(CALL(SYS_mmap, 0L, PAGE, PROT_READ, MAP_SHARED, ends[0], 0L), -ENODEV);
    EXPECT(close(ends[0]) + close(ends[1]), 0);
    fd = memfd_create("sealed", MFD_ALLOW_SEALING);
    EXPECT(ftruncate(fd, PAGE), 0);
    EXPECT(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
    EXPECT(CALL(SYS_mmap, 0L, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L), -EPERM);
    EXPECT(close(fd), 0);
}

int main(int count, char **arguments)
{
    (void)count;
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    both_ways(300);
    both_ways(5 * PAGE + 77);
    private_ways();
    between_processes();
    holes();
    refused(arguments[0]);
    return checks_end("mapped");
}
