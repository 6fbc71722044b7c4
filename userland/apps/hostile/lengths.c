/*
 * lengths.c: lengths and numbers beyond every bound.
 */
#define _GNU_SOURCE
#include "hostile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY (10UL << 20)

static unsigned wrong;

static void expect(const char *what, long result, int error)
{
    int got = result == -1 ? errno : 0;
    if (got == error)
        return;
    printf("hostile: %s: %s, Linux says %s\n", what, strerror(got), strerror(error));
    wrong++;
}

/* In a child, since success would replace us. */
static void expect_exec(const char *what, const char *self, char **arguments, int error)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execv(self, arguments);
        _exit(errno);
    }
    waitpid(pid, &status, 0);
    errno = WEXITSTATUS(status);
    expect(what, -1, error);
}

static void too_many_arguments(const char *self)
{
    char *huge = malloc(MANY + 1);
    char **many = calloc(MANY / 64 + 2, sizeof *many);
    memset(huge, 'x', MANY);
    huge[MANY] = 0;
    expect_exec("an argument of 10 MB", self, (char *[]){(char *)self, huge, NULL}, E2BIG);
    for (size_t i = 0; i < MANY / 64; i++)
        many[i] = "sixty-three bytes of text, which is not much but there are many";
    expect_exec("10 MB of arguments", self, many, E2BIG);
    free(many);
    free(huge);
}

static void long_paths(void)
{
    char path[2 * 4096];
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = 0;
    expect("a path of 8 KiB", open(path, O_RDONLY), ENAMETOOLONG);
    path[300] = 0;
    expect("a name of 300 bytes", mkdir(path, 0700), ENAMETOOLONG);
    for (size_t i = 0; i < 4095; i++)
        path[i] = i % 2 ? '.' : '/';
    path[4095] = 0;
    expect("a path of 4095 bytes", access(path, F_OK), 0);
    expect("an empty path", open("", O_RDONLY), ENOENT);
}

static void descriptors(void)
{
    static const int numbers[] = {-1, 3000, 1 << 20, 0x7fffffff, (int)0x80000000};
    char byte = 0;
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        expect("read of no descriptor", read(numbers[i], &byte, 1), EBADF);
        expect("dup of no descriptor", dup(numbers[i]), EBADF);
        expect("close of no descriptor", close(numbers[i]), EBADF);
        expect("fstat of no descriptor", fstat(numbers[i], &(struct stat){0}), EBADF);
    }
    expect("dup2 beyond the limit", dup2(0, 1 << 22), EBADF);
    expect("F_DUPFD beyond the limit", fcntl(0, F_DUPFD, 1 << 22), EINVAL);
}

static void huge_transfers(void)
{
    static char byte[16];
    struct iovec vector[2] = {{byte, 8}, {byte, (size_t)1 << 63}};
    int file = open("/tmp/lengths", O_RDWR | O_CREAT | O_TRUNC, 0600);
    expect("a negative length in a vector", writev(file, vector, 2), EINVAL);
    expect("a vector of too many", readv(file, vector, 5000), EINVAL);
    expect("a negative offset", pread(file, byte, 1, -1), EINVAL);
    expect("a huge write from little memory",
           write(file, byte - (uintptr_t)byte % 4096, ~0UL >> 1) > 0, 0);
    expect("a seek before the start", lseek(file, -1, SEEK_SET), EINVAL);
    expect("a negative size", ftruncate(file, -1), EINVAL);
    close(file);
    unlink("/tmp/lengths");
}

int lengths(const char *self)
{
    too_many_arguments(self);
    long_paths();
    descriptors();
    huge_transfers();
    printf("hostile: lengths, %u answers not Linux's\n", wrong);
    return wrong != 0;
}
