/*
 * program.c: files that can be executed, as Linux's binfmt_elf and binfmt_script see them.
 */
#include "process/program.h"
#include "files/remote.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "process/arguments.h"
#include "process/image.h"

#define HEADERS_MOST (256UL << 10) /* of a program's file, up to the end of its headers */
#define LINE_MOST    256           /* of a script's first line, as Linux reads it */

/* How many bytes of a file must be seen for its headers: as many as there are, `have`, or more. */
static uint64_t bytes_wanted(const uint8_t *bytes, uint64_t have, uint64_t size)
{
    struct elf_segment header;
    uint64_t table, end;
    uint16_t count;
    if (have < 64 || memcmp(bytes, "\177ELF", 4) != 0)
        return have;
    memcpy(&table, bytes + 32, sizeof table);
    memcpy(&count, bytes + 56, sizeof count);
    end = table + (uint64_t)count * sizeof header;
    if (table > size || end > size || end > have)
        return end > size || table > size ? have : end;
    for (uint64_t at = table; at < table + (uint64_t)count * sizeof header; at += sizeof header) {
        memcpy(&header, bytes + at, sizeof header);
        if (header.type == ELF_INTERPRETER && header.offset < size &&
            header.file_size <= size - header.offset && header.offset + header.file_size > end)
            end = header.offset + header.file_size;
    }
    return end > have ? end : have;
}

/* The beginning of a file in another server: 0, ANSWER_NONE or an error. */
static int64_t look_from_afar(struct thread *thread, struct program *program)
{
    struct node *node = program->entry->node;
    uint64_t have = node->size < PAGE_SIZE ? node->size : PAGE_SIZE, wanted = have;
    int64_t error;
    do {
        have = wanted;
        wired_free(program->copy);
        program->copy = have <= HEADERS_MOST ? wired_alloc(have + 1) : NULL;
        if (!program->copy)
            return have <= HEADERS_MOST ? -ENOMEM : -ENOEXEC;
        error = remote_read(thread, node, 0, program->copy, have);
        if (error)
            return error;
        wanted = bytes_wanted(program->copy, have, node->size);
    } while (wanted > have);
    program->bytes = program->copy;
    return 0;
}

/* Looks at the file of an entry. 0, or why it cannot be executed. */
static int64_t look(struct thread *thread, struct program *program)
{
    struct node *node = program->entry->node;
    const void *bytes;
    const char *reason;
    if (node_type(node) == LINUX_S_IFLNK)
        return -ELOOP;
    if (node_type(node) != LINUX_S_IFREG || !(node->mode & 0111))
        return -EACCES;
    int64_t error = is_remote(node) ? look_from_afar(thread, program) : node_view(node, &bytes);
    if (error)
        return error;
    if (is_remote(node))
        bytes = program->bytes;
    program->bytes = bytes;
    program->script = node->size >= 2 && program->bytes[0] == '#' && program->bytes[1] == '!';
    if (!program->script &&
        elf_read(&program->elf, bytes, node->size, PROGRAM_HIGHEST, &reason) < 0)
        return -ENOEXEC;
    return 0;
}

int64_t program_open(struct thread *thread, struct entry *from, const char *path, bool follow,
                     struct program *program)
{
    int64_t error = 0;
    *program = (struct program){.entry = from};
    if (path)
        program->entry = path_walk(thread, from, path, strlen(path), follow, &error);
    else
        entry_hold(from);
    if (!program->entry)
        return error;
    error = look(thread, program);
    if (error)
        program_close(program);
    return error;
}

void program_close(struct program *program)
{
    entry_drop(program->entry);
    wired_free(program->copy);
    program->entry = NULL;
    program->copy = NULL;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

int64_t program_interpreter(const struct program *program, struct arguments *arguments,
                            const char *path, const char **interpreter)
{
    static char line[LINE_MOST + 1];
    size_t size = program->entry->node->size;
    if (size > LINE_MOST)
        size = LINE_MOST;
    memcpy(line, program->bytes, size);
    line[size] = 0;
    char *name = line + 2, *end = name;
    while (*end && *end != '\n')
        end++;
    bool whole = *end == '\n' || size < LINE_MOST;
    *end = 0;
    while (blank(*name))
        name++;
    while (end > name && blank(end[-1]))
        *--end = 0;
    char *argument = name;
    while (*argument && !blank(*argument))
        argument++;
    if (argument == name || (!*argument && !whole)) /* none, or it may go on */
        return -ENOEXEC;
    if (*argument)
        *argument++ = 0;
    while (blank(*argument))
        argument++;
    /* Each comes before what is there. A script that was itself named by another's line is: */
    int64_t error = 0;
    if (!arguments->instead.count)
        error = arguments_put_first(arguments, path, strlen(path));
    if (!error && *argument)
        error = arguments_put_first(arguments, argument, strlen(argument));
    if (!error)
        error = arguments_put_first(arguments, name, strlen(name));
    *interpreter = name;
    return error;
}
