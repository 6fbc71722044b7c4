#include "task/reaper.h"
#include "vm/object.h"

struct thread reaper;
static struct kernel_object *queue; /* through reap_next */
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

void reap(struct kernel_object *object)
{
    object->reap_next = queue;
    queue = object;
    reaper_wake(this_cpu()->current ? this_cpu()->current->priority : 0);
}

struct thread *reap_wait(struct thread *thread)
{
    if (!queue)
        return reschedule(thread);
    thread->state = THREAD_STATE_REAPING;
    thread->waiting_on = &waiting;
    list_append(&waiting, thread);
    reaper_wake(thread->priority);
    return schedule();
}

/* One bounded step. False: nothing is left to do. */
static bool reap_step(void)
{
    struct kernel_object *object = queue, **link = &queue;
    bool is_space = object && object->kind == KERNEL_OBJECT_SPACE;

    if (!object)
        return false;
    if (!(is_space ? space_destroy_step((struct space *)object)
                   : object_destroy_step((struct object *)object)))
        return true;
    while (*link != object) /* its step may have queued more in front */
        link = &(*link)->reap_next;
    *link = object->reap_next;
    if (!is_space)
        object_free((struct object *)object);
    else if (object->refs)
        object_unref(object); /* the reference that killing took */
    else
        space_free((struct space *)object);
    return true;
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
