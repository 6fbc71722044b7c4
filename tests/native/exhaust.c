/*
 * exhaust.c: whatever runs out of memory gets an error; nobody else notices, and
 * everything comes back.
 */
#include "exhaust.h"

int main(const struct startup *startup)
{
    (void)startup;
    test_begin();
    bombs();
    if (!argument("linear",
                  0)) /* wired memory is linear memory: what a pool was promised may be elsewhere */
        whole_machine();
    every_allocation();
    finish();
}
