/*
 * block-load: loads a block device through its driver and compares with a model. A server of the
 * manifest with `use disk BADGE` and `system`; `argument` says what to do:
 *
 *   model hostile errors=SECTOR grows removal=TIMES bench     these parts, in this order
 *   resets                                the device breaks down now and then
 *   restart=TIMES                         the driver dies so often
 *   broken                                nothing can be read or written
 *   victim=REQUESTS                       load without a model, then death in the middle of it
 *   seed=N rounds=N read-only             for them
 */
#include "load.h"
#include <stdarg.h>

handle disk;
static uint64_t random_state;

uint64_t option(const char *name, uint64_t otherwise)
{
    size_t length = strlen(name);
    for (const char *at = startup_argument(); *at; at += *at == ' ') {
        const char *word = at;
        while (*at && *at != ' ')
            at++;
        if ((size_t)(at - word) < length || memcmp(word, name, length))
            continue;
        if (word + length == at)
            return 1;
        if (word[length] != '=')
            continue;
        uint64_t value = 0;
        for (const char *digit = word + length + 1; digit < at; digit++)
            value = value * 10 + (uint64_t)(*digit - '0');
        return value;
    }
    return otherwise;
}

static _Noreturn void end_machine(int status)
{
    debug(startup_handle_needed("system"), DEBUG_EXIT, (uint64_t)status, 0);
    native_exit(status);
}

void fail(const char *file, int line, const char *what, const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    format_text_v(text, sizeof text, format, arguments);
    va_end(arguments);
    log_print(LOG_ERROR, "block-load: %s:%d: failed: %s: %s\n", file, line, what, text);
    end_machine(1);
}

void passed(const char *part)
{
    log_print(LOG_NOTICE, "block-load: %s: passed\n", part);
}

/* xorshift64 */
uint64_t random_below(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 11) % below;
}

uint64_t now(void)
{
    uint64_t count, frequency;
    __asm__ volatile("isb\n mrs %0, cntvct_el0\n mrs %1, cntfrq_el0"
                     : "=r"(count), "=r"(frequency));
    return count * (1000000000 / frequency);
}

int64_t facts_ask(struct facts *facts)
{
    struct message message = {.w = {BLOCK_FACTS}};
    int64_t error = call(disk, 0, &message);
    *facts = (struct facts){message.w[1], message.w[2], message.w[3], message.w[4]};
    return error ? error : (int64_t)message.w[0];
}

void ring_new(struct ring_client *ring)
{
    int64_t notification = create_notification(0, HANDLE_NONE);
    WANT(notification > 0, "%s", error_name(notification));
    int64_t error =
        ring_client_open(ring, disk, ENTRIES, DATA_PAGES, (handle)notification, COMPLETED, ENDED);
    WANT(!error, "%s", error_name(error));
}

void ring_end(struct ring_client *ring)
{
    handle notification = ring->notification;
    ring_client_close(ring);
    handle_close(notification);
}

int64_t one(struct ring_client *ring, uint32_t operation, uint64_t sector, uint64_t sectors,
            uint64_t page, uint64_t flags, uint64_t *done)
{
    struct ring_request request = {operation, 77, {sector, sectors, page, flags}};
    struct ring_completion completion;
    ring_client_submit(ring, &request);
    int64_t error = ring_client_wait(ring, &completion);
    WANT(!error, "waiting: %s", error_name(error));
    WANT(completion.tag == 77, "%u", completion.tag);
    if (done)
        *done = completion.w[0];
    return completion.error;
}

/* Frames that are not free. Every frame is where it should be. */
static uint64_t frames_used(void)
{
    struct ledger ledger;
    int64_t errors = debug(startup_handle_needed("system"), DEBUG_LEDGER, 0, 0);
    memcpy(&ledger, (const void *)LAYOUT_MESSAGE_PAGE, sizeof ledger);
    WANT(!errors, "%ld errors in the ledger", errors);
    return ledger.total - ledger.free;
}

/* Waits until there are no more than `most`, some seconds at the most: what ended with requests
 * under way goes when these do. How many there are then. */
static uint64_t frames_settled(uint64_t most)
{
    uint64_t end = now() + 5000000000, used = frames_used();
    while (used > most && now() < end) {
        sleep_until(now() + 1000000);
        used = frames_used();
    }
    return used;
}

static void come_and_go(void)
{
    struct ring_client rings[5];
    for (unsigned i = 0; i < 5; i++)
        ring_new(&rings[i]);
    for (unsigned i = 0; i < 5; i++) {
        struct ring_request request = {BLOCK_READ, 1, {0, 1, i}};
        ring_client_submit(&rings[i], &request); /* they end with it under way */
        ring_client_kick(&rings[i]);
    }
    for (unsigned i = 0; i < 5; i++)
        ring_end(&rings[i]);
}

/* Rings come and go, and leave nothing behind, here or in the driver. */
static void rings_come_and_go(void)
{
    uint64_t most = 0, used;
    come_and_go(); /* allocators keep what they had for so many at once */
    sleep_until(now() + 100000000);
    most = frames_used();
    for (unsigned round = 0; round < 8; round++) {
        come_and_go();
        used = frames_settled(most);
        WANT(used <= most, "%lu frames, then %lu", most, used);
    }
    passed("rings");
}

int main(const struct startup *startup)
{
    struct facts facts;
    (void)startup;
    random_state = option("seed", 1) * 0x9e3779b97f4a7c15 + 1;
    disk = startup_handle_needed("disk");
    int64_t error = facts_ask(&facts);
    log_print(LOG_NOTICE, "block-load: %s, %lu sectors, facts %lx, %lu at once, generation %lu\n",
              error ? error_name(error) : "there", facts.sectors, facts.facts, facts.at_once,
              facts.generation);
    if (option("absent", 0)) {
        struct ring_client ring;
        WANT(error == -ENXIO, "%s", error_name(error));
        int64_t notification = create_notification(0, HANDLE_NONE);
        error = ring_client_open(&ring, disk, 8, 8, (handle)notification, 1, 2);
        WANT(error == -ENXIO, "%s", error_name(error));
        passed("absent");
        end_machine(0);
    }
    WANT(!error, "%s", error_name(error));
    if (option("victim", 0))
        victim_run(&facts);
    if (option("model", 0))
        model_run(&facts);
    if (option("hostile", 0))
        hostile_run(&facts);
    if (option("errors", 0))
        errors_run(&facts);
    if (option("resets", 0)) {
        resets_run(&facts);
        end_machine(0); /* what follows takes no errors */
    }
    if (option("grows", 0))
        grows_run(&facts);
    if (option("removal", 0))
        removal_run(&facts);
    if (option("restart", 0))
        restart_run(&facts);
    if (option("broken", 0))
        broken_run(&facts);
    if (option("restart", 0) || option("broken", 0)) {
        frames_used();
        end_machine(0);
    }
    if (option("bench", 0))
        bench_run(&facts);
    rings_come_and_go();
    end_machine(0);
}
