/*
 * abi.h: what the kernel and native programs agree on: handles, message
 * registers, kinds, flags, errors. Plain constants, usable from C and assembly;
 * nothing here depends on any other header of the kernel.
 *
 * Registers of every native call (`svc #1`, number in x8, see syscalls.def):
 *
 *   x0        a handle in the low 32 bits, a message TAG in the high 32
 *   x1        a request id, or an argument
 *   x2 .. x7  the six message words w0 .. w5, or arguments
 *   x8        the call's number; after a receive: the badge
 *
 * Every call answers in x0: 0 or more on success, a negated errno on failure.
 * A call that fails has changed nothing, unless its entry says otherwise.
 * x9 .. x30, sp and the FP registers are preserved.
 */
#pragma once

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096

/* ---- Message tag: high half of x0, both when sending and when received ---- */
#define TAG_SHIFT      32
#define TAG_WORDS_MASK 0x3ff /* 0..512 further words in the message page, copied from its start */
#define TAG_HANDLE     0x400 /* w5 is a handle: the receiver finds its own handle for it in w5 */
/* In a reply to a personality's request: w0..w5 are up to six addresses of the client (0 ends):
 * fault on them to read or write, then send the request again. Where one cannot be had SYSCALL comes
 * with MESSAGE_REFUSED, too, the others become an EXCEPTION with that address. */
#define TAG_RETRY_READ    0x800
#define TAG_RETRY_WRITE   0x1000
#define TAG_REGISTERS     0x2000 /* in a reply to SYSCALL: x0 stays, too, as THREAD_WRITE left it */
#define MESSAGE_WORDS_MAX 512

/* ---- Kinds of message, low 8 bits of x0 after recv, reply_recv, page_supply ---- */
#define KIND_CALL      0 /* w0..w5 as sent; x1 = request to reply to; x8 = badge of the handle used */
#define KIND_SEND      1 /* the same without a reply: x1 = 0 */
#define KIND_NOTIFY    2 /* w0 = the bits, now cleared; x8 = badge of the notification */
#define KIND_FAULT     3 /* to a pager, see FAULT_* below */
#define KIND_SYSCALL   4 /* to a personality: w0..w5 = x0..x5; number in x0 bits 32..63 */
#define KIND_EXCEPTION 5 /* to a personality: w0 = EXCEPTION_*, w1 = address, w2 = pc, w3 = ESR */
#define KIND_START     6 /* to a personality: a new thread asks before its first instruction */
#define KIND_INTERRUPT 7 /* to a personality: as THREAD_INTERRUPT asked */
#define MESSAGE_AGAIN  0x100 /* in x0 of 4..7: sent again, as TAG_RETRY_* asked */
#define MESSAGE_REFUSED 0x200 /* … but one of those pages cannot be had, nor was any after it asked for */
/* For 4..7, a personality's requests, x8 is the thread's badge, set by thread_create. A reply
 * to 5..7 lets the thread go on with the registers it has, changed by THREAD_WRITE or not. */

/*
 * KIND_FAULT: x0 bits 8.. hold FAULT_* flags; x1 = request id; w0 = cookie of the
 * object; w1 = page index; w2 = pages that may be supplied from that index on
 * (the window, at least 1); w3 = residency bitmap of the 64 pages around the
 * index (bit i: page (index & ~63) + i is resident); w4 = space id; w5 = slot token.
 */
#define FAULT_WRITE   0x100  /* the access was a write */
#define FAULT_EXEC    0x200  /* … an instruction fetch */
#define FAULT_COW     0x400  /* there is a readable page already: answer COPY or UPGRADE */
#define FAULT_SOLE    0x800  /* nobody else refers to that page */
#define FAULT_PRIVATE 0x1000 /* a read, to copy the page for who has the object as its source */

/* w0 of KIND_EXCEPTION: what a program did. */
#define EXCEPTION_NO_REGION   1 /* address belongs to no region          -> SIGSEGV, SEGV_MAPERR */
#define EXCEPTION_RIGHTS      2 /* region does not allow the access       -> SIGSEGV, SEGV_ACCERR */
#define EXCEPTION_PAGER       3 /* pager failed or did not answer in time -> SIGBUS */
#define EXCEPTION_NO_MEMORY   4 /* pool exhausted                         -> SIGBUS or SIGKILL */
#define EXCEPTION_UNDEFINED   5 /* undefined or privileged instruction    -> SIGILL */
#define EXCEPTION_ALIGNMENT   6 /* misaligned pc, sp or access            -> SIGBUS */
#define EXCEPTION_BREAKPOINT  7 /* brk, single step, watchpoint           -> SIGTRAP */
#define EXCEPTION_SYSTEM_CALL 8 /* svc #0 from a space without personality */

/* ---- page_supply: low 8 bits of x2 ---- */
#define SUPPLY_ZERO     0 /* zeroed frames; not SUPPLY_WRITABLE: the shared zero page */
#define SUPPLY_COPY     1 /* a copy of (x6 source object or 0 = the region's own source, x7 index) */
#define SUPPLY_MOVE     2 /* the frame at (x6, x7) leaves that object, which if wired nobody maps */
#define SUPPLY_UPGRADE  3 /* make the present page writable; fails with EAGAIN if no longer sole */
#define SUPPLY_FAIL     4 /* nothing: errno in bits 32..63 of x2; the program sees SIGBUS or EFAULT */
#define SUPPLY_WRITABLE 0x100 /* the page may be written */
#define SUPPLY_MAJOR    0x200 /* count a major fault: the page came from a device */

/* ---- Rights of a handle ---- */
#define RIGHT_READ   0x01 /* objects: map readable;    threads, spaces: look */
#define RIGHT_WRITE  0x02 /* objects: map writable; notifications: notify; endpoints: call, send */
#define RIGHT_EXEC   0x04 /* objects: map executable */
#define RIGHT_RECV   0x08 /* endpoints, notifications: receive */
#define RIGHT_MANAGE 0x10 /* change, destroy, create below (ctl, supply, reclaim, pools) */
#define RIGHT_DUP    0x20 /* may be duplicated and sent in messages */
#define RIGHT_PAGER  0x40 /* endpoints: may be named as pager or personality */
#define RIGHTS_ALL   0x7f

/* ---- Kinds for create() ---- */
#define CREATE_ENDPOINT     1 /* x1 = level */
#define CREATE_NOTIFICATION 2 /* x1 = badge, x2 = endpoint that receives it too, or 0 */
#define CREATE_OBJECT       3 /* x1 = pager endpoint, x2 = cookie, x3 = pages now, x4 = pool or 0 */
#define CREATE_WIRED        4 /* x1 = pages, x2 = pool or 0: all resident and zeroed from the start */
#define CREATE_DEVICE       5 /* x1 = system handle, x2 = physical address, x3 = pages */
#define CREATE_IRQ          6 /* x1 = system handle, x2 = INTID */
#define CREATE_POOL         7 /* x1 = parent pool, x2 = guaranteed frames, x3 = limit in frames */

/* ---- region_map and region_protect: x3; region_query shows all but POPULATE ---- */
#define MAP_READ       0x1
#define MAP_WRITE      0x2
#define MAP_EXEC       0x4
#define MAP_POPULATE   0x10       /* enter what is already resident at once: no soft faults later */
#define MAP_DONTFORK   0x20       /* region_clone leaves the region out */
#define MAP_WIPEONFORK 0x40       /* … clones it without contents */
#define MAP_AROUND     0x80       /* a fault but for writing enters what is there of 64 KiB around */
#define MAP_ADVICE     0xffff0000 /* sixteen bits that the kernel only keeps: for whoever maps */

/* region_unmap: x3 */
/* Also free the pages behind, of objects mapped by a handle with RIGHT_WRITE, whoever else shows
 * them; without it they stay, and can be mapped elsewhere. */
#define UNMAP_DISCARD 0x1

/* ---- thread_ctl: x1 ---- */
#define THREAD_START  1 /* x2 = pc, x3 = sp, x4 = first argument (x0): begin running */
#define THREAD_STOP   2 /* stopped when the call returns; a wait it is in is kept */
#define THREAD_RESUME 3
#define THREAD_KILL   4 /* end it; its handle stays until closed */
/* struct thread_registers to the caller's message page, at x2 bytes (a multiple of 8); x3 = 0, or
 * where the FP registers go, as THREAD_READ_FP has them. */
#define THREAD_READ     5
#define THREAD_WRITE    6  /* … from there; only while stopped or waiting on the caller */
#define THREAD_PRIORITY 7  /* x2 = 0..31 */
#define THREAD_CANCEL   8  /* the call, recv or sleep it waits in returns EINTR */
#define THREAD_READ_FP  9  /* 32 Q registers, then FPSR, FPCR, to the message page, at x2 bytes */
#define THREAD_WRITE_FP 10 /* … from there */
#define THREAD_STEP     11 /* x2 = 1 or 0: stop with EXCEPTION_BREAKPOINT after each instruction */
#define THREAD_BEGIN    12 /* send KIND_START to the personality; it sets registers and replies */
/* Before its next instruction, stopped or not, the thread sends KIND_INTERRUPT to its personality,
 * or another of 4..7 that comes first: a signal. A wait it is in ends as ever, see THREAD_CANCEL; a
 * page comes first. Returns 1, nothing done: such a request waits for the personality already. */
#define THREAD_INTERRUPT 13
/* All registers, FP and TLS of another thread (x2, RIGHT_READ), with x0 = x4; x3 = COPY_*. Both as
 * for THREAD_WRITE. A thread that never ran is stopped then, and begins by THREAD_RESUME. */
#define THREAD_COPY 14
#define COPY_SP     0x1 /* sp = x5 */
#define COPY_TLS    0x2 /* TLS = x6 */

/* Returns x1 = CPU time in ns. It is sampled: whoever is found running by a tick pays for all since
 * the last, the kernel's work included. What runs shorter is right on average; a server's work for
 * it is the server's. */
#define THREAD_TIME 15
#define TICK_NS     3700000 /* nobody's own period: periodic programs cannot hide in between */

/* ---- space_ctl: x1 ---- */
#define SPACE_KILL  1 /* end all threads, unmap all, free all; bounded steps inside */
#define SPACE_NAME  2 /* x2, x3 = sixteen bytes of a name, for people */
#define SPACE_WATCH 3 /* x2 = notification, x3 = bits: signalled when the space dies */
/* Returns x1 = minor, x2 = major faults, x3 = resident pages, x4 = tables, x5 = id, x6 = CPU time,
 * ended threads' too. */
#define SPACE_STATS 4

/* ---- debug: x1 ---- */
#define DEBUG_NOTHING  0 /* the null call, for measuring */
#define DEBUG_LOG      1 /* x2 <= 4096 bytes of the message page to the kernel log; x3 = level */
#define DEBUG_EXIT     2 /* x2 = status: power off; under emulation, end with status */
#define DEBUG_LEDGER   3 /* audits every frame: struct ledger; returns its errors, 0: it balances */
#define DEBUG_COUNTERS 4 /* message page gets struct counters */
#define DEBUG_TRACE    5 /* x2 = cpu, x3 = first: trace_records; returns how many, x1 = first */
#define DEBUG_BOOT     6 /* message page gets struct boot_facts */
#define DEBUG_PANIC    9 /* what one looks like; x2 = 0 said so, 1 wild read, 2 stack overflow */
#define DEBUG_FAIL_AT  8 /* x2 = n: the n-th allocation fails; returns what the last n has left */
#define DEBUG_LOG_READ 7 /* x2 = offset: kernel log text to the message page; returns bytes */
#define DEBUG_MEMORY   10 /* message page gets struct memory_facts: running counts, no audit */
#define DEBUG_SLAB     11 /* x2 = first: struct slab_facts from there on; returns how many */
/* Structs go to the message page. NOTHING, LOG, COUNTERS, MEMORY and SLAB are anybody's; the others
 * need the system handle in x0. */

/* ---- page_reclaim: x3 ---- */
#define RECLAIM_DISCARD 1 /* forget contents, free frames; returns how many slots had contents */
#define RECLAIM_RESIZE  2 /* x1 = new size of the object in pages: the rest is forgotten */
/* Nobody may write the pages any more before their pager has supplied them writable again (UPGRADE
 * or COPY). Bit n & 63 of word n / 64 of the message page: page x1 + n was written since it was
 * supplied or since the last CLEAN; all bits of the last word are set or cleared. */
#define RECLAIM_CLEAN      3
#define RECLAIM_CLEAN_MOST 32768 /* pages a call: bits in a message page */

/* ---- dma_pin: x1 ---- */
/* x2 = h:object, wired, RIGHT_READ and RIGHT_WRITE; x3 = first page, x4 = pages (1..512), x5 = x6 =
 * 0: leaves each page's physical address in the message page, returns the number of the first pin.
 * The frames stay where they are, and charged, whoever dies, until they are unpinned or the
 * device's object ends: who has seen to it that the device reaches them no more does either. */
#define DMA_PIN 1
#define DMA_UNPIN                                                                                  \
    2 /* x3 = number of the first pin, x4 = pins (1..512); or 0 and ~0: all there are */

/* ---- page_query: x3, and the words it leaves in the message page ---- */
#define PAGES_CLEAR_REFERENCED 1    /* once told, forgotten: set again by the next access */
#define PAGE_PRESENT           0x1  /* resident: an access asks no pager, but to write */
#define PAGE_MAPPED            0x2  /* in the space's tables; only then the next two */
#define PAGE_REFERENCED        0x4  /* accessed since it was entered, or since that was cleared */
#define PAGE_WRITABLE          0x8  /* a write takes no fault */
#define PAGE_DIRTY             0x10 /* written since it was supplied */
#define PAGE_ZERO              0x20 /* the zero page that all share */
#define PAGE_SOURCE            0x40 /* not the object's own, but the region's source's */
#define PAGE_TOKEN             0x80 /* its pager keeps the contents */
#define PAGE_REFERENCES_SHIFT  16   /* 16 bits: slots that name the frame; 65,535 or more */
#define PAGE_FRAME_SHIFT       32   /* 32 bits: the frame's number; 0: none, or the zero page */

/* ---- pool_ctl: x1 ---- */
/* Returns x1 = guaranteed, x2 = limit, x3 = used frames, x4 = object bytes, x5 = refused. */
#define POOL_QUERY 1
#define POOL_LIMIT 2 /* x2 = new limit in frames */

/* ---- irq_ctl: x1 ---- */
#define IRQ_BIND 1 /* x2 = notification, x3 = bits */
#define IRQ_ACK  2 /* the line may interrupt again */

/* ---- space_copy: x4 ---- */
#define COPY_IN  0 /* from the other space to the caller */
#define COPY_OUT 1 /* from the caller to the other space */

/* ---- Levels (design: synchronous calls go strictly downward) ---- */
#define LEVEL_DRIVER      0
#define LEVEL_SWAP        1
#define LEVEL_FILE_SYSTEM 2
#define LEVEL_FILE        3
#define LEVEL_ANON        4
#define LEVEL_PROC        5
#define LEVEL_PROGRAM     6 /* among programs equality is allowed */
#define LEVEL_ROOT        7

/* ---- Handles every native program starts with: root's are made by the kernel ---- */
#define HANDLE_NONE   0
#define HANDLE_SPACE  1 /* its own space */
#define HANDLE_THREAD 2 /* its first thread */
#define HANDLE_POOL   3 /* the pool it is charged to */
#define HANDLE_SYSTEM 4 /* root only: devices, interrupts, power */
#define HANDLE_BUNDLE 5 /* root only: the boot bundle as a read-only object */
#define HANDLE_TREE   6 /* root only: the device tree likewise, see struct boot_facts */

/* The names are Linux's, and so are the numbers: one list for both worlds. */
#define EPERM      1  /* level rule, or not the kind of caller that may */
#define ENOENT     2  /* no such region, page or thing */
#define EINTR      4  /* the wait was cancelled */
#define EIO        5  /* (servers: the device failed) */
#define EBADF      9  /* no such handle, or a handle to another kind of thing */
#define EAGAIN     11 /* not now: nothing to receive; page absent; state changed underneath */
#define ENOMEM     12 /* the pool is exhausted */
#define EACCES     13 /* the handle lacks the right */
#define EFAULT     14 /* address is not in a region that allows this */
#define EBUSY      16 /* in use */
#define EEXIST     17 /* range overlaps an existing region */
#define EINVAL     22 /* argument out of its documented range */
#define EMFILE     24 /* handle table full (65,536 handles) */
#define ENOSYS     38 /* no such call or operation */
#define EMSGSIZE   90 /* message longer than allowed, or no message page */
#define ETIMEDOUT  110
#define ESTALE     116 /* handle was revoked, or the request is no longer waiting */
#define EOWNERDEAD 130 /* whoever should answer has ended */

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Registers of a thread, as thread_ctl reads and writes them. */
struct thread_registers {
    uint64_t x[31];
    uint64_t sp, pc, pstate, tls;
};

/* DEBUG_LEDGER: every frame is in exactly one line; the lines add up to total. */
struct ledger {
    uint64_t total;   /* frames in all memory banks given to the kernel */
    uint64_t free;    /* in the buddy allocator and its per-CPU caches */
    uint64_t kernel;  /* kernel image, frame descriptors, boot tables, stacks, bundle, firmware */
    uint64_t slab;    /* kernel objects */
    uint64_t table;   /* translation tables */
    uint64_t slot;    /* slot chunks of objects */
    uint64_t page;    /* pages of objects */
    uint64_t charged; /* what the root pool says: must be total - free */
    uint64_t pools;   /* number of pools whose own count was checked */
    uint64_t errors;  /* frames, pools or sums that contradict each other */
};

/* DEBUG_MEMORY: frames. What is in a CPU's cache of single frames is free, and a block of one
 * frame. */
/* Zones: beyond the kernel's linear map, within it, below 1 GiB; the last that applies. */
#define MEMORY_ZONES  3
#define MEMORY_ORDERS 11 /* blocks of 2^0 .. 2^10 frames */
struct memory_facts {
    uint64_t total, free, kernel, slab, table, slot, page; /* as in struct ledger */
    struct zone_facts {
        uint64_t total, free;
        uint64_t blocks[MEMORY_ORDERS]; /* free ones of each order */
    } zones[MEMORY_ZONES];
};

/* DEBUG_SLAB: kernel objects of one kind. */
struct slab_facts {
    char name[24];
    uint64_t objects, slabs;              /* in use; slabs that hold them, empty ones included */
    uint64_t object_bytes, slab_capacity; /* objects in a full slab */
    uint64_t slab_frames;                 /* in one slab */
};

/* DEBUG_COUNTERS: since boot, all CPUs together. */
struct counters {
    uint64_t entries, calls, messages, notifications, interrupts, switches;
    uint64_t faults, faults_soft, faults_pager, faults_refused;
    uint64_t supplied_zero, supplied_copy, supplied_move, supplied_upgrade, supplied_fail;
    uint64_t pages_mapped, pages_unmapped, pages_discarded, tlb_invalidations;
    uint64_t barriers, system_register_writes;
    uint64_t masked_longest_ns, interrupt_delay_worst_ns;
    uint64_t boot_ns; /* counter time from reset to the first instruction at EL0 */
    uint64_t tables,
        slots;        /* frames that are translation tables, and slot chunks, at this moment */
    uint64_t idle_ns; /* in which no thread could run */
    uint64_t ready;   /* threads that wait for a CPU at this moment; 1,024 means: or more */
};

/* DEBUG_BOOT: what the board is, for root and for people. */
struct boot_facts {
    char board[64];
    char arguments[1024]; /* /chosen bootargs */
    uint64_t memory_bytes, cpus, bundle_bytes, seed;
    uint64_t console_base, console_irq; /* physical address and INTID of the UART; 0: none */
    char console_kind[16];              /* "pl011", "8250" */
    uint64_t tree_offset, tree_bytes;   /* the device tree's place in HANDLE_TREE */
};

/* One trace record. */
struct trace_record {
    uint64_t time; /* ns since boot */
    uint16_t event, cpu;
    uint32_t thread;
    uint64_t a, b;
};
#endif
