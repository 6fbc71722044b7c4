/*
 * seed: what a newcomer sees first. Allocates 1 MiB, fills it, fills it again, and
 * says how many page faults each step cost, as getrusage counts them.
 *
 * The allocator itself may touch a page (glibc writes a header before the block).
 * Whatever its alignment, the block spans 256 pages nobody has touched yet, so the
 * first fill costs 256 minor faults and the second none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define SIZE (1024 * 1024)

struct count {
    const char *step;
    struct rusage before, after;
};

/* Prints one step and returns the minor faults it cost. */
static long report(const struct count *count)
{
    long minor = count->after.ru_minflt - count->before.ru_minflt;
    long major = count->after.ru_majflt - count->before.ru_majflt;
    printf("%s: %ld minor faults, %ld major\n", count->step, minor, major);
    return minor;
}

/* Nobody reads the block, so the compiler would drop the fill but for the empty assembly. */
static void fill(char *block, int value)
{
    memset(block, value, SIZE);
    __asm__ volatile("" ::"r"(block) : "memory");
}

int main(void)
{
    static struct count start = {.step = "before main"};
    static struct count allocate = {.step = "malloc 1 MiB"};
    static struct count first = {.step = "first fill"};
    static struct count second = {.step = "second fill"};

    getrusage(RUSAGE_SELF, &start.after);
    getrusage(RUSAGE_SELF, &allocate.before);
    char *block = malloc(SIZE);
    getrusage(RUSAGE_SELF, &allocate.after);
    if (block == NULL) {
        fputs("seed: no memory\n", stderr);
        return 1;
    }
    getrusage(RUSAGE_SELF, &first.before);
    fill(block, 0x5a);
    getrusage(RUSAGE_SELF, &first.after);
    getrusage(RUSAGE_SELF, &second.before);
    fill(block, 0xa5);
    getrusage(RUSAGE_SELF, &second.after);

    report(&start);
    report(&allocate);
    long first_faults = report(&first);
    long second_faults = report(&second);
    return first_faults == SIZE / 4096 && second_faults == 0 ? 0 : 1;
}
