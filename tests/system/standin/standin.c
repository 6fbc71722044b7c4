/*
 * standin.c: a stand-in for the kernel, so that the runner's own tests need none.
 * It speaks as the kernel does (system text in SO … SI, the rest is the program's)
 * and then does what BEHAVIOUR says. Linked to run where it is loaded.
 */
#include <stdint.h>

#define PL011_DATA (*(volatile uint32_t *)0x09000000)
#define PL011_FLAGS (*(volatile uint32_t *)0x09000018)
#define RECEIVE_EMPTY 0x10
#define SYS_EXIT_EXTENDED 0x20
#define APPLICATION_EXIT 0x20026 /* ADP_Stopped_ApplicationExit */
#define FDT_MAGIC 0xedfe0dd0     /* as read by a little-endian machine */

enum { ENDS = 0, PANICS = 1, HANGS = 2, ECHOES = 3, SPEAKS_OF_A_PAGER = 4 };

static void put(const char *text)
{
    for (; *text; text++)
        PL011_DATA = (uint32_t)*text;
}

static void put_system(const char *text)
{
    put("\x0e");
    put(text);
    put("\x0f");
}

static char get(void)
{
    while (PL011_FLAGS & RECEIVE_EMPTY)
        ;
    return (char)PL011_DATA;
}

__attribute__((noreturn)) static void leave(uint64_t status)
{
    volatile uint64_t block[2] = {APPLICATION_EXIT, status};
    register uint64_t operation __asm__("x0") = SYS_EXIT_EXTENDED;
    register volatile uint64_t *argument __asm__("x1") = block;
    __asm__ volatile("hlt #0xf000" : : "r"(operation), "r"(argument) : "memory");
    for (;;)
        ;
}

/* Program output is what comes in, up to the end of the line or of the input (DLE D). */
static void echo(void)
{
    char text[2] = "", before;
    put("\x10R");
    do {
        before = text[0];
        text[0] = get();
        put(text);
    } while (text[0] != '\n' && !(before == 0x10 && text[0] == 'D'));
}

static int equal(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++)
        ;
    return *a == *b;
}

/* The first property of that name anywhere in the tree (devicetree specification, chapter 5). */
static const void *property(const uint32_t *tree, const char *name)
{
    const char *strings = (const char *)tree + __builtin_bswap32(tree[3]);
    const uint32_t *token = tree + __builtin_bswap32(tree[2]) / 4;
    for (;; token++) {
        switch (__builtin_bswap32(*token)) {
        case 1: /* node: its name, padded to words */
            for (token++; *token & 0xff && *token & 0xff00 && *token & 0xff0000 && *token >> 24;)
                token++;
            break;
        case 3: /* property: length, offset of its name, value */
            if (equal(strings + __builtin_bswap32(token[2]), name))
                return token + 3;
            token += 2 + (__builtin_bswap32(token[1]) + 3) / 4;
            break;
        case 9: /* end */
            return 0;
        }
    }
}

/* The start of the bundle: a 32- or 64-bit number, written by whoever started us. */
static uint64_t bundle_address(const uint32_t *tree)
{
    const uint32_t *value = property(tree, "linux,initrd-start");
    if (!value)
        return 0;
    uint64_t high = __builtin_bswap32(value[0]);
    return __builtin_bswap32(value[-2]) == 4 ? high : high << 32 | __builtin_bswap32(value[1]);
}

static void say_how_started(const uint32_t *tree)
{
    const char *arguments = *tree == FDT_MAGIC ? property(tree, "bootargs") : 0;
    put_system("stand-in: arguments ");
    put_system(arguments ? arguments : "none");
    uint64_t bundle = bundle_address(tree);
    const char *magic = (const char *)bundle;
    if (!bundle || bundle % 4096 || magic[0] != '0' || magic[1] != '7' || magic[5] != '1')
        put_system("\nstand-in: no bundle on a page boundary\n");
    else
        put_system("\nstand-in: bundle found\n");
}

void standin_main(const uint32_t *tree)
{
    say_how_started(tree);
    put("program output\n");
    if (BEHAVIOUR == PANICS) {
        put_system("kernel panic: as asked\n");
        leave(3);
    }
    if (BEHAVIOUR == SPEAKS_OF_A_PAGER)
        put_system("pager request=7 page=3 crashed: image=crash pc=" PC "\n");
    if (BEHAVIOUR == ECHOES)
        echo();
    while (BEHAVIOUR == HANGS)
        ;
    leave(STATUS);
}
