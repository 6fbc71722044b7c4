/*
 * load.h: what the parts of file-load share. Each part says `file-load: PART: passed` or ends the
 * machine with status 1 and a line that says what went wrong.
 */
#pragma once
#include "lib/errors.h"
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/ring_client.h"
#include "lib/startup.h"
#include "lib/vfs.h"
#include "lib/wired.h"

/* Ends the machine unless the condition holds; with a notice what was wanted. */
#define WANT(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail(__FILE_NAME__, __LINE__, #condition, __VA_ARGS__);                                \
    } while (0)
_Noreturn void fail(const char *file, int line, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void passed(const char *part);

struct open_file {
    uint64_t inode, generation, size;
    handle object;
    uint8_t *at; /* all of it, up to `pages` */
    uint64_t pages;
};

/* ---- client.c ---- */

void client_open(void);
int64_t client_unmount(void);
/* One request of a ring, waited for: the completion's error, its w0 in *result (may be NULL). */
int64_t ask_file(uint32_t operation, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3,
                 uint64_t w4, uint64_t *result);
int64_t ask_vfs(uint32_t operation, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3,
                const char *name, uint64_t *result);
/* Data page of vfs's last answer. */
const void *answer_of_vfs(void);
/* Submits to the pager and does not wait; finish_file() waits for all. */
void begin_file(uint32_t operation, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3);
void finish_file(void);

/* Finds or makes a file of the root directory, opens it at the pager, maps `pages` pages of it. */
void file_open(struct open_file *file, const char *name, bool make, uint64_t pages);
void file_close(struct open_file *file);
/* FACTS: held, dirty, writing, read, written. */
void facts_ask(uint64_t facts[5]);

/* ---- parts.c ---- */

void read_part(void);
void write_part(void);
void new_part(void);
void size_part(void);
void hole_part(void);
void crowd_part(void);
void bench_part(void);
