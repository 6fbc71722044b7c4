/*
 * machine.c: the machine as programs see it: its names, its CPU, its log; and its end.
 */
#include "process/machine.h"
#include "lib/memory.h"
#include "proc.h"
#include "process/linux_process.h"
#include "process/start.h"

/* Programs look at the release: glibc refuses kernels older than the one it was built for. */
struct machine_names machine_names = {"Linux",     "pagoda",  "6.1.0-pagoda",
                                      "#1 Pagoda", "aarch64", "(none)"};

int64_t linux_uname(struct thread *thread, uint64_t address)
{
    return client_write(thread, address, &machine_names, sizeof machine_names);
}

static int64_t set_name(struct thread *thread, uint64_t address, uint64_t length, char *name)
{
    char wanted[NAME_BYTES] = {0};
    if ((int32_t)length < 0 || (uint32_t)length >= NAME_BYTES)
        return -EINVAL;
    int64_t error = client_read(thread, address, wanted, (uint32_t)length);
    if (!error)
        memcpy(name, wanted, NAME_BYTES);
    return error;
}

int64_t linux_sethostname(struct thread *thread, uint64_t address, uint64_t length)
{
    return set_name(thread, address, length, machine_names.node);
}

int64_t linux_setdomainname(struct thread *thread, uint64_t address, uint64_t length)
{
    return set_name(thread, address, length, machine_names.domain);
}

int64_t linux_getcpu(struct thread *thread, uint64_t cpu, uint64_t node)
{
    static const uint32_t zero;
    int64_t error = cpu ? client_write(thread, cpu, &zero, sizeof zero) : 0;
    return error || !node ? error : client_write(thread, node, &zero, sizeof zero);
}

/* ---- membarrier ---- */

/*
 * All programs run on one CPU, and a switch to another thread is an exception entry and return on
 * it: what one thread wrote before is seen by the next in order. So there is nothing to do.
 * (Several CPUs will need an interrupt of the others.)
 */
int64_t linux_membarrier(struct thread *thread, uint64_t command, uint64_t flags)
{
    struct family *family = &thread->process->family;
    const uint32_t known = MEMBARRIER_GLOBAL | MEMBARRIER_GLOBAL_EXPEDITED |
                           MEMBARRIER_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_PRIVATE_EXPEDITED |
                           MEMBARRIER_REGISTER_PRIVATE_EXPEDITED;
    if (flags)
        return -EINVAL;
    switch ((uint32_t)command) {
    case MEMBARRIER_QUERY:
        return known;
    case MEMBARRIER_GLOBAL:
    case MEMBARRIER_GLOBAL_EXPEDITED:
    case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
        return 0;
    case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
        family->private_barriers = true;
        return 0;
    case MEMBARRIER_PRIVATE_EXPEDITED:
        return family->private_barriers ? 0 : -EPERM;
    default:
        return -EINVAL;
    }
}

/* ---- The log ---- */

/* The system's log is on its console and not for programs: theirs is always empty. */
int64_t linux_syslog(struct thread *thread, uint64_t type, uint64_t address, uint64_t size)
{
    (void)thread;
    switch ((uint32_t)type) {
    case SYSLOG_CLOSE:
    case SYSLOG_OPEN:
    case SYSLOG_CLEAR:
    case SYSLOG_CONSOLE_OFF:
    case SYSLOG_CONSOLE_ON:
    case SYSLOG_SIZE_UNREAD:
        return 0;
    case SYSLOG_CONSOLE_LEVEL:
        return (int32_t)size >= 1 && (int32_t)size <= 8 ? 0 : -EINVAL;
    case SYSLOG_READ:
    case SYSLOG_READ_ALL:
    case SYSLOG_READ_CLEAR:
        return !address || (int32_t)size < 0 ? -EINVAL : 0;
    case SYSLOG_SIZE_BUFFER:
        return PAGE_SIZE;
    default:
        return -EINVAL;
    }
}

/* ---- Off ---- */

int64_t linux_reboot(struct thread *thread, uint64_t first, uint64_t second, uint64_t command)
{
    static const uint32_t seconds[] = {672274793, 85072278, 369367448, 537993216};
    bool known = false;
    for (unsigned i = 0; i < sizeof seconds / sizeof *seconds; i++)
        known |= (uint32_t)second == seconds[i];
    if (!(thread->process->family.credentials.effective >> CAP_SYS_BOOT & 1))
        return -EPERM;
    if ((uint32_t)first != LINUX_REBOOT_MAGIC1 || !known)
        return -EINVAL;
    switch ((uint32_t)command) {
    case LINUX_REBOOT_CMD_CAD_ON:
    case LINUX_REBOOT_CMD_CAD_OFF:
        return 0;
    case LINUX_REBOOT_CMD_RESTART: /* whoever started the machine starts it again, or not */
    case LINUX_REBOOT_CMD_RESTART2:
    case LINUX_REBOOT_CMD_HALT:
    case LINUX_REBOOT_CMD_POWER_OFF:
        runs_end_all();
        return ANSWER_NONE;
    default:
        return -EINVAL;
    }
}
