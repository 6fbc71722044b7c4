/*
 * status.c: /proc/PID/stat, statm and status, as Linux's fs/proc/array.c writes them; proc(5).
 */
#include "lib/memory.h"
#include "process/linux_process.h"
#include "procfs.h"
#include "signal/trace.h"
#include "tty/tty.h"

/* All CPU time is the user's: what the servers do for a program is theirs. */
static uint64_t ticks(uint64_t nanoseconds)
{
    return nanoseconds / TICK;
}

static const char *name_of(const struct subject *subject)
{
    return subject->thread ? subject->thread->life.name : "";
}

static uint32_t number_of(const struct subject *subject)
{
    return subject->task && subject->thread ? subject->thread->tid : subject->process->pid;
}

static uint32_t number(const struct pid *pid)
{
    return pid ? pid->number : 0;
}

/* As the bits of a signal set: which are ignored, which have a handler. */
static void actions_of(const struct process *process, uint64_t *ignored, uint64_t *caught)
{
    *ignored = *caught = 0;
    if (!process->signals.actions)
        return;
    for (unsigned signal = 1; signal <= LINUX_SIGNALS; signal++) {
        uint64_t handler = signal_action_of(process, signal)->handler;
        if (handler == LINUX_SIG_IGN)
            *ignored |= 1UL << (signal - 1);
        else if (handler != LINUX_SIG_DFL)
            *caught |= 1UL << (signal - 1);
    }
}

/* ---- stat ---- */

static void add_terminal(const struct process *process, struct text *text)
{
    const struct tty *tty = process->family.ended ? NULL : tty_of(process);
    int group = tty ? (tty->group ? (int)tty->group->number : 0) : -1;
    text_add(text, " %d %d", tty ? TTY_CONSOLE : 0, group);
}

static void add_priority(const struct subject *subject, struct text *text)
{
    const struct schedule *schedule = subject->thread ? &subject->thread->life.schedule : NULL;
    int priority = 20;
    if (schedule && (schedule->policy == SCHED_FIFO || schedule->policy == SCHED_RR))
        priority = -1 - schedule->priority;
    else if (schedule)
        priority = 20 + schedule->nice;
    text_add(text, " %d %d", priority, schedule ? schedule->nice : 0);
}

static void add_places(const struct subject *subject, const struct memory_sizes *sizes,
                       struct text *text)
{
    static const struct program_facts none;
    const struct memory *memory = subject->process->memory;
    const struct program_facts *facts = memory ? &memory->facts : &none;
    const struct signal_thread *signals = subject->thread ? &subject->thread->signals : NULL;
    uint64_t ignored, caught;
    actions_of(subject->process, &ignored, &caught);
    text_add(text, " %lu %lu %lu", sizes->size << PAGE_SHIFT, sizes->resident,
             subject->process->limits[LINUX_RLIMIT_RSS].current);
    text_add(text, " %lu %lu %lu 0 0", facts->code_start, facts->code_end, facts->stack_start);
    text_add(text, " %lu %lu %lu %lu 0 0 0", (signals ? signals->pending.set : 0) & 0x7fffffff,
             (signals ? signals->blocked : 0) & 0x7fffffff, ignored & 0x7fffffff,
             caught & 0x7fffffff);
}

int64_t process_stat(const struct subject *subject, struct text *text)
{
    const struct process *process = subject->process;
    const struct family *family = &process->family;
    const struct usage usage = subject_usage(subject), *children = &family->children_used;
    const struct memory_sizes sizes = memory_sizes(process, false);
    const struct memory *memory = process->memory;
    const struct schedule *schedule = subject->thread ? &subject->thread->life.schedule : NULL;
    text_add(text, "%u (%s) %c %u %u %u", number_of(subject), name_of(subject),
             thread_state(subject), family->parent ? family->parent->pid : 0, number(family->group),
             number(family->session));
    add_terminal(process, text);
    text_add(text, " %u %lu %lu %lu %lu", family->executed ? 0x400000 : 0x400040, usage.minor,
             children->minor, usage.major, children->major);
    text_add(text, " %lu %lu %lu %lu", ticks(usage.user), ticks(usage.system),
             ticks(children->user), ticks(children->system));
    add_priority(subject, text);
    text_add(text, " %u 0 %lu", family->threads, ticks(process->start_time));
    add_places(subject, &sizes, text);
    text_add(text, " %u 0 %u %u 0 0 0", family->exit_signal, schedule ? schedule->priority : 0,
             schedule ? schedule->policy : 0);
    if (memory)
        text_add(text, " %lu %lu %lu %lu %lu %lu %lu", memory->facts.data_start,
                 memory->facts.data_end, memory->layout.brk_start, memory->facts.arguments_start,
                 memory->facts.arguments_end, memory->facts.environment_start,
                 memory->facts.environment_end);
    else
        text_add(text, " 0 0 0 0 0 0 0");
    text_add(text, " %u\n", family->ended ? family->status : 0);
    return 0;
}

int64_t process_statm(const struct subject *subject, struct text *text)
{
    const struct memory_sizes sizes = memory_sizes(subject->process, true);
    text_add(text, "%lu %lu %lu %lu 0 %lu 0\n", sizes.size, sizes.resident, sizes.shared,
             sizes.code, sizes.data + sizes.stack);
    return 0;
}

/* ---- status ---- */

static void add_ids(const struct credentials *who, struct text *text)
{
    text_add(text, "Uid:\t%u\t%u\t%u\t%u\n", who->user.real, who->user.effective, who->user.saved,
             who->user.file);
    text_add(text, "Gid:\t%u\t%u\t%u\t%u\n", who->group.real, who->group.effective,
             who->group.saved, who->group.file);
}

static void add_groups(const struct credentials *who, struct text *text)
{
    text_add(text, "Groups:\t");
    for (uint32_t i = 0; who->groups && i < who->groups->count; i++)
        text_add(text, "%u ", who->groups->ids[i]);
    text_add(text, "\n");
}

static void add_memory(const struct subject *subject, struct text *text)
{
    const struct memory_sizes sizes = memory_sizes(subject->process, true);
    const struct {
        const char *name;
        uint64_t pages;
    } lines[] = {{"VmPeak", sizes.size_most},
                 {"VmSize", sizes.size},
                 {"VmLck", sizes.locked},
                 {"VmPin", 0},
                 {"VmHWM", sizes.resident},
                 {"VmRSS", sizes.resident},
                 {"RssAnon", sizes.resident - sizes.shared},
                 {"RssFile", sizes.shared},
                 {"RssShmem", 0},
                 {"VmData", sizes.data},
                 {"VmStk", sizes.stack},
                 {"VmExe", sizes.code},
                 {"VmLib", sizes.libraries},
                 {"VmPTE", sizes.tables},
                 {"VmSwap", 0},
                 {"HugetlbPages", 0}};
    if (!subject->process->memory)
        return;
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        text_add(text, "%s:\t%8lu kB\n", lines[i].name, lines[i].pages * KILOBYTES);
    text_add(text, "CoreDumping:\t0\nTHP_enabled:\t0\n");
}

static void add_signals(const struct subject *subject, struct text *text)
{
    const struct process *process = subject->process;
    const struct signal_thread *own = subject->thread ? &subject->thread->signals : NULL;
    uint64_t ignored, caught;
    actions_of(process, &ignored, &caught);
    text_add(text, "SigQ:\t%u/%lu\n", process->signals.queued,
             process->limits[LINUX_RLIMIT_SIGPENDING].current);
    text_add(text, "SigPnd:\t%016lx\nShdPnd:\t%016lx\n", own ? own->pending.set : 0,
             process->signals.pending.set);
    text_add(text, "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n", own ? own->blocked : 0,
             ignored, caught);
}

static const char *state_word(char state)
{
    switch (state) {
    case 'R':
        return "R (running)";
    case 'T':
        return "T (stopped)";
    case 't':
        return "t (tracing stop)";
    case 'Z':
        return "Z (zombie)";
    default:
        return "S (sleeping)";
    }
}

int64_t process_status(const struct subject *subject, struct text *text)
{
    const struct process *process = subject->process;
    const struct family *family = &process->family;
    const struct credentials *who = &family->credentials;
    const struct trace *trace = subject->thread ? subject->thread->signals.trace : NULL;
    text_add(text, "Name:\t%s\n", name_of(subject));
    if (process->memory)
        text_add(text, "Umask:\t%04u\n", octal(process->place ? process->place->umask : 0));
    text_add(text, "State:\t%s\n", state_word(thread_state(subject)));
    text_add(text, "Tgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t%u\n", process->pid,
             number_of(subject), family->parent ? family->parent->pid : 0,
             trace ? trace->tracer->pid : 0);
    add_ids(who, text);
    text_add(text, "FDSize:\t%u\n", process->files ? process->files->count : 0);
    add_groups(who, text);
    text_add(text, "NStgid:\t%u\nNSpid:\t%u\nNSpgid:\t%u\nNSsid:\t%u\n", process->pid,
             number_of(subject), number(family->group), number(family->session));
    add_memory(subject, text);
    text_add(text, "Threads:\t%u\n", family->threads ? family->threads : 1);
    add_signals(subject, text);
    text_add(text, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\n",
             who->inheritable, who->permitted, who->effective, who->bounding);
    text_add(text, "CapAmb:\t%016lx\nNoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n", 0UL,
             family->no_new_privileges);
    text_add(text, "Speculation_Store_Bypass:\tunknown\n"
                   "SpeculationIndirectBranch:\tunknown\n"
                   "Cpus_allowed:\t1\nCpus_allowed_list:\t0\n"
                   "Mems_allowed:\t1\nMems_allowed_list:\t0\n"
                   "voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0\n");
    return 0;
}
