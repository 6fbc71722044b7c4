/*
 * space.c: making and ending address spaces.
 */
#include "task/space.h"
#include "arch/tlb.h"
#include "mm/slab.h"
#include "task/reaper.h"
#include "vm/region.h"

struct space *spaces;
static uint64_t space_ids;
static struct lock spaces_lock;
static struct slab_cache space_cache;

void space_init(void)
{
    slab_cache_init(&space_cache, "space", sizeof(struct space));
}

struct space *space_new(struct pool_object *pool, unsigned level)
{
    struct space *space = slab_alloc(&space_cache, pool->pool);

    if (!space)
        return NULL;
    if (translation_init(&space->translation, pool->pool)) {
        slab_free(&space_cache, space, pool->pool);
        return NULL;
    }
    space->object.kind = KERNEL_OBJECT_SPACE;
    space->level = level;
    space->pool = pool;
    object_ref(&pool->object);
    handle_table_init(&space->handles, pool->pool);
    lock_take(&spaces_lock);
    space->id = ++space_ids;
    list_enter(&spaces, space, next, link);
    lock_release(&spaces_lock);
    return space;
}

struct space *space_by_id(uint64_t id)
{
    struct space *space;

    lock_take(&spaces_lock);
    for (space = spaces; space && space->id != id;)
        space = space->next;
    lock_release(&spaces_lock);
    return space;
}

void space_adopt(struct space *parent, struct space *child)
{
    child->parent = parent;
    list_enter(&parent->children, child, child_next, child_link);
}

static void leave_parent(struct space *child)
{
    if (child->parent)
        list_leave(child, child_next, child_link);
    child->parent = NULL;
}

void space_stop(struct space *space)
{
    if (space->dying)
        return;
    space->dying = true;
    /* Nobody runs in it from here on; what its threads own goes step by step. */
    for (struct thread *thread = space->threads; thread; thread = thread->space_next) {
        thread->special |= SPECIAL_STOPPED;
        if (thread->state == THREAD_STATE_READY)
            thread_unready(thread);
        if (thread->state == THREAD_STATE_READY || thread->state == THREAD_STATE_RUNNING)
            thread->state = THREAD_STATE_HELD;
    }
}

void space_kill(struct space *space)
{
    if (space->dying)
        return;
    space_stop(space);
    object_ref(&space->object);
    reap(&space->object);
}

/* Whatever CPU still has the tables in TTBR0 lets go of them. */
static void forget_tables(struct space *space)
{
    struct cpu *cpu = this_cpu();

    if (cpu->space == space) {
        translation_deactivate();
        cpu->space = NULL;
    }
    if (space->translation.asid_generation) {
        tlb_asid(space->translation.ttbr);
        tlb_complete();
        space->translation.asid_generation = 0;
    }
}

bool space_destroy_step(struct space *space)
{
    struct tree_node *node;

    if (space->threads) {
        thread_kill(space->threads);
        return false;
    }
    if (space->children) {
        struct space *child = space->children;
        leave_parent(child);
        space_kill(child);
        return false;
    }
    if (!requests_abandon_step(space, &space->abandon_from))
        return false;
    if (space->translation.asid_generation)
        forget_tables(space);
    if (!handle_table_destroy_step(&space->handles))
        return false;
    node = tree_first(&space->regions);
    if (node) {
        region_free(tree_entry(node, struct region, node));
        return false;
    }
    if (!translation_destroy_step(&space->translation))
        return false;
    if (space->personality)
        object_unref(&space->personality->object);
    space->personality = NULL;
    if (space->watch) {
        notification_signal(space->watch, space->watch_bits);
        object_unref(&space->watch->object);
        space->watch = NULL;
    }
    return true;
}

void space_free(struct space *space)
{
    struct pool_object *pool = space->pool;

    leave_parent(space);
    lock_take(&spaces_lock);
    list_leave(space, next, link);
    lock_release(&spaces_lock);
    slab_free(&space_cache, space, pool->pool);
    object_unref(&pool->object);
}
