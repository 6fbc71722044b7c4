/*
 * layout.h: where things lie in every native program. Fixed, so that a dump or
 * a debugger reads the same for all servers. The kernel loads root the same way
 * (without the startup block).
 */
#pragma once
#include "entry/abi.h"

#define LAYOUT_IMAGE        0x400000       /* native.ld links here */
#define LAYOUT_STACK_TOP    0x80000000     /* the page below the stack is never mapped: its guard */
#define LAYOUT_STACK_PAGES  16             /* 64 KiB */
#define LAYOUT_MESSAGE_PAGE 0x80010000     /* of the first thread */
#define LAYOUT_STARTUP      0x80011000     /* struct startup, read-only, one page or more */
#define LAYOUT_WIRED        0x100000000    /* the wired allocator counts up from here */
#define LAYOUT_WIRED_END    0x800000000000 /* … to here; higher addresses are free for own use */

#ifndef __ASSEMBLER__
/* The message page of the first thread, as words and as bytes. */
#define MESSAGE_WORDS ((volatile uint64_t *)LAYOUT_MESSAGE_PAGE)
#define MESSAGE_BYTES ((char *)LAYOUT_MESSAGE_PAGE)
#endif
