/*
 * job.c: what somebody wants, until it is answered: queues of jobs, and the loop that runs those
 * which are ready.
 */
#include "lib/wired.h"
#include "parts.h"

static struct job_queue ready;
static uint64_t count;

uint64_t cache_jobs(void)
{
    return count;
}

struct job *job_new(enum job_kind kind, struct inode *inode)
{
    struct job *job = wired_alloc(sizeof *job);
    if (!job)
        return NULL;
    job->kind = kind;
    job->inode = inode;
    if (inode)
        inode->jobs++;
    count++;
    return job;
}

static void append(struct job_queue *queue, struct job *job)
{
    job->next = NULL;
    *(queue->last ? &queue->last->next : &queue->first) = job;
    queue->last = job;
}

void job_ready(struct job *job)
{
    append(&ready, job);
}

void job_wait(struct job *job, struct job_queue *queue)
{
    append(queue, job);
}

void job_wake(struct job_queue *queue)
{
    if (!queue->first)
        return;
    *(ready.last ? &ready.last->next : &ready.first) = queue->first;
    ready.last = queue->last;
    *queue = (struct job_queue){0};
}

void job_answer(struct job *job, int error, uint64_t w0)
{
    struct inode *inode = job->inode;
    if (job->kind == JOB_FAULT) {
        if (error)
            backend_fail(job->request, error);
    } else if (job->client) {
        backend_answer(job->client, job->tag, error, w0);
    }
    if (inode && inode->changing == job) {
        inode->changing = NULL;
        job_wake(&inode->waiters);
    }
    count--;
    wired_free(job);
    if (inode && !--inode->jobs)
        inode_settle(inode);
}

static void run(struct job *job)
{
    switch (job->kind) {
    case JOB_FAULT:
        fault_run(job);
        break;
    case JOB_FILL:
        fill_run(job);
        break;
    case JOB_RESIZE:
        resize_run(job);
        break;
    case JOB_SYNC:
        sync_run(job);
        break;
    case JOB_FORGET:
        forget_run(job);
        break;
    }
}

void job_run_all(void)
{
    while (ready.first) {
        struct job *job = ready.first;
        ready.first = job->next;
        if (!ready.first)
            ready.last = NULL;
        run(job);
    }
}
