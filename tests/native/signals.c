/*
 * signals.c: helpers of the groups, and the groups.
 */
#include "signals.h"

int64_t count_for_ever(uint64_t unused)
{
    (void)unused;
    for (;;)
        BOARD[0]++;
}

void registers_read(handle thread)
{
    CHECK_IS(thread_ctl(thread, THREAD_READ, 0, 0, 0), 0);
}

void registers_write(handle thread)
{
    CHECK_IS(thread_ctl(thread, THREAD_WRITE, 0, 0, 0), 0);
}

int main(const struct startup *startup)
{
    (void)startup;
    test_begin();
    for (unsigned round = 0; round < 2; round++) { /* the second finds tables and slabs made */
        uint64_t frames = frames_used();
        interrupts();
        answers();
        copies();
        deaths();
        steps();
        CHECK(!round || frames_used() == frames);
    }
    finish();
}
