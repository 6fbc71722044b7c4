/*
 * faults_request.c: requests that end otherwise than by a page: refused, too
 * late, pager gone, faulter gone.
 */
#include "faults.h"

/* ---- Programs whose personality is the test ---- */

/* A child of level program, its exceptions come to *personality; it shows `object` at AREA. */
static struct child program(handle *personality, handle object, uint64_t pages)
{
    struct child child;

    *personality = create_endpoint(LEVEL_PROC);
    child = child_new(HANDLE_POOL, LEVEL_PROGRAM, *personality, PRIORITY_ABOVE);
    CHECK_IS(region_map(child.space, AREA, pages, MAP_READ | MAP_WRITE, object, 0, 0, 0), 0);
    return child;
}

static void expect_exception(handle personality, uint64_t reason, uint64_t address,
                             struct message *message)
{
    CHECK_IS(take(personality, message), KIND_EXCEPTION);
    CHECK_IS(message->w[0], reason);
    CHECK_IS(message->w[1], address);
}

/* FAIL: the program gets an exception, which says whether memory was the reason; it may try again.
 */
static void failed(void)
{
    static const struct {
        uint64_t error, reason;
    } ways[] = {{EIO, EXCEPTION_PAGER}, {ENOMEM, EXCEPTION_NO_MEMORY}};
    handle pager = create_endpoint(LEVEL_ANON), object = create_object(pager, 1, 4, 0), personality;
    struct child child = program(&personality, object, 4);
    struct message fault, exception = {0};

    child_start(&child, write_byte, AREA + PAGE_SIZE);
    for (unsigned i = 0; i < 2; i++) {
        fault = expect_fault(pager, 1, FAULT_WRITE);
        CHECK_IS(supply(&fault, SUPPLY_FAIL | ways[i].error << 32), 0);
        CHECK_IS(supply(&fault, WRITABLE_ZERO), -ESTALE);
        expect_exception(personality, ways[i].reason, AREA + PAGE_SIZE, &exception);
        CHECK_IS(reply(0, exception.request, &exception), 0); /* it does the same again */
    }
    fault = expect_fault(pager, 1, FAULT_WRITE);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(child_finish(&child), 0);
    handle_close(personality);
    handle_close(object);
    handle_close(pager);
}

/* Silence: after the deadline (two seconds) it is as if the pager had failed; its answer comes too
 * late. */
static void silent(bool received)
{
    handle pager = create_endpoint(LEVEL_ANON), object = create_object(pager, 1, 4, 0), personality;
    struct child child = program(&personality, object, 4);
    struct message fault = {0}, exception = {0};
    uint64_t begin = now();

    child_start(&child, write_byte, AREA);
    if (received)
        fault = expect_fault(pager, 0, FAULT_WRITE);
    CHECK_IS(recv(personality, 0, &exception), 0);
    CHECK_IS(exception.head & 0xff, KIND_EXCEPTION);
    CHECK_IS(exception.w[0], EXCEPTION_PAGER);
    CHECK(now() - begin >= 1900000000 && now() - begin < 3000000000);
    if (received)
        CHECK_IS(supply(&fault, WRITABLE_ZERO), -ESTALE);
    CHECK_IS(take(pager, &fault), -EAGAIN);
    CHECK_IS(reply(0, exception.request, &exception), 0);
    fault = expect_fault(pager, 0, FAULT_WRITE);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(child_finish(&child), 0);
    handle_close(personality);
    handle_close(object);
    handle_close(pager);
}

/* A busy pager's other requests have their own deadlines: answered ones do not count. */
static void deadlines_in_order(void)
{
    handle pager = create_endpoint(LEVEL_ANON), object = create_object(pager, 1, 8, 0), personality;
    struct child child = program(&personality, object, 8);
    struct area area = area_new(8);
    struct message fault, exception = {0};
    struct worker worker;

    worker_start(&worker, write_byte, area.address, PRIORITY_ABOVE);
    sleep_for(1000);
    child_start(&child, write_byte, AREA);
    fault = expect_fault(area.pager, 0, FAULT_WRITE);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    fault = expect_fault(pager, 0, FAULT_WRITE);
    sleep_for(1500); /* after the first one's deadline, before the second one's */
    CHECK_IS(take(personality, &exception), -EAGAIN);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(child_finish(&child), 0);
    sleep_for(2500); /* nobody waits, nothing happens */
    CHECK_IS(take(personality, &exception), -EAGAIN);
    area_free(&area);
    handle_close(personality);
    handle_close(object);
    handle_close(pager);
}

/* ---- A pager in its own space dies ---- */

static int64_t take_and_wait(uint64_t endpoint)
{
    struct message message = {0};

    recv(endpoint, 0, &message);
    return sleep_until(~0ul);
}

static void dead_pager(void)
{
    handle pager = create_endpoint(LEVEL_ANON), object = create_object(pager, 1, 4, 0), personality;
    struct child server = child_new(HANDLE_POOL, LEVEL_ANON, 0, PRIORITY_ABOVE);
    struct child child = program(&personality, object, 4);
    struct message fault, exception = {0};

    child_start(&server, take_and_wait, child_give(&server, pager));
    child_start(&child, write_byte, AREA);
    CHECK_IS(recv(pager, 1, &fault), -EAGAIN); /* it has the request */
    sleep_for(1500);
    child_kill(&server);
    sleep_for(1500); /* the deadline begins anew */
    CHECK_IS(take(personality, &exception), -EAGAIN);
    fault = expect_fault(pager, 0, FAULT_WRITE); /* the next pager (here: the test) is asked */
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(child_finish(&child), 0);
    sleep_for(2500); /* the deadline of what is long over */
    handle_close(personality);
    handle_close(object);
    handle_close(pager);
}

/* The endpoint is revoked: whoever waits in it fails at once, and so does the next fault. */
static void revoked_pager(void)
{
    handle pager = create_endpoint(LEVEL_ANON), object = create_object(pager, 1, 4, 0), personality;
    struct child child = program(&personality, object, 4);
    struct message exception = {0};

    child_start(&child, write_byte, AREA);
    CHECK_IS(handle_revoke(pager), 0);
    for (unsigned i = 0; i < 2; i++) {
        expect_exception(personality, EXCEPTION_PAGER, AREA, &exception);
        CHECK_IS(reply(0, exception.request, &exception), 0);
    }
    child_kill(&child);
    handle_close(personality);
    handle_close(object);
}

/* The personality itself is gone: the program is held, and can be ended. */
static void dead_personality(void)
{
    handle pager = create_endpoint(LEVEL_ANON), object = create_object(pager, 1, 4, 0), personality;
    struct child child = program(&personality, object, 4);
    struct message fault;

    child_start(&child, write_byte, AREA);
    fault = expect_fault(pager, 0, FAULT_WRITE);
    CHECK_IS(handle_revoke(personality), 0);
    CHECK_IS(supply(&fault, SUPPLY_FAIL | (uint64_t)EIO << 32), 0);
    sleep_for(5);
    CHECK(!child.worker->done);
    child_kill(&child);
    handle_close(object);
    handle_close(pager);
}

/* A pool that is empty: the pager hears it, and then the program. */
static void no_memory(void)
{
    handle pager = create_endpoint(LEVEL_ANON), pool = create_pool(HANDLE_POOL, 0, 3), personality;
    handle object = create_object(pager, 1, 64, pool);
    struct child child = program(&personality, object, 64);
    struct message fault, exception = {0};
    struct pool_facts facts = {0};

    child_start(&child, write_byte, AREA);
    fault = expect_fault(pager, 0, FAULT_WRITE);
    CHECK_IS(pool_query(pool, &facts), 0);
    CHECK_IS(pool_limit(pool, facts.used), 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), -ENOMEM);
    CHECK(!child.worker->done);
    CHECK_IS(supply(&fault, SUPPLY_FAIL | (uint64_t)ENOMEM << 32), 0);
    expect_exception(personality, EXCEPTION_NO_MEMORY, AREA, &exception);
    child_kill(&child);
    handle_close(personality);
    handle_close(object);
    handle_close(pool);
    handle_close(pager);
}

void requests(void)
{
    failed();
    silent(false);
    silent(true);
    deadlines_in_order();
    dead_pager();
    revoked_pager();
    dead_personality();
    no_memory();
}
