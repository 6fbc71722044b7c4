/*
 * support_worker.c: threads and spaces that run a function of the test.
 */
#include "lib/cpio.h"
#include "lib/elf.h"
#include "support.h"

#define STACK_PAGES   4
#define CHILD_MESSAGE LAYOUT_MESSAGE_PAGE
#define FINISH_NS     10000000000ul

static _Noreturn void worker_main(uint64_t address)
{
    struct worker *worker = (struct worker *)address;

    worker->result = worker->run(worker->argument);
    worker->done = true;
    for (;;)
        sleep_until(~0ul);
}

int64_t worker_begin(handle thread, uintptr_t stack_top, struct worker *worker)
{
    return thread_ctl(thread, THREAD_START, (uintptr_t)worker_main, stack_top, (uintptr_t)worker);
}

/* Lets a worker run that was started: the test may have been lent its priority by a message it
 * received, and a tick that ends the worker's slice would then bring the test back too early. */
static void let_run(void)
{
    for (unsigned i = 0; i < 4; i++)
        yield();
}

static void start(struct worker *worker, uintptr_t message, unsigned priority)
{
    int64_t thread = thread_create(HANDLE_SPACE, message, priority, 0);

    CHECK(thread > 0);
    worker->thread = thread;
    worker->message = (char *)message;
    CHECK_IS(thread_ctl(thread, THREAD_START, (uintptr_t)worker_main,
                        (uintptr_t)worker->memory + (STACK_PAGES << PAGE_SHIFT), (uintptr_t)worker),
             0);
    let_run();
}

void worker_start(struct worker *worker, int64_t (*run)(uint64_t), uint64_t argument,
                  unsigned priority)
{
    *worker =
        (struct worker){.run = run, .argument = argument, .memory = pages_new(STACK_PAGES + 1)};
    start(worker, (uintptr_t)worker->memory + (STACK_PAGES << PAGE_SHIFT), priority);
}

void worker_start_bare(struct worker *worker, int64_t (*run)(uint64_t), uint64_t argument,
                       unsigned priority)
{
    *worker =
        (struct worker){.run = run, .argument = argument, .memory = pages_new(STACK_PAGES + 1)};
    start(worker, 0, priority);
}

/* The result once it is there. */
static int64_t await(const struct worker *worker)
{
    uint64_t end = now() + FINISH_NS;

    while (!worker->done && now() < end)
        sleep_for(1);
    return worker->done ? worker->result : -ETIMEDOUT;
}

void worker_kill(struct worker *worker)
{
    thread_ctl(worker->thread, THREAD_KILL, 0, 0, 0);
    CHECK_IS(handle_close(worker->thread), 0);
    pages_free(worker->memory, STACK_PAGES + 1);
}

int64_t worker_finish(struct worker *worker)
{
    int64_t result = await(worker);

    worker_kill(worker);
    return result;
}

handle thread_run(void (*f)(uint64_t), uint64_t argument, unsigned priority)
{
    char *memory = pages_new(STACK_PAGES + 1), *top = memory + (STACK_PAGES << PAGE_SHIFT);
    int64_t thread = thread_create(HANDLE_SPACE, (uintptr_t)top, priority, 0);

    CHECK(thread > 0);
    CHECK_IS(thread_ctl(thread, THREAD_START, (uintptr_t)f, (uintptr_t)top, argument), 0);
    return thread;
}

/* ---- Other spaces ---- */

/* Own image in the bundle, mapped read-only. */
static struct elf own_image(uint64_t *offset)
{
    static const void *bundle;
    static uint64_t size;
    struct cpio_entry entry;
    struct elf elf;
    const char *error;

    if (!bundle) {
        debug(HANDLE_SYSTEM, DEBUG_BOOT, 0, 0);
        size = ((const struct boot_facts *)LAYOUT_MESSAGE_PAGE)->bundle_bytes;
        uint64_t pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
        bundle = (const void *)address_new(pages);
        CHECK_IS(
            region_map(HANDLE_SPACE, (uintptr_t)bundle, pages, MAP_READ, HANDLE_BUNDLE, 0, 0, 0),
            0);
    }
    CHECK_IS(cpio_find(bundle, size, "servers/root", &entry), 1);
    CHECK_IS(elf_read(&elf, entry.data, entry.size, 1ul << 47, &error), 0);
    *offset = entry.offset;
    return elf;
}

/* Zeroed memory of the child, paid by `pool`. */
static void give_memory(handle space, handle pool, uintptr_t address, uint64_t pages)
{
    int64_t object = create_wired(pages, pool);

    CHECK(object > 0);
    CHECK_IS(
        region_map(space, address, pages, MAP_READ | MAP_WRITE | MAP_POPULATE, object, 0, 0, 0), 0);
    handle_close(object);
}

/* The board, and on its later pages one struct worker for each child. */
static handle board(void)
{
    static int64_t object;

    if (!object) {
        object = create_wired(BOARD_PAGES, 0);
        CHECK_IS(region_map(HANDLE_SPACE, (uintptr_t)BOARD, BOARD_PAGES,
                            MAP_READ | MAP_WRITE | MAP_POPULATE, object, 0, 0, 0),
                 0);
    }
    return object;
}

void test_begin(void)
{
    CHECK_IS(thread_ctl(HANDLE_THREAD, THREAD_PRIORITY, PRIORITY_TEST, 0, 0), 0);
    board();
}

#define BOARD_WORKERS ((struct worker *)((uintptr_t)BOARD + PAGE_SIZE))
#define WORKERS_MAX   ((BOARD_PAGES - 1) * PAGE_SIZE / sizeof(struct worker))

static struct worker *board_worker(void)
{
    for (unsigned i = 0; i < WORKERS_MAX; i++)
        if (!BOARD_WORKERS[i].memory) {
            BOARD_WORKERS[i] = (struct worker){.memory = (char *)CHILD_MESSAGE};
            return &BOARD_WORKERS[i];
        }
    CHECK(!"more children than the board has room for");
    return BOARD_WORKERS;
}

int64_t child_show(handle space)
{
    static uint64_t offset;
    static struct elf elf;
    int64_t error = 0;

    if (!offset)
        elf = own_image(&offset);
    for (unsigned i = 0; i < elf.headers && !error; i++) {
        struct elf_segment segment = elf_segment(&elf, i);
        if (segment.type != ELF_LOAD || segment.flags & ELF_WRITE)
            continue;
        error =
            region_map(space, segment.address, (segment.memory_size + PAGE_SIZE - 1) >> PAGE_SHIFT,
                       MAP_READ | (segment.flags & ELF_EXECUTE ? MAP_EXEC : 0) | MAP_POPULATE,
                       HANDLE_BUNDLE, (offset + segment.offset) >> PAGE_SHIFT, 0, 0);
    }
    return error ? error
                 : region_map(space, (uintptr_t)BOARD, BOARD_PAGES,
                              MAP_READ | MAP_WRITE | MAP_POPULATE, board(), 0, 0, 0);
}

/* Data of its own, all zero. */
static void give_data(handle space, handle pool)
{
    uint64_t offset;
    struct elf elf = own_image(&offset);

    for (unsigned i = 0; i < elf.headers; i++) {
        struct elf_segment segment = elf_segment(&elf, i);
        if (segment.type == ELF_LOAD && segment.flags & ELF_WRITE && segment.memory_size)
            give_memory(space, pool, segment.address,
                        (segment.memory_size + PAGE_SIZE - 1) >> PAGE_SHIFT);
    }
}

struct child child_new(handle pool, unsigned level, handle personality, unsigned priority)
{
    int64_t space = space_create(pool, level, personality, priority), thread;

    CHECK(space > 0);
    CHECK_IS(child_show(space), 0);
    give_data(space, pool);
    give_memory(space, pool, CHILD_MESSAGE - ((STACK_PAGES + 1) << PAGE_SHIFT), STACK_PAGES + 2);
    thread = thread_create(space, CHILD_MESSAGE, priority, 0);
    CHECK(thread > 0);
    return (struct child){space, thread, board_worker()};
}

void child_run(const struct child *child, void (*f)(uint64_t), uint64_t argument)
{
    CHECK_IS(
        thread_ctl(child->thread, THREAD_START, (uintptr_t)f, CHILD_MESSAGE - PAGE_SIZE, argument),
        0);
}

void child_start(struct child *child, int64_t (*run)(uint64_t), uint64_t argument)
{
    child->worker->run = run;
    child->worker->argument = argument;
    CHECK_IS(worker_begin(child->thread, CHILD_MESSAGE - PAGE_SIZE, child->worker), 0);
    let_run();
}

void child_kill(struct child *child)
{
    space_ctl(child->space, SPACE_KILL, 0, 0);
    CHECK_IS(handle_close(child->thread), 0);
    CHECK_IS(handle_close(child->space), 0);
    child->worker->memory = NULL;
}

int64_t child_finish(struct child *child)
{
    int64_t result = await(child->worker);

    child_kill(child);
    return result;
}

handle child_give(const struct child *child, handle which)
{
    int64_t given = handle_dup(which, RIGHTS_ALL, 0, child->space);

    CHECK(given > 0);
    return given;
}
