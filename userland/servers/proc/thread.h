/*
 * thread.h: one thread of a program, as the personality sees it. Its address is the badge of the
 * kernel's thread, so a message leads here without a look-up.
 */
#pragma once
#include "lib/native.h"
#include "process/family.h"
#include "process/futex.h"
#include "signal/signal.h"
#include "wait.h"
#include <stdbool.h>
#include <stdint.h>

/* A system call handler answers what Linux answers: a result or a negated errno. Four further
 * answers, outside both, are for the loop: */
#define ANSWER_RETRY     INT64_MIN /* thread->retry says which addresses; the call comes again */
#define ANSWER_NONE      (INT64_MIN + 1) /* no reply now: the thread is gone, or waits (wait.h) */
#define ANSWER_REGISTERS (INT64_MIN + 2) /* go on with the registers as thread_ctl wrote them */
#define ANSWER_INTERRUPTED                                                                         \
    (INT64_MIN + 3) /* a signal came while it waited: EINTR, or once more                          \
                     */
#define ANSWER_LAST ANSWER_INTERRUPTED

struct process;
struct image;
struct entry;
struct remote_operation;

/* What a call has to do with a file system in other servers (files/remote.h). */
struct remote_call {
    struct remote_operation *operation; /* under way, or its answer yet to be taken; or NULL */
    struct entry *made;                 /* a name this call has made: a reference, or NULL */
    int32_t error;                      /* what the last answer failed with, until it is told */
    uint16_t rounds;                    /* how often pages were brought for byte `at` of a file */
    uint64_t at;
    bool done; /* the last step of the call was done */
    bool used; /* any of this */
};

struct thread {
    /* What the loop looks at for every call. */
    uint64_t request; /* the kernel's name for the message being served or waited with */
    uint32_t unusual; /* UNUSUAL_*; 0: the short way */
    uint32_t tid;
    struct process *process;
    handle handle;
    uint32_t far; /* HANDLE_SPACE while the call's addresses are proc's own (sendfile), else NONE */

    /* A call that was sent back, for absent pages or because it waited: how far it had come. All
     * zero for a new call. */
    uint64_t progress; /* bytes done */
    uint64_t stage;    /* mmap: address already mapped; others: as they say */
    uint32_t retries;  /* in a row without getting any further */
    uint32_t retry_tag;
    bool refused;      /* one of `retry` cannot be had */
    uint64_t retry[6]; /* addresses; 0 ends */
    struct wait_state wait;

    struct signal_thread signals;
    struct life life;
    uint64_t robust_list, clear_child_tid;
    struct image *start; /* what KIND_START must still write into the space, or NULL */
    struct remote_call remote;
    struct thread *next; /* of the process; the first is the leader */
};

/* thread->unusual */
#define UNUSUAL_STRACE 1 /* every call is logged */
#define UNUSUAL_AGAIN  2 /* the call was sent back before: its state is in the fields above */
#define UNUSUAL_ATTENTION                                                                          \
    4                     /* a signal or a stop to act on before it goes on: signal_attention()    \
                           */
#define UNUSUAL_TRACED 8  /* a tracer wants to see its calls */
#define UNUSUAL_YIELDS 16 /* others come first when its call is answered */
