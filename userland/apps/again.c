/*
 * again N [BYTES]: executes itself N times, each time with N less, and checks that
 * arguments and environment arrive whole: a hundred strings of BYTES bytes (1000) in
 * each. Then tries what execve must refuse. Status 0 when all was well.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STRINGS 100

static char *make(int number, size_t bytes)
{
    char *text = malloc(bytes + 1);
    memset(text, 'a' + number % 26, bytes);
    text[bytes] = 0;
    return text;
}

static int wrong(char *const *strings, size_t bytes)
{
    for (int i = 0; i < STRINGS; i++) {
        char *expected = make(i, bytes);
        if (strings[i] == NULL || strcmp(strings[i], expected) != 0)
            return 1;
        free(expected);
    }
    return strings[STRINGS] != NULL;
}

static int refusals(const char *self)
{
    char *arguments[] = {(char *)self, NULL}, *none[] = {NULL};
    int bad = 0;
    bad |= execve("/no/such/program", arguments, none) != -1 || errno != ENOENT;
    bad |= execve("/", arguments, none) != -1 || errno != EACCES;
    bad |= execve((char *)0x330000000000, arguments, none) != -1 || errno != EFAULT;
    bad |= execve(self, (char **)0x330000000000, none) != -1 || errno != EFAULT;
    char *huge[] = {(char *)self, make(0, 3 << 20), NULL}; /* one string may have 128 KiB */
    bad |= execve(self, huge, none) != -1 || errno != E2BIG;
    return bad;
}

int main(int argc, char **argv, char **envp)
{
    long left = argc > 1 ? atol(argv[1]) : 0;
    size_t bytes = argc > 2 ? (size_t)atol(argv[2]) : 1000;
    if (argc > 3 && (wrong(argv + 3, bytes) || wrong(envp, bytes))) {
        printf("again: strings arrived damaged with %ld to go\n", left);
        return 1;
    }
    if (fcntl(100, F_GETFD) != -1 || (argc > 3 && fcntl(101, F_GETFD) == -1)) {
        printf("again: descriptors are not as close-on-exec says\n");
        return 1;
    }
    if (left == 0) {
        int bad = refusals(argv[0]);
        printf("again: %s\n", bad ? "something was not refused as Linux does" : "all arrived");
        return bad;
    }
    fcntl(1, F_DUPFD_CLOEXEC, 100);
    fcntl(1, F_DUPFD, 101);
    char number[24], size[24];
    char *arguments[STRINGS + 4] = {argv[0], number, size}, *environment[STRINGS + 1] = {NULL};
    snprintf(number, sizeof number, "%ld", left - 1);
    snprintf(size, sizeof size, "%zu", bytes);
    for (int i = 0; i < STRINGS; i++)
        arguments[3 + i] = environment[i] = make(i, bytes);
    execve(argv[0], arguments, environment);
    perror("again: execve");
    return 1;
}
