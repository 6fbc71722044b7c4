/*
 * control.c: fcntl and ioctl: what is told of descriptors and open files, and changed.
 */
#include "proc.h"

#define SETTABLE                                                                                   \
    (LINUX_O_APPEND | LINUX_O_NONBLOCK | LINUX_O_ASYNC | LINUX_O_DIRECT | LINUX_O_NOATIME)

enum { OWNER_THREAD, OWNER_PROCESS, OWNER_GROUP }; /* F_OWNER_TID, _PID, _PGRP */

struct linux_owner {
    int32_t type, id;
};

/* Is there anybody of that number to be told? 0 is nobody, and always right. */
static int64_t find_owner(uint32_t type, int32_t id)
{
    if (id == 0)
        return 0;
    const struct pid *pid = id > 0 ? pid_find((uint32_t)id) : NULL;
    bool found = pid && (type == OWNER_GROUP    ? (const void *)pid->group
                         : type == OWNER_THREAD ? (const void *)pid->thread
                                                : (const void *)pid->process);
    return found ? 0 : -ESRCH;
}

static int64_t keep_owner(struct open_file *file, uint32_t type, int32_t id)
{
    int64_t error = find_owner(type, id);
    if (error)
        return error;
    file->owner_type = (uint8_t)type;
    file->owner = id;
    return 0;
}

static int64_t set_owner(struct thread *thread, struct open_file *file, uint64_t address)
{
    struct linux_owner owner;
    int64_t error = client_read(thread, address, &owner, sizeof owner);
    if (error)
        return error;
    if (owner.type < OWNER_THREAD || owner.type > OWNER_GROUP)
        return -EINVAL;
    return keep_owner(file, (uint32_t)owner.type, owner.id);
}

static int64_t tell_owner(struct thread *thread, const struct open_file *file, uint64_t address)
{
    struct linux_owner owner = {file->owner_type, file->owner};
    return client_write(thread, address, &owner, sizeof owner);
}

int64_t linux_fcntl(struct thread *thread, uint64_t descriptor, uint64_t command, uint64_t argument)
{
    struct process *process = thread->process;
    struct open_file *file = file_of_any(process, descriptor);
    if (!file)
        return -EBADF;
    struct descriptor *entry = &process->files->table[(uint32_t)descriptor];
    switch ((uint32_t)command) {
    case LINUX_F_DUPFD:
    case LINUX_F_DUPFD_CLOEXEC:
        if ((uint32_t)argument >= process->limits[LINUX_RLIMIT_NOFILE].current)
            return -EINVAL;
        return descriptor_duplicate(process, file, (uint32_t)argument,
                                    command == LINUX_F_DUPFD_CLOEXEC);
    case LINUX_F_GETFD:
        return entry->close_on_exec ? LINUX_FD_CLOEXEC : 0;
    case LINUX_F_SETFD:
        entry->close_on_exec = argument & LINUX_FD_CLOEXEC;
        return 0;
    case LINUX_F_GETFL:
        return file->flags;
    default:
        return file->flags & LINUX_O_PATH ? -EBADF : control_open(thread, file, command, argument);
    }
}

int64_t control_open(struct thread *thread, struct open_file *file, uint64_t command,
                     uint64_t argument)
{
    switch ((uint32_t)command) {
    case LINUX_F_SETFL:
        file->flags = (file->flags & ~(uint32_t)SETTABLE) | ((uint32_t)argument & SETTABLE);
        return 0;
    case LINUX_F_GETLK:
    case LINUX_F_SETLK:
    case LINUX_F_SETLKW:
    case LINUX_F_OFD_GETLK:
    case LINUX_F_OFD_SETLK:
    case LINUX_F_OFD_SETLKW:
        return locks_control(thread, file, (uint32_t)command, argument);
    case LINUX_F_SETOWN: /* kept and told; nothing sends SIGIO */
        if ((int32_t)argument == INT32_MIN)
            return -EINVAL;
        return (int32_t)argument < 0 ? keep_owner(file, OWNER_GROUP, -(int32_t)argument)
                                     : keep_owner(file, OWNER_PROCESS, (int32_t)argument);
    case LINUX_F_GETOWN:
        return file->owner_type == OWNER_GROUP ? -file->owner : file->owner;
    case LINUX_F_SETOWN_EX:
        return set_owner(thread, file, argument);
    case LINUX_F_GETOWN_EX:
        return tell_owner(thread, file, argument);
    case LINUX_F_SETSIG:
        if (argument > LINUX_SIGNALS)
            return -EINVAL;
        file->owner_signal = (int32_t)argument;
        return 0;
    case LINUX_F_GETSIG:
        return file->owner_signal;
    case LINUX_F_SETPIPE_SZ:
    case LINUX_F_GETPIPE_SZ:
        return pipe_size(file, (uint32_t)command == LINUX_F_SETPIPE_SZ, argument);
    case LINUX_F_ADD_SEALS:
    case LINUX_F_GET_SEALS:
        return seals_control(file, (uint32_t)command == LINUX_F_ADD_SEALS, argument);
    case LINUX_F_GETLEASE:
        return LINUX_F_UNLCK;
    default:
        return -EINVAL;
    }
}

/* ---- ioctl ---- */

static int64_t bytes_to_read(struct thread *thread, struct open_file *file, uint64_t argument)
{
    int32_t left = 0;
    if (node_type(file->node) != LINUX_S_IFREG)
        return -ENOTTY;
    if (file->node->size > file->offset)
        left = (int32_t)(file->node->size - file->offset);
    return client_write(thread, argument, &left, sizeof left);
}

static int64_t set_flag(struct thread *thread, struct open_file *file, uint64_t argument,
                        uint32_t flag)
{
    int32_t on;
    int64_t error = client_read(thread, argument, &on, sizeof on);
    if (!error)
        file->flags = on ? file->flags | flag : file->flags & ~flag;
    return error;
}

int64_t linux_ioctl(struct thread *thread, uint64_t descriptor, uint64_t request, uint64_t argument)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file)
        return -EBADF;
    struct descriptor *entry = &thread->process->files->table[(uint32_t)descriptor];
    switch ((uint32_t)request) {
    case LINUX_FIOCLEX:
    case LINUX_FIONCLEX:
        entry->close_on_exec = (uint32_t)request == LINUX_FIOCLEX;
        return 0;
    case LINUX_FIONBIO:
        return set_flag(thread, file, argument, LINUX_O_NONBLOCK);
    case LINUX_FIOASYNC:
        return set_flag(thread, file, argument, LINUX_O_ASYNC);
    }
    int64_t result = -ENOTTY;
    if (file->operations && file->operations->ioctl)
        result = file->operations->ioctl(thread, file, (uint32_t)request, argument);
    if (result == -ENOTTY && (uint32_t)request == LINUX_FIONREAD)
        return bytes_to_read(thread, file, argument);
    return result;
}
