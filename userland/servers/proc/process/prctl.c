/*
 * prctl.c: prctl, and personality: what a process says about itself.
 */
#include "lib/memory.h"
#include "proc.h"
#include "process/linux_process.h"

/* ---- Names ---- */

static int64_t set_name(struct thread *thread, uint64_t address)
{
    char name[sizeof thread->life.name];
    int64_t length = client_string(thread, address, name, sizeof name);
    if (length == -ENAMETOOLONG)
        length = sizeof name - 1; /* the rest is cut off */
    if (length < 0)
        return length;
    memset(thread->life.name, 0, sizeof name);
    memcpy(thread->life.name, name, (size_t)length);
    return 0;
}

/* ---- Capabilities: none is ambient ---- */

static int64_t bounding(struct thread *thread, uint64_t operation, uint64_t which)
{
    struct credentials *credentials = &thread->process->family.credentials;
    if (operation == PR_CAPBSET_DROP && !(credentials->effective >> CAP_SETPCAP & 1))
        return -EPERM;
    if (which >= CAPABILITY_COUNT)
        return -EINVAL;
    if (operation == PR_CAPBSET_READ)
        return credentials->bounding >> which & 1;
    credentials->bounding &= ~(1UL << which);
    return 0;
}

static int64_t ambient(const struct thread *thread, uint64_t operation, uint64_t which,
                       uint64_t more)
{
    if (operation == PR_CAP_AMBIENT_CLEAR_ALL)
        return which || more ? -EINVAL : 0;
    if (which >= CAPABILITY_COUNT || more || operation > PR_CAP_AMBIENT_CLEAR_ALL || !operation)
        return -EINVAL;
    const struct credentials *credentials = &thread->process->family.credentials;
    if (operation == PR_CAP_AMBIENT_RAISE &&
        !(credentials->permitted & credentials->inheritable & 1UL << which))
        return -EPERM;
    return 0;
}

/* ---- The call ---- */

/* What is told by a number in memory. */
static int64_t tell(struct thread *thread, uint64_t address, int32_t value)
{
    return client_write(thread, address, &value, sizeof value);
}

static int64_t set_flag(bool *flag, uint64_t value)
{
    if (value > 1)
        return -EINVAL;
    *flag = value;
    return 0;
}

int64_t linux_prctl(struct thread *thread, uint64_t option, uint64_t a, uint64_t b, uint64_t c,
                    uint64_t d)
{
    struct family *family = &thread->process->family;
    switch ((uint32_t)option) {
    case PR_SET_PDEATHSIG:
        if (a > LINUX_SIGNALS)
            return -EINVAL;
        family->death_signal = (uint8_t)a;
        return 0;
    case PR_GET_PDEATHSIG:
        return tell(thread, a, family->death_signal);
    case PR_GET_DUMPABLE:
        return !family->undumpable;
    case PR_SET_DUMPABLE:
        if (a > 1)
            return -EINVAL;
        family->undumpable = !a;
        return 0;
    case PR_SET_NAME:
        return set_name(thread, a);
    case PR_GET_NAME:
        return client_write(thread, a, thread->life.name, sizeof thread->life.name);
    case PR_GET_KEEPCAPS:
        return family->keep_capabilities;
    case PR_SET_KEEPCAPS:
        return set_flag(&family->keep_capabilities, a);
    case PR_CAPBSET_READ:
    case PR_CAPBSET_DROP:
        return bounding(thread, (uint32_t)option, a);
    case PR_CAP_AMBIENT:
        return ambient(thread, a, b, c | d);
    case PR_GET_SECCOMP:
        return 0;
    case PR_GET_TIMERSLACK:
        return family->timer_slack ? family->timer_slack : TIMER_SLACK_DEFAULT;
    case PR_SET_TIMERSLACK:
        family->timer_slack = (uint32_t)a;
        return 0;
    case PR_SET_CHILD_SUBREAPER:
        family->subreaper = a;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return tell(thread, a, family->subreaper);
    case PR_SET_NO_NEW_PRIVS:
        if (a != 1 || b || c || d)
            return -EINVAL;
        family->no_new_privileges = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return a || b || c || d ? -EINVAL : family->no_new_privileges;
    case PR_GET_TID_ADDRESS:
        return client_write(thread, a, &thread->clear_child_tid, sizeof thread->clear_child_tid);
    case PR_GET_SECUREBITS:
        return 0;
    default:
        return -EINVAL; /* PR_SET_VMA too: C libraries only try */
    }
}

/* Only Linux's own personality is carried out; flags are remembered for who asks. */
int64_t linux_personality(struct thread *thread, uint64_t wanted)
{
    struct family *family = &thread->process->family;
    uint32_t before = family->personality;
    if ((uint32_t)wanted != UINT32_MAX)
        family->personality = (uint32_t)wanted;
    return before;
}
