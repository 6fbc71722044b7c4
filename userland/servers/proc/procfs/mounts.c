/*
 * mounts.c: /proc/PID/mounts and mountinfo: what is mounted where, as seen from the process's root.
 */
#include "files/remote.h"
#include "procfs.h"

static char path[LINUX_PATH_MAX]; /* of the call being served */

/* Where it is mounted; false: out of reach. */
static bool find_path(const struct subject *subject, const struct file_system *system)
{
    const struct file_system_state *place = subject->process->place;
    return path_text(system->root, place->root, path, sizeof path) >= 0 && path[0] == '/';
}

static const char *access_of(const struct file_system *system)
{
    return system->remote && remote_read_only() ? "ro" : "rw";
}

int64_t mounts(const struct subject *subject, struct text *text)
{
    if (!subject->process->place)
        return -EINVAL;
    for (const struct file_system *system = file_systems(); system; system = system->next) {
        if (!find_path(subject, system))
            continue;
        text_add(text, "%s ", system->source);
        text_add_escaped(text, path, " \t\n\\");
        text_add(text, " %s %s,relatime 0 0\n", system->type, access_of(system));
    }
    return 0;
}

int64_t mount_information(const struct subject *subject, struct text *text)
{
    if (!subject->process->place)
        return -EINVAL;
    for (const struct file_system *system = file_systems(); system; system = system->next) {
        const struct entry *covered = system->root->parent;
        if (!find_path(subject, system))
            continue;
        text_add(text, "%u %u %u:%u / ", system->device,
                 covered ? covered->node->system->device : 0, system->device >> 8 & 0xfff,
                 system->device & 0xff);
        text_add_escaped(text, path, " \t\n\\");
        text_add(text, " %s,relatime - %s %s %s\n", access_of(system), system->type, system->source,
                 access_of(system));
    }
    return 0;
}
