/*
 * trespass: a Linux program that knows Pagoda's own calls (`svc #1`) and tries every one of them on
 * things it was never given. Authority is by handle and it has none, so each must be refused; the
 * three that ask for nothing (create, sleep_until, yield) are left out. Not for Linux, where `svc
 * #1` is a system call like any other.
 */
#include <stdint.h>
#include <stdio.h>

#define CALLS       32  /* numbers tried; kernel/entry/syscalls.def has fewer */
#define HANDLES     300 /* more than a server has */
#define SLEEP_UNTIL 9
#define CREATE      15
#define YIELD       25

static int64_t native(uint64_t number, uint64_t handle, uint64_t argument)
{
    register uint64_t x0 __asm__("x0") = handle;
    register uint64_t x1 __asm__("x1") = argument;
    register uint64_t x2 __asm__("x2") = 1;
    register uint64_t x3 __asm__("x3") = 0x400000;
    register uint64_t x4 __asm__("x4") = 1;
    register uint64_t x5 __asm__("x5") = argument;
    register uint64_t x6 __asm__("x6") = 0;
    register uint64_t x7 __asm__("x7") = 0;
    register uint64_t x8 __asm__("x8") = number;
    __asm__ volatile("svc #1"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
                       "+r"(x7), "+r"(x8)
                     :
                     : "memory", "cc");
    return (int64_t)x0;
}

int main(void)
{
    unsigned long refused = 0, allowed = 0;
    for (uint64_t number = 0; number < CALLS; number++) {
        if (number == SLEEP_UNTIL || number == CREATE || number == YIELD)
            continue;
        for (uint64_t handle = 0; handle < HANDLES; handle++) {
            for (uint64_t argument = 1; argument < 12; argument++) {
                int64_t result = native(number, handle, argument);
                if (result < 0 && result >= -4095) {
                    refused++;
                    continue;
                }
                allowed++;
                printf("trespass: call %d on handle %d, argument %d gave %#lx\n", (int)number,
                       (int)handle, (int)argument, (unsigned long)result);
            }
        }
    }
    printf("trespass: %lu refused, %lu allowed\n", refused, allowed);
    return allowed != 0;
}
