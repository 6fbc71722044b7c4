/*
 * load.c: the load average: every five seconds the number of threads that run or could run goes
 * into three averages that forget with 1, 5 and 15 minutes, as Linux's.
 */
#include "procfs.h"

#define PERIOD (5 * SECOND)
#define ONE    65536UL

/* 1/e^(5s/1min), 1/e^(5s/5min), 1/e^(5s/15min), in 1/65536 */
static const uint64_t keeps[3] = {60296, 64453, 65173};
static uint64_t loads[3]; /* in 1/65536 */
static struct timer timer;

void count_threads(uint64_t *all, uint64_t *running)
{
    *all = *running = 0;
    for (struct process *process = process_first(); process; process = process->family.all_next)
        for_each_thread(thread, process)
        {
            ++*all;
            *running += !thread->wait.blocked && !process->signals.stopped;
        }
}

static void sample(struct timer *expired)
{
    uint64_t all, running;
    count_threads(&all, &running);
    for (unsigned i = 0; i < 3; i++)
        loads[i] = (loads[i] * keeps[i] + running * ONE * (ONE - keeps[i]) + ONE / 2) / ONE;
    timer_set(expired, time_now() + PERIOD);
}

void load_init(void)
{
    timer.expired = sample;
    timer_set(&timer, time_now() + PERIOD);
}

void load_averages(uint64_t averages[3])
{
    for (unsigned i = 0; i < 3; i++)
        averages[i] = loads[i];
}
