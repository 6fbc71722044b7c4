// sources: kernel/debug/console.c kernel/debug/printf.c
/*
 * The log ring, what reaches the UART, and the brackets for the host's runner.
 */
#include "debug/console.h"
#include "platform/platform.h"
#include "unit.h"
#include <string.h>

static char sent[1024];
static size_t sent_length;

static void put(uintptr_t regs, char c)
{
    CHECK_EQUAL(regs, 0x1234);
    CHECK(sent_length < sizeof sent - 1);
    sent[sent_length++] = c;
    sent[sent_length] = '\0';
}

static const struct uart test_uart = {.compatible = "test", .kind = "test", .put = put};

const struct uart *platform_uart(const char *compatible)
{
    return strcmp(compatible, "test") == 0 ? &test_uart : NULL;
}

static void set_up(void)
{
    sent_length = 0;
    sent[0] = '\0';
    console_set_level(LOG_INFO);
    console_set_runner(false);
}

/* Bytes since boot. */
static uint64_t log_end(void)
{
    char text[512];
    uint64_t at = 0;
    for (size_t n; (n = console_read_log(&at, text, sizeof text)) > 0;)
        at += n;
    return at;
}

/* First in this file: later ones have a UART. */
TEST(without_a_uart_lines_go_to_the_ring)
{
    char text[64] = "";
    uint64_t start = 0;
    set_up();
    CHECK(!console_init("unknown", 0x1234));
    kprintf(LOG_ERROR, "early %d\n", 1);
    CHECK_EQUAL(console_read_log(&start, text, sizeof text - 1), 8);
    CHECK(strcmp(text, "early 1\n") == 0);
    CHECK(console_init("test", 0x1234));
    CHECK_EQUAL(sent_length, 0);
}

TEST(lines_end_as_terminals_want_it)
{
    set_up();
    kprintf(LOG_INFO, "a\nb%s", "\n");
    CHECK(strcmp(sent, "a\r\nb\r\n") == 0);
}

TEST(the_level_decides_about_the_uart_not_about_the_ring)
{
    set_up();
    uint64_t start = log_end();
    console_set_level(LOG_WARNING);
    kprintf(LOG_NOTICE, "quiet");
    console_write(LOG_WARNING, "loud", 4);
    CHECK(strcmp(sent, "loud") == 0);
    CHECK_EQUAL(log_end() - start, 9);
}

TEST(the_runner_gets_brackets_that_no_text_can_close)
{
    set_up();
    console_set_runner(true);
    kprintf(LOG_INFO, "a%c%c\n", 0x0e, 0x0f);
    console_write(LOG_INFO, "b", 1);
    kprintf(LOG_DEBUG, "not sent");
    CHECK(strcmp(sent, "\x0e"
                       "a??\n\x0f\x0e"
                       "b\x0f") == 0);
}

TEST(the_ring_keeps_the_last_bytes_and_says_what_is_lost)
{
    static char text[CONSOLE_RING_BYTES + 100];
    set_up();
    console_set_level(LOG_PANIC);
    uint64_t start = log_end();
    for (unsigned i = 0; i < 10000; i++)
        kprintf(LOG_DEBUG, "%09u\n", i);
    uint64_t at = start;
    size_t length = console_read_log(&at, text, sizeof text);
    CHECK_EQUAL(length, CONSOLE_RING_BYTES);
    CHECK_EQUAL(at + length, log_end());
    CHECK_EQUAL(at, start + 100000 - CONSOLE_RING_BYTES);
    CHECK(memcmp(text + length - 20, "000009998\n000009999\n", 20) == 0);
    CHECK(memcmp(text, "03446\n000003447\n", 16) == 0); /* 65,536 bytes: 6553 lines and 6 bytes */
}

TEST(reading_in_pieces_and_beyond_the_end)
{
    char text[8];
    set_up();
    uint64_t at = log_end();
    kprintf(LOG_DEBUG, "0123456789");
    CHECK_EQUAL(console_read_log(&at, text, 8), 8);
    at += 8;
    CHECK_EQUAL(console_read_log(&at, text, 8), 2);
    CHECK(memcmp(text, "89", 2) == 0);
    at += 2;
    CHECK_EQUAL(console_read_log(&at, text, 8), 0);
    at = UINT64_MAX;
    CHECK_EQUAL(console_read_log(&at, text, 8), 0);
    CHECK_EQUAL(at, UINT64_MAX);
}
