/*
 * arguments.c: argv and envp, copied out of a program. That may be long and its pages absent, so it
 * is done string by string and remembers how far it came. Bounds as in Linux's fs/exec.c.
 */
#include "process/arguments.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

#define STRING_MAX  (32UL * PAGE_SIZE)    /* one string, with its end */
#define TOTAL_LEAST (32UL * PAGE_SIZE)    /* all together, */
#define TOTAL_MOST  (STACK_BYTES / 4 * 3) /* … whatever the limit of the stack */
#define POINTERS    32                    /* read at once */
#define FIRST_ROOM  1024

struct arguments *arguments_new(uint64_t stack_limit)
{
    struct arguments *arguments = wired_alloc(sizeof *arguments);
    if (!arguments)
        return NULL;
    arguments->most = stack_limit / 4 < TOTAL_MOST ? stack_limit / 4 : TOTAL_MOST;
    if (arguments->most < TOTAL_LEAST)
        arguments->most = TOTAL_LEAST;
    return arguments;
}

void arguments_free(struct arguments *arguments)
{
    if (!arguments)
        return;
    wired_free(arguments->argv.text);
    wired_free(arguments->envp.text);
    wired_free(arguments->instead.text);
    wired_free(arguments);
}

/* What is there already, with a pointer for each. */
static size_t total(const struct arguments *arguments)
{
    const struct strings *all[] = {&arguments->argv, &arguments->envp, &arguments->instead};
    size_t bytes = 0;
    for (unsigned i = 0; i < 3; i++)
        bytes += all[i]->bytes + all[i]->count * sizeof(uint64_t);
    return bytes;
}

/* Room for `bytes` more. */
static int64_t reserve(struct strings *strings, size_t bytes)
{
    size_t room = strings->room ? strings->room : FIRST_ROOM;
    while (room - strings->bytes < bytes)
        room *= 2;
    if (room == strings->room)
        return 0;
    char *grown = wired_resize(strings->text, room);
    if (!grown)
        return -ENOMEM;
    strings->text = grown;
    strings->room = room;
    return 0;
}

int64_t arguments_add(struct arguments *arguments, struct strings *strings, const char *text,
                      size_t length)
{
    if (length + 1 + sizeof(uint64_t) > arguments->most - total(arguments))
        return -E2BIG;
    int64_t error = reserve(strings, length + 1);
    if (error)
        return error;
    memcpy(strings->text + strings->bytes, text, length);
    strings->text[strings->bytes + length] = 0;
    strings->bytes += length + 1;
    strings->count++;
    return 0;
}

int64_t arguments_put_first(struct arguments *arguments, const char *text, size_t length)
{
    struct strings *strings = &arguments->instead;
    int64_t error = arguments_add(arguments, strings, text, length);
    if (error)
        return error;
    memmove(strings->text + length + 1, strings->text, strings->bytes - length - 1);
    memcpy(strings->text, text, length);
    strings->text[length] = 0;
    return 0;
}

/* ---- From a program ---- */

/* Appends the string at `address`: grows the text until it fits. */
static int64_t read_string(struct arguments *arguments, struct strings *strings,
                           struct thread *thread, uint64_t address)
{
    for (size_t room = 256;; room *= 2) {
        size_t left = arguments->most - total(arguments);
        if (left <= sizeof(uint64_t))
            return -E2BIG;
        left -= sizeof(uint64_t);
        if (room > left)
            room = left;
        if (room > STRING_MAX)
            room = STRING_MAX;
        int64_t length = reserve(strings, room);
        if (!length)
            length = client_string(thread, address, strings->text + strings->bytes, room);
        if (length >= 0) {
            strings->bytes += (size_t)length + 1;
            strings->count++;
            return 0;
        }
        if (length != -ENAMETOOLONG)
            return length;
        if (room == left || room == STRING_MAX)
            return -E2BIG;
    }
}

/* The next pointers of a vector that lie in one page: how many, or an error. */
static int64_t read_pointers(struct thread *thread, uint64_t address, uint64_t pointers[POINTERS])
{
    uint64_t in_page = (PAGE_SIZE - address % PAGE_SIZE) / sizeof(uint64_t);
    uint64_t count = !in_page ? 1 : in_page < POINTERS ? in_page : POINTERS;
    int64_t error = client_read(thread, address, pointers, count * sizeof(uint64_t));
    return error ? error : (int64_t)count;
}

static int64_t read_vector(struct arguments *arguments, struct strings *strings,
                           struct thread *thread, uint64_t vector)
{
    uint64_t pointers[POINTERS];
    while (vector) {
        int64_t count =
            read_pointers(thread, vector + arguments->done * sizeof(uint64_t), pointers);
        if (count < 0)
            return count;
        for (int64_t i = 0; i < count; i++, arguments->done++) {
            size_t before = strings->bytes;
            if (!pointers[i])
                return 0;
            int64_t error = read_string(arguments, strings, thread, pointers[i]);
            if (error)
                return error;
            error = client_pause(thread, strings->bytes, strings->bytes - before);
            if (error) {
                arguments->done++;
                return error;
            }
        }
    }
    return 0;
}

int64_t arguments_read(struct arguments *arguments, struct thread *thread, uint64_t argv,
                       uint64_t envp)
{
    int64_t error = 0;
    if (!arguments->argv_read) {
        error = read_vector(arguments, &arguments->argv, thread, argv);
        if (error)
            return error;
        arguments->argv_read = true;
        arguments->done = 0;
    }
    return read_vector(arguments, &arguments->envp, thread, envp);
}
