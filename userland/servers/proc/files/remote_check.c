/*
 * remote_check.c: an unclean file system is checked before it is mounted, by the program of the
 * manifest's line `check`, which runs before all others, on the device file. What it says goes to
 * the log.
 */
#include "block_device.h"
#include "lib/log.h"
#include "lib/manifest.h"
#include "remote_internal.h"

#define REPAIRED 1 /* e2fsck(8), "EXIT CODE": errors were corrected; 0: there were none */

static const struct manifest_word *words;
static void (*when_checked)(bool good);

void remote_check_prepare(const struct manifest *manifest)
{
    words = manifest->check;
}

static void ended(uint32_t wait_status)
{
    uint32_t signal = wait_status & 0x7f, status = wait_status >> 8 & 0xff;
    bool good = !signal && status <= REPAIRED;
    if (good)
        log_print(LOG_WARNING, "proc: %s was unclean: %s\n", block_root_path(),
                  status ? "repaired" : "without errors");
    else
        log_print(LOG_ERROR, "proc: %s is unclean, and %s could not repair it: %s %u\n",
                  block_root_path(), words->text, signal ? "signal" : "status",
                  signal ? signal : status);
    when_checked(good);
}

bool remote_check(void (*checked)(bool good))
{
    when_checked = checked;
    if (!words || !block_disk.parts[block_disk.root].sectors)
        return false;
    log_print(LOG_WARNING, "proc: %s is unclean: %s begins\n", block_root_path(), words->text);
    int64_t error = runs_aside(words, block_root_path(), ended);
    if (error)
        log_print(LOG_ERROR, "proc: %s cannot start: %s\n", words->text, linux_error_name(error));
    return !error;
}
