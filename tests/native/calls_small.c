/*
 * calls_small.c: pools, interrupts, debugging, sleeping, yielding.
 */
#include "calls.h"

static int64_t query(uint64_t pool)
{
    struct pool_facts facts = {0};

    return pool_query(pool, &facts);
}

static int64_t limit(uint64_t pool)
{
    return pool_limit(pool, 100);
}

static void pool_calls(void)
{
    struct pool_facts facts = {0};
    handle pool = WORKS(create_pool(HANDLE_POOL, 10, 20));

    TRY_HANDLES(pool_ctl, POOL, RIGHT_READ, query);
    TRY_HANDLES(pool_ctl, POOL, RIGHT_MANAGE, limit);
    FAILS(pool_ctl, EINVAL, pool_limit(pool, 9)); /* below what was guaranteed */
    WORKS(pool_limit(pool, 10));
    WORKS(pool_limit(pool, ~0ul));
    WORKS(pool_query(pool, &facts));
    CHECK_IS(facts.guaranteed, 10);
    CHECK_IS(facts.limit, ~0ul);
    CHECK_IS(facts.used, 0);
    FAILS(pool_ctl, ENOSYS, NATIVE_CALL(SYSCALL_pool_ctl, IN(0, pool) IN(1, 99)).x[0]);
    FAILS(pool_ctl, ENOSYS, NATIVE_CALL(SYSCALL_pool_ctl, IN(0, pool) IN(1, 0)).x[0]);
    WORKS(handle_close(pool));
}

static handle bind_to, bound_irq;

static int64_t bind(uint64_t irq)
{
    return irq_bind(irq, bind_to, 1);
}

static int64_t bind_note(uint64_t notification)
{
    return irq_bind(bound_irq, notification, 1);
}

static int64_t acknowledge(uint64_t irq)
{
    return irq_acknowledge(irq);
}

static void irq_calls(void)
{
    bind_to = make(NOTIFICATION);
    TRY_HANDLES(irq_ctl, IRQ, RIGHT_MANAGE, bind);
    TRY_HANDLES(irq_ctl, IRQ, RIGHT_MANAGE, acknowledge);
    bound_irq = WORKS(create_irq(HANDLE_SYSTEM, 101));
    TRY_HANDLES(irq_ctl, NOTIFICATION, RIGHT_WRITE, bind_note);
    FAILS(irq_ctl, EINVAL, irq_acknowledge(bound_irq)); /* bound to nothing */
    FAILS(irq_ctl, EINVAL, irq_bind(bound_irq, bind_to, 0));
    FAILS(irq_ctl, ENOSYS, NATIVE_CALL(SYSCALL_irq_ctl, IN(0, bound_irq) IN(1, 3)).x[0]);
    WORKS(bind(bound_irq));
    WORKS(bind(bound_irq)); /* again: the same */
    WORKS(irq_acknowledge(bound_irq));
    WORKS(handle_close(bind_to)); /* the interrupt keeps it */
    WORKS(irq_acknowledge(bound_irq));
    WORKS(handle_close(bound_irq));
}

static int64_t facts(uint64_t system)
{
    return debug(system, DEBUG_BOOT, 0, 0);
}

static int64_t power_off(uint64_t system)
{
    return debug(system, DEBUG_EXIT, 1, 0);
}

static int64_t log_without_page(uint64_t unused)
{
    (void)unused;
    return debug(0, DEBUG_LOG, 1, LOG_NOTICE);
}

static void debug_calls(void)
{
    struct worker worker;

    TRY_HANDLES(debug, SYSTEM, RIGHT_READ, facts);
    TRY_HANDLES(debug, SYSTEM, RIGHT_MANAGE, power_off);
    FAILS(debug, EBADF, facts(0));
    FAILS(debug, EBADF, power_off(0));
    WORKS(debug(0, DEBUG_NOTHING, 0, 0));
    FAILS(debug, EINVAL, debug(0, DEBUG_LOG, PAGE_SIZE + 1, LOG_DEBUG));
    FAILS(debug, EINVAL, debug(0, DEBUG_LOG, ~0ul, LOG_DEBUG));
    FAILS(debug, EINVAL, debug(0, DEBUG_LOG, 1, LOG_DEBUG + 1));
    WORKS(debug(0, DEBUG_LOG, 0, LOG_DEBUG));
    FAILS(debug, EINVAL, debug(HANDLE_SYSTEM, DEBUG_TRACE, ~0ul, 0)); /* no such CPU */
    WORKS(debug(HANDLE_SYSTEM, DEBUG_TRACE, 0, ~0ul));
    WORKS(debug(HANDLE_SYSTEM, DEBUG_TRACE, 0, 0));
    WORKS(debug(HANDLE_SYSTEM, DEBUG_LOG_READ, 0, 0));
    WORKS(debug(HANDLE_SYSTEM, DEBUG_LOG_READ, ~0ul, 0));
    WORKS(debug(0, DEBUG_COUNTERS, 0, 0));
    WORKS(debug(0, DEBUG_MEMORY, 0, 0));
    CHECK_IS(debug(0, DEBUG_SLAB, ~0ul, 0), 0);
    CHECK_IS(debug(0, DEBUG_SLAB, 1ul << 32, 0), 0);
    FAILS(debug, ENOSYS, debug(HANDLE_SYSTEM, 99, 0, 0));
    FAILS(debug, ENOSYS, debug(HANDLE_SYSTEM, ~0ul, 0, 0));
    worker_start_bare(&worker, log_without_page, 0, PRIORITY_ABOVE);
    FAILS(debug, EMSGSIZE, worker_finish(&worker));
}

static int64_t sleep_long(uint64_t until)
{
    return sleep_until(until);
}

static void time_calls(void)
{
    static const uint64_t far[] = {~0ul, ~0ul >> 1, 1ul << 63, 1ul << 62, 1ul << 60};
    struct worker worker;

    CHECK_IS(sleep_until(0), 0);
    CHECK_IS(yield(), 0);
    for (unsigned i = 0; i < sizeof far / sizeof *far; i++) {
        worker_start(&worker, sleep_long, far[i], PRIORITY_ABOVE);
        sleep_for(2);
        CHECK(!worker.done);
        WORKS(thread_ctl(worker.thread, THREAD_CANCEL, 0, 0, 0));
        FAILS(sleep_until, EINTR, worker_finish(&worker));
    }
}

void small_calls(void)
{
    pool_calls();
    irq_calls();
    debug_calls();
    time_calls();
}
