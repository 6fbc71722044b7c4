/*
 * runs.c: the programs of the manifest's `run` lines, one after the other. A line that cannot be
 * run counts as a program that ended at once, with a shell's status for that, and the next has its
 * turn all the same. When the last has ended, root is told.
 */
#include "files/remote.h"
#include "lib/log.h"
#include "lib/manifest.h"
#include "lib/startup.h"
#include "lib/wired.h"
#include "proc.h"

#define STATUS_NOT_FOUND 127 /* what a shell says of a program that is not there */
#define STATUS_NOT_RUN   126 /* … that cannot be run */

struct process_report process_report;
static const struct manifest_run *current, *all;
static const struct manifest_word *variables;
static bool several;
static struct process_report before;        /* the present run */
static void (*aside)(uint32_t wait_status); /* runs, and this is told */

static void tell_root(void)
{
    process_report.ended = true;
    notify(configuration.exit, EXIT_PROGRAM_ENDED);
}

void runs_give_up(uint32_t status)
{
    process_report.status = status;
    remote_end(tell_root);
}

/* Words of the manifest and `last`, unless it is NULL, as a NULL-ended vector. NULL: no memory. */
static char **vector_of(const struct manifest_word *words, const char *last)
{
    size_t count = last ? 1 : 0;
    for (const struct manifest_word *word = words; word; word = word->next)
        count++;
    char **vector = wired_alloc_array(count + 1, sizeof *vector);
    size_t i = 0;
    for (; vector && words; words = words->next)
        vector[i++] = words->text;
    if (vector && last)
        vector[i] = (char *)last;
    return vector;
}

static int64_t start(const struct manifest_word *words, const char *last)
{
    char **arguments = vector_of(words, last), **environment = vector_of(variables, NULL);
    int64_t error = arguments && environment ? process_start(arguments, environment) : -ENOMEM;
    wired_free(arguments);
    wired_free(environment);
    return error;
}

static void cannot_start(int64_t error)
{
    log_print(LOG_ERROR, "pagoda: %s cannot start: %s\n", current->words->text,
              linux_error_name(error));
    process_report.status = error == -ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN;
}

/* Starts programs from `run` on until one runs. */
static void start_from(const struct manifest_run *run)
{
    for (; run; run = run->next) {
        current = run;
        before = process_report;
        pids_restart();
        int64_t error = start(run->words, NULL);
        if (!error || error == ANSWER_NONE) /* it runs, or waits for its file: runs_again() */
            return;
        cannot_start(error);
    }
    runs_give_up(process_report.status);
}

void runs_again(int64_t error)
{
    if (error)
        cannot_start(error);
    start_from(error ? current->next : current);
}

void runs_prepare(const struct manifest *manifest)
{
    all = manifest->runs;
    variables = manifest->environment;
    several = manifest->runs && manifest->runs->next;
    process_report.status = STATUS_NOT_FOUND;
    if (!manifest->runs)
        log_print(LOG_ERROR, "pagoda: the manifest has no `run` line\n");
}

void runs_begin(void)
{
    start_from(all);
}

int64_t runs_aside(const struct manifest_word *words, const char *last,
                   void (*ended)(uint32_t wait_status))
{
    before = process_report;
    aside = ended;
    pids_restart();
    int64_t error = start(words, last);
    if (error == ANSWER_NONE) /* its file is in the bundle: nothing is to be waited for */
        error = -EIO;
    if (error)
        aside = NULL;
    return error;
}

const char *runs_terminal(void)
{
    return aside ? "dev/kmsg" : "dev/console";
}

void runs_ended(uint32_t wait_status)
{
    void (*ended)(uint32_t wait_status) = aside;
    if (ended) {
        aside = NULL;
        process_report = before;
        ended(wait_status);
        return;
    }
    uint32_t signal = wait_status & 0x7f;
    process_report.status = signal ? 128 + signal : wait_status >> 8 & 0xff;
    if (several)
        log_print(LOG_NOTICE, "proc: %s (pid 1) ended: status %u, %lu minor and %lu major faults\n",
                  current->words->text, process_report.status, process_report.minor - before.minor,
                  process_report.major - before.major);
    start_from(current->next);
}

void runs_end_all(void)
{
    static const struct manifest_run nothing_more;
    current = &nothing_more; /* nothing follows it */
    several = false;
    process_exit(process_first(), 0);
}
