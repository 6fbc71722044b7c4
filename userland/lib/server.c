/*
 * server.c: the rare paths of the server loop.
 */
#include "lib/server.h"
#include "lib/log.h"
#include "lib/startup.h"
#include <stdbool.h>

void server_refuse_fault(const struct message *message)
{
    log_print(LOG_ERROR, "%s: page fault (object 0x%lx, page 0x%lx), but this server is no pager\n",
              startup_name(), message->w[0], message->w[1]);
    page_supply_only(message->request, SUPPLY_FAIL | (uint64_t)EFAULT << 32, message->w[1], 1, 0,
                     0);
}

/* Errors that say something about the client or the moment, not about this server. */
static bool error_is_ordinary(int64_t error)
{
    return error == -ESTALE || error == -EINTR || error == -EAGAIN;
}

void server_receive(handle endpoint, struct message *message)
{
    int64_t error;
    do
        error = recv(endpoint, 0, message);
    while (error == -EINTR);
    if (error < 0) {
        log_print(LOG_ERROR, "%s: cannot receive any more: %s\n", startup_name(),
                  error_name(error));
        native_exit(1);
    }
}

void server_recover(handle endpoint, int64_t error, struct message *message)
{
    if (!error_is_ordinary(error))
        log_print(LOG_ERROR, "%s: the kernel refused an answer: %s\n", startup_name(),
                  error_name(error));
    server_receive(endpoint, message);
}
