/*
 * pipe.h: bytes between processes: what pipes, fifos and stream sockets are made of.
 */
#pragma once
#include "wait.h"

struct chunk;
struct linux_iovec;

struct pipe {
    uint32_t readers, writers;           /* open files */
    uint64_t reader_opens, writer_opens; /* … ever opened */
    uint64_t bytes, capacity;
    struct chunk *first, *last, *spare;
    struct wait_queue read_queue, write_queue;
};

/* An empty one. NULL: no memory. */
struct pipe *pipe_new(void);
void pipe_free(struct pipe *pipe); /* NULL is allowed */

/* Moves what is there, at least a byte, from thread->progress on. Bytes moved, an error, or
 * ANSWER_RETRY. */
int64_t pipe_read_bytes(struct thread *thread, struct pipe *pipe, const struct linux_iovec *vector,
                        uint64_t total);

/* Appends a vector; with `wait` waits for room, else -EAGAIN or a short count. */
int64_t pipe_write_bytes(struct thread *thread, struct pipe *pipe, const struct linux_iovec *vector,
                         uint64_t total, bool wait);
