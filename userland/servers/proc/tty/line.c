/*
 * line.c: the line discipline. Editing happens at the end of what was typed, above `ready`; a line
 * becomes readable by moving `ready` over it.
 */
#include "line.h"

#define SIGINT_  2
#define SIGQUIT_ 3
#define SIGTSTP_ 20
#define DISABLED 0 /* _POSIX_VDISABLE: a character of this value means nothing */
#define RUBOUT   127

static bool is(const struct line *line, unsigned which, unsigned char key)
{
    return key != DISABLED && line->settings.characters[which] == key;
}

static bool local(const struct line *line, uint32_t flag)
{
    return line->settings.local & flag;
}

static char *at(struct line *line, uint64_t number)
{
    return &line->bytes[number % LINE_BYTES];
}

static void mark(struct line *line, uint64_t number, bool end)
{
    uint64_t bit = 1UL << number % 64, *word = &line->ends[number % LINE_BYTES / 64];
    *word = end ? *word | bit : *word & ~bit;
}

static bool ends(const struct line *line, uint64_t number)
{
    return line->ends[number % LINE_BYTES / 64] >> number % 64 & 1;
}

void line_init(struct line *line)
{
    line->settings = (struct linux_termios){
        .input = ICRNL | IXON,
        .output = OPOST | ONLCR,
        .control = 0x14b2, /* 115200 baud, 8 bits, CREAD, HUPCL */
        .local = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
        .characters = {3, 28, RUBOUT, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22},
    };
}

/* ---- Echo ---- */

/* Through output processing, so that columns are known. */
static void echo_text(struct line *line, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        char out[LINE_OUTPUT_MOST];
        size_t count = line_output(line, (unsigned char)text[i], out);
        line->echo(line, out, count);
    }
}

static bool shown_as_control(const struct line *line, unsigned char key)
{
    return local(line, ECHOCTL) && (key < ' ' || key == RUBOUT) && key != '\t' && key != '\n';
}

static void echo_key(struct line *line, unsigned char key)
{
    if (shown_as_control(line, key)) {
        char text[2] = {'^', (char)(key ^ 0x40)};
        echo_text(line, text, 2);
    } else {
        char text = (char)key;
        echo_text(line, &text, 1);
    }
}

/* The column after the bytes from `from` on were echoed, begun at the line's first column. */
static uint32_t column_after(struct line *line, uint64_t end)
{
    uint32_t column = line->line_column;
    for (uint64_t i = line->ready; i < end; i++) {
        unsigned char key = (unsigned char)*at(line, i);
        if (key == '\t')
            column = (column | 7) + 1;
        else if (shown_as_control(line, key))
            column += 2;
        else if (!(line->settings.input & IUTF8) || (key & 0xc0) != 0x80)
            column++;
    }
    return column;
}

/* ---- Editing ---- */

/* Removes what lies above `to` and takes it off the screen. */
static void erase_to(struct line *line, uint64_t to)
{
    uint32_t before = line->column, after;
    line->typed = to;
    if (!local(line, ECHO))
        return;
    after = column_after(line, to);
    while (before > after && before) {
        echo_text(line, "\b \b", 3);
        before--;
    }
}

static bool continues(const struct line *line, unsigned char byte)
{
    return line->settings.input & IUTF8 && (byte & 0xc0) == 0x80;
}

static void erase_key(struct line *line)
{
    uint64_t to = line->typed;
    if (to == line->ready)
        return;
    do
        to--;
    while (to > line->ready && continues(line, (unsigned char)*at(line, to)));
    if (local(line, ECHO) && !local(line, ECHOE)) {
        line->typed = to;
        echo_key(line, line->settings.characters[VERASE]);
        return;
    }
    erase_to(line, to);
}

static bool in_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static void erase_word(struct line *line)
{
    uint64_t to = line->typed;
    while (to > line->ready && !in_word(*at(line, to - 1)))
        to--;
    while (to > line->ready && in_word(*at(line, to - 1)))
        to--;
    erase_to(line, to);
}

static void erase_line(struct line *line)
{
    if (local(line, ECHOK) && !(local(line, ECHOKE) && local(line, ECHOE)) && local(line, ECHO)) {
        line->typed = line->ready;
        echo_key(line, line->settings.characters[VKILL]);
        echo_text(line, "\n", 1);
        return;
    }
    erase_to(line, line->ready);
}

static void reprint(struct line *line)
{
    echo_key(line, line->settings.characters[VREPRINT]);
    echo_text(line, "\n", 1);
    line->line_column = line->column;
    for (uint64_t i = line->ready; i < line->typed; i++)
        echo_key(line, (unsigned char)*at(line, i));
}

/* True when the key was an edit and is done. */
static bool edit(struct line *line, unsigned char key)
{
    if (is(line, VERASE, key))
        erase_key(line);
    else if (is(line, VKILL, key))
        erase_line(line);
    else if (local(line, IEXTEN) && is(line, VWERASE, key))
        erase_word(line);
    else if (local(line, IEXTEN) && is(line, VREPRINT, key) && local(line, ECHO))
        reprint(line);
    else
        return false;
    return true;
}

/* ---- Signals and flow ---- */

void line_flush(struct line *line)
{
    line->read = line->ready = line->typed;
    line->literal = false;
}

static bool signals(struct line *line, unsigned char key)
{
    unsigned signal = is(line, VINTR, key)   ? SIGINT_
                      : is(line, VQUIT, key) ? SIGQUIT_
                      : is(line, VSUSP, key) ? SIGTSTP_
                                             : 0;
    if (!signal)
        return false;
    if (!local(line, NOFLSH))
        line_flush(line);
    line->stopped = false;
    if (local(line, ECHO))
        echo_key(line, key);
    line->signal(line, signal);
    return true;
}

/* True when the key held or released output and is done. */
static bool flow(struct line *line, unsigned char key)
{
    if (is(line, VSTOP, key)) {
        line->stopped = true;
        return true;
    }
    if (is(line, VSTART, key)) {
        line->stopped = false;
        return true;
    }
    if (line->settings.input & IXANY)
        line->stopped = false;
    return false;
}

/* ---- Typing ---- */

bool line_room(const struct line *line)
{
    return line->typed - line->read < LINE_BYTES - 1;
}

static void put(struct line *line, unsigned char key, bool end)
{
    *at(line, line->typed) = (char)key;
    mark(line, line->typed, end);
    line->typed++;
    if (end || !local(line, ICANON))
        line->ready = line->typed;
}

/* A byte as settings.input changes it; negative: dropped. */
static int translate(const struct line *line, unsigned char key)
{
    uint32_t input = line->settings.input;
    if (input & ISTRIP)
        key &= 0x7f;
    if (key == '\r') {
        if (input & IGNCR)
            return -1;
        if (input & ICRNL)
            key = '\n';
    } else if (key == '\n' && input & INLCR) {
        key = '\r';
    }
    return key;
}

static void type_canonical(struct line *line, unsigned char key)
{
    bool newline = key == '\n';
    bool end = newline || is(line, VEOL, key) || (local(line, IEXTEN) && is(line, VEOL2, key));
    if (is(line, VEOF, key)) {
        put(line, DISABLED, true);
        line->line_column = line->column;
        return;
    }
    if (line->typed == line->ready)
        line->line_column = line->column;
    if (local(line, ECHO))
        echo_key(line, key);
    else if (newline && local(line, ECHONL))
        echo_text(line, "\n", 1);
    put(line, key, end);
}

bool line_type(struct line *line, unsigned char byte)
{
    bool literal = line->literal;
    int key = literal ? byte : translate(line, byte);
    if (key < 0)
        return true;
    if (!literal) {
        if (line->settings.input & IXON && flow(line, (unsigned char)key))
            return true;
        if (local(line, ISIG) && signals(line, (unsigned char)key))
            return true;
        if (local(line, ICANON) && edit(line, (unsigned char)key))
            return true;
        if (local(line, ICANON) && local(line, IEXTEN) && is(line, VLNEXT, (unsigned char)key)) {
            if (local(line, ECHO) && local(line, ECHOCTL))
                echo_text(line, "^\b", 2);
            line->literal = true;
            return true;
        }
    }
    /* The last place is kept for what ends the line: a longer one is cut there, as on Linux. */
    if (!line_room(line)) {
        if (!local(line, ICANON) || line->ready != line->read)
            return false;
        if (key != '\n' || line->typed - line->read >= LINE_BYTES)
            return true;
    }
    line->literal = false;
    if (local(line, ICANON) && !literal) {
        type_canonical(line, (unsigned char)key);
        return true;
    }
    if (local(line, ECHO))
        echo_key(line, (unsigned char)key);
    put(line, (unsigned char)key, false);
    return true;
}

void line_set(struct line *line, const struct linux_termios *settings)
{
    bool was_canonical = local(line, ICANON);
    line->settings = *settings;
    if (was_canonical && !local(line, ICANON))
        line->ready = line->typed;
    if (!(settings->input & IXON))
        line->stopped = false;
}

/* ---- Reading ---- */

static bool is_end_of_file(struct line *line, uint64_t number)
{
    return ends(line, number) && *at(line, number) == DISABLED;
}

bool line_complete(const struct line *line)
{
    return line->ready != line->read;
}

size_t line_available(const struct line *line)
{
    struct line *mutable = (struct line *)line;
    size_t count = 0;
    for (uint64_t i = line->read; i < line->ready; i++)
        count += !(local(line, ICANON) && is_end_of_file(mutable, i));
    return count;
}

size_t line_take(struct line *line, char *to, size_t most)
{
    size_t count = 0;
    while (line->read < line->ready) {
        uint64_t number = line->read;
        bool end = local(line, ICANON) && ends(line, number);
        if (end && is_end_of_file(line, number)) {
            /* After a full buffer it still waits for the next read, unless that read it empty. */
            line->read++;
            return count;
        }
        if (count == most)
            return count;
        to[count++] = *at(line, number);
        line->read++;
        if (end)
            return count;
    }
    return count;
}

/* ---- Output ---- */

/* The column a byte of output leaves the cursor in. */
static void advance(struct line *line, unsigned char byte)
{
    if (byte == '\r')
        line->column = 0;
    else if (byte == '\b')
        line->column -= line->column > 0;
    else if (byte >= ' ' && byte != RUBOUT && !continues(line, byte))
        line->column++;
}

size_t line_output(struct line *line, unsigned char byte, char out[LINE_OUTPUT_MOST])
{
    uint32_t output = line->settings.output;
    size_t count = 0;
    if (!(output & OPOST)) {
        out[0] = (char)byte;
        advance(line, byte);
        return 1;
    }
    if (byte == '\n') {
        if (output & ONLCR)
            out[count++] = '\r';
        if (output & (ONLCR | ONLRET))
            line->column = 0;
        out[count++] = '\n';
        return count;
    }
    if (byte == '\r') {
        if (output & ONOCR && line->column == 0)
            return 0;
        if (output & OCRNL)
            byte = '\n';
        line->column = 0;
        out[0] = (char)byte;
        return 1;
    }
    if (byte == '\t') {
        uint32_t spaces = 8 - (line->column & 7);
        line->column += spaces;
        if ((output & TABDLY) != XTABS) {
            out[0] = '\t';
            return 1;
        }
        while (count < spaces)
            out[count++] = ' ';
        return count;
    }
    advance(line, byte);
    out[0] = (char)byte;
    return 1;
}
