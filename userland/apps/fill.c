/*
 * fill [PAGES [SECONDS]]: lets system calls write to memory that nobody has touched: the pages are
 * brought in on behalf of the caller. Where a page cannot be had the call fails with EFAULT, as on
 * Linux; the program then touches the page itself, perhaps SECONDS later, which ends it (SIGBUS,
 * status 135).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#define PAGE 4096UL

int main(int argc, char **argv)
{
    unsigned long pages = argc > 1 ? strtoul(argv[1], NULL, 0) : 256;
    char *base =
        mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    setvbuf(stdout, NULL, _IONBF, 0);
    if (base == MAP_FAILED) {
        perror("fill: mmap");
        return 1;
    }
    for (unsigned long i = 0; i < pages; i++) {
        char *page = base + i * PAGE;
        if (getrandom(page, 16, 0) == 16 && getrandom(page + 16, 16, 0) == 16)
            continue;
        printf("fill: page %lu: %s\n", i, strerror(errno));
        sleep(argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 0);
        *(volatile char *)page = 1;
        printf("fill: page %lu can be written after all\n", i);
        return 1;
    }
    printf("fill: %lu pages\n", pages);
    return 0;
}
