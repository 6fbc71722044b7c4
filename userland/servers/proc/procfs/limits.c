/*
 * limits.c: /proc/PID/limits.
 */
#include "procfs.h"

static const struct {
    const char *name, *unit;
} resources[LINUX_LIMITS] = {
    {"Max cpu time", "seconds"},     {"Max file size", "bytes"},
    {"Max data size", "bytes"},      {"Max stack size", "bytes"},
    {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
    {"Max processes", "processes"},  {"Max open files", "files"},
    {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
    {"Max file locks", "locks"},     {"Max pending signals", "signals"},
    {"Max msgqueue size", "bytes"},  {"Max nice priority", ""},
    {"Max realtime priority", ""},   {"Max realtime timeout", "us"},
};

static void add_limit(struct text *text, uint64_t value)
{
    if (value == LINUX_RLIM_INFINITY)
        text_add(text, "%-20s ", "unlimited");
    else
        text_add(text, "%-20lu ", value);
}

int64_t limits(const struct subject *subject, struct text *text)
{
    text_add(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (unsigned i = 0; i < LINUX_LIMITS; i++) {
        text_add(text, "%-25s ", resources[i].name);
        add_limit(text, subject->process->limits[i].current);
        add_limit(text, subject->process->limits[i].maximum);
        if (resources[i].unit[0])
            text_add(text, "%-10s", resources[i].unit);
        text_add(text, "\n");
    }
    return 0;
}
