/* unit.c: main() of every unit test program; see unit.h. */
#include "unit.h"
#include "arch/cpu.h"
#include "debug/panic.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

unsigned stub_cpu;
struct cpu cpus[CPUS_MAX];

static struct unit_test *first, **last = &first;
static jmp_buf test_end, bug_end;
static const char *bug_expected;
static uint64_t random_state;

void unit_register(struct unit_test *test)
{
    *last = test;
    last = &test->next;
}

_Noreturn void unit_failed(const char *file, int line, const char *what)
{
    printf("# %s:%d: failed: %s\n", file, line, what);
    longjmp(test_end, 1);
}

void unit_check_equal(const char *file, int line, const char *what, uint64_t left, uint64_t right)
{
    if (left == right)
        return;
    printf("# %llu (%#llx) against %llu (%#llx)\n", (unsigned long long)left,
           (unsigned long long)left, (unsigned long long)right, (unsigned long long)right);
    unit_failed(file, line, what);
}

jmp_buf *unit_expect_bug(const char *text)
{
    bug_expected = text;
    return &bug_end;
}

_Noreturn void kernel_bug(const char *what)
{
    const char *expected = bug_expected;
    bug_expected = NULL;
    if (expected && strstr(what, expected))
        longjmp(bug_end, 1);
    printf("# kernel_bug: %s\n", what);
    longjmp(test_end, 1);
}

uint64_t unit_random(void) /* splitmix64 */
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

uint64_t unit_random_below(uint64_t below)
{
    return unit_random() % below;
}

static bool run(struct unit_test *test, uint64_t seed)
{
    random_state = seed;
    bug_expected = NULL;
    stub_cpu = 0;
    if (setjmp(test_end) == 0) {
        test->run();
        printf("ok %s\n", test->name);
        return true;
    }
    printf("not ok %s\n", test->name);
    return false;
}

static _Noreturn void usage(const char *program, int status)
{
    fprintf(status ? stderr : stdout,
            "usage: %s [--seed N] [--filter TEXT] [--help]\n"
            "  --seed N       repeat the random choices of the run that printed this seed\n"
            "  --filter TEXT  only tests with TEXT in their names\n",
            program);
    exit(status);
}

int main(int count, char **arguments)
{
    uint64_t seed = (uint64_t)time(NULL) * 1000003 + (uint64_t)clock();
    const char *filter = "";
    unsigned passed = 0, failed = 0;
    for (int i = 1; i < count; i++) {
        if (!strcmp(arguments[i], "--help"))
            usage(arguments[0], 0);
        if (i + 1 < count && !strcmp(arguments[i], "--seed"))
            seed = strtoull(arguments[++i], NULL, 0);
        else if (i + 1 < count && !strcmp(arguments[i], "--filter"))
            filter = arguments[++i];
        else
            usage(arguments[0], 2);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("# %s --seed %llu\n", arguments[0], (unsigned long long)seed);
    for (struct unit_test *test = first; test; test = test->next) {
        if (!strstr(test->name, filter))
            continue;
        if (run(test, seed))
            passed++;
        else
            failed++;
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
