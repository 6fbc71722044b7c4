/*
 * capabilities.c: capget and capset. Versions 1 to 3 of their header are understood, as in
 * linux/capability.h; who asks with another one is told the newest.
 */
#include "proc.h"
#include "process/linux_process.h"

struct header {
    uint32_t version;
    int32_t pid;
};

struct data {
    uint32_t effective, permitted, inheritable;
};

/* How many words the caller's version has, or what to answer. */
static int64_t read_header(struct thread *thread, uint64_t address, bool probe,
                           struct header *header, unsigned *words)
{
    int64_t error = client_read(thread, address, header, sizeof *header);
    if (error)
        return error;
    switch (header->version) {
    case CAPABILITY_VERSION_1:
        *words = 1;
        return 0;
    case CAPABILITY_VERSION_2:
    case CAPABILITY_VERSION_3:
        *words = 2;
        return 0;
    }
    const uint32_t newest = CAPABILITY_VERSION_3;
    error = client_write(thread, address, &newest, sizeof newest);
    return error ? error : probe ? 1 : -EINVAL;
}

int64_t linux_capget(struct thread *thread, uint64_t address, uint64_t data)
{
    struct header header;
    struct data told[2];
    unsigned words;
    int64_t error = read_header(thread, address, !data, &header, &words);
    if (error)
        return error == 1 ? 0 : error;
    if (header.pid < 0)
        return -EINVAL;
    const struct process *process = thread->process;
    if (header.pid && !(process = process_with((uint32_t)header.pid)))
        return -ESRCH;
    const struct credentials *credentials = &process->family.credentials;
    for (unsigned i = 0; i < words; i++)
        told[i] = (struct data){(uint32_t)(credentials->effective >> 32 * i),
                                (uint32_t)(credentials->permitted >> 32 * i),
                                (uint32_t)(credentials->inheritable >> 32 * i)};
    return data ? client_write(thread, data, told, words * sizeof *told) : 0;
}

int64_t linux_capset(struct thread *thread, uint64_t address, uint64_t data)
{
    struct header header;
    struct data wanted[2] = {{0}};
    unsigned words;
    int64_t error = read_header(thread, address, false, &header, &words);
    if (error)
        return error;
    if (header.pid && (uint32_t)header.pid != thread->tid)
        return -EPERM;
    error = client_read(thread, data, wanted, words * sizeof *wanted);
    if (error)
        return error;
    struct credentials *credentials = &thread->process->family.credentials;
    uint64_t effective = wanted[0].effective | (uint64_t)wanted[1].effective << 32;
    uint64_t permitted = wanted[0].permitted | (uint64_t)wanted[1].permitted << 32;
    uint64_t inheritable = wanted[0].inheritable | (uint64_t)wanted[1].inheritable << 32;
    if (permitted & ~credentials->permitted || effective & ~permitted)
        return -EPERM;
    credentials->effective = effective & CAPABILITIES;
    credentials->permitted = permitted & CAPABILITIES;
    credentials->inheritable = inheritable & CAPABILITIES;
    return 0;
}
