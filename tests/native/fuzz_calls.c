/*
 * fuzz_calls.c: one random call after the other. Arguments are mostly of the kind
 * that is wanted, often at an edge, now and then anything at all. What calls
 * return (handles, requests) is remembered for the next ones.
 */
#include "fuzz.h"

#define WORLD ((struct fuzz_world *)FUZZ_WORLD)

static uint64_t chance(uint64_t *state, uint64_t below)
{
    return random_next(state) % below;
}

void fuzz_remember(struct fuzz_world *world, enum fuzz_kind kind, uint32_t handle)
{
    world->handles[kind][world->next[kind]++ % FUZZ_RING] = handle;
}

/* A handle of that kind, a request of that number: mostly. */
static uint64_t any_handle(enum fuzz_kind kind, uint64_t *state)
{
    static const uint64_t odd[] = {0, ~0ul, 0xffffffff, 65535, 65536, 1000000};

    if (chance(state, 40) == 0)
        return odd[chance(state, 6)];
    if (chance(state, 10) == 0)
        return 1 + chance(state, 80);
    return WORLD->handles[kind][chance(state, FUZZ_RING)];
}

static uint64_t any_address(uint64_t *state)
{
    switch (chance(state, 30)) {
    case 0:
        return random_next(state);
    case 1:
        return ~0ul - chance(state, 10000);
    case 2:
        return (1ul << 48) - chance(state, 3) * PAGE_SIZE;
    case 3: /* its own stacks, message pages, notes */
        return FUZZ_MEMORY + chance(state, 20) * PAGE_SIZE;
    case 4:
        return FUZZ_AREA + chance(state, 1ul << 22);
    default:
        return FUZZ_AREA + chance(state, 64) * PAGE_SIZE;
    }
}

static uint64_t any_count(uint64_t *state)
{
    switch (chance(state, 24)) {
    case 0:
        return random_next(state);
    case 1:
        return ~0ul;
    case 2:
        return 1ul << chance(state, 64);
    case 3:
        return 0;
    case 4:
        return 1 + chance(state, 700);
    default:
        return 1 + chance(state, 10);
    }
}

/* Mostly the usual value, sometimes another small one, rarely anything. */
static uint64_t mostly(uint64_t usual, uint64_t below, uint64_t *state)
{
    uint64_t dice = chance(state, 40);

    return dice == 0 ? random_next(state) : dice < 8 ? chance(state, below) : usual;
}

/*
 * Kinds of argument, x0 first. Handles: S space, T thread, E endpoint, N notification, O object,
 * P pool, * any; x endpoint and tag; small letters: or 0. R request, X the page it is about,
 * a address, c count, f first page, k operation, K THREAD_COPY, b flag, v revoke, m rights, u
 * supply, t time, l level, D debug operation, . nothing.
 */
static const char *const shapes[] = {
#define SHAPE(name, shape) [SYSCALL_##name] = shape
    SHAPE(call, "x.ccccc*"),
    SHAPE(reply_recv, "xRccccc*"),
    SHAPE(reply, "yRccccc*"),
    SHAPE(forward, "ERcccccc"),
    SHAPE(send, "x.ccccc*"),
    SHAPE(recv, "Eb"),
    SHAPE(notify, "Nc"),
    SHAPE(thread_create, "Saic"),
    SHAPE(thread_ctl, "Tkaac"),
    SHAPE(sleep_until, "t"),
    SHAPE(space_create, "plei"),
    SHAPE(space_ctl, "SkNc"),
    SHAPE(space_copy, "sRaabc."),
    SHAPE(handle_dup, "*mbs"),
    SHAPE(handle_close, "*v"),
    SHAPE(create, "k...."),
    SHAPE(region_map, "SacmOfof"),
    SHAPE(region_unmap, "Sacb"),
    SHAPE(region_protect, "Sacmm"),
    SHAPE(region_query, "Sa"),
    SHAPE(page_supply, "eRuXcOof"),
    SHAPE(page_reclaim, "OfcB."),
    SHAPE(pool_ctl, "Pkc"),
    SHAPE(irq_ctl, "*kNc"),
    SHAPE(debug, ".Dcc"),
    SHAPE(yield, ""),
    SHAPE(region_clone, "SSOO."),
    SHAPE(page_query, "Sacb."),
    SHAPE(object_copy, "O.cabc."),
    SHAPE(dma_pin, "OBOfcff"),
    SHAPE(adopt, "Eo"),
#undef SHAPE
};
static const char *const create_shapes[8] = {
    [CREATE_ENDPOINT] = "1l", [CREATE_NOTIFICATION] = "2ce", [CREATE_OBJECT] = "3Eccp",
    [CREATE_WIRED] = "4cp",   [CREATE_DEVICE] = "5*cc",      [CREATE_IRQ] = "6*c",
    [CREATE_POOL] = "7pcc",
};

static const char *shape_of(uint64_t number, uint64_t *state)
{
    if (number == SYSCALL_thread_ctl && chance(state, 8) == 0)
        return "TKTbaaa";
    if (number != SYSCALL_create || chance(state, 20) == 0)
        return shapes[number];
    return create_shapes[1 + chance(state, 7)];
}

static uint64_t argument_of(char shape, unsigned memory, uint64_t *state)
{
    static const char kinds[] = "STENOP";

    for (unsigned kind = 0; kind < FUZZ_KINDS; kind++) {
        if (shape == kinds[kind])
            return any_handle(kind, state);
        if (shape == kinds[kind] - 'A' + 'a')
            return chance(state, 2) ? 0 : any_handle(kind, state);
    }
    switch (shape) {
    case '*':
        return any_handle(chance(state, FUZZ_KINDS), state);
    case 'x':
    case 'y': { /* few words, so that most go through */
        uint64_t tag = chance(state, 3)   ? 0
                       : chance(state, 4) ? chance(state, 20)
                                          : random_next(state);
        return (shape == 'x' ? any_handle(FUZZ_ENDPOINT, state) : 0) |
               (tag | (chance(state, 6) ? 0 : TAG_HANDLE)) << 32;
    }
    case 'R':
        return chance(state, 10) ? WORLD->requests[memory].request : random_next(state);
    case 'X':
        return mostly(WORLD->requests[memory].index, 16, state);
    case 'a':
        return any_address(state);
    case 'c':
        return any_count(state);
    case 'f':
        return mostly(0, 10, state);
    case 'k':
        return mostly(1 + chance(state, 14), 32, state);
    case 'K':
        return THREAD_COPY;
    case 'i':
        return mostly(1, 12, state);
    case 'b':
        return mostly(chance(state, 2), 4, state);
    case 'B':
        return mostly(1 + chance(state, 3), 4, state);
    case 'v': /* revoking is rare, or nothing would be left */
        return chance(state, 30) == 0;
    case 'm':
        return mostly(MAP_READ | MAP_WRITE, 128, state);
    case 't':
        return chance(state, 10) ? now() + chance(state, 300000) : random_next(state);
    case 'l':
        return mostly(LEVEL_PROGRAM, 8, state);
    case 'u':
        return mostly(SUPPLY_ZERO | SUPPLY_WRITABLE, 8, state);
    case 'D': /* logs, power and panics are for people */
        return chance(state, 2) ? DEBUG_MEMORY + chance(state, 2) : 20 + chance(state, 100);
    case '.':
        return 0;
    default:
        return shape >= '1' && shape <= '7' ? (uint64_t)(shape - '0') : 0;
    }
}

/* A native call by its number, all registers given and returned. */
static void raw(uint64_t number, uint64_t *x)
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
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
                       "+r"(x7), "+r"(x8)
                     :
                     : "memory", "cc");
    x[0] = x0, x[1] = x1, x[2] = x2, x[3] = x3, x[4] = x4, x[5] = x5, x[6] = x6, x[7] = x7;
}

/* What a call that worked leaves for later ones. */
static void learn(uint64_t number, uint64_t what, const uint64_t *x, uint64_t *state)
{
    static const int8_t made[8] = {
        -1, FUZZ_ENDPOINT, FUZZ_NOTIFICATION, FUZZ_OBJECT, FUZZ_OBJECT, FUZZ_OBJECT, -1, FUZZ_POOL};
    unsigned memory = chance(state, FUZZ_RING);

    switch (number) {
    case SYSCALL_recv:
    case SYSCALL_reply_recv:
    case SYSCALL_page_supply:
        if (x[1])
            WORLD->requests[memory] = (struct fuzz_request){x[1], x[3]};
        return;
    case SYSCALL_adopt:
        fuzz_remember(WORLD, FUZZ_OBJECT, x[0]);
        return;
    case SYSCALL_thread_create:
        fuzz_remember(WORLD, FUZZ_THREAD, x[0]);
        return;
    case SYSCALL_space_create:
        fuzz_remember(WORLD, FUZZ_SPACE, x[0]);
        return;
    case SYSCALL_create:
        if (what < 8 && made[what] >= 0)
            fuzz_remember(WORLD, made[what], x[0]);
    }
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
        __asm__ volatile(".arch_extension fp\n.arch_extension simd\n fmov d0, x0\n fadd d1, d0, "
                         "d0\n.arch_extension nofp");
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
    uint64_t state = seed, x[8], what;

    for (;;) {
        uint64_t number = chance(&state, sizeof shapes / sizeof *shapes);
        const char *shape = shape_of(number, &state);
        unsigned memory = chance(&state, FUZZ_RING), i = 0;
        __atomic_add_fetch(&BOARD[FUZZ_CALLS], 1, __ATOMIC_RELAXED);
        if (chance(&state, 8) == 0) {
            other(&state);
            continue;
        }
        if (number == SYSCALL_handle_close && chance(&state, 4))
            continue; /* or nothing would be left */
        for (; shape[i]; i++)
            x[i] = argument_of(shape[i], memory, &state);
        for (; i < 8; i++)
            x[i] = random_next(&state);
        if (chance(&state, 200) == 0)
            number = random_next(&state);
        what = x[0];
        raw(number, x);
        if (x[0] >= (uint64_t)-4095)
            continue;
        __atomic_add_fetch(&BOARD[FUZZ_WORKED + number % 64], 1, __ATOMIC_RELAXED);
        learn(number, what, x, &state);
    }
}
