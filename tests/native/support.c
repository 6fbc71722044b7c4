#include "support.h"

static uint64_t passed, failed;
static uintptr_t next_address = LAYOUT_WIRED + (1ul << 40); /* below: the wired allocator */

bool check(bool holds, const char *what, const char *file, int line)
{
    if (holds) {
        passed++;
        return true;
    }
    failed++;
    say("%s:%d: failed: %s\n", file, line, what);
    return false;
}

bool check_is(int64_t got, int64_t wanted, const char *what, const char *file, int line)
{
    if (got == wanted) {
        passed++;
        return true;
    }
    failed++;
    say("%s:%d: %s is %lld, not %lld\n", file, line, what, (long long)got, (long long)wanted);
    return false;
}

bool ledger_balances(struct ledger *ledger)
{
    int64_t error = debug(HANDLE_SYSTEM, DEBUG_LEDGER, 0, 0);

    memcpy(ledger, (const void *)LAYOUT_MESSAGE_PAGE, sizeof *ledger);
    if (error)
        say("ledger: total %llu free %llu kernel %llu slab %llu table %llu slot %llu page %llu "
            "charged %llu pools %llu errors %llu\n",
            (unsigned long long)ledger->total, (unsigned long long)ledger->free,
            (unsigned long long)ledger->kernel, (unsigned long long)ledger->slab,
            (unsigned long long)ledger->table, (unsigned long long)ledger->slot,
            (unsigned long long)ledger->page, (unsigned long long)ledger->charged,
            (unsigned long long)ledger->pools, (unsigned long long)ledger->errors);
    return error == 0;
}

uint64_t frames_used(void)
{
    struct ledger ledger;

    ledger_balances(&ledger);
    return ledger.total - ledger.free;
}

_Noreturn void finish(void)
{
    struct ledger ledger;

    CHECK(ledger_balances(&ledger));
    say("checks: %llu passed, %llu failed\n", (unsigned long long)passed,
        (unsigned long long)failed);
    debug(HANDLE_SYSTEM, DEBUG_EXIT, failed ? 1 : 0, 0);
    for (;;)
        yield();
}

uintptr_t address_new(uint64_t pages)
{
    uintptr_t address = next_address;

    next_address += (pages + 1) << PAGE_SHIFT;
    return address;
}

void *pages_new(uint64_t pages)
{
    int64_t object = create_wired(pages, 0);
    uintptr_t address = address_new(pages);

    if (object < 0 || region_map(HANDLE_SPACE, address, pages, MAP_READ | MAP_WRITE | MAP_POPULATE,
                                 object, 0, 0, 0))
        return NULL;
    handle_close(object);
    return (void *)address;
}

void pages_free(void *address, uint64_t pages)
{
    CHECK_IS(region_unmap(HANDLE_SPACE, (uintptr_t)address, pages, 0), 0);
}

int64_t take(handle from, struct message *message)
{
    int64_t error = recv(from, 1, message);

    return error ? error : (int64_t)(message->head & 0xffff);
}

void sleep_for(uint64_t milliseconds)
{
    sleep_until(now() + milliseconds * 1000000);
}

uint64_t now(void)
{
    uint64_t count, frequency;

    __asm__ volatile("isb\n mrs %0, cntvct_el0\n mrs %1, cntfrq_el0"
                     : "=r"(count), "=r"(frequency));
    return count * (1000000000 / frequency);
}

uint64_t argument(const char *name, uint64_t otherwise)
{
    const struct boot_facts *facts = (const struct boot_facts *)LAYOUT_MESSAGE_PAGE;
    size_t length = strlen(name);
    uint64_t value = 0;

    debug(HANDLE_SYSTEM, DEBUG_BOOT, 0, 0);
    for (const char *at = facts->arguments; *at; at++) {
        if ((at != facts->arguments && at[-1] != ' ') || memcmp(at, name, length) ||
            at[length] != '=')
            continue;
        for (at += length + 1; *at >= '0' && *at <= '9'; at++)
            value = value * 10 + (*at - '0');
        return value;
    }
    return otherwise;
}

uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}
