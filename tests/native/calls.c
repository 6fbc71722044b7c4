/*
 * calls.c: runs the groups, keeps account of (call, error) pairs against the table.
 */
#include "calls.h"

#define CALLS     64
#define ERRNO_MAX 136

static const struct {
    const char *name, *errors;
} table[CALLS] = {
#define CALL(number, name, arguments, result, errors, what) [number] = {#name, errors},
#include "entry/syscalls.def"
#undef CALL
};
static bool reached[CALLS][ERRNO_MAX];

/* Does the word stand in the list, between blanks? */
static bool listed(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (; *list; list++) {
        if (!memcmp(list, word, length) && (list[length] == ' ' || !list[length]))
            return true;
        while (*list && *list != ' ')
            list++;
        if (!*list)
            return false;
    }
    return false;
}

void fails(unsigned call, int error, int64_t result, const char *what, const char *file, int line)
{
    check_is(result, -error, what, file, line);
    if (result >= 0 || result <= -ERRNO_MAX)
        return;
    reached[call][-result] = true;
    if (!listed(table[call].errors, error_name(result)))
        say("%s:%d: unlisted %s %s\n", file, line, table[call].name, error_name(result));
    check(listed(table[call].errors, error_name(result)), "the error is listed", file, line);
}

int64_t works(int64_t result, const char *what, const char *file, int line)
{
    if (result < 0)
        say("%s:%d: %s failed: %s\n", file, line, what, error_name(result));
    check(result >= 0, "the call works", file, line);
    return result;
}

/* One line for each pair; true when all were reached. */
static void report(void)
{
    for (unsigned call = 0; call < CALLS; call++)
        for (unsigned error = 1; table[call].name && error < ERRNO_MAX; error++)
            if (reached[call][error])
                say("reached %s %s\n", table[call].name, error_name(error));
    for (unsigned call = 0; call < CALLS; call++)
        for (unsigned error = 1; table[call].name && error < ERRNO_MAX; error++) {
            if (reached[call][error] || !listed(table[call].errors, error_name(error)))
                continue;
            say("not reached %s %s\n", table[call].name, error_name(error));
            CHECK(!"every pair of the table was reached");
        }
}

/* Numbers that name no call. */
static void unknown_calls(void)
{
    for (uint64_t number = 0; number < 2 * CALLS; number++)
        if (number >= CALLS || !table[number].name)
            CHECK_IS(NATIVE_CALL(number, ).x[0], -ENOSYS);
    CHECK_IS(NATIVE_CALL(~0ul, ).x[0], -ENOSYS);
    CHECK_IS(NATIVE_CALL(1ul << 63, ).x[0], -ENOSYS);
}

static const struct {
    const char *name;
    void (*run)(void);
} groups[] = {
    {"unknown", unknown_calls}, {"message", message_calls},
    {"waiting", waiting_calls}, {"transfer", handle_transfer_calls},
    {"thread", thread_calls},   {"space", space_calls},
    {"handle", handle_calls},   {"create", create_calls},
    {"region", region_calls},   {"page", page_calls},
    {"copy", copy_calls},       {"small", small_calls},
    {"clone", clone_calls},     {"storage", storage_calls},
};

int main(const struct startup *startup)
{
    struct ledger ledger;

    (void)startup;
    test_begin();
    for (unsigned i = 0; i < sizeof groups / sizeof *groups; i++) {
        groups[i].run();
        if (!CHECK(ledger_balances(&ledger)))
            say("after group %s\n", groups[i].name);
    }
    report();
    finish();
}
