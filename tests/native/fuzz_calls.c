/*
 * fuzz_calls.c: one random call after the other. Arguments are mostly of the kind
 * that is wanted, often at an edge, now and then anything at all.
 */
#include "fuzz.h"

static uint64_t chance(uint64_t *state, uint64_t below)
{
    return random_next(state) % below;
}

/* Handles 1 to 80 are where everything happens. */
static uint64_t any_handle(uint64_t *state)
{
    static const uint64_t odd[] = {0, ~0ul, 0xffffffff, 65535, 65536, 1000000};

    return chance(state, 16) ? 1 + chance(state, 80) : odd[chance(state, 6)];
}

static uint64_t any_address(uint64_t *state)
{
    switch (chance(state, 12)) {
    case 0:
        return random_next(state);
    case 1:
        return ~0ul - chance(state, 10000);
    case 2:
        return (1ul << 48) - chance(state, 3) * PAGE_SIZE;
    case 3:
        return FUZZ_MEMORY + chance(state, 20) * PAGE_SIZE;
    case 4:
        return FUZZ_AREA + chance(state, 1ul << 22);
    default:
        return FUZZ_AREA + chance(state, 64) * PAGE_SIZE;
    }
}

static uint64_t any_count(uint64_t *state)
{
    switch (chance(state, 10)) {
    case 0:
        return random_next(state);
    case 1:
        return ~0ul;
    case 2:
        return 1ul << chance(state, 64);
    case 3:
        return 0;
    default:
        return 1 + chance(state, 40);
    }
}

static uint64_t any_small(uint64_t *state)
{
    return chance(state, 20) ? chance(state, 16) : random_next(state);
}

/* What a register gets depends on the call: kinds of argument, x0 first. */
static const char *const shapes[] = {
#define SHAPE(name, shape) [SYSCALL_##name] = shape
    SHAPE(call, "tssssssh"), SHAPE(reply_recv, "trssssssh"), SHAPE(reply, "zrssssssh"),
    SHAPE(forward, "trssssss"), SHAPE(send, "tssssssh"), SHAPE(recv, "hb"), SHAPE(notify, "hc"),
    SHAPE(thread_create, "hams"), SHAPE(thread_ctl, "hkaac"), SHAPE(sleep_until, "w"),
    SHAPE(space_create, "hshs"), SHAPE(space_ctl, "hkhc"), SHAPE(space_copy, "hraabcz"),
    SHAPE(handle_dup, "hmbh"), SHAPE(handle_close, "hB"), SHAPE(create, "khccH"),
    SHAPE(region_map, "hacmhchc"), SHAPE(region_unmap, "hacb"), SHAPE(region_protect, "hacm"),
    SHAPE(region_query, "ha"), SHAPE(page_supply, "zrScchhc"), SHAPE(page_reclaim, "hccbz"),
    SHAPE(pool_ctl, "hkc"), SHAPE(irq_ctl, "hkhc"), SHAPE(debug, "hKcc"), SHAPE(yield, ""),
#undef SHAPE
};

static uint64_t argument_of(char shape, uint64_t *state)
{
    switch (shape) {
    case 'h':
        return any_handle(state);
    case 'H':
        return chance(state, 2) ? 0 : any_handle(state);
    case 't': /* a handle and a tag: few words, so that most go through */
        return any_handle(state) | (chance(state, 3) ? 0 : chance(state, 4) ? chance(state, 20) : random_next(state)) << 32 |
               (chance(state, 6) ? 0 : (uint64_t)TAG_HANDLE << 32);
    case 'a':
        return any_address(state);
    case 'c':
        return any_count(state);
    case 'b':
        return chance(state, 20) ? chance(state, 2) : random_next(state);
    case 'B': /* revoking is rare, or nothing would be left */
        return chance(state, 30) == 0;
    case 'm':
        return chance(state, 20) ? chance(state, 128) : random_next(state);
    case 'r': /* requests are guessed from the numbers of threads; most fail */
        return chance(state, 4) ? chance(state, 64) << 24 | chance(state, 40) : random_next(state);
    case 'w':
        return chance(state, 4) ? now() + chance(state, 300000) : random_next(state);
    case 'S':
        return chance(state, 8) | (chance(state, 2) ? SUPPLY_WRITABLE : 0) | (chance(state, 8) ? 0 : random_next(state));
    case 'K': /* logs, power and panics are for people */
        return chance(state, 2) ? DEBUG_NOTHING : 20 + chance(state, 100);
    case 'z':
        return chance(state, 10) ? 0 : any_handle(state);
    default:
        return any_small(state);
    }
}

/* Native calls by number, all registers given. */
static uint64_t raw(uint64_t number, const uint64_t *x)
{
    register uint64_t x0 __asm__("x0") = x[0];
    register uint64_t x1 __asm__("x1") = x[1];
    register uint64_t x2 __asm__("x2") = x[2];
    register uint64_t x3 __asm__("x3") = x[3];
    register uint64_t x4 __asm__("x4") = x[4];
    register uint64_t x5 __asm__("x5") = x[5];
    register uint64_t x6 __asm__("x6") = x[6];
    register uint64_t x7 __asm__("x7") = x[7];
    register uint64_t x8 __asm__("x8") = number;

    __asm__ volatile("svc #1"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7), "+r"(x8)
                     :
                     : "memory", "cc");
    return x0;
}

/* Things that are no native call: touching memory, Linux calls, breakpoints, FP. */
static void other(uint64_t *state)
{
    switch (chance(state, 8)) {
    case 0:
        __asm__ volatile("mov x8, #64\n svc #0" ::: "x0", "x8", "memory");
        return;
    case 1:
        if (chance(state, 20) == 0)
            __asm__ volatile("brk #1");
        return;
    case 2:
        __asm__ volatile(".arch_extension fp\n.arch_extension simd\n fmov d0, x0\n fadd d1, d0, d0\n.arch_extension nofp");
        return;
    case 3:
    case 4:
    case 5:
        *(volatile uint8_t *)(FUZZ_AREA + chance(state, 64) * PAGE_SIZE) = 1;
        return;
    default:
        (void)*(volatile uint8_t *)(FUZZ_AREA + chance(state, 64) * PAGE_SIZE);
    }
}

void fuzz_thread(uint64_t seed)
{
    uint64_t state = seed, x[8];

    for (;;) {
        uint64_t number = chance(&state, sizeof shapes / sizeof *shapes);
        const char *shape = shapes[number];
        bool more = true;
        __atomic_add_fetch(&BOARD[FUZZ_CALLS], 1, __ATOMIC_RELAXED);
        if (chance(&state, 12) == 0) {
            other(&state);
            continue;
        }
        if (chance(&state, 200) == 0)
            number = random_next(&state);
        for (unsigned i = 0; i < 8; i++) {
            more = more && shape[i];
            x[i] = argument_of(more ? shape[i] : 's', &state);
        }
        raw(number, x);
    }
}
