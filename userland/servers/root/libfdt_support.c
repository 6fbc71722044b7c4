/* libfdt_support.c: what libfdt wants beside lib/memory.h; Debian builds it with the compiler's
 * stack protector. */
#include "lib/memory.h"
#include <stdint.h>

/* The zero byte stops overruns by strings. It is no secret: it finds mistakes, not attacks. */
extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard = (uintptr_t)0x00a5c35ae7189b4d;

_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void)
{
    __builtin_trap(); /* root dies, and the kernel says where */
}

void *memchr(const void *memory, int byte, size_t bytes);
void *memchr(const void *memory, int byte, size_t bytes)
{
    const unsigned char *at = memory;
    for (; bytes; at++, bytes--)
        if (*at == (unsigned char)byte)
            return (void *)at;
    return NULL;
}

char *strrchr(const char *text, int character);
char *strrchr(const char *text, int character)
{
    const char *last = NULL;
    for (;; text++) {
        if (*text == (char)character)
            last = text;
        if (!*text)
            return (char *)last;
    }
}
