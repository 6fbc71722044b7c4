/*
 * load.h: what the parts of block-load share. Each part says `block-load: PART: passed` or ends the
 * machine with status 1 and a line that says what went wrong.
 */
#pragma once
#include "lib/block.h"
#include "lib/errors.h"
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/ring_client.h"
#include "lib/startup.h"
#include "lib/wired.h"

#define ENTRIES    32
#define DATA_PAGES 256
#define COMPLETED  1 /* bits of the rings' notification */
#define ENDED      2

struct facts {
    uint64_t sectors, facts, at_once, generation;
};

extern handle disk; /* with our badge */

/* The value of NAME=VALUE in the manifest's `argument`, or `otherwise`. */
uint64_t option(const char *name, uint64_t otherwise);

/* Ends the machine unless the condition holds; with a notice what was wanted. */
#define WANT(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail(__FILE_NAME__, __LINE__, #condition, __VA_ARGS__);                                \
    } while (0)
_Noreturn void fail(const char *file, int line, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void passed(const char *part);

uint64_t random_below(uint64_t below);

/* ns since the start: under icount, instructions. */
uint64_t now(void);

/* What the driver says of the disk; its error. */
int64_t facts_ask(struct facts *facts);

/* A ring with a notification of its own, or the end. */
void ring_new(struct ring_client *ring);
void ring_end(struct ring_client *ring);

/* One request, waited for; the completion's error. *done (may be NULL): sectors. */
int64_t one(struct ring_client *ring, uint32_t operation, uint64_t sector, uint64_t sectors,
            uint64_t page, uint64_t flags, uint64_t *done);

void model_run(const struct facts *facts);
void hostile_run(const struct facts *facts);
void errors_run(const struct facts *facts);
void resets_run(const struct facts *facts);
void grows_run(const struct facts *facts);
void removal_run(const struct facts *facts);
void restart_run(const struct facts *facts);
void broken_run(const struct facts *facts);
_Noreturn void victim_run(const struct facts *facts);
void bench_run(const struct facts *facts);
