/*
 * timer.c: one hardware timer serves sleepers, ticks and the oldest pager
 * request. It is only ever moved earlier; when it fires everything due is done
 * and it is set for what comes next, or turned off.
 */
#include "sched/timer.h"
#include "arch/timer_hardware.h"
#include "debug/console.h"
#include "debug/trace.h"
#include "platform/platform.h"
#include "task/lookup.h"
#include "vm/fault.h"

static struct tree sleepers; /* by deadline */
static struct lock sleepers_lock;

void timer_init(struct cpu *cpu, uint32_t intid)
{
    timer_off();
    interrupts->enable(intid, true);
    tick_begin(cpu);
}

void timer_want(struct cpu *cpu, uint64_t when)
{
    if (when >= cpu->timer_set)
        return;
    cpu->timer_set = when;
    timer_set_deadline(when);
}

void tick_begin(struct cpu *cpu)
{
    uint64_t now = timer_now();

    cpu->tick = now - now % TICK_NS + TICK_NS;
    timer_want(cpu, cpu->tick);
}

/* Whoever is found running pays for the whole tick, and for those that were held off. */
static void tick(struct cpu *cpu)
{
    struct thread *thread = cpu->current;
    uint64_t due = cpu->tick;

    tick_begin(cpu);
    thread->time += cpu->tick - due;
    if (thread->space)
        thread->space->time += cpu->tick - due;
    cpu->slice_over = true;
}

void timer_sleep(struct thread *thread, uint64_t when)
{
    thread->state = THREAD_STATE_SLEEPING;
    thread->order.key = when;
    lock_take(&sleepers_lock);
    tree_insert(&sleepers, &thread->order);
    lock_release(&sleepers_lock);
    timer_want(thread->cpu, when);
}

void timer_cancel(struct thread *thread)
{
    lock_take(&sleepers_lock);
    tree_remove(&sleepers, &thread->order);
    lock_release(&sleepers_lock);
}

void request_check_begin(struct cpu *cpu)
{
    cpu->request_check = timer_now() + REQUEST_DEADLINE_NS;
    timer_want(cpu, cpu->request_check);
}

/* A pager did not answer in time, or not even receive: say who, and give up on the request. */
static void request_expire(struct thread *thread)
{
    struct request *request = &thread->request;
    struct space *server =
        request->server ? request->server : space_by_id(request->endpoint->receiver);
    struct thread *holder = server ? server->threads : NULL;
    uint64_t pc = holder ? holder->registers.pc : 0;

    if (holder && holder->state != THREAD_STATE_READY && holder->state != THREAD_STATE_RUNNING)
        pc -= 4; /* it waits in a call: the svc before, which its author wrote */

    trace(TRACE_EXPIRED, request->id, thread->fault_index);
    kprintf(LOG_ERROR,
            "pagoda: pager %s did not %s request %lx (page 0x%lx of object %lu, for %s at "
            "0x%lx) within %lu ms pc=0x%lx image=%s\n",
            server ? server->name : "(gone)", request->server ? "answer" : "receive", request->id,
            thread->fault_index, thread->fault_object->id, thread->space->name, request->va,
            (REQUEST_DEADLINE_NS / 1000000), pc, server ? server->name : "-");
    thread_unwait(thread);
    fault_refuse(thread, EXCEPTION_PAGER, request->va);
}

/*
 * Gives up on requests that are too old. Returns when to look again: ~0 when nobody waits, so that
 * a busy pager costs one timer interrupt in a while, not one for each fault.
 */
static uint64_t requests_check(struct cpu *cpu)
{
    struct thread *oldest;
    uint64_t age;

    while ((oldest = cpu->requests_first)) {
        age = timer_ns_of(read_register(cntvct_el0) - oldest->request.sent);
        if (age < REQUEST_DEADLINE_NS)
            return timer_now() + REQUEST_DEADLINE_NS - age;
        request_expire(oldest);
    }
    return ~0ul;
}

static uint64_t sleepers_wake(uint64_t now)
{
    struct tree_node *node;

    while ((node = tree_first(&sleepers))) {
        struct thread *thread = tree_entry(node, struct thread, order);
        if (node->key > now)
            return node->key;
        timer_cancel(thread);
        thread_wake_with(thread, 0);
    }
    return ~0ul;
}

void timer_interrupt(struct cpu *cpu)
{
    uint64_t now = timer_now(), next;

    cpu->timer_set = ~0ul;
    next = sleepers_wake(now);
    if (cpu->request_check <= now)
        cpu->request_check = requests_check(cpu);
    if (cpu->request_check < next)
        next = cpu->request_check;
    timer_off();
    if (cpu->tick <= now)
        tick(cpu);
    timer_want(cpu, cpu->tick < next ? cpu->tick : next);
}

struct thread *call_sleep_until(struct thread *thread)
{
    uint64_t when = thread->registers.x[0];

    if (when <= timer_now())
        return yield_from(answer(thread, 0));
    timer_sleep(thread, when);
    return schedule();
}
