/*
 * pager.h: a pager is a server whose messages are mostly page faults. Its author
 * writes one function, from a fault to what is supplied for it; the loop does the
 * rest with one kernel call per fault (answer this one, receive the next).
 *
 *   static struct supply answer(const struct fault *fault)
 *   {
 *       return fault->cow ? SUPPLY_A_COPY(fault) : SUPPLY_ZEROS(fault, SUPPLY_WRITABLE);
 *   }
 *   int main(const struct startup *startup)
 *   {
 *       pager_loop(startup_handle_needed("self"), answer, &(struct server_operations){0});
 *   }
 *
 * An answer the kernel refuses is named in the log with request, object, page and
 * the source line that made it, and the faulting program gets an error instead.
 */
#pragma once
#include "lib/server.h"
#include <stdbool.h>

/* KIND_FAULT of abi.h, in words. */
struct fault {
    uint64_t cookie;   /* which object: as its maker named it */
    uint64_t index;    /* which page of it */
    uint64_t window;   /* how many pages may be supplied from there on, at least 1 */
    uint64_t resident; /* bit i: page (index & ~63) + i is there already */
    uint64_t space;    /* who faulted */
    uint64_t token;    /* what was left in the slot */
    uint64_t request;
    bool write, exec; /* the access; neither: a read */
    bool cow;         /* a page is there and readable: supply a copy, or upgrade it */
    bool sole;        /* nobody else refers to that page */
};

/* An answer: made by the macros below. */
struct supply {
    uint64_t how; /* SUPPLY_* and flags */
    uint64_t index, pages;
    handle source;
    uint64_t source_index;
    unsigned line; /* in the file that calls pager_loop */
};

/* Zeros for one page. `flags`: SUPPLY_WRITABLE, or 0 for the zero page that all share. */
#define SUPPLY_ZEROS(fault, flags)                                                                 \
    ((struct supply){SUPPLY_ZERO | (flags), (fault)->index, 1, 0, 0, __LINE__})

/* A writable copy of the page that is there (a clone's, or the region's source). */
#define SUPPLY_A_COPY(fault)                                                                       \
    ((struct supply){SUPPLY_COPY | SUPPLY_WRITABLE, (fault)->index, 1, 0, (fault)->index, __LINE__})

/* A copy of page `from` of `object`. */
#define SUPPLY_COPY_OF(fault, object, from, flags)                                                 \
    ((struct supply){SUPPLY_COPY | (flags), (fault)->index, 1, (object), (from), __LINE__})

/* The frame of page `from` leaves `object` and comes here. */
#define SUPPLY_MOVED(fault, object, from, flags)                                                   \
    ((struct supply){SUPPLY_MOVE | (flags), (fault)->index, 1, (object), (from), __LINE__})

/* The page that is there becomes writable; where it is not sole any more, a copy is supplied. */
#define SUPPLY_UPGRADED(fault)                                                                     \
    ((struct supply){SUPPLY_UPGRADE | SUPPLY_WRITABLE, (fault)->index, 1, 0, (fault)->index,       \
                     __LINE__})

/* Nothing: the program sees SIGBUS, a system call EFAULT. `error`: positive errno. */
#define SUPPLY_NOTHING(fault, error)                                                               \
    ((struct supply){SUPPLY_FAIL | (uint64_t)(error) << 32, (fault)->index, 1, 0, 0, __LINE__})

/* An answer the kernel refused. Only what must outlive the refused call is kept: the loop is hot.
 */
struct refusal {
    uint64_t request, cookie, index;
    struct supply supply;
    int64_t error;
};

/*
 * Told of a refused answer: `instead` is what was supplied in its place, or NULL when nobody waits
 * for this page any more. May be NULL.
 */
typedef void refusal_handler(const struct refusal *refusal, const struct supply *instead);

/* Out of line: makes good for a refused answer (made in source file `file`), receives the next. */
void pager_recover(handle endpoint, const struct refusal *refusal, refusal_handler *told,
                   const char *file, struct message *next);

/* Out of line: handles messages until one is a fault. */
void pager_other(handle endpoint, const struct server_operations *operations,
                 struct message *message);

native_inline struct fault fault_decode(const struct message *message)
{
    return (struct fault){
        .cookie = message->w[0],
        .index = message->w[1],
        .window = message->w[2],
        .resident = message->w[3],
        .space = message->w[4],
        .token = message->w[5],
        .request = message->request,
        .write = message->head & FAULT_WRITE,
        .exec = message->head & FAULT_EXEC,
        .cow = message->head & FAULT_COW,
        .sole = message->head & FAULT_SOLE,
    };
}

/*
 * Serves for ever: faults by `answer`, everything else by `operations`. Between two faults the
 * message stays in registers; all rare things work on a copy in memory.
 */
native_inline _Noreturn void pager_serve(handle endpoint,
                                         struct supply (*answer)(const struct fault *),
                                         const struct server_operations *operations,
                                         refusal_handler *told, const char *file)
{
    struct message message, copy;
    server_receive(endpoint, &copy);
    message = copy;
    for (;;) {
        if (__builtin_expect(message_kind(&message) != KIND_FAULT, 0)) {
            copy = message;
            pager_other(endpoint, operations, &copy);
            message = copy;
        }
        const struct fault fault = fault_decode(&message);
        const struct supply supply = answer(&fault);
        int64_t error = page_supply(endpoint, supply.how, supply.index, supply.pages, supply.source,
                                    supply.source_index, &message);
        if (__builtin_expect(error < 0, 0)) {
            const struct refusal refusal = {fault.request, fault.cookie, fault.index, supply,
                                            error};
            pager_recover(endpoint, &refusal, told, file, &copy);
            message = copy;
        }
    }
}

#define pager_loop(endpoint, answer, operations)                                                   \
    pager_serve((endpoint), (answer), (operations), NULL, __FILE__)
#define pager_loop_told(endpoint, answer, operations, told)                                        \
    pager_serve((endpoint), (answer), (operations), (told), __FILE__)
