/*
 * process_memory.c: what processes have in their memory: arguments, environment, auxiliary vector.
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "procfs.h"

#define PIECE PAGE_SIZE

static char piece[PIECE]; /* of the call being served */

size_t subject_copy(const struct subject *subject, uint64_t address, void *own, size_t bytes)
{
    struct copy_stop stop;
    size_t done = 0;
    if (!subject->process->memory)
        return 0;
    while (done < bytes) { /* by pages: a copy over the end of a region copies nothing */
        size_t part = PAGE_SIZE - ((address + done) & (PAGE_SIZE - 1));
        if (part > bytes - done)
            part = bytes - done;
        if (space_copy(subject->process->memory->space, 0, address + done, (char *)own + done,
                       COPY_IN, part, &stop) < 0)
            break;
        done += part;
    }
    return done;
}

/* Text between two addresses, as far as it is present. */
static void add_range(const struct subject *subject, uint64_t start, uint64_t end,
                      struct text *text)
{
    while (start < end) {
        size_t wanted = end - start < PIECE ? end - start : PIECE;
        size_t have = subject_copy(subject, start, piece, wanted);
        text_add_bytes(text, piece, have);
        if (have < wanted)
            break;
        start += have;
    }
}

/*
 * As Linux: a program that overwrote the end of its arguments (setproctitle) has one long argument
 * instead, which may go on in its environment.
 */
int64_t command_line(const struct subject *subject, struct text *text)
{
    const struct memory *memory = subject->process->memory;
    if (!memory)
        return 0;
    const struct program_facts *facts = &memory->facts;
    add_range(subject, facts->arguments_start, facts->arguments_end, text);
    if (!text->length || text->failed || text->bytes[text->length - 1] == 0)
        return 0;
    size_t length = strnlen(text->bytes, text->length);
    if (length == text->length) {
        add_range(subject, facts->environment_start, facts->environment_end, text);
        if (!text->failed)
            length = strnlen(text->bytes, text->length);
    }
    if (!text->failed && length < text->length)
        text->length = length + 1;
    return 0;
}

int64_t environment(const struct subject *subject, struct text *text)
{
    const struct memory *memory = subject->process->memory;
    if (memory)
        add_range(subject, memory->facts.environment_start, memory->facts.environment_end, text);
    return 0;
}

int64_t auxiliary_vector(const struct subject *subject, struct text *text)
{
    const struct memory *memory = subject->process->memory;
    if (memory)
        add_range(subject, memory->facts.auxiliary_start, memory->facts.auxiliary_end, text);
    return 0;
}
