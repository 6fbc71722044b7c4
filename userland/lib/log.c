/*
 * log.c: a line through the message page to the kernel's log, and names of errors.
 */
#include "lib/log.h"
#include "lib/errors.h"
#include "lib/layout.h"
#include "lib/memory.h"
#include "lib/native.h"

void log_print(enum log_level level, const char *format, ...)
{
    char line[LOG_LINE_BYTES], page[LOG_LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_text_v(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length >= sizeof line) {
        length = sizeof line - 1;
        memcpy(line + length - 4, "...\n", 4);
    }
    memcpy(page, MESSAGE_BYTES, length);
    memcpy(MESSAGE_BYTES, line, length);
    debug(0, DEBUG_LOG, length, level);
    memcpy(MESSAGE_BYTES, page, length);
}

const char *error_name(long error)
{
#define NAME(error)                                                                                \
    case error:                                                                                    \
        return #error;
    switch (error < 0 ? -error : error) {
        NAME(EPERM)
        NAME(ENOENT)
        NAME(EINTR)
        NAME(EIO)
        NAME(EBADF)
        NAME(EAGAIN)
        NAME(ENOMEM)
        NAME(EACCES)
        NAME(EFAULT)
        NAME(EBUSY)
        NAME(EEXIST)
        NAME(EINVAL)
        NAME(EMFILE)
        NAME(ENOSYS)
        NAME(EMSGSIZE)
        NAME(ETIMEDOUT)
        NAME(ESTALE)
        NAME(EOWNERDEAD)
        NAME(ENXIO)
        NAME(ENOSPC)
        NAME(EROFS)
        NAME(EUCLEAN)
        NAME(ENOMEDIUM)
    }
#undef NAME
    return "unknown error";
}
