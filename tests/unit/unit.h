/*
 * unit.h: a host unit test is a file test_NAME.c full of these:
 *
 *     // sources: kernel/mm/tree.c          (what to link with; may be repeated)
 *     // flags: -DSOMETHING -lname          (optional: for compiler and linker)
 *     #include "unit.h"
 *     TEST(an_empty_tree_has_no_first_node)
 *     {
 *         struct tree tree = {0};
 *         CHECK(tree_first(&tree) == NULL);
 *     }
 *
 * unit.c has main(). Each test prints `ok NAME` or `not ok NAME`; the program ends
 * with `N passed, N failed` and exit status 1 if any failed. A failed CHECK ends its
 * test. Tests run in the order of the file, in one process: state of the code under
 * test stays, so begin with what sets it up.
 */
#pragma once
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unit_test {
    const char *name;
    void (*run)(void);
    struct unit_test *next;
};
void unit_register(struct unit_test *test);

#define TEST(test_name)                                                                            \
    static void test_##test_name(void);                                                            \
    __attribute__((constructor)) static void register_##test_name(void)                            \
    {                                                                                              \
        static struct unit_test test = {#test_name, test_##test_name, NULL};                       \
        unit_register(&test);                                                                      \
    }                                                                                              \
    static void test_##test_name(void)

/* Ends the test as failed, naming place and condition, unless `condition` holds. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            unit_failed(__FILE__, __LINE__, #condition);                                           \
    } while (0)

/* The same for two integers, whose values it prints. */
#define CHECK_EQUAL(left, right)                                                                   \
    unit_check_equal(__FILE__, __LINE__, #left " == " #right, (uint64_t)(left), (uint64_t)(right))

/* The statement must end in kernel_bug() with this text in its message. The code under test is
 * left where it stood: set it up anew afterwards. */
#define CHECK_BUG(statement, text)                                                                 \
    do {                                                                                           \
        if (setjmp(*unit_expect_bug(text)) == 0) {                                                 \
            statement;                                                                             \
            unit_failed(__FILE__, __LINE__, "kernel_bug: " text);                                  \
        }                                                                                          \
    } while (0)

_Noreturn void unit_failed(const char *file, int line, const char *what);
void unit_check_equal(const char *file, int line, const char *what, uint64_t left, uint64_t right);
jmp_buf *unit_expect_bug(const char *text);

/* Random numbers from the seed printed at the start (--seed repeats a run). Every test starts its
 * own row from the seed, so --filter does not change what a test sees. */
uint64_t unit_random(void);
/* 0 .. below - 1 */
uint64_t unit_random_below(uint64_t below);
