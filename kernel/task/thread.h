/*
 * thread.h: a thread: its registers, where it waits, and the one request it may
 * be waiting for. Other kernel objects find threads only through lists here.
 */
#pragma once
#include "arch/cpu.h"
#include "entry/abi.h"
#include "ipc/handle.h"
#include "mm/tree.h"

enum thread_state {
    THREAD_STATE_NEW,       /* never started */
    THREAD_STATE_RUNNING,   /* current on a CPU */
    THREAD_STATE_READY,     /* in a run queue */
    THREAD_STATE_RECEIVING, /* in an endpoint's or a notification's list of receivers */
    THREAD_STATE_QUEUED,    /* its message waits in an endpoint's tree of callers */
    THREAD_STATE_ANSWER,    /* its request was received; waits for the reply */
    THREAD_STATE_PAGE,      /* waits for a slot somebody else asked for */
    THREAD_STATE_SLEEPING,
    THREAD_STATE_REAPING, /* waits until what it let go of is freed */
    THREAD_STATE_HELD,    /* would be ready, but THREAD_STOP holds it */
    THREAD_STATE_DEAD
};

/* thread->special */
#define SPECIAL_STOPPED     1           /* by THREAD_STOP, or for good */
#define SPECIAL_INTERRUPTED 2           /* by THREAD_INTERRUPT: its personality comes first */
#define PSTATE_STEP         (1ul << 21) /* SS: one instruction, then an exception (Arm ARM D2.12) */

/* What a thread sent and waits to have answered. */
struct request {
    uint64_t id; /* sequence << 23 | thread number; 0: none */
    union {
        struct {
            uint8_t kind;   /* KIND_* */
            bool forwarded; /* words[] stand for what was sent */
            uint16_t flags; /* KIND_FAULT: FAULT_* */
            uint32_t tag;   /* as sent */
        };
        uint64_t head; /* all of these at once: a kind alone, without the rest */
    };
    struct endpoint *endpoint; /* where it was sent */
    struct space *server;      /* who received it and may answer; NULL: still queued */
    uint64_t badge;            /* of the handle it was sent through */
    uint64_t words[6]; /* KIND_FAULT, EXCEPTION: what is told; CALL takes them from x2..x7 */
    /* KIND_FAULT */
    uint64_t va, window;          /* the page's address; pages that may be supplied */
    uint64_t sent;                /* counter */
    struct thread *older, *newer; /* requests of this CPU in order of time */
};

#define PREFAULTS 6

struct thread {
    struct thread_registers registers; /* must be first: vectors.S saves here */
    struct kernel_object object;
    struct space *space;
    uint8_t state;
    uint8_t priority; /* what it runs at: its own, or that of whom it works for */
    uint8_t base_priority;
    uint8_t special;    /* SPECIAL_*: not for the short ways of switching */
    uint8_t user_state; /* USER_*: what EL0 has while it runs */
    bool populating;    /* in a region_map between two steps */
    bool fp_used;       /* FP registers may be other than 0 */
    uint8_t retry;      /* KIND_* to the personality: prefaults first, then that goes out again */
    uint32_t number;    /* in the thread table */
    uint64_t sequence;  /* of its requests, << 23 | number */
    uint64_t badge;     /* in messages to the personality */
    uint64_t time;      /* it ran, ns: ticks */
    char *message_page; /* kernel address; NULL: none */
    struct object *message_object;  /* whose page that is: kept alive, the frame pinned */
    struct thread *next, *previous; /* the list or queue it waits in */
    void *waiting_on;               /* that list's owner: endpoint, notification */
    struct tree_node order;         /* endpoint's callers by priority; sleepers by deadline */
    struct request request;
    struct thread *fault_next, *fault_previous; /* the object's list of waiters */
    struct object *fault_object;                /* whose list that is; NULL: none */
    uint64_t fault_index;                       /* the page it waits for */
    uint64_t fault_esr;                         /* of the last abort, told with an exception */
    uint64_t told[4];                           /* w0.. of the last request to its personality */
    uint64_t prefault[PREFAULTS];
    uint8_t prefault_next, prefault_count, prefault_access;
    struct thread *space_next, **space_link;
    struct cpu *cpu;
    struct pool_object *pool; /* pays for it */
    struct object *building;  /* what a long create() has made so far */
    uint64_t building_done;
    struct {
        unsigned __int128 q[32];
        uint64_t fpsr, fpcr;
    } fp;
};
_Static_assert(offsetof(struct thread, registers) == 0, "vectors.S saves registers at the start");

/*
 * Thread numbers: a table of chunks that is never shrunk, so that a request id
 * from anywhere can be looked up without trusting it. What names nobody, names a
 * thread that waits for nothing.
 */
#define NUMBER_CHUNK  256
#define NUMBER_CHUNKS 1024 /* 262,144 threads */
struct thread_numbers {
    struct thread *threads[NUMBER_CHUNK];
    uint32_t free_next[NUMBER_CHUNK];
    uint64_t
        sequence[NUMBER_CHUNK]; /* of the last thread of that number: ids are never used twice */
};
extern struct thread_numbers *thread_chunks[NUMBER_CHUNKS];

/* The thread that waits for `server` to answer exactly this request, or NULL. */
static inline struct thread *thread_of_request(uint64_t id, const struct space *server)
{
    struct thread *thread =
        thread_chunks[id / NUMBER_CHUNK % NUMBER_CHUNKS]->threads[id % NUMBER_CHUNK];

    return thread->request.id == id && thread->request.server == server ? thread : NULL;
}

/* Gives a thread its next request id. */
static inline uint64_t request_new_id(struct thread *thread)
{
    return thread->request.id = thread->sequence +=
           1ul << 23; /* an addend that one instruction holds */
}

/* A stopped thread in `space`. NULL: ENOMEM. */
struct thread *thread_new(struct space *space, unsigned priority);

/* Ends a thread wherever it waits. Its request, if any, is withdrawn. */
void thread_kill(struct thread *thread);

/* Gives up its message page. */
void message_page_release(struct thread *thread);

/* Takes a thread out of whatever it waits in, so that it can continue, be changed or die. */
void thread_unwait(struct thread *thread);
void thread_free(struct thread *thread);
void threads_init(void);
/* Calls visit for thread numbers from `from` on, at most `most`; returns the next number, 0: done.
 */
struct thread *thread_by_number(uint32_t number);
uint32_t thread_numbers(void);
