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

static const struct bank *bank_hit(const struct bank *bank)
{
    __atomic_store_n(&bank_last_hit, bank, __ATOMIC_RELAXED);
    return bank;
}

const struct bank *bank_search(frame_number number)
{
    for (unsigned i = 0; i < bank_count; i++)
        if (bank_has(&banks[i], number))
            return bank_hit(&banks[i]);
    return NULL;
}

/* Compared as integers: pointers into different banks have no order in C. */
static bool bank_describes(const struct bank *bank, const struct frame *frame)
{
    return (uintptr_t)frame - (uintptr_t)bank->frames < bank->count * sizeof(struct frame);
}

frame_number frame_number_of(const struct frame *frame)
{
    const struct bank *bank = bank_guess();
    for (unsigned i = 0; !bank_describes(bank, frame); i++) {
        if (i == bank_count)
            kernel_bug("frame_number_of: not a frame descriptor");
        bank = &banks[i];
    }
    bank_hit(bank);
    return bank->first + (frame_number)(frame - bank->frames);
}

void frame_count(uint64_t counts[FRAME_STATES])
{
    for (unsigned state = 0; state < FRAME_STATES; state++)
        counts[state] = 0;
    for (unsigned i = 0; i < bank_count; i++) {
        const struct bank *bank = &banks[i];
        uint64_t size;
        for (frame_number at = 0; at < bank->count; at += size) {
            size = frame_block_size(&bank->frames[at]);
            counts[bank->frames[at].state] += size;
        }
    }
}
