/*
 * random.c: random numbers for AT_RANDOM and getrandom, by the ChaCha20 block function (RFC 8439
 * 2.3) over a key made of the boot seed and the counter of the CPU. With `seed=` every run gives
 * the same numbers. Not for cryptography: a board without an entropy source starts from very
 * little.
 */
#include "lib/memory.h"
#include "proc.h"

static uint32_t state[16] = {0x61707865, 0x3320646e, 0x79622d32,
                             0x6b206574}; /* "expand 32-byte k" */

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void quarter(uint32_t *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 7);
}

static void next_block(uint32_t out[16])
{
    memcpy(out, state, sizeof state);
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 4; i++)
            quarter(out, i, 4 + i, 8 + i, 12 + i);
        for (unsigned i = 0; i < 4; i++)
            quarter(out, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    for (unsigned i = 0; i < 16; i++)
        out[i] += state[i];
    if (++state[12] == 0)
        state[13]++;
}

void random_init(uint64_t seed)
{
    state[4] = (uint32_t)seed;
    state[5] = (uint32_t)(seed >> 32);
    state[12] = 1;
}

void random_bytes(void *bytes, size_t count)
{
    uint32_t block[16];
    for (size_t done = 0; done < count; done += sizeof block) {
        next_block(block);
        memcpy((char *)bytes + done, block,
               count - done < sizeof block ? count - done : sizeof block);
    }
}
