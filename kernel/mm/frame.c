/*
 * frame.c: from frame numbers to descriptors and back, over several memory banks.
 */
#include "mm/frame.h"
#include "debug/panic.h"

struct bank banks[BANKS_MAX];
unsigned bank_count;
const struct bank *bank_last_hit = &banks[0];

void frame_add_bank(frame_number first, frame_number count, struct frame *descriptors)
{
    if (bank_count == BANKS_MAX)
        kernel_bug("frame_add_bank: more memory banks than BANKS_MAX");
    if (first + count > (uint64_t)1 << 32 || first + count < first)
        kernel_bug("frame_add_bank: memory above 16 TiB");
    banks[bank_count++] = (struct bank){.first = first, .count = count, .frames = descriptors};
}

const struct bank *bank_search(frame_number number)
{
    for (const struct bank *bank = banks; bank < &banks[bank_count]; bank++)
        if (number - bank->first < bank->count) {
            __atomic_store_n(&bank_last_hit, bank, __ATOMIC_RELAXED);
            return bank;
        }
    return NULL;
}

void frame_link(uint32_t *head, struct frame *frame, frame_number number)
{
    frame->previous = 0;
    frame->next = *head;
    if (*head)
        frame_of(*head)->previous = (uint32_t)number;
    *head = (uint32_t)number;
}

void frame_unlink(uint32_t *head, struct frame *frame)
{
    if (frame->previous)
        frame_of(frame->previous)->next = frame->next;
    else
        *head = frame->next;
    if (frame->next)
        frame_of(frame->next)->previous = frame->previous;
}

void frame_walk(frame_visitor *visit, void *context)
{
    for (const struct bank *bank = banks; bank < &banks[bank_count]; bank++)
        for (frame_number at = 0, frames; at < bank->count; at += frames) {
            frames = frame_block_size(&bank->frames[at]);
            visit(&bank->frames[at], frames, context);
        }
}

static void count_block(const struct frame *head, uint64_t frames, void *counts)
{
    ((uint64_t *)counts)[head->state] += frames;
}

void frame_count(uint64_t counts[FRAME_STATES])
{
    __builtin_memset(counts, 0, FRAME_STATES * sizeof *counts);
    frame_walk(count_block, counts);
}
