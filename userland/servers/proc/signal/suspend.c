/*
 * suspend.c: calls that wait for a signal.
 */
#include "lib/memory.h"
#include "proc.h"
#include "queue.h"
#include "time/clock.h"

int64_t linux_rt_sigsuspend(struct thread *thread, uint64_t address, uint64_t size)
{
    uint64_t mask;
    if (size != sizeof mask)
        return -EINVAL;
    int64_t error = client_read(thread, address, &mask, sizeof mask);
    if (error)
        return error;
    thread->wait.restart = RESTART_NO_HANDLER;
    signal_mask_for_call(thread, mask);
    return wait_begin(thread);
}

/* Calls that go on after a stop do so by themselves (deliver.c): there is never anything to restart
 * for who asks. */
int64_t linux_restart_syscall(struct thread *thread)
{
    (void)thread;
    return -EINTR;
}

unsigned signal_take(struct thread *thread, uint64_t set, struct signal_info *info)
{
    struct signal_choice choice = queue_choose(thread, set);
    if (!choice.info)
        return 0;
    *info = *choice.info;
    queue_take(thread, &choice);
    return (unsigned)info->signal;
}

/* The deadline of a timeout in the program's memory. 0, -EFAULT, -EINVAL or ANSWER_RETRY. */
static int64_t read_timeout(struct thread *thread, uint64_t address, uint64_t *deadline)
{
    struct linux_timespec time;
    int64_t error = client_read(thread, address, &time, sizeof time);
    if (error)
        return error;
    if (!timespec_valid(&time))
        return -EINVAL;
    *deadline = clock_add(time_now(), timespec_nanoseconds(&time));
    return 0;
}

int64_t linux_rt_sigtimedwait(struct thread *thread, uint64_t set_address, uint64_t info_address,
                              uint64_t timeout, uint64_t size)
{
    uint64_t set, deadline = 0;
    char whole[SIGNAL_INFO_BYTES] = {0};
    if (size != sizeof set)
        return -EINVAL;
    int64_t error = client_read(thread, set_address, &set, sizeof set);
    if (!error && timeout && !thread->wait.deadline)
        error = read_timeout(thread, timeout, &deadline);
    if (error)
        return error;
    set &= ~SIGNALS_UNMASKABLE;
    thread->signals.awaited = 0;
    struct signal_choice choice = queue_choose(thread, set);
    if (choice.info) {
        int64_t signal = choice.info->signal;
        memcpy(whole, choice.info, sizeof *choice.info);
        error = info_address ? client_write(thread, info_address, whole, sizeof whole) : 0;
        if (error == ANSWER_RETRY)
            return error;
        queue_take(thread, &choice); /* as Linux: also when its siginfo cannot be told */
        return error ? error : signal;
    }
    if (thread->wait.timed_out || (deadline && deadline <= time_now()))
        return -EAGAIN;
    if (deadline)
        thread->wait.deadline = deadline;
    thread->wait.restart = RESTART_NEVER;
    thread->signals.awaited = set;
    return wait_begin(thread);
}
