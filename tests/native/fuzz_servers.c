/*
 * fuzz_servers.c: the pager and the personality of the fuzzed spaces.
 */
#include "fuzz.h"

/* A handle that somebody sent along is not wanted here. */
static void drop_handle(const struct message *message)
{
    if ((message->head & 0xff) <= KIND_SEND && message_tag(message) & TAG_HANDLE)
        handle_close(message->w[5]);
}

int64_t fuzz_pager(uint64_t endpoint)
{
    struct message fault = {0};
    uint64_t state = 77;
    int64_t error;

    for (;;) {
        error = recv(endpoint, 0, &fault);
        if (error)
            return error;
        if ((fault.head & 0xff) != KIND_FAULT) {
            drop_handle(&fault);
            reply(0, fault.request, &fault);
            continue;
        }
        uint64_t how = SUPPLY_ZERO | SUPPLY_WRITABLE;
        switch (random_next(&state) % 16) {
        case 0:
            how = SUPPLY_ZERO;
            break;
        case 1:
            how = SUPPLY_UPGRADE;
            break;
        case 2:
            how = SUPPLY_COPY | SUPPLY_WRITABLE;
            break;
        case 3:
            continue; /* forgets it */
        }
        if (fault.head & FAULT_COW)
            how = SUPPLY_COPY | SUPPLY_WRITABLE;
        if (page_supply_only(fault.request, how, fault.w[1], 1, 0, 0))
            page_supply_only(fault.request, SUPPLY_FAIL | (uint64_t)EIO << 32, 0, 0, 0, 0);
    }
}

/* The thread goes on behind the instruction that it could not do. */
static void step_over(uint64_t badge)
{
    volatile struct thread_registers *page =
        (volatile struct thread_registers *)fuzz_servers[1].message;
    handle thread = fuzzed[(badge - 1) / THREADS % SPACES].threads[(badge - 1) % THREADS];

    if (thread_ctl(thread, THREAD_READ, 0, 0, 0))
        return;
    page->pc += 4;
    thread_ctl(thread, THREAD_WRITE, 0, 0, 0);
}

/* Requests are answered, or sent back for pages; exceptions are stepped over. */
int64_t fuzz_personality(uint64_t endpoint)
{
    struct message message = {0};
    uint64_t state = 99;
    int64_t error;

    for (;;) {
        error = recv(endpoint, 0, &message);
        if (error)
            return error;
        uint64_t what = random_next(&state) % 8;
        drop_handle(&message);
        if ((message.head & 0xff) >= KIND_SYSCALL && what < 4 && !(message.head & MESSAGE_AGAIN)) {
            for (unsigned i = 0; i < 6; i++)
                message.w[i] = FUZZ_AREA + (random_next(&state) % 64 << PAGE_SHIFT);
            reply(what & 1 ? TAG_RETRY_READ : TAG_RETRY_WRITE, message.request, &message);
        } else if (random_next(&state) % 100) {
            if ((message.head & 0xff) == KIND_EXCEPTION)
                step_over(message.badge);
            reply(what == 4 ? TAG_REGISTERS : 0, message.request, &message);
        } /* else: it waits for ever, or until somebody ends it */
    }
}
