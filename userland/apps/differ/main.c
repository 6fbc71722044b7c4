/*
 * main.c of differ: which step comes next.
 *
 *     differ SEED STEPS [--skip N,N-M,…] [--only GROUP,…] [--list yes]
 *
 * GROUP is memory, file, process, signal or thread (every third step may be of memory
 * all the same, so that there is some); --list names the steps without making them.
 * Status 0: all steps were made.
 */
#define _GNU_SOURCE
#include "differ.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct step *const tables[] = {
    mapping_steps, memory_steps,  look_steps,   file_steps,  pointer_steps,
    fork_steps,    process_steps, signal_steps, fault_steps, thread_steps};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

static const char *const group_names[GROUPS] = {"memory", "file", "process", "signal", "thread"};

static uint64_t state;
static int only_list;
const char *own_path;

/* splitmix64 (Steele, Lea, Flood 2014): any state is a good one. */
uint64_t pick_word(void)
{
    uint64_t word = state += 0x9e3779b97f4a7c15;

    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    return word ^ word >> 31;
}

unsigned pick(unsigned count)
{
    return (unsigned)(pick_word() >> 16) % count;
}

int chance(unsigned percent)
{
    return pick(100) < percent;
}

static const struct step *pick_step(unsigned groups)
{
    unsigned total = 0, at;

    for (size_t i = 0; i < TABLES; i++)
        for (const struct step *step = tables[i]; step->name; step++)
            total += groups >> step->group & 1 ? step->weight : 0;
    at = pick(total);
    for (size_t i = 0; i < TABLES; i++)
        for (const struct step *step = tables[i]; step->name; step++) {
            unsigned weight = groups >> step->group & 1 ? step->weight : 0;

            if (at < weight)
                return step;
            at -= weight;
        }
    abort();
}

void run_random_step(unsigned groups)
{
    const struct step *step = pick_step(groups);

    say("%s", step->name);
    if (!only_list)
        step->run();
    end_line();
}

/* Is `number` in a list like "3,7-9"? */
static int listed(const char *list, unsigned long number)
{
    while (*list) {
        char *end;
        unsigned long first = strtoul(list, &end, 10), last = first;

        if (end == list)
            return 0;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        if (number >= first && number <= last)
            return 1;
        list = *end == ',' ? end + 1 : end;
    }
    return 0;
}

static unsigned groups_of(const char *list)
{
    unsigned groups = 0;

    for (unsigned i = 0; i < GROUPS; i++)
        if (strstr(list, group_names[i]))
            groups |= 1u << i;
    return groups;
}

static int wrong_use(void)
{
    static const char text[] = "use: differ SEED STEPS [--skip N,N-M,...] [--only "
                               "memory,process,signal,thread] [--list yes]\n";

    if (write(2, text, sizeof(text) - 1) < 0)
        return 1;
    return 2;
}

int main(int argc, char **argv)
{
    unsigned groups = (1u << GROUPS) - 1;
    const char *skip = "";
    uint64_t seed;
    unsigned long steps;

    if (argc == 3 && !strcmp(argv[1], "--status"))
        return atoi(argv[2]); /* what the exec step starts */
    if (argc < 3 || argc % 2 == 0)
        return wrong_use();
    own_path = argv[0];
    seed = strtoull(argv[1], NULL, 0);
    steps = strtoul(argv[2], NULL, 0);
    for (int i = 3; i < argc; i += 2)
        if (!strcmp(argv[i], "--skip"))
            skip = argv[i + 1];
        else if (!strcmp(argv[i], "--only"))
            groups = groups_of(argv[i + 1]);
        else if (!strcmp(argv[i], "--list"))
            only_list = 1;
        else
            return wrong_use();
    if (!groups)
        return wrong_use();
    access_begin();
    note_unmapped((struct range){0, ARENA_PAGES});
    for (unsigned long i = 0; i < steps; i++) {
        state = (seed << 32) + i;
        pick_word();
        if (listed(skip, i))
            continue;
        say("%lu ", i);
        run_random_step(i % 3 ? groups : groups | 1u << MEMORY);
    }
    say("end");
    end_line();
    return 0;
}
