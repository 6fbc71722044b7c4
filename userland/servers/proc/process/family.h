/* One process, no family yet. */
#pragma once
#include "wait.h"
#include <stdbool.h>
#include <stdint.h>
struct process;
struct thread;
struct ids {
    uint32_t real, effective, saved, file;
};
struct pid {
    struct process *group;
};
struct family {
    struct {
        struct ids user;
    } credentials;
    struct process *parent, *group_next;
    struct pid *group, *session;
    bool ended;
};
extern struct process *process_only;
struct process *process_find(uint32_t pid);
struct thread *thread_find(uint32_t tid);
struct process *process_after(uint32_t pid);
struct pid *pid_find(uint32_t number);
#define thread_living(thread) (thread)
#define for_each_thread(thread, process)                                                           \
    for (struct thread *thread = (process)->threads; thread; thread = thread->next)
#define for_each_member(member, pid)                                                               \
    for (struct process *member = (pid) ? (pid)->group : NULL; member;                             \
         member = member->family.group_next)
static inline bool group_orphaned(const struct pid *group, const struct process *without)
{
    return (void)group, (void)without, true;
}
void process_exit(struct process *process, uint32_t wait_status);
static inline void process_changed(struct process *process)
{
    (void)process;
}
