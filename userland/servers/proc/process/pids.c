/*
 * pids.c: the numbers of threads, processes, groups and sessions: a hash table that grows with
 * them. Numbers go up and begin again above those of the first services, as on Linux; one that
 * anybody still has is passed over.
 */
#include "lib/wired.h"
#include "proc.h"

#define RESERVED      300 /* smaller numbers are given only once */
#define FIRST_BUCKETS 64

static struct pid **buckets;
static uint32_t bucket_count, used, latest;

static struct pid **bucket_of(uint32_t number)
{
    return &buckets[number & (bucket_count - 1)];
}

/* Twice as many buckets. Without memory for them the old ones go on serving, more slowly. */
static void grow(void)
{
    uint32_t count = bucket_count ? bucket_count * 2 : FIRST_BUCKETS;
    struct pid **before = buckets, **larger = wired_alloc_array(count, sizeof *larger);
    uint32_t before_count = bucket_count;
    if (!larger)
        return;
    buckets = larger;
    bucket_count = count;
    for (uint32_t i = 0; i < before_count; i++)
        for (struct pid *pid = before[i], *next; pid; pid = next) {
            struct pid **bucket = bucket_of(pid->number);
            next = pid->next;
            pid->next = *bucket;
            *bucket = pid;
        }
    wired_free(before);
}

struct pid *pid_find(uint32_t number)
{
    struct pid *pid = bucket_count ? *bucket_of(number) : NULL;
    while (pid && pid->number != number)
        pid = pid->next;
    return pid;
}

/* 0: all are taken. */
static uint32_t unused_number(void)
{
    for (uint32_t tries = 0, number = latest; tries < PID_MAX; tries++) {
        number = number + 1 < PID_MAX ? number + 1 : RESERVED;
        if (!pid_find(number))
            return number;
    }
    return 0;
}

struct pid *pid_new(int64_t *error)
{
    *error = -ENOMEM;
    if (used >= bucket_count)
        grow();
    if (!bucket_count)
        return NULL;
    uint32_t number = unused_number();
    *error = number ? -ENOMEM : -EAGAIN;
    struct pid *pid = number ? wired_alloc(sizeof *pid) : NULL;
    if (!pid)
        return NULL;
    struct pid **bucket = bucket_of(number);
    *pid = (struct pid){.next = *bucket, .number = number, .references = 1};
    *bucket = pid;
    latest = number;
    used++;
    *error = 0;
    return pid;
}

void pid_drop(struct pid *pid)
{
    if (!pid || --pid->references)
        return;
    struct pid **link = bucket_of(pid->number);
    while (*link != pid)
        link = &(*link)->next;
    *link = pid->next;
    used--;
    wired_free(pid);
}

void pid_unused(struct pid *pid)
{
    latest = pid->number - 1;
    pid_drop(pid);
}

void pids_restart(void)
{
    latest = 0;
}

uint32_t pid_latest(void)
{
    return latest;
}

struct process *process_find(uint32_t number)
{
    struct pid *pid = pid_find(number);
    return pid ? pid->process : NULL;
}

struct thread *thread_find(uint32_t number)
{
    struct pid *pid = pid_find(number);
    return pid ? pid->thread : NULL;
}

struct process *process_with(uint32_t tid)
{
    struct pid *pid = pid_find(tid);
    if (!pid)
        return NULL;
    return pid->process ? pid->process : pid->thread ? pid->thread->process : NULL;
}
