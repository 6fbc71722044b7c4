/*
 * process_memory.c: what processes have in their memory: arguments, environment, auxiliary vector.
 */
#include "lib/memory.h"
#include "sequence.h"

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

/* Adds what is present from an address on, up to a piece: how many bytes. */
static size_t add_piece(const struct subject *subject, uint64_t start, uint64_t end,
                        struct text *text)
{
    size_t wanted = start >= end ? 0 : end - start < PIECE ? end - start : PIECE;
    size_t have = subject_copy(subject, start, piece, wanted);
    text_add_bytes(text, piece, have);
    return have;
}

/* A piece of a range that began at sequence->address 0. */
static int64_t range_step(const struct subject *subject, uint64_t start, uint64_t end,
                          struct sequence *sequence)
{
    size_t added = add_piece(subject, start + sequence->address, end, &sequence->text);
    sequence->address += added;
    sequence->ended = added < PIECE;
    return 0;
}

/* A program that overwrote the 0 at the end of its arguments (setproctitle) has one long argument
 * instead, which may go on in its environment: as Linux, whatever it is, of a page at most. */
static void add_title(const struct subject *subject, const struct program_facts *facts,
                      struct sequence *sequence)
{
    size_t have = subject_copy(subject, facts->arguments_start, piece, PIECE);
    size_t length = strnlen(piece, have);
    text_add_bytes(&sequence->text, piece, length < have ? length + 1 : length);
    sequence->ended = true;
}

int64_t command_line_step(const struct subject *subject, struct sequence *sequence)
{
    const struct memory *memory = subject->process->memory;
    char last = 0;
    sequence->ended = !memory;
    if (!memory)
        return 0;
    const struct program_facts *facts = &memory->facts;
    if (sequence->address == 0 && facts->arguments_end > facts->arguments_start)
        subject_copy(subject, facts->arguments_end - 1, &last, 1);
    if (last) {
        add_title(subject, facts, sequence);
        return 0;
    }
    return range_step(subject, facts->arguments_start, facts->arguments_end, sequence);
}

int64_t environment_step(const struct subject *subject, struct sequence *sequence)
{
    const struct memory *memory = subject->process->memory;
    sequence->ended = !memory;
    if (!memory)
        return 0;
    return range_step(subject, memory->facts.environment_start, memory->facts.environment_end,
                      sequence);
}

int64_t auxiliary_vector(const struct subject *subject, struct text *text)
{
    const struct memory *memory = subject->process->memory;
    if (memory)
        add_piece(subject, memory->facts.auxiliary_start, memory->facts.auxiliary_end, text);
    return 0;
}
