/*
 * ledger.c: the audit behind DEBUG_LEDGER. Every frame is counted once, every
 * pool is checked against what names it (invariant 4, conservation).
 */
#include "debug/ledger.h"
#include "mm/buddy.h"
#include "mm/pool.h"
#include "mm/slab.h"

void ledger_audit(struct ledger *ledger)
{
    uint64_t states[FRAME_STATES];

    slab_trim();
    frame_count(states);
    *ledger = (struct ledger){
        .free = states[FRAME_FREE] + states[FRAME_CACHED],
        .kernel = states[FRAME_KERNEL] + states[FRAME_RAW],
        .slab = states[FRAME_SLAB],
        .table = states[FRAME_TABLE],
        .slot = states[FRAME_SLOT],
        .page = states[FRAME_PAGE],
        .charged = pool_charged_frames(),
    };
    for (unsigned i = 0; i < FRAME_STATES; i++)
        ledger->total += states[i];
    ledger->errors = pool_audit(&ledger->pools);
    if (ledger->free != buddy_free_frames())
        ledger->errors++;
    if (ledger->charged != ledger->total - ledger->free)
        ledger->errors++;
}
