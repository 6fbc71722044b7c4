/*
 * fixed.c: what does not change: the processor, versions, kinds of devices and file systems.
 */
#include "files/block_device.h"
#include "process/machine.h"
#include "procfs.h"

/* Which core it is cannot be seen from EL0: only what all of them are. */
int64_t processors(const struct subject *subject, struct text *text)
{
    (void)subject;
    text_add(text, "processor\t: 0\nBogoMIPS\t: 100.00\nFeatures\t: fp asimd\n"
                   "CPU implementer\t: 0x00\nCPU architecture: 8\nCPU variant\t: 0x0\n"
                   "CPU part\t: 0x000\nCPU revision\t: 0\n\n");
    return 0;
}

int64_t version(const struct subject *subject, struct text *text)
{
    (void)subject;
    text_add(text, "%s version %s %s\n", machine_names.system, machine_names.release,
             machine_names.version);
    return 0;
}

/* What the kernel was started with is for the system's first program alone. */
int64_t kernel_arguments(const struct subject *subject, struct text *text)
{
    (void)subject;
    text_add(text, "\n");
    return 0;
}

int64_t devices(const struct subject *subject, struct text *text)
{
    (void)subject;
    text_add(text, "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n204 ttyAMA\n\n"
                   "Block devices:\n");
    if (block_disk.parts[0].sectors)
        text_add(text, "%3u %s\n", block_disk.major, block_disk.driver);
    return 0;
}

int64_t terminal_drivers(const struct subject *subject, struct text *text)
{
    (void)subject;
    text_add(text, "/dev/tty             /dev/tty        5       0 system:/dev/tty\n"
                   "/dev/console         /dev/console    5       1 system:console\n"
                   "ttyAMA               /dev/ttyAMA   204 64-77 serial\n");
    return 0;
}

int64_t file_system_kinds(const struct subject *subject, struct text *text)
{
    (void)subject;
    text_add(text, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\n");
    return 0;
}

int64_t swaps(const struct subject *subject, struct text *text)
{
    (void)subject;
    text_add(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return 0;
}

int64_t partitions(const struct subject *subject, struct text *text)
{
    (void)subject;
    if (!block_disk.parts[0].sectors)
        return 0;
    text_add(text, "major minor  #blocks  name\n\n");
    for (unsigned i = 0; i < BLOCK_PARTS; i++) {
        const struct block_part *part = &block_disk.parts[i];
        if (part->sectors)
            text_add(text, "%4u  %7u %10lu %s\n", part->special >> 8, part->special & 0xff,
                     part->sectors / 2, part->name);
    }
    return 0;
}
