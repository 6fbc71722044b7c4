/*
 * startup.h: what root tells a server when it starts: its handles by name and
 * its argument. What stands here is exactly what the server's lines in the
 * manifest gave it, plus HANDLE_SPACE, HANDLE_THREAD and HANDLE_POOL.
 * A device that this board does not have gives no handles.
 *
 *   "self"       endpoint     the server's own endpoint: receive, be named as pager, revoke
 *   "OTHER"      use OTHER    OTHER's endpoint: call
 *   "OTHER"      pager OTHER  the same, and it may be named as pager of new objects
 *   "DEV"        device DEV   the device's registers; of a PCI function, its configuration space
 *   "DEV.bar0"   device DEV   … and its base address registers 0 to 5, those that are there
 *   "DEV.irq"    device DEV   its interrupt line; absent where the board has none
 *   "bundle"     bundle       the boot bundle, readable and executable
 *   "system"     system       devices, interrupts, facts, power
 *   "programs"   level 5      the pool that programs are charged to
 *   "exit"       level 5      notification: bit 0 says "the first program ended"
 *   "NAME"       level 5      the pager of the manifest's line `pager anon=NAME`
 */
#pragma once
#include "lib/native.h"

#define STARTUP_NAME_BYTES 32 /* with the final 0; the manifest refuses longer names */

struct startup_handle {
    char name[STARTUP_NAME_BYTES];
    uint32_t handle;
    uint32_t offset; /* of registers: bytes from the start of the object; else 0 */
    uint64_t bytes;  /* of registers: how many there are from there on; else 0 */
};

/* Followed by `count` handles, then by the argument, which ends with 0. */
struct startup {
    uint32_t count;
    uint32_t bytes;        /* of the whole block */
    uint64_t seed;         /* of random numbers: the board's, or the boot argument seed=; 0: none */
    uint64_t bundle_bytes; /* size of the bundle when the server has it, else 0 */
    char name[STARTUP_NAME_BYTES]; /* of the server in the manifest */
    uint32_t level;
    uint32_t escape_output; /* 1: console=runner, see tools/README.md: bytes 0x0e..0x10 of programs
                             * go out as 0x10 and the byte + 0x40 */
    uint32_t deaths;        /* how often it died lately and was started again (manifest: restart) */
    struct startup_handle handles[];
};

/* Bit of the notification "exit". */
#define EXIT_PROGRAM_ENDED 0x1

/* Every native program defines this; returning ends its space with a line in the log. */
int main(const struct startup *startup);

/* The block root wrote; NULL in root itself. */
extern const struct startup *startup_block;

/* The entry of that name, or NULL. */
const struct startup_handle *startup_find(const char *name);

/* The handle of that name, or HANDLE_NONE. */
handle startup_handle(const char *name);

/* The same for a handle the server cannot do without: logs which one is missing and ends. */
handle startup_handle_needed(const char *name);

/* The server's name; "root" in root. */
const char *startup_name(void);

/* The text of `argument TEXT`, or "". */
const char *startup_argument(void);

/* Ends this program: a line in the log, then its space is killed. */
_Noreturn void native_exit(int status);
