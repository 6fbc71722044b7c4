/*
 * libc.c: the C library that libext2fs.a asks for, over our own: memory is wired, nothing is
 * printed, there is no environment, no thread, and no way to Linux. The program is linked with no
 * other: what is not here, or in userland/lib, is an undefined symbol at link time.
 */
#include "clock.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/startup.h"
#include "lib/wired.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

/* ---- Memory ---- */

void *malloc(size_t bytes)
{
    return wired_alloc(bytes);
}

void *calloc(size_t count, size_t size)
{
    return wired_alloc_array(count, size);
}

void *realloc(void *old, size_t bytes)
{
    return wired_resize(old, bytes);
}

void free(void *memory)
{
    wired_free(memory);
}

/* Only I/O managers ask for more than 16, and this one does not. */
int posix_memalign(void **memory, size_t alignment, size_t bytes)
{
    *memory = alignment <= 16 ? wired_alloc(bytes) : NULL;
    return *memory ? 0 : ENOMEM;
}

/* ---- Strings ---- */

char *strcpy(char *restrict to, const char *restrict from)
{
    return memcpy(to, from, strlen(from) + 1);
}

void *memchr(const void *memory, int byte, size_t bytes)
{
    const unsigned char *at = memory;
    for (size_t i = 0; i < bytes; i++)
        if (at[i] == (unsigned char)byte)
            return (void *)(at + i);
    return NULL;
}

int snprintf(char *restrict to, size_t size, const char *restrict format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_text_v(to, size, format, arguments);
    va_end(arguments);
    return (int)length;
}

/* Sinks an element of a heap of `count`. */
static void sink(char *base, size_t at, size_t count, size_t size,
                 int (*compare)(const void *, const void *))
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && compare(base + child * size, base + (child + 1) * size) < 0)
            child++;
        if (compare(base + at * size, base + child * size) >= 0)
            return;
        for (size_t i = 0; i < size; i++) {
            char byte = base[at * size + i];
            base[at * size + i] = base[child * size + i];
            base[child * size + i] = byte;
        }
    }
}

/* By a heap: no memory, no bad case. */
void qsort(void *memory, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    char *base = memory;
    for (size_t at = count / 2; at--;)
        sink(base, at, count, size, compare);
    for (size_t left = count; left-- > 1;) {
        for (size_t i = 0; i < size; i++) {
            char byte = base[i];
            base[i] = base[left * size + i];
            base[left * size + i] = byte;
        }
        sink(base, 0, left, size, compare);
    }
}

/* ---- What there is none of ---- */

char *getenv(const char *name)
{
    (void)name;
    return NULL;
}

unsigned long strtoul(const char *restrict text, char **restrict end, int base)
{
    (void)base;
    if (end)
        *end = (char *)text;
    return 0; /* of the environment's numbers, which are not there */
}

time_t time(time_t *to)
{
    time_t now = (time_t)clock_now().seconds;
    if (to)
        *to = now;
    return now;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone)
{
    struct vfs_time now = clock_now();
    (void)zone;
    *to = (struct timeval){.tv_sec = now.seconds, .tv_usec = now.nanoseconds / 1000};
    return 0;
}

/* Its messages are about mistakes in calls; callers see the error as well. */
void com_err(const char *who, long error, const char *format, ...);
void com_err(const char *who, long error, const char *format, ...)
{
    log_print(LOG_WARNING, "%s: %s: error %ld: %s\n", startup_name(), who, error, format);
}

FILE *stderr;

int __fprintf_chk(FILE *file, int flag, const char *format, ...);
int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
    (void)file, (void)flag, (void)format;
    return 0;
}

size_t fwrite(const void *restrict data, size_t size, size_t count, FILE *restrict file)
{
    (void)data, (void)size, (void)file;
    return count;
}

void perror(const char *text)
{
    log_print(LOG_ERROR, "%s: %s\n", startup_name(), text);
}

/* Trees of bitmaps do this when memory is gone: requests.c refuses work long before. */
void abort(void)
{
    log_print(LOG_ERROR, "%s: no memory for bitmaps\n", startup_name());
    native_exit(1);
}

/* The one lock is never shared: there is one thread. */
int pthread_mutex_lock(void *mutex);
int pthread_mutex_lock(void *mutex)
{
    (void)mutex;
    return 0;
}

int pthread_mutex_unlock(void *mutex);
int pthread_mutex_unlock(void *mutex)
{
    (void)mutex;
    return 0;
}

/* Bitmaps are read by several threads where there are some. */
#define NO_THREADS(name)                                                                           \
    int name(void);                                                                                \
    int name(void)                                                                                 \
    {                                                                                              \
        return ENOSYS;                                                                             \
    }
NO_THREADS(pthread_attr_init)
NO_THREADS(pthread_attr_destroy)
NO_THREADS(pthread_create)
NO_THREADS(pthread_join)

long sysconf(int what);
long sysconf(int what)
{
    (void)what;
    return -1;
}

/* ---- Debian's archives are built with a guarded stack ---- */

uintptr_t __stack_chk_guard = 0x595e9fbd94fda766;

_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void)
{
    log_print(LOG_ERROR, "%s: the stack was overwritten\n", startup_name());
    native_exit(1);
}
