// sources: kernel/vm/clone.c kernel/vm/slot.c kernel/vm/object.c kernel/vm/reclaim.c
// sources: kernel/vm/region.c kernel/vm/map.c kernel/arch/translation.c
// sources: tests/unit/stubs/vm.c tests/unit/arena.c kernel/mm/*.c
#include "entry/dispatch.h"
#include "vm.h"
#include "vm/map.h"

/* Processes are clones of one another. Each shows page n of its object at BASE + n pages, in three
 * regions, the middle one without rights; and some pages a second time, at SECOND. */
#define BASE      0x3ff00000ul
#define SECOND    0x7f000000ul
#define PAGES     700
#define AGAIN     100 /* the first page shown again, and how many */
#define PROCESSES 6
enum handle { FROM = 1, TO, PARENT, CHILD };

static struct process {
    bool exists;
    struct space space;
    struct object *object;
    slot model[PAGES]; /* state, address, and whether it was supplied writable */
} processes[PROCESSES];
static struct thread caller;

static void process_new(struct process *process)
{
    memset(process, 0, sizeof *process);
    process->exists = true;
    process->space = (struct space){.pool = payer, .level = LEVEL_PROGRAM};
    process->space.object.refs = 1;
    process->object = object_new(payer, OBJECT_PAGED, PAGES);
    CHECK(process->object);
    process->object->object.refs = 1;
    CHECK_EQUAL(translation_init(&process->space.translation, payer->pool), 0);
}

static void add(struct process *process, uint64_t va, uint64_t first, uint64_t pages,
                unsigned rights)
{
    CHECK_EQUAL(region_add(&process->space, va + first * PAGE_SIZE, pages * PAGE_SIZE, rights, 7,
                           process->object, first, NULL, 0),
                0);
}

static void process_end(struct process *process)
{
    struct tree_node *node;
    while ((node = tree_first(&process->space.regions)))
        region_free(tree_entry(node, struct region, node));
    while (!object_destroy_step(process->object))
        ;
    CHECK_EQUAL(process->object->object.refs, 1);
    payer->object.refs++; /* object_free gives up the object's; the test keeps its own */
    object_free(process->object);
    payer->object.refs--;
    while (!translation_destroy_step(&process->space.translation))
        ;
    process->exists = false;
}

static void begin(bool again)
{
    if (memory_init()) {
        regions_init();
        objects_init();
    }
    memory_begin(UINT64_MAX);
    caller = (struct thread){.space = &processes[0].space};
    memset(processes, 0, sizeof processes);
    process_new(&processes[0]);
    add(&processes[0], BASE, 0, 300, MAP_READ | MAP_WRITE);
    add(&processes[0], BASE, 300, 50, 0);
    add(&processes[0], BASE, 350, PAGES - 350, MAP_READ | MAP_WRITE);
    if (again)
        add(&processes[0], SECOND, AGAIN, AGAIN, MAP_READ | MAP_WRITE);
    stub_interrupts = 0;
}

static void end(void)
{
    for (unsigned i = 0; i < PROCESSES; i++)
        if (processes[i].exists)
            process_end(&processes[i]);
    memory_end();
}

/* ---- The model ---- */

static bool has_frame(slot value)
{
    return (value & SLOT_STATE) == SLOT_RESIDENT;
}

/* Slots of all processes that name this frame. */
static uint64_t owners(slot value)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < PROCESSES; i++)
        for (unsigned page = 0; processes[i].exists && page < PAGES; page++)
            count += has_frame(processes[i].model[page]) &&
                     !((processes[i].model[page] ^ value) & SLOT_ADDRESS);
    return count;
}

/* A page as the tables show it: this one, and to be written only by its last owner. */
static void check_entry(struct process *process, uint64_t va, slot model)
{
    uint64_t entry = translation_lookup(&process->space.translation, va);
    if (!entry)
        return;
    CHECK_EQUAL(entry & ENTRY_ADDRESS, has_frame(model) ? model & SLOT_ADDRESS : (slot)zero_page);
    if (!(entry & ENTRY_READONLY))
        CHECK(model & SLOT_WRITABLE && owners(model) == 1);
}

static void compare(void)
{
    uint64_t frames = 0;
    for (struct process *process = processes; process < &processes[PROCESSES]; process++)
        for (unsigned page = 0; process->exists && page < PAGES; page++) {
            slot model = process->model[page], value = object_slot(process->object, page);
            CHECK_EQUAL(value & (SLOT_STATE | SLOT_ADDRESS | SLOT_WRITABLE), model);
            check_entry(process, BASE + page * PAGE_SIZE, model);
            check_entry(process, SECOND + page * PAGE_SIZE, model);
            if (!has_frame(model))
                continue;
            uint64_t shared = owners(model);
            CHECK_EQUAL(frame_of(slot_frame(value))->refs, shared);
            CHECK(shared == 1 || value & SLOT_COW);
            frames += PROCESSES * 10 * 9 * 8 * 7 / shared; /* each once: divides evenly up to 10 */
        }
    frames /= PROCESSES * 10 * 9 * 8 * 7;
    for (struct process *process = processes; process < &processes[PROCESSES]; process++)
        if (process->exists) {
            struct tree_node *node = tree_first(&process->object->chunks);
            frames += process->space.translation.tables;
            for (; node; node = tree_next(node))
                frames++;
        }
    CHECK_EQUAL(paid()->own, frames);
}

/* ---- Random steps ---- */

static struct process *any_process(void)
{
    struct process *process;
    do
        process = &processes[unit_random_below(PROCESSES)];
    while (!process->exists);
    return process;
}

static slot fresh(struct process *process, unsigned page, slot flags)
{
    return object_frame(process->object, page) << PAGE_SHIFT | SLOT_RESIDENT | flags;
}

static void supply(struct process *process, unsigned page)
{
    struct chunk *chunk = chunk_for(process->object, page, true);
    slot value = SLOT_ZERO;
    if (process->model[page] & SLOT_STATE)
        return;
    switch (unit_random_below(5)) {
    case 0:
        value = fresh(process, page, 0);
        break;
    case 1:
        value = fresh(process, page, SLOT_WRITABLE);
        break;
    case 2:
    case 3:
        value = fresh(process, page, SLOT_WRITABLE | SLOT_DIRTY);
    }
    slot_set(chunk, page, value);
    process->model[page] = value & ~SLOT_DIRTY;
}

/* A read or a write by the program, and by the pager when the kernel cannot do it alone. */
static void touch(struct process *process, unsigned page, bool write)
{
    uint64_t va =
        (unit_random_below(4) || page - AGAIN >= AGAIN ? BASE : SECOND) + page * PAGE_SIZE;
    struct region *region = region_at(&process->space, va);
    slot model = process->model[page];
    if (!region || !(region->rights & MAP_READ))
        return;
    bool expected = model & SLOT_STATE;
    if (write)
        expected = has_frame(model) && model & SLOT_WRITABLE && owners(model) == 1;
    uint64_t entry = map_entry(region, page, write ? MAP_WRITE : MAP_READ);
    CHECK_EQUAL(entry != 0, expected);
    if (entry) {
        CHECK_EQUAL(map_enter(&process->space, va, entry), 0);
    } else if (write && has_frame(model)) { /* as supply_copy does it */
        struct chunk *chunk = chunk_for(process->object, page, true);
        slot value = fresh(process, page, SLOT_WRITABLE | SLOT_DIRTY);
        object_unmap(process->object, page, 1);
        slot_discard(chunk, page);
        slot_set(chunk, page, value);
        process->model[page] = value & ~SLOT_DIRTY;
    }
}

static void forget(struct process *process, unsigned page)
{
    object_unmap(process->object, page, 1);
    object_discard(process->object, page, 1);
    process->model[page] = SLOT_EMPTY;
}

static int64_t clone(struct process *from, struct process *to)
{
    struct handle_table *table = &caller.space->handles;
    handle_give(table, FROM, &from->space.object, KERNEL_OBJECT_SPACE, RIGHT_MANAGE);
    handle_give(table, TO, &to->space.object, KERNEL_OBJECT_SPACE, RIGHT_MANAGE);
    handle_give(table, PARENT, &from->object->object, KERNEL_OBJECT_OBJECT, RIGHT_MANAGE);
    handle_give(table, CHILD, &to->object->object, KERNEL_OBJECT_OBJECT, RIGHT_MANAGE);
    return call_until_done(call_region_clone, &caller, (uint64_t[8]){FROM, TO, PARENT, CHILD, 0});
}

static void random_clone(void)
{
    struct process *from = any_process();
    for (struct process *to = processes; to < &processes[PROCESSES]; to++)
        if (!to->exists) {
            process_new(to);
            CHECK_EQUAL(clone(from, to), 0);
            memcpy(to->model, from->model, sizeof to->model);
            return;
        }
}

static void one_step(void)
{
    struct process *process = any_process();
    unsigned page = (unsigned)unit_random_below(PAGES);
    unsigned end = page + (unsigned)unit_random_below(40);
    unsigned what = (unsigned)unit_random_below(20);
    for (; page < end && page < PAGES; page++)
        if (what < 6)
            supply(process, page);
        else if (what < 16)
            touch(process, page, what % 2);
        else if (what < 17)
            forget(process, page);
    if (what == 17)
        random_clone();
    if (what == 18 && process != processes && unit_random_below(2))
        process_end(process);
}

TEST(clones_agree_with_a_model_of_who_has_which_page)
{
    for (unsigned run = 0; run < 6; run++) {
        begin(run % 2);
        caller.space = &(struct space){.pool = payer};
        for (unsigned step = 0; step < 300; step++) {
            stub_interrupts = (unsigned)unit_random_below(4);
            one_step();
            if (step % 10 == 0)
                compare();
        }
        compare();
        end();
    }
}

/* Whatever could be had before memory was out: the child ends, and the parent is as before. */
TEST(a_clone_without_memory_leaves_the_parent_alone)
{
    for (unsigned step = 0; step < 40; step++) {
        struct process *parent = &processes[0], *child = &processes[1];
        begin(step % 2);
        caller.space = &(struct space){.pool = payer};
        for (unsigned page = 0; page < PAGES; page++)
            supply(parent, page);
        process_new(child);
        buddy_fail_at(step + 1);
        int64_t error = clone(parent, child);
        buddy_fail_at(0);
        CHECK(error == 0 || error == -ENOMEM);
        CHECK(error == 0 || step < 20);
        process_end(child);
        compare();
        for (unsigned page = 0; page < 300; page++)
            touch(parent, page, true);
        compare();
        end();
    }
}
