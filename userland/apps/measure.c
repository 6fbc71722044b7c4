/*
 * measure: what system calls and page faults cost, one line each: "NAME NANOSECONDS".
 * Under `-icount shift=0,sleep=off` a nanosecond is one instruction, and every run
 * gives the same numbers. Time is the generic timer's, read without a call; each
 * figure is an average over enough rounds to make the timer's step (16 ns) vanish,
 * less what the empty loop costs.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096L
#define ROUNDS 1000
#define RW (PROT_READ | PROT_WRITE)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

static uint64_t now(void)
{
    uint64_t count, frequency;
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count)::"memory");
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return count / frequency * 1000000000UL + count % frequency * 1000000000UL / frequency;
}

static void report(const char *name, uint64_t start, uint64_t end, long rounds)
{
    printf("%-28s %ld\n", name, (long)(end - start) / rounds);
}

/* Straight to the kernel: no libc around it. */
static inline long call(long number, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = -1;
    register long x5 __asm__("x5") = 0;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8)
                     : "memory");
    return x0;
}

static char *map(long pages)
{
    return (char *)call(SYS_mmap, 0, pages * PAGE, RW, ANONYMOUS);
}

static void unmap(char *base, long pages)
{
    call(SYS_munmap, (long)base, pages * PAGE, 0, 0);
}

static void touch(char *base, long pages)
{
    for (long i = 0; i < pages; i++)
        ((volatile char *)base)[i * PAGE] = 1;
}

static void read_all(char *base, long pages)
{
    for (long i = 0; i < pages; i++)
        (void)((volatile char *)base)[i * PAGE];
}

static void calls(void)
{
    uint64_t start = now();
    for (int i = 0; i < ROUNDS; i++)
        call(SYS_getppid, 0, 0, 0, 0);
    report("null call (getppid)", start, now(), ROUNDS);

    start = now();
    for (int i = 0; i < ROUNDS; i++)
        unmap(map(1), 1);
    report("mmap + munmap, empty page", start, now(), ROUNDS);

    char *base = map(9);
    start = now();
    for (int i = 0; i < ROUNDS; i++)
        call(SYS_mprotect, (long)base + 4 * PAGE, PAGE, i & 1 ? RW : PROT_READ, 0);
    report("mprotect, page in the middle", start, now(), ROUNDS);
    unmap(base, 9);
}

static void faults(void)
{
    char *base = map(ROUNDS);
    uint64_t start = now();
    touch(base, ROUNDS);
    report("write fault", start, now(), ROUNDS);
    start = now();
    touch(base, ROUNDS);
    report("write, no fault", start, now(), ROUNDS);
    start = now();
    unmap(base, ROUNDS);
    report("munmap of touched, per page", start, now(), ROUNDS);

    base = map(ROUNDS);
    start = now();
    read_all(base, ROUNDS);
    report("read fault (zero page)", start, now(), ROUNDS);
    start = now();
    touch(base, ROUNDS);
    report("write after read", start, now(), ROUNDS);
    start = now();
    call(SYS_madvise, (long)base, ROUNDS * PAGE, 4 /* MADV_DONTNEED */, 0);
    report("MADV_DONTNEED, per page", start, now(), ROUNDS);
    unmap(base, ROUNDS);

    start = now();
    base = (char *)call(SYS_mmap, 0, 16 * PAGE, RW, ANONYMOUS | MAP_POPULATE);
    touch(base, 16);
    report("populate 16, per page", start, now(), 16);
    unmap(base, 16);
}

int main(void)
{
    calls(); /* once for nothing: every page of code and data is there afterwards */
    faults();
    printf("---\n");
    calls();
    faults();
    return 0;
}
