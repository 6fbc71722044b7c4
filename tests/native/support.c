#include "support.h"
#include "lib/cpio.h"
#include "lib/elf.h"
#include "lib/memory.h"
#include "lib/startup.h"

#define CHILD_STACK_PAGES 4
#define CHILD_MESSAGE 0x80010000

static uint64_t passed, failed;
static uintptr_t next_address = LAYOUT_WIRED;

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
    say("checks: %llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)failed);
    debug(HANDLE_SYSTEM, DEBUG_EXIT, failed ? 1 : 0, 0);
    for (;;)
        yield();
}

void *pages_new(uint64_t pages)
{
    int64_t object = create_wired(pages, 0);
    uintptr_t address = next_address;

    if (object < 0 || region_map(HANDLE_SPACE, address, pages, MAP_READ | MAP_WRITE | MAP_POPULATE,
                                 object, 0, 0, 0))
        return NULL;
    handle_close(object);
    next_address += (pages + 1) << PAGE_SHIFT;
    return (void *)address;
}

handle thread_run(void (*f)(uint64_t), uint64_t argument, unsigned priority)
{
    char *stack = pages_new(CHILD_STACK_PAGES), *message = pages_new(1);
    int64_t thread = thread_create(HANDLE_SPACE, (uintptr_t)message, priority, 0);

    CHECK(thread > 0);
    CHECK_IS(thread_ctl(thread, THREAD_START, (uintptr_t)f,
                        (uintptr_t)stack + (CHILD_STACK_PAGES << PAGE_SHIFT), argument), 0);
    return thread;
}

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
        CHECK_IS(region_map(HANDLE_SPACE, next_address, pages, MAP_READ, HANDLE_BUNDLE, 0, 0, 0), 0);
        bundle = (const void *)next_address;
        next_address += (pages + 1) << PAGE_SHIFT;
    }
    CHECK_IS(cpio_find(bundle, size, "servers/root", &entry), 1);
    CHECK_IS(elf_read(&elf, entry.data, entry.size, 1ul << 47, &error), 0);
    *offset = entry.offset;
    return elf;
}

struct child child_new(handle pool, unsigned level, handle personality, unsigned priority)
{
    uint64_t offset;
    struct elf elf = own_image(&offset);
    int64_t space = space_create(pool, level, personality, priority), object;

    CHECK(space > 0);
    for (unsigned i = 0; i < elf.headers; i++) {
        struct elf_segment segment = elf_segment(&elf, i);
        uint64_t pages = (segment.memory_size + PAGE_SIZE - 1) >> PAGE_SHIFT;
        if (segment.type != ELF_LOAD)
            continue;
        if (segment.flags & ELF_WRITE) {
            object = create_wired(pages, 0);
            CHECK_IS(region_map(space, segment.address, pages, MAP_READ | MAP_WRITE, object, 0, 0, 0), 0);
            handle_close(object);
        } else {
            CHECK_IS(region_map(space, segment.address, pages,
                                MAP_READ | (segment.flags & ELF_EXECUTE ? MAP_EXEC : 0) | MAP_POPULATE,
                                HANDLE_BUNDLE, (offset + segment.offset) >> PAGE_SHIFT, 0, 0), 0);
        }
    }
    object = create_wired(CHILD_STACK_PAGES + 2, 0);
    CHECK_IS(region_map(space, CHILD_MESSAGE - ((CHILD_STACK_PAGES + 1) << PAGE_SHIFT), CHILD_STACK_PAGES + 2,
                        MAP_READ | MAP_WRITE | MAP_POPULATE, object, 0, 0, 0), 0);
    handle_close(object);
    return (struct child){space, thread_create(space, CHILD_MESSAGE, priority, 0)};
}

void child_run(const struct child *child, void (*f)(uint64_t), uint64_t argument)
{
    CHECK_IS(thread_ctl(child->thread, THREAD_START, (uintptr_t)f, CHILD_MESSAGE - PAGE_SIZE, argument), 0);
}

uint64_t now(void)
{
    uint64_t count, frequency;

    __asm__ volatile("isb\n mrs %0, cntvct_el0\n mrs %1, cntfrq_el0" : "=r"(count), "=r"(frequency));
    return count * (1000000000 / frequency);
}

uint64_t argument(const char *name, uint64_t otherwise)
{
    const struct boot_facts *facts = (const struct boot_facts *)LAYOUT_MESSAGE_PAGE;
    size_t length = strlen(name);
    uint64_t value = 0;

    debug(HANDLE_SYSTEM, DEBUG_BOOT, 0, 0);
    for (const char *at = facts->arguments; *at; at++) {
        if ((at != facts->arguments && at[-1] != ' ') || memcmp(at, name, length) || at[length] != '=')
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
