/*
 * crowd [MOST]: starts children that sleep until no more can be started (or MOST are there), ends
 * them, and does so again: the second crowd must be about as large as the first, or something was
 * lost. Being refused is ENOMEM or EAGAIN, as fork(2) says.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 2

/* Children that could be started, all ended again. -1: something else went wrong. */
static long crowd(long most)
{
    long count = 0;
    pid_t *children = malloc((size_t)most * sizeof *children);
    if (!children)
        return -1;
    while (count < most) {
        pid_t child = fork();
        if (child < 0 && errno != ENOMEM && errno != EAGAIN) {
            perror("fork");
            return -1;
        }
        if (child < 0)
            break;
        if (child == 0)
            for (;;)
                sleep(1000);
        children[count++] = child;
    }
    printf("%ld children%s%s\n", count, count < most ? ", then " : "",
           count < most ? strerror(errno) : "");
    for (long i = 0; i < count; i++)
        if (kill(children[i], SIGKILL) < 0)
            return -1;
    for (long i = 0; i < count; i++)
        if (wait(NULL) < 0)
            return -1;
    free(children);
    return count;
}

int main(int count, char *arguments[])
{
    long most = count > 1 ? atol(arguments[1]) : 100000, seen[ROUNDS];
    for (int round = 0; round < ROUNDS; round++)
        if ((seen[round] = crowd(most)) < 0)
            return 2;
    return labs(seen[1] - seen[0]) * 50 <= seen[0] ? 0 : 1;
}
