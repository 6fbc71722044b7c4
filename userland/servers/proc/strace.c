/*
 * strace.c: one line in the log for each system call, when the manifest says `strace`:
 *
 *   [1] openat(-100, "/etc/motd", 0x0) = 3
 *
 * The text is made before the call, because exit and execve take the memory away, and written after
 * it, with the result. A call that is sent back for absent pages shows once.
 */
#include "lib/log.h"
#include "lib/memory.h"
#include "proc.h"

#define LINE_BYTES   400
#define STRING_SHOWN 64

static const struct {
    const char *name, *arguments; /* letters, with commas and blanks between */
} texts[SYSTEM_CALLS] = {
#define SYSTEM_CALL(number, name, handler, ...) [number] = {#name, #__VA_ARGS__},
#include "system_calls.def"
#undef SYSTEM_CALL
};

const char *linux_error_name(int64_t error)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {{ESRCH, "ESRCH"},     {ENXIO, "ENXIO"},        {E2BIG, "E2BIG"},
                 {ENOEXEC, "ENOEXEC"}, {ENODEV, "ENODEV"},      {ENOTDIR, "ENOTDIR"},
                 {EISDIR, "EISDIR"},   {ENOTTY, "ENOTTY"},      {ESPIPE, "ESPIPE"},
                 {EROFS, "EROFS"},     {ERANGE, "ERANGE"},      {ENAMETOOLONG, "ENAMETOOLONG"},
                 {ELOOP, "ELOOP"},     {EOVERFLOW, "EOVERFLOW"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == -error)
            return names[i].name;
    return error_name(error); /* those the kernel has, too */
}

struct line {
    char text[LINE_BYTES];
    size_t length;
};

#define ADD(line, ...)                                                                             \
    do {                                                                                           \
        size_t room_ = sizeof(line)->text - (line)->length;                                        \
        size_t wanted_ = format_text((line)->text + (line)->length, room_, __VA_ARGS__);           \
        (line)->length += wanted_ < room_ ? wanted_ : room_ - 1;                                   \
    } while (0)

/* The string if it can be read without a fault, else its address. */
static void add_string(struct line *line, struct thread *thread, uint64_t address)
{
    char text[STRING_SHOWN + 1];
    struct copy_stop stop;
    size_t bytes = PAGE_SIZE - (address & (PAGE_SIZE - 1));
    if (bytes > STRING_SHOWN)
        bytes = STRING_SHOWN;
    if (space_copy(0, thread->request, address, text, COPY_IN, bytes, &stop) < 0) {
        ADD(line, "0x%lx", address);
        return;
    }
    text[bytes] = 0;
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    ADD(line, "\"%s\"%s", text, strlen(text) == bytes ? "..." : "");
}

static void add_argument(struct line *line, struct thread *thread, char letter, uint64_t value)
{
    if (letter == 'S')
        add_string(line, thread, value);
    else if (letter == 'D')
        ADD(line, "%ld", (long)(value >> 32 == 0 ? (uint64_t)(int32_t)value : value));
    else if (letter == 'P' && value == 0)
        ADD(line, "NULL");
    else
        ADD(line, "0x%lx", value);
}

static void add_call(struct line *line, struct thread *thread, uint32_t number,
                     const uint64_t arguments[6])
{
    if (number >= SYSTEM_CALLS || !texts[number].name) {
        ADD(line, "call %u(0x%lx, 0x%lx, 0x%lx, …)", number, arguments[0], arguments[1],
            arguments[2]);
        return;
    }
    ADD(line, "%s(", texts[number].name);
    unsigned count = 0;
    for (const char *letter = texts[number].arguments; *letter; letter++) {
        if (*letter == ',' || *letter == ' ')
            continue;
        if (count)
            ADD(line, ", ");
        add_argument(line, thread, *letter, arguments[count++]);
    }
    ADD(line, ")");
}

static void add_result(struct line *line, int64_t result)
{
    if (result == ANSWER_NONE)
        ADD(line, " = ?");
    else if (result < 0 && result >= -4095)
        ADD(line, " = %ld %s", (long)result, linux_error_name(result));
    else if (result > 0xffff)
        ADD(line, " = 0x%lx", result);
    else
        ADD(line, " = %ld", (long)result);
}

void system_call_ended(struct thread *thread, int64_t result)
{
    struct line line = {.length = 0};
    if (!(thread->unusual & UNUSUAL_STRACE))
        return;
    add_result(&line, result);
    log_print(LOG_INFO, "[%u] …%s\n", thread->process->pid, line.text);
}

int64_t system_call_traced(struct thread *thread, uint32_t number, const uint64_t arguments[6])
{
    struct line line = {.length = 0};
    uint32_t pid = thread->process->pid;
    add_call(&line, thread, number, arguments);
    system_call *handler = number < SYSTEM_CALLS ? system_calls[number] : NULL;
    int64_t result = handler ? handler(thread, thread->request, arguments[0], arguments[1],
                                       arguments[2], arguments[3], arguments[4], arguments[5])
                             : system_call_unknown(thread, number);
    if (result != ANSWER_RETRY) {
        add_result(&line, result);
        log_print(LOG_INFO, "[%u] %s\n", pid, line.text);
    }
    return result;
}
