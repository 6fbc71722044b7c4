/*
 * poll.c: waiting for several files at once: what ppoll and pselect6 share.
 */
#include "poll.h"
#include "proc.h"

void poll_on(struct poller *poller, struct wait_queue *queue)
{
    if (!poller || poller->error)
        return;
    if (poller->thread)
        poller->error = wait_also(poller->thread, queue, 0);
    else
        poller->error = poller->add(poller, queue);
}

uint32_t file_poll(struct open_file *file, struct poller *poller)
{
    if (!file->operations || !file->operations->poll)
        return LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLOUT | LINUX_POLLWRNORM;
    return file->operations->poll(file, poller);
}
