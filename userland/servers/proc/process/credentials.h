/*
 * credentials.h: who a process says it is. Everybody may everything: the numbers are kept and
 * told, and nothing is decided by them yet, but that what user 0 alone may change stays so.
 */
#pragma once
#include <stdint.h>

#define CAPABILITIES 0x1ffffffffffUL /* all 41 of Linux 6.1 */

/* Real, effective, saved, and for files; as credentials(7). */
struct ids {
    uint32_t real, effective, saved, file;
};

/* Supplementary groups; never changed once made, so that processes can share them. */
struct groups {
    uint32_t references, count;
    uint32_t ids[];
};

struct credentials {
    struct ids user, group;
    struct groups *groups;                                /* NULL: none */
    uint64_t permitted, effective, inheritable, bounding; /* capabilities(7), as bits */
};

/* Takes a reference for a copy of `credentials`; gives it back. */
void credentials_share(struct credentials *credentials);
void credentials_drop(struct credentials *credentials);
