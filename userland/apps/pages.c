/*
 * pages: reads each page of a mapped file, and says which of them cannot be had (SIGBUS).
 * Usage: pages FILE.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

static sigjmp_buf lost;

static void on_bus_error(int number)
{
    siglongjmp(lost, number);
}

int main(int count, char **arguments)
{
    struct stat status;
    int file = count == 2 ? open(arguments[1], O_RDONLY) : -1;
    if (file < 0 || fstat(file, &status)) {
        perror("pages: FILE");
        return 2;
    }
    volatile char *at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, file, 0);
    if (at == MAP_FAILED) {
        perror("pages: mmap");
        return 2;
    }
    signal(SIGBUS, on_bus_error);
    volatile long failed = 0;
    for (volatile long place = 0; place < status.st_size; place += 4096) {
        if (sigsetjmp(lost, 1)) {
            printf("page %ld: SIGBUS\n", place / 4096);
            failed++;
            continue;
        }
        (void)at[place];
    }
    printf("pages: %ld pages, %ld lost\n", ((long)status.st_size + 4095) / 4096, failed);
    return failed != 0;
}
