/*
 * family.h: who is whose parent, group and session; how processes end and who hears of it.
 *
 * What has ended stays readable until the loop's next turn (family_bury): a handler may go on
 * reading a process or thread that ended meanwhile, and following the `next` pointers of one it
 * stands on leads back to the living. So lists may be walked while members of them are killed.
 */
#pragma once
#include "process/credentials.h"
#include "process/futex.h"
#include "wait.h"
#include <stdbool.h>
#include <stdint.h>

struct memory_pool;
struct process;
struct thread;
struct tty;

/* A number that is somebody's: a thread's, a process's, a group's, a session's. It is given to
 * nobody else while any of them is there. */
struct pid {
    struct pid *next;      /* in its bucket of the table */
    uint32_t number;       /* 1 .. PID_MAX - 1 */
    uint32_t references;   /* the thread, the process, members of group and session, terminals */
    struct thread *thread; /* whose tid it is, or NULL */
    struct process
        *process;          /* whose pid it is, also when it ended and was not waited for; or NULL */
    struct process *group; /* a member of the group of this number, or NULL: group_next has more */
    struct process *session; /* … of the session: session_next */
    struct tty *terminal;    /* of the session of this number, or NULL */
};

/* What was used, as getrusage tells. Times in ns. */
struct usage {
    uint64_t user, system, minor, major;
    uint64_t resident; /* largest, in pages */
};

/* What a process is in the tree. */
struct family {
    struct pid *pid, *group, *session;
    struct process *parent;                          /* NULL: PID 1 */
    struct process *children, *youngest;             /* oldest first, zombies too */
    struct process *sibling_next, *sibling_previous; /* younger, older */
    struct process *group_next, *group_previous;
    struct process *session_next, *session_previous;
    struct process *all_next, *all_previous; /* by pid */
    struct wait_queue waiters;               /* its threads that wait for a child */
    struct thread *vfork_parent; /* waits until this process has a memory of its own, or ended */
    uint32_t threads;            /* that have not ended */
    uint32_t status;             /* as wait4 tells it, once `ended` */
    uint8_t exit_signal;         /* to the parent at the end; 0: none */
    uint8_t death_signal;        /* when the parent ends (PR_SET_PDEATHSIG); 0: none */
    bool ended;                  /* a zombie */
    bool announce;               /* the parent has not been told that it ended */
    bool executed;               /* has called execve since it was forked */
    bool subreaper;              /* orphans below come to it */
    bool no_new_privileges, undumpable, keep_capabilities, private_barriers;
    uint32_t personality;
    uint32_t timer_slack;     /* ns; 0: the default */
    struct memory_pool *pool; /* of its children, and of its next program */
    struct credentials credentials;
    struct usage used;          /* by threads and memories it has no more */
    struct usage children_used; /* by children it has waited for, and theirs */
    struct process *buried;     /* the next to be freed */
};

/* What sched_* and setpriority said. */
struct schedule {
    uint8_t policy, priority; /* SCHED_*; 1 .. 99 for real time */
    int8_t nice;
    bool reset_on_fork;
};

/* The same for a thread. */
struct life {
    struct pid *pid;
    struct thread *previous; /* of the process */
    uint64_t set_child_tid;  /* address where its tid goes before it runs; 0: none */
    struct futex_wait futex; /* while it waits for one */
    struct process *vforked; /* whose end or exec its call waits for, or NULL */
    bool ended;              /* only leaders stay then, as long as the process is not reaped */
    struct thread *buried;   /* the next to be freed */
    char name[16];           /* PR_SET_NAME */
    struct schedule schedule;
};

#define PID_MAX 32768 /* as Linux's default: numbers are below */

/* ---- pids.c ---- */

/* A number nobody has, with one reference. NULL: *error is -EAGAIN or -ENOMEM. */
struct pid *pid_new(int64_t *error);
void pid_drop(struct pid *pid);
/* Gives back the number given last, which nobody has seen: it is given again. */
void pid_unused(struct pid *pid);

/* NULL: nobody has this number. */
struct pid *pid_find(uint32_t number);

/* The next number given is 1. For when nobody is left. */
void pids_restart(void);
/* The one given last. */
uint32_t pid_latest(void);

/* A process that has not been waited for, or a thread that has not ended; NULL: none. */
struct process *process_find(uint32_t pid);
struct thread *thread_find(uint32_t tid);
/* The process that has this pid or a thread of this tid; NULL: none. */
struct process *process_with(uint32_t tid);

/* ---- family.c ---- */

/* All processes by pid, zombies too: the first, and the one after a number (also of one that is
 * there no more; `process_after(0)` is PID 1). NULL: no more. */
struct process *process_after(uint32_t pid);
uint32_t process_count(void);

/* The oldest process of the present run. */
struct process *process_first(void);

/* Threads that have not ended: for_each_thread(thread, process) { … }; the leader comes first. */
struct thread *thread_living(struct thread *from);
#define for_each_thread(each, process)                                                             \
    for (struct thread *each = thread_living((process)->threads); each;                            \
         each = thread_living(each->next))

/* Members of a group or session: also zombies. `pid` may be NULL. */
#define for_each_member(member, pid)                                                               \
    for (struct process *member = (pid) ? (pid)->group : NULL; member;                             \
         member = member->family.group_next)

/* Links a new process: youngest child of `parent` (NULL: PID 1), in its group and session. */
void family_enter(struct process *process, struct process *parent);
/* Takes it out of all lists. Its `next` pointers stay. */
void family_leave(struct process *process);
/* Gives a child to another parent, as its youngest. */
void family_adopt(struct process *child, struct process *parent);

void group_enter(struct process *process, struct pid *group);
void session_enter(struct process *process, struct pid *session);

/* True when nobody in the group has a parent of the same session outside the group: nobody could
 * ever continue what is stopped there. `without`: a process that does not count, or NULL. */
bool group_orphaned(const struct pid *group, const struct process *without);

/* Links a thread as the process's last. */
void thread_enter(struct process *process, struct thread *thread);
void thread_leave(struct thread *thread);

/* ---- exit.c ---- */

/*
 * Ends a process: its threads, files and memory. `wait_status` as wait4 tells it: code << 8, or the
 * signal (+ 128 with a core). What remains is a zombie until its parent has asked; when it was PID
 * 1, everybody else ends too and the next `run` line begins. Nothing for one that has ended.
 */
void process_exit(struct process *process, uint32_t wait_status);

/* Ends a thread; with the last one ends the process, whose `wait_status` that is. */
void thread_exit(struct thread *thread, uint32_t wait_status);

/* Ends all threads of a process but this one, which becomes its leader. */
void threads_end_others(struct thread *thread);

/* The child has been waited for: it is no more. Adds what it used to its parent's children. */
void process_reap(struct process *process);

/* A process stopped, went on, or ended: its parent's wait4 must look again. */
void process_changed(struct process *process);

/* A wait status as siginfo has it: CLD_* and the exit code or signal. */
void wait_status_explain(uint32_t status, int32_t *code, int32_t *value);

/* Frees what has ended. By the loop, when no handler runs. */
void family_bury_all(void);
extern bool family_has_buried;
static inline void family_bury(void)
{
    if (family_has_buried)
        family_bury_all();
}

/* The process has a memory of its own now, or has ended: its vfork is over. */
void vfork_done(struct process *process);

/* ---- tell.c: what a process hears of its relatives ---- */

/* True when the parent wants no zombie of this child (SIGCHLD ignored, SA_NOCLDWAIT). */
bool tell_unwanted(const struct process *parent, const struct process *child);
/* Sends the child's exit signal. */
void tell_child_ended(struct process *parent, struct process *child);
/* Sends what the child asked for with PR_SET_PDEATHSIG. */
void tell_parent_ended(struct process *child);
/* SIGHUP, and it goes on: nobody is left who could continue the group. */
void tell_group_orphaned(struct pid *group);
bool tell_is_stopped(const struct process *process);

/* ---- fork.c ---- */

/* A thread with life.set_child_tid asks before its first instruction; `again`: it was sent back
 * for the page where that goes, `failed`: it cannot be had. A handler's answer. */
int64_t clone_begin(struct thread *thread, bool again, bool failed);

/* ---- usage.c ---- */

/* What the process has used so far, all its threads together; of its own memory now. */
struct usage process_usage(const struct process *process);
void usage_add(struct usage *sum, const struct usage *more);

/* As getrusage and wait4 write it. */
struct linux_rusage;
void usage_tell(const struct usage *usage, struct linux_rusage *told);

/* Adds the time of a thread that is about to end to what its process used. */
void usage_keep_thread(struct thread *thread);

/* Adds the faults of a memory that a process is about to lose to what it used. */
struct memory;
void usage_keep(struct process *process, const struct memory *memory);
