/*
 * watch.c: root's life after start: it waits for what servers tell it and for
 * their deaths. A dead server is named. Where the manifest says so it is started
 * again, on the same endpoint: who waits there is served by the new one, faults that
 * the old one had are sent again (kernel/vm), calls that it had fail with EOWNERDEAD.
 * Otherwise requests that wait for it, and later ones, fail with ESTALE, and everybody
 * else goes on. Without a personality there are no programs: then the system ends.
 */
#include "devices.h"
#include "lib/log.h"
#include "lib/protocol.h"
#include "lib/startup.h"
#include "root.h"

static bool anybody_alive(void)
{
    for (struct server *server = the_system.servers; server; server = server->next)
        if (server->alive)
            return true;
    return false;
}

static uint64_t seconds_since_boot(void)
{
    uint64_t count, frequency;
    __asm__ volatile("isb\n mrs %0, cntvct_el0" : "=r"(count));
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return count / frequency;
}

/* Everybody whom it needs to call is there. */
static bool can_start(const struct server *server)
{
    for (struct manifest_grant *grant = server->wish->grants; grant; grant = grant->next)
        if (grant->kind != GRANT_DEVICE && !endpoint_of(grant->name))
            return false;
    return true;
}

/* Counts this death. May it be started again? */
static bool lives_again(struct server *server)
{
    const struct manifest_server *wish = server->wish;
    uint64_t now = seconds_since_boot();
    if (!server->deaths || now - server->first_death > wish->restart_seconds) {
        server->first_death = now;
        server->deaths = 0;
    }
    return ++server->deaths <= wish->restart_deaths && can_start(server);
}

static void bury(struct server *server)
{
    const struct manifest_server *wish = server->wish;
    handle_close(server->thread);
    handle_close(server->space);
    handle_close(server->pool);
    for (struct manifest_grant *grant = wish->grants; grant; grant = grant->next)
        if (grant->kind == GRANT_DEVICE)
            device_silence(grant);
    if (lives_again(server)) {
        log_print(LOG_ERROR,
                  "pagoda: server %s died (%u of %u deaths in %u s); it is started again\n",
                  wish->name, server->deaths, wish->restart_deaths, wish->restart_seconds);
        server_make(server);
        server_start(server);
        return;
    }
    server->alive = false;
    log_print(LOG_ERROR, "pagoda: server %s died; requests to it fail from now on\n", wish->name);
    if (server->endpoint)
        handle_revoke(server->endpoint);
    server->endpoint = 0;
    if (wish->level == LEVEL_PROC)
        die("no program can go on without server %s", wish->name);
    if (!anybody_alive())
        die("no server is left");
}

/* What the program ended with, or -1 when it goes on after all. */
static int ask_status(const struct server *server)
{
    struct message message = {.w = {PROC_STATUS}};
    int64_t error = call(server->endpoint, 0, &message);
    if (!error && (int64_t)message.w[0] < 0)
        error = (int64_t)message.w[0];
    if (error == -EAGAIN)
        return -1;
    if (error < 0)
        die("server %s does not say how the program ended: %s", server->wish->name,
            error_name(error));
    return (int)(message.w[1] & 0xff);
}

int watch_over_servers(void)
{
    if (!anybody_alive())
        die("the manifest names no server");
    for (;;) {
        struct message message;
        int64_t error = recv(the_system.endpoint, 0, &message);
        if (error < 0)
            die("root cannot receive: %s", error_name(error));
        struct server *server = (struct server *)(message.badge & ~(uint64_t)BADGE_EXIT);
        if (!(message.badge & BADGE_EXIT)) {
            bury(server);
            continue;
        }
        int status = server->alive ? ask_status(server) : -1;
        if (status >= 0)
            return status;
    }
}
