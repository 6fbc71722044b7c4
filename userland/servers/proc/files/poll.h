/*
 * poll.h: who asks files to tell of changes.
 */
#pragma once
#include "open_file.h"

struct poller {
    struct thread *thread; /* waits on the queues; or NULL: */
    int64_t (*add)(struct poller *poller, struct wait_queue *queue); /* … watches them */
    int64_t error; /* 0, or why not all queues are told */
};

/* What holds now for a file, and lets the poller (or NULL) be told of more. */
uint32_t file_poll(struct open_file *file, struct poller *poller);
