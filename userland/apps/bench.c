/*
 * bench.c: guest instructions per Linux system call and page fault, as a program
 * sees them. Meant for an emulator that counts one instruction as one nanosecond
 * (`tools/pagoda bench`); the same binary runs on Linux there, for comparison.
 * Prints `bench NAME VALUE`.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE   4096
#define PAGES  256
#define ROUNDS 1000

static uint64_t now(void)
{
    uint64_t count, frequency;

    __asm__ volatile("isb\n mrs %0, cntvct_el0\n mrs %1, cntfrq_el0" : "=r"(count), "=r"(frequency));
    return count * (1000000000 / frequency);
}

static void report(const char *name, uint64_t total, uint64_t rounds)
{
    printf("bench %s %llu\n", name, (unsigned long long)(total / rounds));
}

static char *map(size_t pages, int flags)
{
    char *area = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

    if (area == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return area;
}

static long null_call(void)
{
    register long x8 __asm__("x8") = SYS_getppid;
    register long x0 __asm__("x0");

    __asm__ volatile("svc #0" : "=r"(x0) : "r"(x8) : "memory");
    return x0;
}

static void write_all(volatile char *area)
{
    for (int i = 1; i < PAGES; i++)
        area[i * PAGE] = 1;
}

static void read_all(volatile char *area)
{
    for (int i = 1; i < PAGES; i++)
        (void)area[i * PAGE];
}

static void faults(void)
{
    char *area = map(PAGES, 0);
    uint64_t begin;

    area[0] = 1; /* the tables */
    begin = now();
    write_all(area);
    report("linux_anonymous_write_fault", now() - begin, PAGES - 1);
    begin = now();
    munmap(area, PAGES * PAGE);
    report("linux_munmap_touched_page", now() - begin, PAGES);
    area = map(PAGES, 0);
    area[0] = 1;
    begin = now();
    read_all(area);
    report("linux_anonymous_read_fault", now() - begin, PAGES - 1);
    begin = now();
    write_all(area);
    report("linux_write_after_zero_page", now() - begin, PAGES - 1);
    munmap(area, PAGES * PAGE);
    begin = now();
    area = map(PAGES, MAP_POPULATE);
    report("linux_populate_per_page", now() - begin, PAGES);
    begin = now();
    write_all(area);
    report("linux_touch_populated_page", now() - begin, PAGES - 1);
    munmap(area, PAGES * PAGE);
}

static void calls(void)
{
    uint64_t begin;
    char *area;

    null_call();
    begin = now();
    for (int i = 0; i < ROUNDS; i++)
        null_call();
    report("linux_null_call", now() - begin, ROUNDS);
    munmap(map(1, 0), PAGE);
    begin = now();
    for (int i = 0; i < ROUNDS; i++)
        munmap(map(1, 0), PAGE);
    report("linux_mmap_munmap_empty", now() - begin, ROUNDS);
    area = map(64, 0);
    for (int i = 0; i < 64; i++)
        area[i * PAGE] = 1;
    begin = now();
    for (int i = 0; i < ROUNDS; i++) {
        mprotect(area + 8 * PAGE, PAGE, PROT_READ);
        mprotect(area + 8 * PAGE, PAGE, PROT_READ | PROT_WRITE);
    }
    report("linux_mprotect_middle", now() - begin, 2 * ROUNDS);
    munmap(area, 64 * PAGE);
}

int main(void)
{
    calls();
    faults();
    return 0;
}
