/*
 * thread.c: making, finding and ending threads.
 */
#include "task/thread.h"
#include "mm/slab.h"
#include "sched/timer.h"
#include "vm/fault.h"

static uint32_t number_end = 1; /* numbers below were used; 0 is nobody */
static uint32_t number_free;    /* head of the free list */
static struct lock number_lock;
static struct slab_cache thread_cache, number_cache;
static struct thread no_thread; /* what unused numbers name */
static struct thread_numbers no_threads;
struct thread_numbers *thread_chunks[NUMBER_CHUNKS];

void threads_init(void)
{
    slab_cache_init(&thread_cache, "thread", sizeof(struct thread));
    slab_cache_init(&number_cache, "thread_numbers", sizeof(struct thread_numbers));
    for (unsigned i = 0; i < NUMBER_CHUNK; i++)
        no_threads.threads[i] = &no_thread;
    for (unsigned i = 0; i < NUMBER_CHUNKS; i++)
        thread_chunks[i] = &no_threads;
}

static bool number_take(struct thread *thread)
{
    uint32_t number = number_free;
    struct thread_numbers *chunk;

    if (!number) {
        number = number_end;
        if (number == NUMBER_CHUNK * NUMBER_CHUNKS)
            return false;
        if (thread_chunks[number / NUMBER_CHUNK] == &no_threads) {
            chunk = slab_alloc(&number_cache, &root_pool);
            if (!chunk)
                return false;
            for (unsigned i = 0; i < NUMBER_CHUNK; i++)
                chunk->threads[i] = &no_thread;
            thread_chunks[number / NUMBER_CHUNK] = chunk;
        }
        number_end++;
    }
    chunk = thread_chunks[number / NUMBER_CHUNK];
    if (number == number_free)
        number_free = chunk->free_next[number % NUMBER_CHUNK];
    chunk->threads[number % NUMBER_CHUNK] = thread;
    thread->number = number;
    thread->sequence = chunk->sequence[number % NUMBER_CHUNK];
    if (!thread->sequence)
        thread->sequence = number;
    return true;
}

static void number_give(uint32_t number, uint64_t sequence)
{
    struct thread_numbers *chunk = thread_chunks[number / NUMBER_CHUNK];

    chunk->threads[number % NUMBER_CHUNK] = &no_thread;
    chunk->free_next[number % NUMBER_CHUNK] = number_free;
    chunk->sequence[number % NUMBER_CHUNK] = sequence;
    number_free = number;
}

struct thread *thread_by_number(uint32_t number)
{
    struct thread *thread =
        thread_chunks[number / NUMBER_CHUNK % NUMBER_CHUNKS]->threads[number % NUMBER_CHUNK];

    return thread == &no_thread ? NULL : thread;
}

uint32_t thread_numbers(void)
{
    return number_end;
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
    list_enter(&space->threads, thread, space_next, space_link);
    return thread;
}

void thread_unwait(struct thread *thread)
{
    switch (thread->state) {
    case THREAD_STATE_READY:
        thread_unready(thread);
        break;
    case THREAD_STATE_RECEIVING:
    case THREAD_STATE_REAPING:
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
    struct cpu *cpu = thread->cpu;

    if (thread->state == THREAD_STATE_DEAD)
        return;
    thread_unwait(thread);
    fpu_forget(thread);
    thread->state = THREAD_STATE_DEAD;
    if (cpu->current == thread)
        scheduler_forget(cpu);
    list_leave(thread, space_next, space_link);
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
    number_give(thread->number, thread->sequence);
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
