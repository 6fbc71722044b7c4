/*
 * eat: takes memory until there is no more, then says how much it got.
 *
 *   eat           mmap 1 MiB at a time and touch each page; ends when mmap says ENOMEM
 *   eat --heap    the same through malloc
 *   eat --map     map without touching: address space only, to a bound of 1 TiB
 *   eat --promise touch what MAP_NORESERVE promised: ends by being killed, status 137
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define STEP (1024UL * 1024)

static void *take(const char *mode)
{
    if (strcmp(mode, "--heap") == 0)
        return malloc(STEP);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    if (strcmp(mode, "--promise") == 0)
        flags |= MAP_NORESERVE;
    void *block = mmap(NULL, STEP, PROT_READ | PROT_WRITE, flags, -1, 0);
    return block == MAP_FAILED ? NULL : block;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "--touch";
    int touch = strcmp(mode, "--map") != 0;
    unsigned long limit = touch ? ~0UL : 1UL << 20;
    unsigned long got = 0;
    setvbuf(stdout, NULL, _IONBF, 0);
    for (; got < limit; got++) {
        char *block = take(mode);
        if (block == NULL) {
            printf("eat: %s after %lu MiB\n", errno == ENOMEM ? "ENOMEM" : strerror(errno), got);
            return errno == ENOMEM ? 0 : 1;
        }
        for (size_t i = 0; touch && i < STEP; i += 4096)
            ((volatile char *)block)[i] = 1;
        if (touch && got % 16 == 15)
            printf("eat: %lu MiB\n", got + 1);
    }
    printf("eat: mapped %lu MiB\n", got);
    return 0;
}
