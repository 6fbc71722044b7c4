/*
 * settings.c: /proc/sys: what can be set, or only looked at, as sysctl does.
 */
#include "lib/memory.h"
#include "process/linux_process.h"
#include "process/machine.h"
#include "procfs.h"

#define CONSTANT(name_, text_)                                                                     \
    static int64_t name_(const struct subject *subject, struct text *text)                         \
    {                                                                                              \
        (void)subject;                                                                             \
        text_add(text, "%s\n", text_);                                                             \
        return 0;                                                                                  \
    }
#define NUMBER(name_, number_)                                                                     \
    static int64_t name_(const struct subject *subject, struct text *text)                         \
    {                                                                                              \
        (void)subject;                                                                             \
        text_add(text, "%lu\n", (uint64_t)(number_));                                              \
        return 0;                                                                                  \
    }

/* ---- kernel ---- */

CONSTANT(system_name, machine_names.system)
CONSTANT(release, machine_names.release)
CONSTANT(version_text, machine_names.version)
CONSTANT(node_name, machine_names.node)
CONSTANT(domain_name, machine_names.domain)
CONSTANT(core_pattern, "")
NUMBER(pid_max, PID_MAX)
NUMBER(threads_max, PID_MAX)
NUMBER(groups_max, LINUX_NGROUPS_MAX)
NUMBER(last_capability, CAPABILITY_COUNT - 1)
NUMBER(address_randomness, 2)
NUMBER(overflow_id, 65534)

/* As the calls that set these: without the end of a line. */
static int64_t take_text(const struct subject *subject, char *name, const char *bytes,
                         size_t length)
{
    (void)subject;
    while (length && bytes[length - 1] == '\n')
        length--;
    if (length >= NAME_BYTES)
        return -EINVAL;
    memset(name, 0, NAME_BYTES);
    memcpy(name, bytes, length);
    return 0;
}

static int64_t take_node_name(const struct subject *subject, const char *bytes, size_t length)
{
    return take_text(subject, machine_names.node, bytes, length);
}

static int64_t take_domain_name(const struct subject *subject, const char *bytes, size_t length)
{
    return take_text(subject, machine_names.domain, bytes, length);
}

/* ---- kernel/random ---- */

/* RFC 4122, version 4 */
static void add_uuid(struct text *text, const uint8_t random[16])
{
    uint8_t id[16];
    memcpy(id, random, sizeof id);
    id[6] = (id[6] & 0x0f) | 0x40;
    id[8] = (id[8] & 0x3f) | 0x80;
    for (unsigned i = 0; i < sizeof id; i++)
        text_add(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
    text_add(text, "\n");
}

static int64_t uuid(const struct subject *subject, struct text *text)
{
    uint8_t random[16];
    (void)subject;
    random_bytes(random, sizeof random);
    add_uuid(text, random);
    return 0;
}

static int64_t boot_id(const struct subject *subject, struct text *text)
{
    static uint8_t random[16];
    static bool made;
    (void)subject;
    if (!made)
        random_bytes(random, sizeof random);
    made = true;
    add_uuid(text, random);
    return 0;
}

NUMBER(pool_bits, 256)

/* ---- vm, fs ---- */

NUMBER(zero, 0)
NUMBER(overcommit_ratio, 50)
NUMBER(swappiness, 60)
NUMBER(map_count_max, 65530)
NUMBER(address_min, 65536)
NUMBER(files_max, INT64_MAX)
NUMBER(descriptors_max, LINUX_NR_OPEN)
NUMBER(pipe_max, 1048576)

/* Open files, free ones, most. */
static int64_t file_numbers(const struct subject *subject, struct text *text)
{
    uint64_t open = 0;
    (void)subject;
    for (const struct process *process = process_first(); process;
         process = process->family.all_next)
        for (uint32_t i = 0; process->files && i < process->files->count; i++)
            open += process->files->table[i].file != NULL;
    text_add(text, "%lu\t0\t%lu\n", open, (uint64_t)INT64_MAX);
    return 0;
}

/* ---- The tree ---- */

#define WRITABLE (LINUX_S_IFREG | 0644)

static const struct item random_items[] = {
    {.name = "boot_id", .mode = FILE_MODE, .make = boot_id},
    {.name = "uuid", .mode = FILE_MODE, .make = uuid},
    {.name = "poolsize", .mode = FILE_MODE, .make = pool_bits},
    {.name = "entropy_avail", .mode = FILE_MODE, .make = pool_bits},
    {0},
};
static const struct item kernel_items[] = {
    {.name = "ostype", .mode = FILE_MODE, .make = system_name},
    {.name = "osrelease", .mode = FILE_MODE, .make = release},
    {.name = "version", .mode = FILE_MODE, .make = version_text},
    {.name = "hostname", .mode = WRITABLE, .make = node_name, .take = take_node_name},
    {.name = "domainname", .mode = WRITABLE, .make = domain_name, .take = take_domain_name},
    {.name = "pid_max", .mode = FILE_MODE, .make = pid_max},
    {.name = "threads-max", .mode = FILE_MODE, .make = threads_max},
    {.name = "ngroups_max", .mode = FILE_MODE, .make = groups_max},
    {.name = "cap_last_cap", .mode = FILE_MODE, .make = last_capability},
    {.name = "randomize_va_space", .mode = FILE_MODE, .make = address_randomness},
    {.name = "core_pattern", .mode = FILE_MODE, .make = core_pattern},
    {.name = "core_uses_pid", .mode = FILE_MODE, .make = zero},
    {.name = "overflowuid", .mode = FILE_MODE, .make = overflow_id},
    {.name = "overflowgid", .mode = FILE_MODE, .make = overflow_id},
    {.name = "tainted", .mode = FILE_MODE, .make = zero},
    {.name = "random", .mode = DIRECTORY_MODE, .items = random_items},
    {0},
};
static const struct item memory_items[] = {
    {.name = "overcommit_memory", .mode = FILE_MODE, .make = zero},
    {.name = "overcommit_ratio", .mode = FILE_MODE, .make = overcommit_ratio},
    {.name = "swappiness", .mode = FILE_MODE, .make = swappiness},
    {.name = "max_map_count", .mode = FILE_MODE, .make = map_count_max},
    {.name = "mmap_min_addr", .mode = FILE_MODE, .make = address_min},
    {.name = "panic_on_oom", .mode = FILE_MODE, .make = zero},
    {0},
};
static const struct item file_items[] = {
    {.name = "file-max", .mode = FILE_MODE, .make = files_max},
    {.name = "file-nr", .mode = FILE_MODE, .make = file_numbers},
    {.name = "nr_open", .mode = FILE_MODE, .make = descriptors_max},
    {.name = "pipe-max-size", .mode = FILE_MODE, .make = pipe_max},
    {0},
};

const struct item settings_items[] = {
    {.name = "kernel", .mode = DIRECTORY_MODE, .items = kernel_items},
    {.name = "vm", .mode = DIRECTORY_MODE, .items = memory_items},
    {.name = "fs", .mode = DIRECTORY_MODE, .items = file_items},
    {0},
};
