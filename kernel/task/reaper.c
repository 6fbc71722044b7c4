#include "task/reaper.h"
#include "sched/scheduler.h"
#include "vm/object.h"

struct thread reaper;
static struct space *reap_spaces;
static struct object *reap_objects;
static struct thread_list waiting;

void reaper_init(void)
{
    reaper.state = THREAD_STATE_NEW;
    reaper.priority = reaper.base_priority = 0;
    reaper.cpu = this_cpu();
}

/* Runs at the priority of the best one who waits, so that a kill is as urgent as its killer. */
static void reaper_wake(unsigned priority)
{
    if (reaper.state == THREAD_STATE_RUNNING)
        return; /* it finds what its own work has queued */
    if (reaper.state == THREAD_STATE_READY) {
        if (reaper.priority >= priority)
            return;
        thread_unready(&reaper);
    }
    reaper.priority = priority;
    thread_ready(&reaper);
}

void reap_space(struct space *space)
{
    space->reap_next = reap_spaces;
    reap_spaces = space;
    reaper_wake(this_cpu()->current ? this_cpu()->current->priority : 0);
}

void reap_object(struct object *object)
{
    object->reap_next = reap_objects;
    reap_objects = object;
    reaper_wake(this_cpu()->current ? this_cpu()->current->priority : 0);
}

struct thread *reap_wait(struct thread *thread)
{
    if (!reap_spaces && !reap_objects)
        return reschedule(thread);
    thread->state = THREAD_STATE_REAPING;
    thread->waiting_on = &waiting;
    list_append(&waiting, thread);
    reaper_wake(thread->priority);
    return schedule();
}

static bool reap_step(void)
{
    struct space *space = reap_spaces;
    struct object *object = reap_objects;

    if (space) {
        if (space_destroy_step(space)) {
            /* Its step may have queued more in front. */
            struct space **link = &reap_spaces;
            while (*link != space)
                link = &(*link)->reap_next;
            *link = space->reap_next;
            if (space->object.refs)
                object_unref(&space->object); /* the reference that killing took */
            else
                space_free(space);
        }
        return true;
    }
    if (object) {
        if (object_destroy_step(object)) {
            struct object **link = &reap_objects;
            while (*link != object)
                link = &(*link)->reap_next;
            *link = object->reap_next;
            object_free(object);
        }
        return true;
    }
    return false;
}

void reaper_run(void)
{
    reaper.state = THREAD_STATE_RUNNING;
    while (reap_step())
        if (interrupt_pending()) {
            thread_ready(&reaper);
            return;
        }
    reaper.state = THREAD_STATE_NEW;
    while (waiting.first) {
        struct thread *thread = waiting.first;
        list_remove(&waiting, thread);
        thread->waiting_on = NULL;
        thread_ready(thread);
    }
}
