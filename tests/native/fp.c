/*
 * fp.c: the FP registers belong to each thread: kept across yields, messages,
 * preemption and spaces, and to be read and written by thread_ctl.
 */
#include "support.h"

/* fp_fill(seed): q0..q31 from seed, fpsr and fpcr, too. fp_compare(seed): 0 when they are still so.
 */
void fp_fill(uint64_t seed);
uint64_t fp_compare(uint64_t seed);
__asm__(".text\n .arch armv8-a+fp+simd\n"
        ".macro each_q do\n"
        " .irp "
        "n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        " \\do \\n\n .endr\n.endm\n"
        ".macro fill_q n\n add x1, x0, #\\n\n mov v\\n\\().d[0], x1\n mvn x1, x1\n mov "
        "v\\n\\().d[1], x1\n.endm\n"
        ".macro compare_q n\n add x1, x0, #\\n\n mov x2, v\\n\\().d[0]\n eor x2, x2, x1\n orr x3, "
        "x3, x2\n"
        " mvn x1, x1\n mov x2, v\\n\\().d[1]\n eor x2, x2, x1\n orr x3, x3, x2\n.endm\n"
        "fp_fill:\n each_q fill_q\n and x1, x0, #3\n lsl x1, x1, #22\n msr fpcr, x1\n"
        " and x1, x0, #0x1f\n msr fpsr, x1\n ret\n"
        "fp_compare:\n mov x3, #0\n each_q compare_q\n"
        " and x1, x0, #3\n lsl x1, x1, #22\n mrs x2, fpcr\n eor x2, x2, x1\n orr x3, x3, x2\n"
        " and x1, x0, #0x1f\n mrs x2, fpsr\n eor x2, x2, x1\n orr x3, x3, x2\n mov x0, x3\n ret\n"
        " .arch armv8-a+nofp\n");

static int64_t keep(uint64_t seed)
{
    for (unsigned round = 0; round < 200; round++) {
        fp_fill(seed + round);
        if (round & 1)
            yield();
        else
            for (unsigned i = 0; i < 20000; i++) /* long enough for somebody to come in between */
                __asm__ volatile("");
        if (fp_compare(seed + round))
            return -1;
    }
    return 0;
}

/* Without FP in between: others' registers do not care. */
static int64_t plain(uint64_t rounds)
{
    while (rounds--)
        yield();
    return 0;
}

static int64_t echo_with_fp(uint64_t endpoint)
{
    struct message message = {0};

    recv(endpoint, 0, &message);
    for (;;) {
        fp_fill(message.w[0]);
        message.w[1] = fp_compare(message.w[0]);
        if (reply_recv(endpoint, 0, &message))
            return 0;
    }
}

static void across_messages(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct child server = child_new(HANDLE_POOL, LEVEL_ANON, 0, PRIORITY_ABOVE);

    child_start(&server, echo_with_fp, child_give(&server, endpoint));
    for (uint64_t i = 0; i < 50; i++) {
        struct message message = {.w = {i * 1000}};
        fp_fill(i);
        CHECK_IS(call(endpoint, 0, &message), 0);
        CHECK_IS(message.w[1], 0);
        CHECK_IS(fp_compare(i), 0);
    }
    child_kill(&server);
    CHECK_IS(fp_compare(49), 0); /* whoever held them last is gone */
    handle_close(endpoint);
}

/* A thread starts with zeroes, not with what another one left. */
static int64_t all_zero(uint64_t unused)
{
    uint64_t low, high;

    (void)unused;
    __asm__ volatile(
        ".arch armv8-a+fp+simd\n mov %0, v0.d[0]\n mov %1, v31.d[1]\n .arch armv8-a+nofp"
        : "=r"(low), "=r"(high));
    return (int64_t)(low | high);
}

static int64_t fill_and_wait(uint64_t seed)
{
    fp_fill(seed);
    sleep_until(now() + 2000000);
    return (int64_t)fp_compare(seed + 1);
}

static void by_thread_ctl(void)
{
    volatile uint64_t *page = (volatile uint64_t *)LAYOUT_MESSAGE_PAGE;
    struct worker worker;

    worker_start(&worker, fill_and_wait, 40, PRIORITY_ABOVE);
    CHECK_IS(thread_ctl(worker.thread, THREAD_READ_FP, 0, 0, 0), 0);
    for (unsigned i = 0; i < 32; i++) {
        CHECK_IS(page[2 * i], 40 + i);
        CHECK_IS(page[2 * i + 1], ~(40ul + i));
    }
    CHECK_IS(page[64], 40 & 0x1f);
    CHECK_IS(page[65], (40ul & 3) << 22);
    CHECK_IS(thread_ctl(worker.thread, THREAD_STOP, 0, 0, 0), 0);
    for (unsigned i = 0; i < 32; i++) {
        page[2 * i] = 41 + i;
        page[2 * i + 1] = ~(41ul + i);
    }
    page[64] = 41 & 0x1f;
    page[65] = (41ul & 3) << 22;
    CHECK_IS(thread_ctl(worker.thread, THREAD_WRITE_FP, 0, 0, 0), 0);
    CHECK_IS(thread_ctl(worker.thread, THREAD_RESUME, 0, 0, 0), 0);
    CHECK_IS(worker_finish(&worker), 0);
}

int main(const struct startup *startup)
{
    struct worker keepers[3], bystander;
    struct child child;

    (void)startup;
    test_begin();
    for (unsigned i = 0; i < 3; i++)
        worker_start(&keepers[i], keep, (i + 1) * 10000, PRIORITY_BELOW);
    worker_start(&bystander, plain, 500, PRIORITY_BELOW);
    child = child_new(HANDLE_POOL, LEVEL_PROGRAM, 0, PRIORITY_BELOW);
    child_start(&child, keep, 90000);
    fp_fill(5);
    for (unsigned i = 0; i < 3; i++)
        CHECK_IS(worker_finish(&keepers[i]), 0);
    CHECK_IS(worker_finish(&bystander), 0);
    CHECK_IS(child_finish(&child), 0);
    CHECK_IS(fp_compare(5), 0);
    across_messages();
    worker_start(&bystander, all_zero, 0, PRIORITY_ABOVE);
    CHECK_IS(worker_finish(&bystander), 0);
    by_thread_ctl();
    finish();
}
