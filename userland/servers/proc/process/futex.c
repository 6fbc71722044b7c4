/*
 * futex.c: futex(2). A word is looked at, and its waiter queued, while no program runs: proc has a
 * higher priority than all programs and does not wait in between, so on one CPU nobody changes the
 * word meanwhile. (Several CPUs will need the kernel to compare while it holds the page; the change
 * of a word in WAKE_OP and in robust lists would have to be its compare-and-swap.)
 *
 * Waiters stand in a hash table of queues that grows with their number.
 */
#include "process/futex.h"
#include "lib/wired.h"
#include "memory/ranges.h"
#include "proc.h"
#include "process/linux_futex.h"
#include "process/linux_process.h"
#include "time/clock.h"
#include "time/vdso.h"

#define FIRST_QUEUES 64
#define LONG_QUEUE   8 /* strangers passed over on the way: time for more queues */

static struct wait_queue *queues;
static uint32_t queue_count;

/* ---- Keys and queues ---- */

static struct wait_queue *queue_of(const struct futex_key *key)
{
    uint64_t mixed = (key->where >> 2 ^ key->what * 0x9e3779b97f4a7c15UL) * 0x9e3779b97f4a7c15UL;
    return &queues[(uint32_t)(mixed >> 32) & (queue_count - 1)];
}

static bool same(const struct futex_key *a, const struct futex_key *b)
{
    return a->what == b->what && a->where == b->where;
}

/* The key of a word that others show too: which object is mapped, and where in it. */
static int64_t shared_key(const struct process *process, uint64_t address, struct futex_key *key)
{
    struct region_facts facts;
    if (region_query(process->memory->space, address, &facts) < 0 || facts.start > address ||
        !(facts.map & MAP_READ))
        return -EFAULT;
    /* Odd: no private key is the same. */
    *key = (struct futex_key){facts.object << 1 | 1,
                              (facts.first << PAGE_SHIFT) + address - facts.start};
    return 0;
}

/* The key of an address as a process sees it. 0, -EINVAL or -EFAULT. */
static inline int64_t key_of(const struct process *process, uint64_t address, bool shared,
                             struct futex_key *key)
{
    if (address & 3)
        return -EINVAL;
    if (address >= USER_END)
        return -EFAULT;
    if (__builtin_expect(shared, 0))
        return shared_key(process, address, key);
    *key = (struct futex_key){(uintptr_t)process->memory, address};
    return 0;
}

/* Twice as many queues, but the first time. Where there is no memory for them the old ones go on
 * serving. */
static void grow(void)
{
    uint32_t before_count = queue_count, count = queue_count ? queue_count * 2 : FIRST_QUEUES;
    struct wait_queue *before = queues,
                      *larger = count <= PID_MAX ? wired_alloc_array(count, sizeof *larger) : NULL;
    if (!larger)
        return;
    queues = larger;
    queue_count = count;
    for (uint32_t i = 0; i < before_count; i++)
        while (before[i].first) {
            struct waiter *waiter = before[i].first;
            wait_move(waiter, queue_of(&waiter->thread->life.futex.key), 0);
        }
    wired_free(before);
}

/* ---- Waiting ---- */

static int64_t put_to_wait(struct thread *thread, const struct futex_key *key, uint32_t mask,
                           bool day)
{
    if (!queues)
        grow();
    if (!queues)
        return -ENOMEM;
    thread->life.futex = (struct futex_wait){*key, mask};
    thread->wait.restart = thread->wait.deadline ? RESTART_NO_HANDLER : RESTART_BY_ACTION;
    int64_t error = wait_also(thread, queue_of(key), 0); /* the first: it cannot fail */
    if (day && thread->wait.deadline)
        error = wait_also(thread, &clock_waiters, 0);
    if (error) {
        wait_cancel(thread);
        return error;
    }
    return wait_begin(thread);
}

/* The deadline of a call's time-out, once: relative for WAIT, absolute for the others. */
static int64_t read_deadline(struct thread *thread, uint64_t address, uint32_t operation)
{
    struct linux_timespec time;
    if (!address || thread->wait.deadline)
        return 0;
    int64_t error = client_read(thread, address, &time, sizeof time);
    if (error)
        return error;
    if (!timespec_valid(&time))
        return -EINVAL;
    uint64_t deadline = timespec_nanoseconds(&time);
    uint64_t boot = operation & FUTEX_CLOCK_REALTIME ? (uint64_t)clock_realtime() : 0;
    if ((operation & FUTEX_COMMAND) == FUTEX_WAIT)
        deadline = clock_add(deadline, time_now());
    thread->wait.deadline = deadline > boot ? deadline - boot : 1; /* 1: long ago */
    return 0;
}

/* As client_read, and straight to the kernel first: the page is nearly always there. */
static inline int64_t read_word(struct thread *thread, uint64_t address, uint32_t *value)
{
    int64_t copied =
        space_copy(HANDLE_NONE, thread->request, address, value, COPY_IN, sizeof *value, NULL);
    return copied == sizeof *value ? 0 : client_read(thread, address, value, sizeof *value);
}

static int64_t futex_wait(struct thread *thread, uint64_t address, uint32_t operation,
                          uint32_t expected, uint64_t timeout, uint32_t mask)
{
    struct futex_key key;
    uint32_t value;
    if (thread->wait.timed_out)
        return -ETIMEDOUT;
    if (thread->wait.woken) /* the time of day was set: anew */
        thread->wait.deadline = 0;
    int64_t error = timeout ? read_deadline(thread, timeout, operation) : 0;
    if (!error && !mask)
        error = -EINVAL;
    if (!error)
        error = key_of(thread->process, address, !(operation & FUTEX_PRIVATE_FLAG), &key);
    if (!error)
        error = read_word(thread, address, &value);
    if (!error)
        error = value == expected
                    ? put_to_wait(thread, &key, mask, operation & FUTEX_CLOCK_REALTIME)
                    : -EAGAIN;
    if (error > ANSWER_LAST)
        thread->wait.deadline = 0; /* the call is over without having waited */
    return error;
}

/* ---- Waking ---- */

/* Ends a thread's wait on `queue`. When others ended with it (a thread that dies of a signal takes
 * its process along), the walk begins again. */
static void finish(struct thread *thread, struct wait_queue *queue, struct waiter **next)
{
    wait_finish(thread, 0);
    if (*next && (*next)->queue != queue)
        *next = queue->first;
}

/* Wakes up to `most` waiters, and one when that is 0, as Linux does. How many. */
static uint32_t wake(const struct futex_key *key, uint32_t most, uint32_t mask)
{
    uint32_t count = 0, strangers = 0;
    if (!queues)
        return 0;
    struct wait_queue *queue = queue_of(key);
    for (struct waiter *waiter = queue->first, *next; waiter; waiter = next) {
        struct thread *thread = waiter->thread;
        next = waiter->next;
        if (!same(&thread->life.futex.key, key)) {
            strangers++;
            continue;
        }
        if (!(thread->life.futex.mask & mask))
            continue;
        finish(thread, queue, &next);
        if (++count >= most)
            break;
    }
    if (strangers > LONG_QUEUE)
        grow();
    return count;
}

static int64_t futex_wake(struct thread *thread, uint64_t address, uint32_t operation,
                          uint32_t most, uint32_t mask)
{
    struct futex_key key;
    int64_t error = mask ? 0 : -EINVAL;
    if (!error)
        error = key_of(thread->process, address, !(operation & FUTEX_PRIVATE_FLAG), &key);
    return error ? error : wake(&key, (int32_t)most > 0 ? most : 1, mask);
}

/* Wakes `most` waiters of one word and lets up to `moved` others wait for another instead. */
static int64_t requeue(const struct futex_key *from, const struct futex_key *to, uint32_t most,
                       uint32_t moved)
{
    uint64_t count = 0;
    if (!queues)
        return 0;
    struct wait_queue *queue = queue_of(from), *target = queue_of(to);
    for (struct waiter *waiter = queue->first, *next; waiter && count < (uint64_t)most + moved;
         waiter = next) {
        struct thread *thread = waiter->thread;
        next = waiter->next;
        if (!same(&thread->life.futex.key, from))
            continue;
        if (count++ < most) {
            finish(thread, queue, &next);
            continue;
        }
        thread->life.futex.key = *to;
        if (queue != target)
            wait_move(waiter, target, 0);
    }
    return (int64_t)count;
}

static int64_t futex_requeue(struct thread *thread, uint64_t address, uint32_t operation,
                             uint64_t counts, uint64_t second, const uint32_t *expected)
{
    struct futex_key from, to;
    uint32_t value, most = (uint32_t)counts, moved = (uint32_t)(counts >> 32);
    bool shared = !(operation & FUTEX_PRIVATE_FLAG);
    if ((int32_t)most < 0 || (int32_t)moved < 0)
        return -EINVAL;
    int64_t error = key_of(thread->process, address, shared, &from);
    if (!error)
        error = key_of(thread->process, second, shared, &to);
    if (!error && expected)
        error = client_read(thread, address, &value, sizeof value);
    if (error)
        return error;
    return expected && value != *expected ? -EAGAIN : requeue(&from, &to, most, moved);
}

/* ---- FUTEX_WAKE_OP ---- */

static int32_t signed_12(uint32_t bits)
{
    return (int32_t)(bits << 20) >> 20;
}

/* 0, or -ENOSYS. */
static int64_t changed(uint32_t encoded, uint32_t old, uint32_t *new)
{
    uint32_t operand = (uint32_t)signed_12(encoded >> 12);
    if (encoded >> 28 & FUTEX_OP_SHIFT)
        operand = 1U << (operand & 31);
    switch (encoded >> 28 & 7) {
    case FUTEX_OP_SET:
        *new = operand;
        return 0;
    case FUTEX_OP_ADD:
        *new = old + operand;
        return 0;
    case FUTEX_OP_OR:
        *new = old | operand;
        return 0;
    case FUTEX_OP_ANDN:
        *new = old & ~operand;
        return 0;
    case FUTEX_OP_XOR:
        *new = old ^ operand;
        return 0;
    default:
        return -ENOSYS;
    }
}

/* 1 or 0, or -ENOSYS. */
static int64_t compared(uint32_t encoded, uint32_t old)
{
    int32_t value = (int32_t)old, operand = signed_12(encoded);
    switch (encoded >> 24 & 15) {
    case FUTEX_CMP_EQ:
        return value == operand;
    case FUTEX_CMP_NE:
        return value != operand;
    case FUTEX_CMP_LT:
        return value < operand;
    case FUTEX_CMP_LE:
        return value <= operand;
    case FUTEX_CMP_GT:
        return value > operand;
    case FUTEX_CMP_GE:
        return value >= operand;
    default:
        return -ENOSYS;
    }
}

static int64_t futex_wake_op(struct thread *thread, uint64_t address, uint32_t operation,
                             uint64_t counts, uint64_t second, uint32_t encoded)
{
    struct futex_key key, second_key;
    uint32_t old, new, most = (uint32_t)counts, second_most = (uint32_t)(counts >> 32);
    bool shared = !(operation & FUTEX_PRIVATE_FLAG);
    int64_t error = key_of(thread->process, address, shared, &key);
    if (!error)
        error = key_of(thread->process, second, shared, &second_key);
    if (!error)
        error = client_read(thread, second, &old, sizeof old);
    if (!error)
        error = changed(encoded, old, &new);
    if (!error)
        error = client_write(thread, second, &new, sizeof new);
    if (error)
        return error;
    int64_t both = compared(encoded, old);
    int64_t count = wake(&key, (int32_t)most > 0 ? most : 1, FUTEX_BITSET_ANY);
    if (both < 0)
        return both; /* the word is changed all the same, as on Linux */
    if (both)
        count += wake(&second_key, (int32_t)second_most > 0 ? second_most : 1, FUTEX_BITSET_ANY);
    return count;
}

/* ---- The call ---- */

/* All but the two that everybody uses. Locks with priority inheritance are not offered: libraries
 * then do without. */
static __attribute__((noinline)) int64_t futex_rarer(struct thread *thread, uint64_t address,
                                                     uint32_t operation, uint64_t counts,
                                                     uint64_t timeout, uint64_t second,
                                                     uint32_t third)
{
    uint32_t command = operation & FUTEX_COMMAND, value = (uint32_t)counts;
    if (operation & FUTEX_CLOCK_REALTIME && command != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    switch (command) {
    case FUTEX_WAIT:
        return futex_wait(thread, address, operation, value, timeout, FUTEX_BITSET_ANY);
    case FUTEX_WAIT_BITSET:
        return futex_wait(thread, address, operation, value, timeout, third);
    case FUTEX_WAKE:
        return futex_wake(thread, address, operation, value, FUTEX_BITSET_ANY);
    case FUTEX_WAKE_BITSET:
        return futex_wake(thread, address, operation, value, third);
    case FUTEX_REQUEUE:
        return futex_requeue(thread, address, operation, counts, second, NULL);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(thread, address, operation, counts, second, &third);
    case FUTEX_WAKE_OP:
        return futex_wake_op(thread, address, operation, counts, second, third);
    default:
        return -ENOSYS;
    }
}

/* `timeout` is a pointer or a second count, as `operation` says. */
int64_t linux_futex(struct thread *thread, uint64_t address, uint64_t operation, uint64_t value,
                    uint64_t timeout, uint64_t second, uint64_t third)
{
    if ((uint32_t)operation == (FUTEX_WAKE | FUTEX_PRIVATE_FLAG))
        return futex_wake(thread, address, FUTEX_PRIVATE_FLAG, (uint32_t)value, FUTEX_BITSET_ANY);
    if ((uint32_t)operation == (FUTEX_WAIT | FUTEX_PRIVATE_FLAG))
        return futex_wait(thread, address, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, (uint32_t)value,
                          timeout, FUTEX_BITSET_ANY);
    return futex_rarer(thread, address, (uint32_t)operation, (uint32_t)value | timeout << 32,
                       timeout, second, (uint32_t)third);
}

void futex_wake_shared(struct process *process, uint64_t address)
{
    struct futex_key key;
    if (!key_of(process, address, true, &key))
        wake(&key, 1, FUTEX_BITSET_ANY);
}
