/*
 * oom.c: oom_score, oom_score_adj and its older form oom_adj.
 */
#include "procfs/oom.h"
#include "lib/memory.h"
#include "process/linux_process.h"
#include "procfs.h"

#define MOST      1000
#define OLD_MOST  15
#define OLD_LEAST (-17) /* never */

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

/* A decimal number, perhaps negative, perhaps between blanks. */
static bool read_signed(const char *text, size_t length, int64_t *number)
{
    uint64_t size;
    while (length && is_blank(text[length - 1]))
        length--;
    while (length && is_blank(*text)) {
        text++;
        length--;
    }
    bool negative = length && *text == '-';
    if (!number_read(text + negative, length - negative, INT32_MAX, &size))
        return false;
    *number = negative ? -(int64_t)size : (int64_t)size;
    return true;
}

/* As Linux 6.1: 0 … 2000 by the share of memory it has, made to fit below 1000 and a third more. */
int64_t oom_score(const struct subject *subject, struct text *text)
{
    const struct process *process = subject->process;
    struct memory_facts facts;
    struct memory_sizes sizes = memory_sizes(process, false);
    memory_facts_read(&facts);
    int64_t total = (int64_t)(facts.total - facts.kernel), score = 0;
    if (process->pid != 1 && process->memory && total && process->oom.adjustment != -MOST) {
        int64_t badness =
            (int64_t)(sizes.resident + sizes.tables) + process->oom.adjustment * total / MOST;
        score = (MOST + badness * MOST / total) * 2 / 3;
    }
    text_add(text, "%ld\n", score < 0 ? 0 : score);
    return 0;
}

static int64_t set(const struct subject *subject, int64_t wanted)
{
    struct oom *oom = &subject->process->oom;
    bool may = subject->reader->process->family.credentials.effective >> CAP_SYS_RESOURCE & 1;
    if (wanted < oom->least && !may)
        return -EACCES;
    oom->adjustment = (int16_t)wanted;
    if (may)
        oom->least = (int16_t)wanted;
    return 0;
}

int64_t oom_adjustment(const struct subject *subject, struct text *text)
{
    text_add(text, "%d\n", subject->process->oom.adjustment);
    return 0;
}

int64_t oom_adjustment_take(const struct subject *subject, const char *bytes, size_t length)
{
    int64_t wanted;
    if (!read_signed(bytes, length, &wanted) || wanted < -MOST || wanted > MOST)
        return -EINVAL;
    return set(subject, wanted);
}

int64_t oom_old_adjustment(const struct subject *subject, struct text *text)
{
    int adjustment = subject->process->oom.adjustment;
    text_add(text, "%d\n", adjustment == MOST ? OLD_MOST : adjustment * -OLD_LEAST / MOST);
    return 0;
}

int64_t oom_old_adjustment_take(const struct subject *subject, const char *bytes, size_t length)
{
    int64_t wanted;
    if (!read_signed(bytes, length, &wanted) || wanted < OLD_LEAST || wanted > OLD_MOST)
        return -EINVAL;
    return set(subject, wanted == OLD_MOST ? MOST : wanted * MOST / -OLD_LEAST);
}
