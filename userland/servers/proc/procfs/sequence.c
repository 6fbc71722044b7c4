/*
 * sequence.c: see sequence.h. Reading on from where the last read ended costs only what is new; at
 * an earlier position everything is made again from the start.
 */
#include "sequence.h"
#include "lib/memory.h"
#include "lib/wired.h"

#define STEPS   32   /* in one message */
#define MAKE_UP 4096 /* bytes, if as many are wanted */

static int64_t pause(struct thread *thread)
{
    thread->retry_tag = TAG_RETRY_READ;
    thread->retries = 0;
    thread->retry[0] = 0; /* no page: just again */
    return ANSWER_RETRY;
}

static void restart(struct sequence *sequence)
{
    struct text text = sequence->text;
    text.length = 0;
    *sequence = (struct sequence){.text = text};
}

/* Forgets what lies before `offset`. */
static void forget_before(struct sequence *sequence, uint64_t offset)
{
    struct text *text = &sequence->text;
    if (offset <= sequence->start || !text->length)
        return;
    uint64_t gone = offset - sequence->start;
    if (gone > text->length)
        gone = text->length;
    memmove(text->bytes, text->bytes + gone, text->length - gone);
    text->length -= gone;
    sequence->start += gone;
}

static uint64_t available(const struct sequence *sequence, uint64_t offset)
{
    uint64_t end = sequence->start + sequence->text.length;
    return end > offset ? end - offset : 0;
}

/* Makes text until `wanted` bytes follow the offset, or there are no more. */
static int64_t make(struct thread *thread, const struct node *node, struct sequence *sequence,
                    uint64_t offset, uint64_t wanted)
{
    struct subject subject;
    int64_t error = subject_of(thread, node, &subject);
    unsigned steps = 0;
    while (!error && !sequence->ended && available(sequence, offset) < wanted) {
        if (steps++ == STEPS)
            return available(sequence, offset) ? 0 : pause(thread);
        forget_before(sequence, offset);
        error = subject.item->step(&subject, sequence);
        if (!error && sequence->text.failed)
            error = -ENOMEM;
    }
    return error;
}

static int64_t sequence_read(struct thread *thread, struct open_file *file,
                             const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    struct sequence *sequence = file->state;
    uint64_t address, bytes;
    if (!sequence)
        sequence = file->state = wired_alloc(sizeof *sequence);
    if (!sequence)
        return -ENOMEM;
    bool begins = !(thread->unusual & UNUSUAL_AGAIN);
    if ((begins && offset == 0) || offset < sequence->start)
        restart(sequence);
    forget_before(sequence, offset);
    int64_t error = thread->progress ? 0
                                     : make(thread, file->node, sequence, offset,
                                            total < MAKE_UP ? total : MAKE_UP);
    if (error) {
        if (error != ANSWER_RETRY)
            restart(sequence);
        return error;
    }
    if (total > available(sequence, offset))
        total = available(sequence, offset);
    while (vector_piece(vector, total, thread->progress, &address, &bytes)) {
        uint64_t done = 0;
        const char *from = sequence->text.bytes + (offset - sequence->start) + thread->progress;
        error = client_write_part(thread, address, from, bytes, &done);
        thread->progress += done;
        if (error)
            return transfer_stopped(thread, error);
    }
    return (int64_t)total;
}

static void sequence_release(struct open_file *file)
{
    struct sequence *sequence = file->state;
    if (sequence)
        text_free(&sequence->text);
    wired_free(sequence);
}

const struct file_operations sequence_operations = {.read = sequence_read,
                                                    .release = sequence_release};
