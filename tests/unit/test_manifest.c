// clang-format off
// sources: userland/lib/manifest.c userland/lib/manifest_check.c userland/lib/manifest_words.c userland/lib/format.c userland/lib/wired.c
// clang-format on
// flags: -Iuserland
#include "entry/abi.h"
#include "lib/manifest.h"
#include "pages.h"
#include <stdio.h>

static struct manifest manifest;
static char error[MANIFEST_ERROR_BYTES];

static int parse(const char *text)
{
    return manifest_parse(&manifest, text, strlen(text), error);
}

static const char standard[] = "# comment\n"
                               "server uart\n"
                               "    image servers/uart\n"
                               "    level 0   # lowest\n"
                               "    priority 28\n"
                               "    pool 256K 1M\n"
                               "    endpoint\n"
                               "\tdevice uart\n"
                               "\tdevice pci:1af4:1042\n"
                               "\n"
                               "server proc\n"
                               "    image servers/proc\n"
                               "    level 5\n"
                               "    pool 4096 1G\n"
                               "    use uart 2\n"
                               "    pager anon\n"
                               "    bundle\n"
                               "    system\n"
                               "    argument two  words\\x20more\n"
                               "server anon\r\n"
                               "    image servers/anon\r\n"
                               "    restart 3 60\r\n"
                               "    level 4\n"
                               "    pool 0 4K\n"
                               "    endpoint\n"
                               "run /bin/seed a\\x20b \\e \\\\ \\x23\n"
                               "environment PATH=/bin\n"
                               "environment EMPTY=\n"
                               "pool-limit 64M\n"
                               "pager anon=anon\n"
                               "window 24 80\n"
                               "time 1700000000\n"
                               "hostname a-b.c\n"
                               "strace\n"
                               "fixed-addresses\n"
                               "summary";

TEST(every_line_is_understood)
{
    CHECK_EQUAL(parse(standard), 0);
    struct manifest_server *uart = manifest.servers, *proc = uart->next, *anon = proc->next;
    CHECK(!anon->next && !strcmp(uart->name, "uart") && !strcmp(uart->image, "servers/uart"));
    CHECK(uart->level == 0 && uart->priority == 28 && uart->endpoint && !uart->bundle);
    CHECK(uart->pool_guaranteed == 256 << 10 && uart->pool_limit == 1 << 20);
    CHECK(uart->grants->kind == GRANT_DEVICE && !strcmp(uart->grants->name, "uart"));
    CHECK(!strcmp(uart->grants->next->name, "pci:1af4:1042"));
    CHECK(proc->line == 11 && proc->level == 5 && proc->bundle && proc->system && !proc->endpoint);
    CHECK(proc->grants->badge == 2 && proc->grants->next->badge == 0);
    CHECK(proc->grants->kind == GRANT_USE && proc->grants->next->kind == GRANT_PAGER);
    CHECK(!strcmp(proc->argument, "two words more"));
    CHECK(!strcmp(anon->name, "anon") && anon->pool_limit == 4096);
    CHECK(anon->restart_deaths == 3 && anon->restart_seconds == 60 && !uart->restart_deaths);
    struct manifest_word *run = manifest.runs->words;
    CHECK(!strcmp(run->text, "/bin/seed") && !strcmp(run->next->text, "a b"));
    CHECK(!strcmp(run->next->next->text, ""));
    CHECK(!strcmp(run->next->next->next->text, "\\"));
    CHECK(!strcmp(run->next->next->next->next->text, "#"));
    CHECK(!strcmp(manifest.environment->text, "PATH=/bin"));
    CHECK(!strcmp(manifest.environment->next->text, "EMPTY="));
    CHECK(manifest.program_pool == 64 << 20 && manifest.strace && manifest.summary &&
          manifest.fixed_addresses);
    CHECK(!strcmp(manifest.program_pager, "anon"));
    CHECK(manifest.window_rows == 24 && manifest.window_columns == 80);
    CHECK(manifest.time == 1700000000 && !strcmp(manifest.host_name, "a-b.c"));
    CHECK(manifest_find(&manifest, "proc") == proc && !manifest_find(&manifest, "pro"));
    manifest_free(&manifest);
    CHECK_EQUAL(wired_statistics().objects, 0);
}

TEST(run_lines_keep_their_order)
{
    CHECK_EQUAL(parse("run a 1\nsummary\nrun b\nrun a 2\n"), 0);
    struct manifest_run *first = manifest.runs, *second = first->next, *third = second->next;
    CHECK(!strcmp(first->words->text, "a") && !strcmp(first->words->next->text, "1"));
    CHECK(!strcmp(second->words->text, "b") && !second->words->next);
    CHECK(!strcmp(third->words->next->text, "2") && !third->next);
    manifest_free(&manifest);
    CHECK_EQUAL(wired_statistics().objects, 0);
}

TEST(a_limit_may_be_a_part_of_the_memory)
{
    CHECK_EQUAL(parse("server a\n image i\n level 3\n pool 8K 12%\n"), 0);
    CHECK(manifest.servers->pool_guaranteed == 8192 && manifest.servers->pool_percent == 12);
    CHECK_EQUAL(manifest.servers->pool_limit, 0);
    manifest_free(&manifest);
    CHECK_EQUAL(wired_statistics().objects, 0);
}

TEST(nothing_at_all_is_a_manifest)
{
    CHECK_EQUAL(parse(""), 0);
    CHECK(!manifest.servers && !manifest.runs && !manifest.host_name);
    CHECK(!manifest.window_rows && !manifest.window_columns && !manifest.time);
    CHECK_EQUAL(parse("\n\n   \n#\n"), 0);
}

/* A manifest with one wrong line is refused; the message names that line and says `why`. */
static void refused(const char *text, unsigned line, const char *why)
{
    char begin[40];
    sprintf(begin, "manifest:%u: ", line);
    CHECK_EQUAL(parse(text), -EINVAL);
    if (strncmp(error, begin, strlen(begin)) || !strstr(error, why))
        unit_failed(__FILE__, __LINE__, error);
    CHECK(!manifest.servers && !manifest.runs && !manifest.environment);
    CHECK_EQUAL(wired_statistics().objects, 0);
}

#define SERVER "server a\n  image i\n  level 3\n  pool 4K 8K\n  endpoint\n"

TEST(each_mistake_is_named_with_its_line)
{
    refused("  level 3\n", 1, "without a server");
    refused("\nsurver a\n", 2, "unknown: \"surver\"");
    refused("level 3\n", 1, "indented");
    refused("server\n", 1, "takes 1 word");
    refused("server a b\n", 1, "takes 1 word(s), not 2");
    refused("server A\n", 1, "a-z");
    refused("server ../x\n", 1, "a-z");
    refused("server root\n", 1, "root");
    refused("server aaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 1, "1 to 23");
    refused("server \\e\n", 1, "1 to 23");
    refused(SERVER "server a\n", 6, "second server");
    refused(SERVER "  level 2\n  level 7\n", 7, "0 to 6");
    refused(SERVER "  level -1\n", 6, "0 to 6");
    refused(SERVER "  level 99999999999999999999999\n", 6, "0 to 6");
    refused(SERVER "  priority 32\n", 6, "0 to 31");
    refused(SERVER "  priority\n", 6, "takes 1");
    refused(SERVER "  pool 8K\n", 6, "takes 2");
    refused(SERVER "  pool 8K 4K\n", 6, "below its guarantee");
    refused(SERVER "  pool 0 0\n", 6, "zero");
    refused(SERVER "  pool 4K %\n", 6, "1% to 50%");
    refused(SERVER "  pool 4K 0%\n", 6, "1% to 50%");
    refused(SERVER "  pool 4K 51%\n", 6, "not \"51%\"");
    refused(SERVER "  pool 4K 1.5%\n", 6, "1% to 50%");
    refused(SERVER "  pool 4% 8K\n", 6, "whole pages");
    refused(SERVER "  pool 4K \\e\n", 6, "whole pages");
    refused(SERVER "  pool 1000 4K\n", 6, "whole pages");
    refused(SERVER "  pool 4K 4X\n", 6, "size");
    refused(SERVER "  pool 4K K\n", 6, "size");
    refused(SERVER "  pool 4K 18446744073709551616\n", 6, "size");
    refused(SERVER "  pool 4K 17179869184G\n", 6, "size");
    refused(SERVER "  image j\n", 6, "second image");
    refused(SERVER "  use a x\n", 6, "badge");
    refused(SERVER "  use a 4294967296\n", 6, "badge");
    refused(SERVER "  use a 1 2\n", 6, "takes");
    refused(SERVER "  use a:b\n", 6, "a-z");
    refused(SERVER "  use b\n", 6, "no server \"b\"");
    refused(SERVER "  use a\n", 6, "lower levels");
    refused(SERVER "  device uart\n  device uart\n", 7, "already");
    refused(SERVER "  argument\n", 6, "at least 1");
    refused(SERVER "  argument x\n  argument y\n", 7, "second argument");
    refused(SERVER "  restart 3\n", 6, "takes 2");
    refused(SERVER "  restart 0 5\n", 6, "from 1");
    refused(SERVER "  restart 5 x\n", 6, "not \"x\"");
    refused(SERVER "  restart 5 1000001\n", 6, "from 1");
    refused(SERVER "  restart 1 1\n  restart 1 1\n", 7, "second restart");
    refused(SERVER "  level 5\n  restart 1 1\n", 7, "cannot be started again");
    refused(SERVER "  endpoint now\n", 6, "takes 0");
    refused("server a\n  level 3\n  pool 4K 8K\n", 1, "\"image\"");
    refused("server a\n  image i\n  pool 4K 8K\n", 1, "\"level\"");
    refused("server a\n  image i\n  level 3\n", 1, "\"pool\"");
    refused("run\n", 1, "at least 1");
    refused("run a\\q\n", 1, "escapes");
    refused("run a\\x0\n", 1, "escapes");
    refused("run a\\x00\n", 1, "escapes");
    refused("run a\\\n", 1, "escapes");
    refused("run a\x01\n", 1, "control character 0x01");
    refused("environment PATH\n", 1, "NAME=VALUE");
    refused("environment =x\n", 1, "NAME=VALUE");
    refused("pool-limit 0\n", 1, "at least one page");
    refused("pool-limit 4K\npool-limit 4K\n", 2, "second pool-limit");
    refused("pager file=x\n", 1, "anon=");
    refused("pager anon=x\n", 1, "no server \"x\"");
    refused("pager anon=x\npager anon=x\n", 2, "second pager");
    refused("strace on\n", 1, "takes 0");
    refused("window 24\n", 1, "takes 2");
    refused("window 0 80\n", 1, "from 1 to 65535");
    refused("window 24 65536\n", 1, "not \"65536\"");
    refused("window 24 80\nwindow 24 80\n", 2, "second window");
    refused("time 0\n", 1, "from 1");
    refused("time -1\n", 1, "not \"-1\"");
    refused("time 1.5\n", 1, "not \"1.5\"");
    refused("time 8589934593\n", 1, "not \"8589934593\"");
    refused("time 5\ntime 5\n", 2, "second time");
    refused("hostname\n", 1, "takes 1");
    refused("hostname \\e\n", 1, "1 to 64");
    refused("hostname a\nhostname b\n", 2, "second hostname");
    char name[80] = "hostname ";
    memset(name + 9, 'x', 65);
    refused(name, 1, "1 to 64");
}

TEST(without_memory_it_says_so_and_keeps_nothing)
{
    char long_text[5000] = "run ";
    memset(long_text + 4, 'x', sizeof long_text - 5);
    pages_fail_at = 1;
    CHECK_EQUAL(parse(long_text), -ENOMEM);
    CHECK(strstr(error, "no memory"));
    CHECK_EQUAL(wired_statistics().objects, 0);
}

TEST(an_argument_line_has_no_longest_length)
{
    static char text[200000];
    size_t at = (size_t)sprintf(text, "run");
    unsigned words = 0;
    while (at < sizeof text - 10)
        at += (size_t)sprintf(text + at, " w%u", words++);
    CHECK_EQUAL(parse(text), 0);
    for (struct manifest_word *word = manifest.runs->words; word; word = word->next)
        words--;
    CHECK_EQUAL(words, 0);
    manifest_free(&manifest);
    CHECK_EQUAL(wired_statistics().objects, 0);
}

TEST(a_manifest_cut_or_damaged_anywhere_never_leads_outside)
{
    for (int round = 0; round < 5000; round++) {
        size_t size = sizeof standard - 1;
        char *text = malloc(size);
        memcpy(text, standard, size);
        if (unit_random_below(2))
            size = unit_random_below(size) + 1;
        for (unsigned damage = (unsigned)unit_random_below(4); damage; damage--)
            text[unit_random_below(size)] =
                unit_random_below(2) ? (char)unit_random() : "\n \\#x0"[unit_random_below(6)];
        text = realloc(text, size);
        int result = manifest_parse(&manifest, text, size, error);
        if (result)
            CHECK(!strncmp(error, "manifest:", 9));
        else
            manifest_free(&manifest);
        CHECK_EQUAL(wired_statistics().objects, 0);
        free(text);
    }
}
