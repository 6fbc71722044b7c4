// sources: tests/unit/device_tree.c kernel/boot/fdt.c kernel/boot/memory.c
// sources: kernel/boot/tree.c kernel/boot/arguments.c
// sources: kernel/debug/console.c kernel/debug/printf.c platform/platform.c
// flags: -lfdt
/*
 * The boot arguments the kernel obeys, and those it must leave alone.
 */
#include "device_tree.h"

/* Parses a line over fields that had other values before. */
static void parse(const char *line)
{
    info = (struct boot_info){.log_level = 6, .seed = 99, .memory_limit = 1, .linear_limit = 2};
    CHECK(strlen(line) < sizeof info.arguments);
    strcpy(info.arguments, line);
    clear_printed();
    boot_arguments_parse(&info);
}

/* The warning holds this text; NULL: there is none. */
static void check_warning(const char *line, const char *warning)
{
    parse(line);
    CHECK(warning != NULL ? strstr(printed, warning) != NULL : printed[0] == '\0');
}

TEST(nothing_given_changes_nothing)
{
    parse("");
    CHECK_EQUAL(info.memory_limit, 1);
    CHECK_EQUAL(info.linear_limit, 2);
    CHECK_EQUAL(info.log_level, 6);
    CHECK_EQUAL(info.seed, 99);
    CHECK(!info.semihosting && !info.trace && !info.runner);
}

TEST(all_at_once)
{
    parse("mem=64M linear=0x8000000 loglevel=7 semihosting trace=1 seed=0xffffffffffffffff "
          "console=runner");
    CHECK_EQUAL(info.memory_limit, 64 << 20);
    CHECK_EQUAL(info.linear_limit, 128 << 20);
    CHECK_EQUAL(info.log_level, 7);
    CHECK_EQUAL(info.seed, UINT64_MAX);
    CHECK(info.semihosting && info.trace && info.runner);
}

TEST(sizes)
{
    static const struct {
        const char *line;
        uint64_t size;
    } cases[] = {
        {"mem=4096", 4096},
        {"mem=4k", 4096},
        {"mem=3G", UINT64_C(3) << 30},
        {"mem=0x10K", 16 << 10},
        {"mem=0", 0},
        {"mem=18446744073709551615", UINT64_MAX},
        {"mem=17179869183G", UINT64_C(17179869183) << 30},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        parse(cases[i].line);
        CHECK_EQUAL(info.memory_limit, cases[i].size);
    }
}

TEST(wrong_values_are_named_and_change_nothing)
{
    static const char *const wrong[] = {
        "mem=",    "mem=K",      "mem=12Q",   "mem=-1",           "mem=18446744073709551616",
        "mem=0x",  "mem=64MB",   "mem=1,048", "mem=17179869184G", "linear=all",
        "mem=12a", "loglevel=8", "loglevel=", "loglevel=4K",      "trace=2",
        "trace=",  "seed=1M",    "seed=x",    "console=ttyAMA0",  "console=runners",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        check_warning(wrong[i], wrong[i]);
        CHECK_EQUAL(info.memory_limit, 1);
        CHECK_EQUAL(info.linear_limit, 2);
        CHECK_EQUAL(info.log_level, 6);
        CHECK_EQUAL(info.seed, 99);
        CHECK(!info.trace && !info.runner);
    }
}

TEST(words_for_root_are_left_alone)
{
    check_warning("hello mem memory=4 xmem=5 semihosting=1 semihostingx root=\"a mem=7 b\" "
                  "\t run=/bin/x\n",
                  NULL);
    CHECK_EQUAL(info.memory_limit, 1);
    CHECK(!info.semihosting);
    CHECK(strncmp(info.arguments, "hello mem", 9) == 0);
}

TEST(what_follows_two_dashes_is_for_root)
{
    check_warning("mem=8K -- mem=9K loglevel=nonsense", NULL);
    CHECK_EQUAL(info.memory_limit, 8192);
    parse("--x mem=8K");
    CHECK_EQUAL(info.memory_limit, 8192);
}

TEST(the_last_word_wins)
{
    parse("  mem=1M\tmem=2M trace=1 trace=0 ");
    CHECK_EQUAL(info.memory_limit, 2 << 20);
    CHECK(!info.trace);
    parse("mem=1M mem=nonsense");
    CHECK_EQUAL(info.memory_limit, 1 << 20);
}
