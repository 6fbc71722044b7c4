/* output.c of differ: lines, each written with one call, so that they stay whole. */
#include "differ.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MOST 2000

static char line[LINE_MOST + 2];
static size_t used;
static char who[16];

void say(const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line + used, LINE_MOST - used, format, arguments);
    va_end(arguments);
    if (length > 0)
        used += (size_t)length;
    if (used > LINE_MOST)
        used = LINE_MOST;
}

void end_line(void)
{
    char text[sizeof(who) + sizeof(line)];
    int length;

    if (!used)
        return;
    length = snprintf(text, sizeof(text), "%s%.*s\n", who, (int)used, line);
    used = 0;
    for (int done = 0; done < length;) {
        ssize_t written = write(1, text + done, (size_t)(length - done));

        if (written > 0)
            done += (int)written;
        else if (errno != EINTR)
            return;
    }
}

void become(char letter)
{
    size_t length = strlen(who);

    used = 0;
    if (length + 2 >= sizeof(who))
        return;
    if (length)
        length--;
    who[length] = letter;
    who[length + 1] = ' ';
    who[length + 2] = '\0';
}

static const struct {
    int number;
    const char *name;
} errors[] = {
    {EPERM, "EPERM"},
    {ENOENT, "ENOENT"},
    {ESRCH, "ESRCH"},
    {EINTR, "EINTR"},
    {EIO, "EIO"},
    {EBADF, "EBADF"},
    {ECHILD, "ECHILD"},
    {EAGAIN, "EAGAIN"},
    {ENOMEM, "ENOMEM"},
    {EACCES, "EACCES"},
    {EFAULT, "EFAULT"},
    {EBUSY, "EBUSY"},
    {EEXIST, "EEXIST"},
    {EINVAL, "EINVAL"},
    {ENOTTY, "ENOTTY"},
    {ESPIPE, "ESPIPE"},
    {EPIPE, "EPIPE"},
    {EDEADLK, "EDEADLK"},
    {ENOSYS, "ENOSYS"},
    {EOVERFLOW, "EOVERFLOW"},
    {ENOTSUP, "ENOTSUP"},
    {ENOEXEC, "ENOEXEC"},
    {EOWNERDEAD, "EOWNERDEAD"},
    {ETIMEDOUT, "ETIMEDOUT"},
};

const char *error_name(int error)
{
    static char number[16];

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (errors[i].number == error)
            return errors[i].name;
    snprintf(number, sizeof(number), "errno%d", error);
    return number;
}

long say_result(long result)
{
    if (result == -1)
        say(" = %s", error_name(errno));
    else
        say(" = %ld", result);
    return result;
}
