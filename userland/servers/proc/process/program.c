/*
 * program.c: files that can be executed, as Linux's binfmt_elf and binfmt_script see them.
 */
#include "process/program.h"
#include "lib/memory.h"
#include "proc.h"
#include "process/arguments.h"
#include "process/image.h"

#define LINE_MOST 256 /* of a script's first line, as Linux reads it */

/* Looks at the file of an entry. 0, or why it cannot be executed. */
static int64_t look(struct program *program)
{
    struct node *node = program->entry->node;
    const void *bytes;
    const char *reason;
    if (node_type(node) == LINUX_S_IFLNK)
        return -ELOOP;
    if (node_type(node) != LINUX_S_IFREG || !(node->mode & 0111))
        return -EACCES;
    int64_t error = node_view(node, &bytes);
    if (error)
        return error;
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
    error = look(program);
    if (error)
        program_close(program);
    return error;
}

void program_close(struct program *program)
{
    entry_drop(program->entry);
    program->entry = NULL;
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
