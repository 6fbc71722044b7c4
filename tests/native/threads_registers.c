/*
 * threads_registers.c: reading and writing another thread's registers, and single steps.
 */
#include "threads.h"
#include "world.h"

/* A loop with a known value in every register; x0 = 0 ends it. */
void known_values(void);
extern const char known_values_loop[], known_values_end[];
__asm__(".text\n"
        "known_values:\n"
        " mov x1, #101\n mov x2, #102\n mov x7, #107\n mov x9, #109\n mov x15, #115\n"
        " mov x19, #119\n mov x28, #128\n mov x29, #129\n mov x30, #130\n"
        "known_values_loop:\n"
        " b known_values_loop\n"
        "known_values_end:\n"
        " mov x0, #-1\n mov x8, #9\n svc #1\n" /* sleep_until for ever */
        " b known_values_end\n");

/* A bare thread at `code`, of the priority below. */
static handle run(uintptr_t code, uint64_t argument, char **stack)
{
    int64_t thread = thread_create(HANDLE_SPACE, 0, PRIORITY_BELOW, 0);

    *stack = pages_new(1);
    CHECK_IS(thread_ctl(thread, THREAD_START, code, (uintptr_t)*stack + PAGE_SIZE, argument), 0);
    return thread;
}

static void end(handle thread, char *stack)
{
    CHECK_IS(thread_ctl(thread, THREAD_KILL, 0, 0, 0), 0);
    CHECK_IS(handle_close(thread), 0);
    pages_free(stack, 1);
}

static void read_and_write(void)
{
    char *stack;
    handle thread = run((uintptr_t)known_values, 77, &stack);

    sleep_for(2);
    CHECK_IS(thread_ctl(thread, THREAD_STOP, 0, 0, 0), 0);
    CHECK_IS(thread_ctl(thread, THREAD_READ, 0, 0, 0), 0);
    CHECK_IS(PAGE_REGISTERS->x[0], 77);
    CHECK_IS(PAGE_REGISTERS->x[1], 101);
    CHECK_IS(PAGE_REGISTERS->x[9], 109);
    CHECK_IS(PAGE_REGISTERS->x[19], 119);
    CHECK_IS(PAGE_REGISTERS->x[30], 130);
    CHECK_IS(PAGE_REGISTERS->pc, (uintptr_t)known_values_loop);
    CHECK_IS(PAGE_REGISTERS->sp, (uintptr_t)stack + PAGE_SIZE);
    CHECK_IS(PAGE_REGISTERS->pstate, 0);
    /* Write: pc leaves the loop; flags may be set, but no mode, no mask. */
    PAGE_REGISTERS->x[19] = 0x1234;
    PAGE_REGISTERS->tls = 0x5678;
    PAGE_REGISTERS->pc = (uintptr_t)known_values_end;
    PAGE_REGISTERS->pstate = ~0ul;
    CHECK_IS(thread_ctl(thread, THREAD_WRITE, 0, 0, 0), 0);
    CHECK_IS(thread_ctl(thread, THREAD_READ, 0, 0, 0), 0);
    CHECK_IS(PAGE_REGISTERS->pstate, 0xf0000000);
    CHECK_IS(thread_ctl(thread, THREAD_RESUME, 0, 0, 0), 0);
    sleep_for(2);
    CHECK_IS(thread_ctl(thread, THREAD_STOP, 0, 0, 0), 0);
    CHECK_IS(thread_ctl(thread, THREAD_READ, 0, 0, 0), 0);
    CHECK_IS(PAGE_REGISTERS->x[19], 0x1234);
    CHECK_IS(PAGE_REGISTERS->tls, 0x5678);
    CHECK_IS(PAGE_REGISTERS->x[8], SYSCALL_sleep_until);
    CHECK_IS(PAGE_REGISTERS->pc, (uintptr_t)known_values_end + 12); /* behind the svc it waits in */
    end(thread, stack);
}

/* General registers anywhere in the message page, FP registers beside them, in one call. */
static void anywhere_in_the_page(void)
{
    const uint64_t general = 312, fp = 608, last = PAGE_SIZE - sizeof(struct thread_registers);
    volatile struct thread_registers *registers =
        (volatile struct thread_registers *)(LAYOUT_MESSAGE_PAGE + general);
    volatile uint64_t *vectors = (volatile uint64_t *)(LAYOUT_MESSAGE_PAGE + fp);
    char *stack;
    handle thread = run((uintptr_t)known_values, 77, &stack);

    sleep_for(2);
    CHECK_IS(thread_ctl(thread, THREAD_STOP, 0, 0, 0), 0);
    CHECK_IS(thread_ctl(thread, THREAD_READ, general, fp, 0), 0);
    CHECK_IS(registers->x[19], 119);
    CHECK_IS(vectors[0], 0);
    registers->x[19] = 0x4321;
    vectors[0] = 0x11, vectors[63] = 0x22;
    CHECK_IS(thread_ctl(thread, THREAD_WRITE, general, fp, 0), 0);
    CHECK_IS(thread_ctl(thread, THREAD_READ_FP, 0, 0, 0), 0);
    CHECK_IS(MESSAGE_WORDS[0], 0x11);
    CHECK_IS(MESSAGE_WORDS[63], 0x22);
    CHECK_IS(thread_ctl(thread, THREAD_READ, last, 0, 0), 0);
    CHECK_IS(*(volatile uint64_t *)(LAYOUT_MESSAGE_PAGE + last + 19 * 8), 0x4321);
    CHECK_IS(thread_ctl(thread, THREAD_READ, last + 1, 0, 0), -EINVAL);
    CHECK_IS(thread_ctl(thread, THREAD_WRITE, 0, PAGE_SIZE, 0), -EINVAL);
    CHECK_IS(thread_ctl(thread, THREAD_READ_FP, ~0ul, 0, 0), -EINVAL);
    end(thread, stack);
}

/* TPIDR_EL0 belongs to each thread; reading oneself shows it as it is now. */
static void thread_pointer_is_private(void)
{
    char *stack;
    handle thread = run((uintptr_t)known_values, 0, &stack);
    uint64_t mine;

    __asm__ volatile("msr tpidr_el0, %0" ::"r"(0xabcdul));
    sleep_for(2);
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(mine));
    CHECK_IS(mine, 0xabcd);
    thread_ctl(thread, THREAD_READ, 0, 0, 0);
    CHECK_IS(PAGE_REGISTERS->tls, 0);
    __asm__ volatile("msr tpidr_el0, %0" ::"r"(0x1dul));
    CHECK_IS(thread_ctl(HANDLE_THREAD, THREAD_READ, 0, 0, 0), 0); /* its own, as it is now */
    CHECK_IS(PAGE_REGISTERS->tls, 0x1d);
    end(thread, stack);
}

/* What Linux lets every program read: the counter, and how large cache lines and dc zva are. */
static void readable(void)
{
    uint64_t value, later;

    __asm__ volatile("isb\n mrs %0, cntvct_el0" : "=r"(value));
    sleep_for(1);
    __asm__ volatile("isb\n mrs %0, cntvct_el0" : "=r"(later));
    CHECK(later > value);
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(value));
    CHECK(value >= 1000000);
    __asm__ volatile("mrs %0, ctr_el0" : "=r"(value));
    CHECK(value >> 16 & 15); /* DminLine */
    __asm__ volatile("mrs %0, dczid_el0" : "=r"(value));
    CHECK(!(value >> 4)); /* dc zva is not prohibited */
}

void registers(void)
{
    readable();
    read_and_write();
    anywhere_in_the_page();
    thread_pointer_is_private();
}

/* ---- Single steps: the test is the personality of the space it steps through ---- */

/* Adds ten times, one instruction each; then a native call; then a loop. */
extern const char ten_steps[], ten_steps_loop[];
__asm__(".text\n"
        "ten_steps:\n"
        " .rept 10\n add x1, x1, #1\n .endr\n"
        " mov x8, #25\n svc #1\n" /* yield */
        " add x1, x1, #1\n"
        "ten_steps_loop:\n"
        " b ten_steps_loop\n");

static void expect_step(handle endpoint, handle thread, uintptr_t pc, uint64_t x1, bool last)
{
    struct message message = {0};

    CHECK_IS(recv(endpoint, 0, &message), 0);
    CHECK_IS(message.head & 0xff, KIND_EXCEPTION);
    CHECK_IS(message.w[0], EXCEPTION_BREAKPOINT);
    CHECK_IS(message.w[2], pc);
    CHECK_IS(thread_ctl(thread, THREAD_READ, 0, 0, 0), 0);
    CHECK_IS(PAGE_REGISTERS->x[1], x1);
    if (last)
        CHECK_IS(thread_ctl(thread, THREAD_STEP, 0, 0, 0), 0);
    CHECK_IS(reply(0, message.request, &message), 0);
}

void stepping(void)
{
    handle endpoint = create_endpoint(LEVEL_PROC);
    struct child child = child_new(HANDLE_POOL, LEVEL_PROGRAM, endpoint, PRIORITY_BELOW);
    uintptr_t pc = (uintptr_t)ten_steps;
    struct message message = {0};

    CHECK_IS(thread_ctl(child.thread, THREAD_STEP, 1, 0, 0), 0);
    CHECK_IS(thread_ctl(child.thread, THREAD_START, pc, LAYOUT_MESSAGE_PAGE - PAGE_SIZE, 0), 0);
    for (unsigned i = 1; i <= 10; i++)
        expect_step(endpoint, child.thread, pc + 4 * i, i, false);
    expect_step(endpoint, child.thread, pc + 44, 10, false); /* mov */
    expect_step(endpoint, child.thread, pc + 48, 10, false); /* the svc was carried out */
    expect_step(endpoint, child.thread, pc + 52, 11, false);
    expect_step(endpoint, child.thread, pc + 52, 11, true); /* the loop; no more steps */
    sleep_for(5);
    CHECK_IS(take(endpoint, &message), -EAGAIN);
    CHECK_IS(thread_ctl(child.thread, THREAD_STEP, 1, 0, 0),
             -EBUSY); /* only while it stands still */
    CHECK_IS(thread_ctl(child.thread, THREAD_STOP, 0, 0, 0), 0);
    CHECK_IS(thread_ctl(child.thread, THREAD_STEP, 1, 0, 0), 0);
    CHECK_IS(thread_ctl(child.thread, THREAD_RESUME, 0, 0, 0), 0);
    expect_step(endpoint, child.thread, (uintptr_t)ten_steps_loop, 11, false);
    child_kill(&child);
    handle_close(endpoint);
}
