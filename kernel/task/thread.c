/*
 * thread.c: making, finding and ending threads.
 */
#include "task/thread.h"
#include "arch/fpu.h"
#include "arch/memory.h"
#include "ipc/endpoint.h"
#include "mm/slab.h"
#include "sched/timer.h"
#include "task/pool_object.h"
#include "task/reaper.h"
#include "vm/fault.h"
#include "vm/object.h"

/*
 * Thread numbers: a table of chunks that is never shrunk, so that a request id
 * from anywhere can be looked up without trusting it.
 */
#define NUMBER_CHUNK 512
#define NUMBER_CHUNKS 512 /* 262,144 threads */
static struct thread **numbers[NUMBER_CHUNKS];
static uint32_t number_end = 1;  /* numbers below exist; 0 is nobody */
static uint32_t number_free;     /* head of the free list, kept in the entries themselves */
static struct lock number_lock;
static struct slab_cache thread_cache, number_cache;

#define FREE_ENTRY(next) ((struct thread *)((uint64_t)(next) << 1 | 1))
#define IS_FREE(entry) ((uint64_t)(entry) & 1)

void threads_init(void)
{
    slab_cache_init(&thread_cache, "thread", sizeof(struct thread));
    slab_cache_init(&number_cache, "thread_number", NUMBER_CHUNK * sizeof(struct thread *));
}

static bool number_take(struct thread *thread)
{
    uint32_t number = number_free;
    struct thread **entry;

    if (!number) {
        if (number_end == NUMBER_CHUNK * NUMBER_CHUNKS)
            return false;
        number = number_end;
        if (!numbers[number / NUMBER_CHUNK]) {
            numbers[number / NUMBER_CHUNK] = slab_alloc(&number_cache, &root_pool);
            if (!numbers[number / NUMBER_CHUNK])
                return false;
        }
        number_end++;
        entry = &numbers[number / NUMBER_CHUNK][number % NUMBER_CHUNK];
    } else {
        entry = &numbers[number / NUMBER_CHUNK][number % NUMBER_CHUNK];
        number_free = (uint64_t)*entry >> 1;
    }
    *entry = thread;
    thread->number = number;
    return true;
}

struct thread *thread_by_number(uint32_t number)
{
    struct thread *thread;

    if (number >= number_end || !number)
        return NULL;
    thread = numbers[number / NUMBER_CHUNK][number % NUMBER_CHUNK];
    return IS_FREE(thread) ? NULL : thread;
}

uint32_t thread_numbers(void)
{
    return number_end;
}

struct thread *thread_of_request(uint64_t id)
{
    uint32_t number = id & 0xffffff;
    struct thread *thread;

    if (__builtin_expect(number >= number_end || !number, 0))
        return NULL;
    thread = numbers[number / NUMBER_CHUNK][number % NUMBER_CHUNK];
    if (__builtin_expect(IS_FREE(thread), 0) || thread->request.id != id)
        return NULL;
    return thread;
}

struct thread *thread_new(struct space *space, unsigned priority)
{
    struct thread *thread = slab_alloc(&thread_cache, space->pool->pool);

    if (!thread)
        return NULL;
    lock_take(&number_lock);
    bool numbered = number_take(thread);
    lock_release(&number_lock);
    if (!numbered) {
        slab_free(&thread_cache, thread, space->pool->pool);
        return NULL;
    }
    thread->object.kind = KERNEL_OBJECT_THREAD;
    thread->object.refs = 1; /* the space's list */
    thread->space = space;
    thread->pool = space->pool;
    object_ref(&space->pool->object);
    thread->cpu = this_cpu();
    thread->priority = thread->base_priority = priority;
    thread->space_next = space->threads;
    if (space->threads)
        space->threads->space_previous = thread;
    space->threads = thread;
    return thread;
}

void thread_unwait(struct thread *thread)
{
    switch (thread->state) {
    case THREAD_STATE_READY:
        thread_unready(thread);
        break;
    case THREAD_STATE_RECEIVING:
        list_remove(thread->waiting_on, thread);
        break;
    case THREAD_STATE_QUEUED:
        tree_remove(&thread->request.endpoint->callers, &thread->order);
        break;
    case THREAD_STATE_SLEEPING:
        timer_cancel(thread);
        break;
    default:
        break;
    }
    fault_unwait(thread);
    thread->request.id = 0;
    thread->request.forwarded = false;
    thread->waiting_on = NULL;
}

void thread_kill(struct thread *thread)
{
    struct space *space = thread->space;
    struct cpu *cpu = thread->cpu;

    if (thread->state == THREAD_STATE_DEAD)
        return;
    thread_unwait(thread);
    fpu_forget(thread);
    thread->state = THREAD_STATE_DEAD;
    if (cpu->current == thread)
        scheduler_forget(cpu);
    if (thread->space_previous)
        thread->space_previous->space_next = thread->space_next;
    else
        space->threads = thread->space_next;
    if (thread->space_next)
        thread->space_next->space_previous = thread->space_previous;
    thread->space = NULL;
    if (thread->message_page)
        message_page_release(thread);
    if (thread->building) {
        object_unref(&thread->building->object);
        thread->building = NULL;
    }
    object_unref(&thread->object);
}

void thread_free(struct thread *thread)
{
    struct pool_object *pool = thread->pool;

    lock_take(&number_lock);
    numbers[thread->number / NUMBER_CHUNK][thread->number % NUMBER_CHUNK] = FREE_ENTRY(number_free);
    number_free = thread->number;
    lock_release(&number_lock);
    slab_free(&thread_cache, thread, pool->pool);
    object_unref(&pool->object);
}

void message_page_release(struct thread *thread)
{
    struct object *object = thread->message_object;

    frame_of(address_frame(thread->message_page))->pins--;
    thread->message_page = NULL;
    thread->message_object = NULL;
    object_unref(&object->object);
}
