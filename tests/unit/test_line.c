// sources: userland/servers/proc/tty/line.c
// flags: -Iuserland/servers/proc/tty
#include "line.h"
#include "unit.h"
#include <string.h>

/* ---- A terminal that keeps what it shows ---- */

static char screen[65536];
static size_t shown;
static unsigned last_signal, signal_count;

static void show(struct line *line, const char *text, size_t bytes)
{
    (void)line;
    CHECK(shown + bytes < sizeof screen);
    memcpy(screen + shown, text, bytes);
    shown += bytes;
    screen[shown] = 0;
}

static void take_signal(struct line *line, unsigned signal)
{
    (void)line;
    last_signal = signal;
    signal_count++;
}

static struct line fresh(void)
{
    static struct line line;
    memset(&line, 0, sizeof line);
    line_init(&line);
    line.echo = show;
    line.signal = take_signal;
    shown = signal_count = last_signal = 0;
    screen[0] = 0;
    return line;
}

static void type(struct line *line, const char *keys)
{
    for (; *keys; keys++)
        CHECK(line_type(line, (unsigned char)*keys));
}

static const char *take(struct line *line)
{
    static char text[LINE_BYTES + 1];
    size_t bytes = line_take(line, text, LINE_BYTES);
    text[bytes] = 0;
    return text;
}

/* What the screen's line reads after backspaces. */
static const char *visible(void)
{
    static char text[sizeof screen];
    size_t at = 0, end = 0;
    for (size_t i = 0; i < shown; i++) {
        if (screen[i] == '\b') {
            at -= at > 0;
        } else {
            text[at++] = screen[i];
            end = at > end ? at : end;
        }
    }
    while (end && text[end - 1] == ' ')
        end--;
    text[end] = 0;
    return text;
}

/* ---- Lines ---- */

TEST(a_line_can_be_read_when_it_is_complete)
{
    struct line line = fresh();
    type(&line, "ls");
    CHECK(!line_complete(&line));
    CHECK_EQUAL(line_available(&line), 0);
    type(&line, "\r");
    CHECK_EQUAL(line_available(&line), 3);
    CHECK(strcmp(screen, "ls\r\n") == 0);
    CHECK(strcmp(take(&line), "ls\n") == 0);
    CHECK(!line_complete(&line));
}

TEST(a_read_gets_one_line_or_a_part_of_it)
{
    struct line line = fresh();
    char part[3] = "";
    type(&line, "one\rtwo\r");
    CHECK_EQUAL(line_take(&line, part, 2), 2);
    CHECK(memcmp(part, "on", 2) == 0);
    CHECK(strcmp(take(&line), "e\n") == 0);
    CHECK(strcmp(take(&line), "two\n") == 0);
}

TEST(control_d_ends_a_line_without_newline_and_alone_the_file)
{
    struct line line = fresh();
    type(&line, "abc\4\4");
    CHECK(strcmp(take(&line), "abc") == 0);
    CHECK(line_complete(&line));
    CHECK(strcmp(take(&line), "") == 0);
    CHECK(!line_complete(&line));
}

TEST(keys_erase_a_character_a_word_and_the_line)
{
    struct line line = fresh();
    type(&line, "abx\177c");
    CHECK(strcmp(visible(), "abc") == 0);
    type(&line, " one two\27");
    CHECK(strcmp(visible(), "abc one") == 0);
    type(&line, "\25xyz");
    CHECK(strcmp(visible(), "xyz") == 0);
    type(&line, "\177\177\177\177\177!\r");
    CHECK(strcmp(take(&line), "!\n") == 0);
}

TEST(erasing_takes_tabs_and_controls_off_the_screen)
{
    struct line line = fresh();
    type(&line, "a\t\26\1b");
    CHECK_EQUAL(line.column, 8 + 2 + 1);
    type(&line, "\177\177");
    CHECK_EQUAL(line.column, 8);
    type(&line, "\177");
    CHECK_EQUAL(line.column, 1);
}

TEST(a_character_of_several_bytes_is_erased_whole_with_iutf8)
{
    struct line line = fresh();
    line.settings.input |= IUTF8;
    type(&line, "a\303\244\177b\r");
    CHECK(strcmp(take(&line), "ab\n") == 0);
}

TEST(a_quoted_key_loses_its_meaning)
{
    struct line line = fresh();
    type(&line, "\26\3\26\177\r");
    CHECK_EQUAL(signal_count, 0);
    CHECK(strcmp(take(&line), "\3\177\n") == 0);
}

TEST(keys_send_signals_and_drop_what_was_typed)
{
    struct line line = fresh();
    type(&line, "abc\3");
    CHECK_EQUAL(last_signal, 2);
    CHECK(strcmp(screen, "abc^C") == 0);
    type(&line, "\32\34x\r");
    CHECK_EQUAL(signal_count, 3);
    CHECK(strcmp(take(&line), "x\n") == 0);
    line.settings.local &= ~(uint32_t)ISIG;
    type(&line, "\3\r");
    CHECK(strcmp(take(&line), "\3\n") == 0);
}

TEST(output_is_held_and_let_go)
{
    struct line line = fresh();
    type(&line, "\23");
    CHECK(line.stopped);
    type(&line, "\21");
    CHECK(!line.stopped);
    CHECK(!line_complete(&line));
}

TEST(without_echo_nothing_shows)
{
    struct line line = fresh();
    line.settings.local &= ~(uint32_t)ECHO;
    type(&line, "secret\177\r");
    CHECK_EQUAL(shown, 0);
    CHECK(strcmp(take(&line), "secre\n") == 0);
}

TEST(raw_keys_are_readable_at_once_and_as_they_are)
{
    struct line line = fresh();
    struct linux_termios raw = line.settings;
    raw.input = raw.output = 0;
    raw.local = 0;
    type(&line, "ab");
    line_set(&line, &raw);
    CHECK_EQUAL(line_available(&line), 2);
    type(&line, "\r\3\177\4");
    CHECK(strcmp(take(&line), "ab\r\3\177\4") == 0);
}

/* ---- Bounds ---- */

TEST(a_line_too_long_is_cut_and_can_still_be_ended)
{
    struct line line = fresh();
    line.settings.local &= ~(uint32_t)ECHO;
    for (unsigned i = 0; i < 3 * LINE_BYTES; i++)
        CHECK(line_type(&line, 'x'));
    CHECK(!line_complete(&line));
    CHECK(line_type(&line, '\r'));
    CHECK_EQUAL(line_available(&line), LINE_BYTES);
    const char *text = take(&line);
    CHECK_EQUAL(strlen(text), LINE_BYTES);
    CHECK_EQUAL(text[LINE_BYTES - 1], '\n');
}

TEST(keys_wait_in_the_driver_when_lines_fill_the_buffer)
{
    struct line line = fresh();
    unsigned typed = 0;
    line.settings.local &= ~(uint32_t)ECHO;
    while (line_type(&line, typed % 10 == 9 ? '\r' : 'a'))
        CHECK(++typed <= LINE_BYTES);
    CHECK(typed >= LINE_BYTES - 1);
    CHECK_EQUAL(strlen(take(&line)), 10);
    CHECK(line_type(&line, 'b'));
}

TEST(an_interrupt_is_heard_even_when_the_buffer_is_full)
{
    struct line line = fresh();
    line.settings.local &= ~(uint32_t)ECHO;
    while (line_type(&line, '\r'))
        ;
    CHECK(line_type(&line, 3));
    CHECK_EQUAL(last_signal, 2);
    CHECK(!line_complete(&line));
}

/* ---- Output ---- */

static const char *output(struct line *line, const char *text)
{
    static char out[4096];
    size_t count = 0;
    for (; *text; text++)
        count += line_output(line, (unsigned char)*text, out + count);
    out[count] = 0;
    return out;
}

TEST(output_processing_is_as_asked_for)
{
    struct line line = fresh();
    CHECK(strcmp(output(&line, "a\nb"), "a\r\nb") == 0);
    line.settings.output |= XTABS;
    CHECK(strcmp(output(&line, "\r12\tx"), "\r12      x") == 0);
    line.settings.output = OPOST | OCRNL;
    CHECK(strcmp(output(&line, "a\rb\n"), "a\nb\n") == 0);
    line.settings.output = 0;
    CHECK(strcmp(output(&line, "a\tb\r\n"), "a\tb\r\n") == 0);
}

/* ---- Any keys, any settings, any reads ---- */

TEST(random_typing_never_loses_or_invents_bytes)
{
    for (unsigned round = 0; round < 300; round++) {
        struct line line = fresh();
        uint64_t taken = 0, accepted = 0;
        for (unsigned step = 0; step < 2000; step++) {
            shown = 0;
            if (unit_random_below(100) == 0) {
                struct linux_termios settings = line.settings;
                settings.local ^= (uint32_t)1 << unit_random_below(16);
                settings.input ^= (uint32_t)1 << unit_random_below(12);
                settings.output ^= (uint32_t)1 << unit_random_below(6);
                line_set(&line, &settings);
            } else if (unit_random_below(10) == 0) {
                char text[300];
                size_t most = 1 + unit_random_below(sizeof text);
                size_t available = line_available(&line);
                size_t count = line_take(&line, text, most);
                CHECK(count <= most && count <= available);
                taken += count;
            } else {
                accepted += line_type(&line, (unsigned char)unit_random_below(256));
            }
            CHECK(line.read <= line.ready && line.ready <= line.typed);
            CHECK(line.typed - line.read <= LINE_BYTES);
            CHECK(taken <= accepted);
        }
    }
}
