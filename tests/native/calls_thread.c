/*
 * calls_thread.c: thread_create and thread_ctl.
 */
#include "calls.h"

static int64_t create_in(uint64_t space)
{
    return thread_create(space, 0, 1, 0);
}

/* As many as fit into what is left of the last frame. */
static int64_t many_in(handle space)
{
    int64_t thread;

    while ((thread = create_in(space)) > 0)
        WORKS(handle_close(thread));
    return thread;
}

/* Where a message page may not be. */
static void wrong_pages(void)
{
    handle pager = make(ENDPOINT), wired = make(OBJECT);
    struct paged paged = paged_new(pager, 1);
    uintptr_t read_only = address_new(1), page = (uintptr_t)pages_new(1);

    WORKS(region_map(HANDLE_SPACE, read_only, 1, MAP_READ, wired, 0, 0, 0));
    FAILS(thread_create, EFAULT, thread_create(HANDLE_SPACE, page + 8, 1, 0));
    FAILS(thread_create, EFAULT, thread_create(HANDLE_SPACE, page + PAGE_SIZE, 1, 0));
    FAILS(thread_create, EFAULT, thread_create(HANDLE_SPACE, read_only, 1, 0));
    FAILS(thread_create, EFAULT, thread_create(HANDLE_SPACE, paged.address, 1, 0));
    FAILS(thread_create, EFAULT, thread_create(HANDLE_SPACE, 1ul << 48, 1, 0));
    FAILS(thread_create, EFAULT, thread_create(HANDLE_SPACE, -4096ul, 1, 0));
    FAILS(thread_create, EFAULT, thread_create(HANDLE_SPACE, 0xffff000040000000, 1, 0));
    pages_free((void *)read_only, 1);
    pages_free((void *)page, 1);
    WORKS(handle_close(wired));
    paged_free(&paged, 1);
    WORKS(handle_close(pager));
}

static void creating(void)
{
    handle dead = dead_space(), low = make(SPACE);
    struct starved starved = starved_space();

    TRY_HANDLES(thread_create, SPACE, RIGHT_MANAGE, create_in);
    FAILS(thread_create, EINVAL,
          NATIVE_CALL(SYSCALL_thread_create, IN(0, HANDLE_SPACE) IN(1, 0) IN(2, 32)).x[0]);
    FAILS(thread_create, EINVAL,
          NATIVE_CALL(SYSCALL_thread_create, IN(0, HANDLE_SPACE) IN(1, 0) IN(2, ~0ul)).x[0]);
    FAILS(thread_create, EINVAL, thread_create(low, 0, 11, 0)); /* above the space's limit */
    FAILS(thread_create, EOWNERDEAD, create_in(dead));
    FAILS(thread_create, ENOMEM, many_in(starved.space));
    wrong_pages();
    WORKS(handle_close(dead));
    WORKS(handle_close(low));
    starved_end(&starved);
}

static int64_t start_it(uint64_t thread)
{
    return thread_ctl(thread, THREAD_START, 0x400000, 0, 0);
}

static int64_t read_it(uint64_t thread)
{
    return thread_ctl(thread, THREAD_READ, 0, 0, 0);
}

static int64_t sleeps(uint64_t until)
{
    return sleep_until(until);
}

static handle copied;

static int64_t copy_from(uint64_t thread)
{
    return thread_copy(copied, thread, 0, 0, 0, 0);
}

static void copying(handle thread)
{
    copied = make(THREAD);
    TRY_HANDLES(thread_ctl, THREAD, RIGHT_READ, copy_from);
    FAILS(thread_ctl, EINVAL, thread_copy(copied, thread, COPY_SP << 2, 0, 0, 0));
    FAILS(thread_ctl, EINVAL, thread_copy(copied, thread, ~0ul, 0, 0, 0));
    FAILS(thread_ctl, EINVAL, thread_copy(copied, thread, COPY_SP, 0, (1ul << 48) + 16, 0));
    FAILS(thread_ctl, EBUSY, thread_copy(copied, HANDLE_THREAD, 0, 0, 0, 0));
    FAILS(thread_ctl, EBUSY, thread_copy(HANDLE_THREAD, thread, 0, 0, 0, 0));
    WORKS(thread_copy(copied, thread, COPY_SP, 0, 1ul << 48, 0));
    FAILS(thread_ctl, EBUSY, start_it(copied)); /* it is under way, though stopped */
    WORKS(thread_ctl(copied, THREAD_KILL, 0, 0, 0));
    FAILS(thread_ctl, EOWNERDEAD, thread_copy(thread, copied, 0, 0, 0, 0));
    WORKS(handle_close(copied));
}

/* Each operation on a thread that runs, or waits for something that is not its manager's. */
static void not_now(void)
{
    struct worker sleeper, spinner;

    worker_start(&sleeper, sleeps, ~0ul, PRIORITY_ABOVE);
    worker_start(&spinner, sleeps, 0, PRIORITY_BELOW); /* ready, but never gets to run */
    FAILS(thread_ctl, EBUSY, start_it(sleeper.thread));
    FAILS(thread_ctl, EBUSY, start_it(HANDLE_THREAD));
    FAILS(thread_ctl, EBUSY, thread_ctl(sleeper.thread, THREAD_BEGIN, 0, 0, 0));
    FAILS(thread_ctl, EBUSY, thread_ctl(sleeper.thread, THREAD_WRITE, 0, 0, 0));
    FAILS(thread_ctl, EBUSY, thread_ctl(sleeper.thread, THREAD_WRITE_FP, 0, 0, 0));
    FAILS(thread_ctl, EBUSY, thread_ctl(sleeper.thread, THREAD_STEP, 1, 0, 0));
    FAILS(thread_ctl, EBUSY, thread_ctl(spinner.thread, THREAD_WRITE, 0, 0, 0));
    FAILS(thread_ctl, EBUSY, thread_ctl(spinner.thread, THREAD_CANCEL, 0, 0, 0));
    FAILS(thread_ctl, EBUSY, thread_ctl(HANDLE_THREAD, THREAD_CANCEL, 0, 0, 0));
    FAILS(thread_ctl, EBUSY, thread_ctl(HANDLE_THREAD, THREAD_WRITE, 0, 0, 0));
    WORKS(thread_ctl(sleeper.thread, THREAD_READ, 0, 0, 0));
    WORKS(thread_ctl(sleeper.thread, THREAD_READ_FP, 0, 0, 0));
    WORKS(thread_ctl(HANDLE_THREAD, THREAD_READ, 0, 0, 0));
    worker_kill(&sleeper);
    worker_kill(&spinner);
}

static int64_t look_without_page(uint64_t thread)
{
    for (unsigned operation = THREAD_READ; operation <= THREAD_WRITE_FP; operation++)
        if (operation != THREAD_PRIORITY && operation != THREAD_CANCEL &&
            thread_ctl(thread, operation, 0, 0, 0) != -EMSGSIZE)
            return operation;
    return thread_ctl(thread, THREAD_READ, 0, 0, 0);
}

void thread_calls(void)
{
    handle thread, dead_thread, dead, orphan;
    struct worker worker;

    creating();
    TRY_HANDLES(thread_ctl, THREAD, RIGHT_MANAGE, start_it);
    TRY_HANDLES(thread_ctl, THREAD, RIGHT_READ, read_it);
    not_now();
    thread = make(THREAD);
    FAILS(thread_ctl, ENOSYS, thread_ctl(thread, 0, 0, 0, 0));
    FAILS(thread_ctl, ENOSYS, thread_ctl(thread, 99, 0, 0, 0));
    FAILS(thread_ctl, ENOSYS, thread_ctl(thread, ~0ul, 0, 0, 0));
    FAILS(thread_ctl, EINVAL, thread_ctl(thread, THREAD_START, 1ul << 48, 0, 0));
    FAILS(thread_ctl, EINVAL, thread_ctl(thread, THREAD_START, ~0ul, 0, 0));
    FAILS(thread_ctl, EINVAL, thread_ctl(thread, THREAD_START, 0, (1ul << 48) + 16, 0));
    FAILS(thread_ctl, EINVAL, thread_ctl(thread, THREAD_PRIORITY, 32, 0, 0));
    FAILS(thread_ctl, EINVAL, thread_ctl(thread, THREAD_PRIORITY, 256 + 5, 0, 0));
    FAILS(thread_ctl, EINVAL, thread_ctl(thread, THREAD_PRIORITY, ~0ul, 0, 0));
    FAILS(thread_ctl, EINVAL, thread_ctl(thread, THREAD_STEP, 2, 0, 0));
    FAILS(thread_ctl, EINVAL, thread_ctl(thread, THREAD_BEGIN, 0, 0, 0)); /* no personality */
    FAILS(thread_ctl, EINVAL, thread_interrupt(thread));
    FAILS(thread_ctl, EINVAL, thread_interrupt(HANDLE_THREAD));
    copying(thread);
    FAILS(thread_ctl, EINVAL, thread_read(thread, 4, 0));
    FAILS(thread_ctl, EINVAL, thread_read(thread, 0, 12));
    FAILS(thread_ctl, EINVAL,
          thread_read(thread, PAGE_SIZE - sizeof(struct thread_registers) + 8, 0));
    FAILS(thread_ctl, EINVAL, thread_write(thread, 0, PAGE_SIZE - 520));
    FAILS(thread_ctl, EINVAL, thread_write(thread, ~7ul, 0));
    FAILS(thread_ctl, EINVAL, thread_ctl(thread, THREAD_READ_FP, PAGE_SIZE, 0, 0));
    FAILS(thread_ctl, EINVAL, thread_ctl(thread, THREAD_WRITE_FP, ~7ul, 0, 0));
    worker_start_bare(&worker, look_without_page, thread, PRIORITY_ABOVE);
    FAILS(thread_ctl, EMSGSIZE, worker_finish(&worker));
    WORKS(thread_ctl(thread, THREAD_KILL, 0, 0, 0));
    WORKS(handle_close(thread));

    dead_thread = make(THREAD);
    WORKS(thread_ctl(dead_thread, THREAD_KILL, 0, 0, 0));
    for (unsigned operation = 0; operation < 20; operation++)
        FAILS(thread_ctl, EOWNERDEAD, thread_ctl(dead_thread, operation, 0, 0, 0));
    WORKS(handle_close(dead_thread));
    dead = make(SPACE);
    orphan = WORKS(thread_create(dead, 0, 1, 0));
    WORKS(space_ctl(dead, SPACE_KILL, 0, 0));
    FAILS(thread_ctl, EOWNERDEAD, start_it(orphan));
    WORKS(handle_close(dead));
    FAILS(thread_ctl, EOWNERDEAD, start_it(orphan));
    WORKS(handle_close(orphan));
}
