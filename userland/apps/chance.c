/*
 * chance: prints what is random about a run: the bytes that the kernel gave it, those that it asked
 * for, and where its parts lie. With `--seed N` of the runner all lines are the same every time.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

static void print_bytes(const char *name, const unsigned char *bytes, size_t count)
{
    printf("%s ", name);
    for (size_t i = 0; i < count; i++)
        printf("%02x", bytes[i]);
    printf("\n");
}

int main(void)
{
    unsigned char asked[16];
    if (getrandom(asked, sizeof asked, 0) != sizeof asked)
        return 1;
    print_bytes("AT_RANDOM", (const unsigned char *)getauxval(AT_RANDOM), 16);
    print_bytes("getrandom", asked, sizeof asked);
    printf("stack %p\n", (void *)asked);
    printf("code %p\n", (void *)main);
    printf("break %p\n", sbrk(0));
    printf("mapping %p\n", mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    return 0;
}
