/*
 * signalfd.c: signals that are read (signalfd(2)): those of the thread that reads, and of its
 * process.
 */
#include "files/poll.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "queue.h"

struct signal_file {
    uint64_t set;
    uint32_t pid; /* of who made it: whose signals an epoll hears of */
};

struct linux_signalfd_siginfo {
    uint32_t signal;
    int32_t error, code;
    uint32_t pid, user;
    int32_t descriptor;
    uint32_t timer, band, overrun, trap;
    int32_t status, value;
    uint64_t pointer, user_time, system_time, address;
    uint8_t rest[48];
};
_Static_assert(sizeof(struct linux_signalfd_siginfo) == 128, "linux/signalfd.h");

static struct linux_signalfd_siginfo told(const struct signal_info *info)
{
    struct linux_signalfd_siginfo out = {
        .signal = (uint32_t)info->signal, .error = info->error, .code = info->code};
    if (info->code == SIGNAL_BY_TIMER) {
        out.timer = info->timer;
        out.overrun = (uint32_t)info->overrun;
        out.pointer = info->timer_value;
        out.value = (int32_t)info->timer_value;
    } else if (SIGNALS_SYNCHRONOUS & SIGNAL_BIT(info->signal) && info->code > 0 &&
               info->code != SIGNAL_BY_KERNEL) {
        out.address = info->address;
    } else {
        out.pid = info->pid;
        out.user = info->user;
        if (info->signal == SIGCHLD && info->code > 0) {
            out.status = info->status;
            out.user_time = (uint64_t)info->user_time;
            out.system_time = (uint64_t)info->system_time;
        } else if (info->code < 0) {
            out.pointer = info->value;
            out.value = (int32_t)info->value;
        }
    }
    return out;
}

/* One record into the vector, at thread->progress. */
static int64_t write_record(struct thread *thread, const struct linux_iovec *vector, uint64_t total,
                            const struct linux_signalfd_siginfo *record)
{
    uint64_t done = 0, address, bytes;
    while (done < sizeof *record &&
           vector_piece(vector, total, thread->progress + done, &address, &bytes)) {
        if (bytes > sizeof *record - done)
            bytes = sizeof *record - done;
        int64_t error = client_write(thread, address, (const char *)record + done, bytes);
        if (error)
            return error;
        done += bytes;
    }
    return 0;
}

static int64_t signal_read(struct thread *thread, struct open_file *file,
                           const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    const struct signal_file *state = file->state;
    (void)offset;
    if (total < sizeof(struct linux_signalfd_siginfo))
        return -EINVAL;
    while (total - thread->progress >= sizeof(struct linux_signalfd_siginfo)) {
        struct signal_choice choice = queue_choose(thread, state->set);
        if (!choice.info)
            break;
        struct linux_signalfd_siginfo record = told(choice.info);
        int64_t error = write_record(thread, vector, total, &record);
        if (error)
            return error == -EFAULT && thread->progress ? (int64_t)thread->progress : error;
        queue_take(thread, &choice);
        thread->progress += sizeof record;
    }
    if (thread->progress)
        return (int64_t)thread->progress;
    if (file->flags & LINUX_O_NONBLOCK)
        return -EAGAIN;
    return wait_for(thread, &thread->process->signals.arrivals);
}

static uint32_t signal_poll(struct open_file *file, struct poller *poller)
{
    const struct signal_file *state = file->state;
    struct thread *thread = poller ? poller->thread : NULL;
    struct process *process = thread ? thread->process : process_find(state->pid);
    if (!process || process->family.ended)
        return 0;
    uint64_t pending = process->signals.pending.set;
    if (!thread)
        thread = thread_living(process->threads);
    if (thread)
        pending |= thread->signals.pending.set;
    poll_on(poller, &process->signals.arrivals);
    return pending & state->set ? LINUX_POLLIN : 0;
}

static void signal_release(struct open_file *file)
{
    wired_free(file->state);
}

static const struct file_operations signal_operations = {
    .stream = true, .read = signal_read, .poll = signal_poll, .release = signal_release};

/* A new one. */
static int64_t make(struct thread *thread, uint64_t set, uint64_t flags)
{
    struct signal_file *state = wired_alloc(sizeof *state);
    if (!state)
        return -ENOMEM;
    *state = (struct signal_file){set, thread->process->pid};
    struct open_file *file =
        anonymous_file("anon_inode:[signalfd]", LINUX_O_RDWR | (flags & LINUX_O_NONBLOCK),
                       &signal_operations, state);
    if (!file) {
        wired_free(state);
        return -ENOMEM;
    }
    return descriptor_add(thread->process, file, flags & LINUX_O_CLOEXEC);
}

int64_t linux_signalfd4(struct thread *thread, uint64_t descriptor, uint64_t address, uint64_t size,
                        uint64_t flags)
{
    uint64_t set;
    if (size != sizeof set)
        return -EINVAL;
    int64_t error = client_read(thread, address, &set, sizeof set);
    if (error)
        return error;
    if (flags & ~(uint64_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK))
        return -EINVAL;
    set &= ~SIGNALS_UNMASKABLE;
    if ((int32_t)descriptor == -1)
        return make(thread, set, flags);
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file)
        return -EBADF;
    if (file->operations != &signal_operations)
        return -EINVAL;
    ((struct signal_file *)file->state)->set = set;
    wait_wake(&thread->process->signals.arrivals);
    return (int32_t)descriptor;
}
