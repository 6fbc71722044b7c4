/*
 * identities.c: user and group ids, and capabilities, by the rules of credentials(7). Nothing is
 * decided by them yet; they are what programs set and read. A process has one set of ids: where
 * Linux keeps them per thread, C libraries set all threads' anyway.
 */
#include "lib/wired.h"
#include "proc.h"
#include "process/linux_process.h"

#define UNCHANGED UINT32_MAX /* -1 as an argument */

static struct credentials *own(const struct thread *thread)
{
    return &thread->process->family.credentials;
}

/* May the process take any user id (`group`: group id)? */
static bool may_set(const struct thread *thread, bool group)
{
    return own(thread)->effective >> (group ? CAP_SETGID : CAP_SETUID) & 1;
}

static bool is_own(const struct ids *ids, uint32_t id)
{
    return id == ids->real || id == ids->effective || id == ids->saved;
}

/* capabilities(7), "Effect of user ID changes on capabilities". */
static void adjust(struct credentials *credentials, const struct ids *before)
{
    const struct ids *now = &credentials->user;
    bool was_root = !before->real || !before->effective || !before->saved;
    bool is_root = !now->real || !now->effective || !now->saved;
    if (was_root && !is_root)
        credentials->permitted = 0;
    if (!before->effective && now->effective)
        credentials->effective = 0;
    if (before->effective && !now->effective)
        credentials->effective = credentials->permitted;
    credentials->effective &= credentials->permitted;
}

static int64_t change(struct thread *thread, bool group, const struct ids *ids)
{
    struct credentials *credentials = own(thread);
    struct ids before = credentials->user;
    if (group) {
        credentials->group = *ids;
    } else {
        credentials->user = *ids;
        adjust(credentials, &before);
    }
    return 0;
}

/* ---- Telling ---- */

int64_t linux_getuid(struct thread *thread)
{
    return own(thread)->user.real;
}

int64_t linux_geteuid(struct thread *thread)
{
    return own(thread)->user.effective;
}

int64_t linux_getgid(struct thread *thread)
{
    return own(thread)->group.real;
}

int64_t linux_getegid(struct thread *thread)
{
    return own(thread)->group.effective;
}

static int64_t tell_three(struct thread *thread, const struct ids *ids, uint64_t real,
                          uint64_t effective, uint64_t saved)
{
    int64_t error = client_write(thread, real, &ids->real, sizeof ids->real);
    if (!error)
        error = client_write(thread, effective, &ids->effective, sizeof ids->effective);
    return error ? error : client_write(thread, saved, &ids->saved, sizeof ids->saved);
}

int64_t linux_getresuid(struct thread *thread, uint64_t real, uint64_t effective, uint64_t saved)
{
    return tell_three(thread, &own(thread)->user, real, effective, saved);
}

int64_t linux_getresgid(struct thread *thread, uint64_t real, uint64_t effective, uint64_t saved)
{
    return tell_three(thread, &own(thread)->group, real, effective, saved);
}

/* ---- Setting: for users and groups alike ---- */

static const struct ids *ids_of(const struct thread *thread, bool group)
{
    return group ? &own(thread)->group : &own(thread)->user;
}

static int64_t set(struct thread *thread, bool group, uint32_t id)
{
    struct ids ids = *ids_of(thread, group);
    if (id == UNCHANGED)
        return -EINVAL;
    if (may_set(thread, group))
        ids.real = ids.saved = id;
    else if (id != ids.real && id != ids.saved)
        return -EPERM;
    ids.effective = ids.file = id;
    return change(thread, group, &ids);
}

static int64_t set_real_effective(struct thread *thread, bool group, uint32_t real,
                                  uint32_t effective)
{
    const struct ids *before = ids_of(thread, group);
    struct ids ids = *before;
    bool any = may_set(thread, group);
    if (real != UNCHANGED) {
        if (!any && real != before->real && real != before->effective)
            return -EPERM;
        ids.real = real;
    }
    if (effective != UNCHANGED) {
        if (!any && !is_own(before, effective))
            return -EPERM;
        ids.effective = effective;
    }
    if (real != UNCHANGED || (effective != UNCHANGED && effective != before->real))
        ids.saved = ids.effective;
    ids.file = ids.effective;
    return change(thread, group, &ids);
}

static int64_t set_three(struct thread *thread, bool group, uint32_t real, uint32_t effective,
                         uint32_t saved)
{
    const struct ids *before = ids_of(thread, group);
    struct ids ids = *before;
    const uint32_t wanted[] = {real, effective, saved};
    for (unsigned i = 0; i < 3; i++)
        if (wanted[i] != UNCHANGED && !may_set(thread, group) && !is_own(before, wanted[i]))
            return -EPERM;
    if (real != UNCHANGED)
        ids.real = real;
    if (effective != UNCHANGED)
        ids.effective = effective;
    if (saved != UNCHANGED)
        ids.saved = saved;
    ids.file = ids.effective;
    return change(thread, group, &ids);
}

/* Answers the id that was; refuses by leaving it. */
static int64_t set_file(struct thread *thread, bool group, uint32_t id)
{
    struct ids *ids = group ? &own(thread)->group : &own(thread)->user;
    uint32_t before = ids->file;
    if (id != UNCHANGED && (may_set(thread, group) || is_own(ids, id) || id == before))
        ids->file = id;
    return before;
}

int64_t linux_setuid(struct thread *thread, uint64_t id)
{
    return set(thread, false, (uint32_t)id);
}

int64_t linux_setgid(struct thread *thread, uint64_t id)
{
    return set(thread, true, (uint32_t)id);
}

int64_t linux_setreuid(struct thread *thread, uint64_t real, uint64_t effective)
{
    return set_real_effective(thread, false, (uint32_t)real, (uint32_t)effective);
}

int64_t linux_setregid(struct thread *thread, uint64_t real, uint64_t effective)
{
    return set_real_effective(thread, true, (uint32_t)real, (uint32_t)effective);
}

int64_t linux_setresuid(struct thread *thread, uint64_t real, uint64_t effective, uint64_t saved)
{
    return set_three(thread, false, (uint32_t)real, (uint32_t)effective, (uint32_t)saved);
}

int64_t linux_setresgid(struct thread *thread, uint64_t real, uint64_t effective, uint64_t saved)
{
    return set_three(thread, true, (uint32_t)real, (uint32_t)effective, (uint32_t)saved);
}

int64_t linux_setfsuid(struct thread *thread, uint64_t id)
{
    return set_file(thread, false, (uint32_t)id);
}

int64_t linux_setfsgid(struct thread *thread, uint64_t id)
{
    return set_file(thread, true, (uint32_t)id);
}

/* ---- Supplementary groups ---- */

int64_t linux_getgroups(struct thread *thread, uint64_t size, uint64_t list)
{
    const struct groups *groups = own(thread)->groups;
    uint32_t count = groups ? groups->count : 0;
    if ((int32_t)size < 0)
        return -EINVAL;
    if (!(int32_t)size)
        return count;
    if (count > (uint32_t)size)
        return -EINVAL;
    int64_t error = count ? client_write(thread, list, groups->ids, count * sizeof(uint32_t)) : 0;
    return error ? error : count;
}

/* Shell's: Linux tells them in order, too. */
static void sort(uint32_t *ids, uint32_t count)
{
    for (uint32_t gap = count / 2; gap; gap = gap == 2 ? 1 : (uint32_t)(gap * 5UL / 11))
        for (uint32_t i = gap; i < count; i++) {
            uint32_t id = ids[i], at = i;
            for (; at >= gap && ids[at - gap] > id; at -= gap)
                ids[at] = ids[at - gap];
            ids[at] = id;
        }
}

int64_t linux_setgroups(struct thread *thread, uint64_t size, uint64_t list)
{
    uint32_t count = (uint32_t)size;
    if (!may_set(thread, true))
        return -EPERM;
    if (count > LINUX_NGROUPS_MAX)
        return -EINVAL;
    struct groups *groups = wired_alloc(sizeof *groups + count * sizeof(uint32_t));
    if (!groups)
        return -ENOMEM;
    int64_t error = client_read(thread, list, groups->ids, count * sizeof(uint32_t));
    if (error) {
        wired_free(groups);
        return error;
    }
    sort(groups->ids, count);
    groups->references = 1;
    groups->count = count;
    credentials_drop(own(thread));
    own(thread)->groups = groups;
    return 0;
}
