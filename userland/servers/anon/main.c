/*
 * anon: the pager of anonymous memory. A fresh page is zeros, a page shared with a
 * clone or shown from a file is copied when written, and the last owner of a page
 * gets it as it is. Nothing here ever waits; all it remembers is its counts.
 */
#include "counts.h"
#include "lib/pager.h"
#include "lib/protocol.h"
#include "lib/startup.h"

/* The whole policy. */
static inline struct supply answer(const struct fault *fault)
{
    struct counts *counts = counts_of(fault->cookie);
    if (__builtin_expect(!fault->cow && fault->write, 1)) {
        counts->zeroed++;
        return SUPPLY_ZEROS(fault, SUPPLY_WRITABLE);
    }
    if (!fault->cow && fault->cookie & ANON_SHARED) {
        counts->zeroed++;
        return SUPPLY_ZEROS(fault, SUPPLY_WRITABLE); /* the first write finds it there */
    }
    if (!fault->cow) {
        counts->shared_zeros++;
        return SUPPLY_ZEROS(fault, 0);
    }
    if (!fault->sole) {
        counts->copies++;
        return SUPPLY_A_COPY(fault);
    }
    counts->upgrades++;
    return SUPPLY_UPGRADED(fault);
}

static uint64_t *count_for(struct counts *counts, const struct supply *supply)
{
    switch (supply->how & 0xff) {
    case SUPPLY_ZERO:
        return supply->how & SUPPLY_WRITABLE ? &counts->zeroed : &counts->shared_zeros;
    case SUPPLY_COPY:
        return &counts->copies;
    case SUPPLY_UPGRADE:
        return &counts->upgrades;
    default:
        return &counts->failed;
    }
}

/* An answer was refused (no memory left in the program's pool; page shared again): it did not
 * count. */
static void refused(const struct refusal *refusal, const struct supply *instead)
{
    struct counts *counts = counts_of(refusal->cookie);
    --*count_for(counts, &refusal->supply);
    if (instead)
        ++*count_for(counts, instead);
}

#define POPULATE_MOST 4096 /* pages a call: others' faults wait meanwhile */
#define POPULATE_STEP 512  /* pages one page_supply may fill unasked */

/* Supplies pages in steps. Returns how many, or the error when it is none. */
static int64_t supply_pages(handle object, uint64_t index, uint64_t pages)
{
    uint64_t done = 0;
    while (done < pages) {
        uint64_t step = pages - done < POPULATE_STEP ? pages - done : POPULATE_STEP;
        int64_t error =
            page_supply_unasked(object, SUPPLY_ZERO | SUPPLY_WRITABLE, index + done, step, 0, 0);
        if (error < 0)
            return done ? (int64_t)done : error;
        done += step;
    }
    return (int64_t)done;
}

/* ANON_POPULATE: w1=index w2=pages w3=cookie w5=object. The handle came with the message. */
static int64_t populate(struct message *message)
{
    uint64_t pages = message->w[2] < POPULATE_MOST ? message->w[2] : POPULATE_MOST;
    handle object = (handle)message->w[5];
    if (!(message_tag(message) & TAG_HANDLE))
        return -EINVAL;
    int64_t done = pages ? supply_pages(object, message->w[1], pages) : -EINVAL;
    handle_close(object);
    if (done < 0)
        return done;
    counts_of(message->w[3])->populated += (uint64_t)done;
    message->w[1] = (uint64_t)done;
    return 0;
}

/* ANON_STATISTICS: w1=cookie. */
static int64_t statistics(struct message *message)
{
    struct counts counts;
    int error = counts_query(message->w[1], &counts);
    if (error)
        return error;
    message->w[1] = counts.zeroed + counts.shared_zeros + counts.copies + counts.upgrades;
    message->w[2] = counts.zeroed + counts.populated;
    message->w[3] = counts.shared_zeros;
    message->w[4] = counts.copies;
    message->w[5] = counts.upgrades;
    return 0;
}

static int64_t on_call(struct message *message)
{
    int64_t result = -ENOSYS;
    if (message->w[0] != ANON_POPULATE)
        message_refuse_handle(message);
    switch (message->w[0]) {
    case ANON_POPULATE:
        result = populate(message);
        break;
    case ANON_STATISTICS:
        result = statistics(message);
        break;
    case ANON_FORGET:
        result = 0;
        for (unsigned i = 1; i < 6; i++)
            if (message->w[i])
                counts_forget(message->w[i]);
        break;
    }
    message->w[0] = (uint64_t)result;
    return 0;
}

static const struct server_operations operations = {.on_call = on_call};

int main(const struct startup *startup)
{
    (void)startup;
    pager_loop_told(startup_handle_needed("self"), answer, &operations, refused);
}
