/*
 * poll.h: who asks files to tell of changes.
 */
#pragma once
#include "open_file.h"

struct linux_timespec;

struct poller {
    struct thread *thread; /* waits on the queues; or NULL: */
    int64_t (*add)(struct poller *poller, struct wait_queue *queue); /* … watches them */
    int64_t error; /* 0, or why not all queues are told */
};

/* What holds now for a file, and lets the poller (or NULL) be told of more. */
uint32_t file_poll(struct open_file *file, struct poller *poller);

/* When a call ends that waits for at most `time` (ns since boot), also when it comes again; 0 or
 * -EINVAL. */
int64_t poll_deadline(const struct thread *thread, const struct linux_timespec *time,
                      uint64_t *deadline);

/* The signal mask at `address` (0: none) holds for this call. 0 or an error. */
int64_t poll_mask(struct thread *thread, uint64_t address, uint64_t size);

/* Waits on the queues that the poller was put on; UINT64_MAX: as long as it takes. */
int64_t poll_wait(struct thread *thread, const struct poller *poller, uint64_t deadline);
