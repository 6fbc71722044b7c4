/*
 * misbehave CASE: does one thing no program may do. Linux and Pagoda end it by a
 * signal (status 128 + signal): SIGSEGV 139, SIGILL 132, SIGTRAP 133, SIGBUS 135, SIGABRT 134.
 * Returning from a case means that it was allowed: status 1.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KERNEL_ADDRESS 0xffff000000080000UL
#define NON_CANONICAL  0x00ff000000001000UL /* bits 63..48 neither all 0 nor all 1 */
#define FOREIGN        0x0000330000000000UL /* user half, but nobody mapped it here */

static void read_from(uintptr_t address)
{
    uint64_t value = *(volatile uint64_t *)address;
    printf("read %#lx from %#lx\n", (unsigned long)value, (unsigned long)address);
}

static void write_to(uintptr_t address)
{
    *(volatile uint64_t *)address = 0x50414f44;
}

static void jump_to(uintptr_t address)
{
    ((void (*)(void))address)();
}

static void read_kernel(void)
{
    read_from(KERNEL_ADDRESS);
}
static void write_kernel(void)
{
    write_to(KERNEL_ADDRESS);
}
static void jump_kernel(void)
{
    jump_to(KERNEL_ADDRESS);
}
static void read_null(void)
{
    read_from(0);
}
static void write_null(void)
{
    write_to(0);
}
static void jump_null(void)
{
    jump_to(0);
}
static void read_foreign(void)
{
    read_from(FOREIGN);
}
static void write_foreign(void)
{
    write_to(FOREIGN);
}
static void read_noncanonical(void)
{
    read_from(NON_CANONICAL);
}
static void jump_noncanonical(void)
{
    jump_to(NON_CANONICAL);
}
static void jump_misaligned(void)
{
    jump_to((uintptr_t)read_null + 2);
}
static void write_text(void)
{
    write_to((uintptr_t)write_text & ~7UL);
}

static void write_rodata(void)
{
    static const char text[] = "constant";
    write_to((uintptr_t)text);
}

/* `ret`, in memory that is data. */
static const uint32_t ret_instruction = 0xd65f03c0;

static void execute_data(void)
{
    static uint32_t data[16];
    data[0] = ret_instruction;
    __builtin___clear_cache((char *)data, (char *)(data + 16));
    jump_to((uintptr_t)data);
}

static void execute_stack(void)
{
    volatile uint32_t code[4] = {ret_instruction};
    __builtin___clear_cache((char *)code, (char *)(code + 4));
    jump_to((uintptr_t)code);
}

static void execute_heap(void)
{
    uint32_t *code = malloc(64);
    memcpy(code, &ret_instruction, 4);
    __builtin___clear_cache((char *)code, (char *)(code + 1));
    jump_to((uintptr_t)code);
}

static void protect_none(void)
{
    char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    read_from((uintptr_t)page);
}

static void write_read_only(void)
{
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    write_to((uintptr_t)page);
}

static void after_unmap(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page[0] = 1;
    munmap(page, 4096);
    write_to((uintptr_t)page);
}

/* Each level keeps a page of its own and uses it after the call, so that none can be dropped. */
static int overflow(int depth)
{
    volatile char frame[4096];
    frame[depth & 4095] = (char)depth;
    return depth < 0 ? 0 : overflow(depth + 1) + frame[depth & 4095];
}

static void stack_overflow(void)
{
    printf("%d\n", overflow(0));
}

static void undefined(void)
{
    __asm__ volatile("udf #0");
}
static void breakpoint(void)
{
    __asm__ volatile("brk #0x50");
}
static void privileged_mask(void)
{
    __asm__ volatile("msr daifset, #0xf");
}
static void privileged_tlb(void)
{
    __asm__ volatile(".inst 0xd508871f"); /* tlbi vmalle1 */
}
static void privileged_eret(void)
{
    __asm__ volatile("eret");
}
static void privileged_hvc(void)
{
    __asm__ volatile(".inst 0xd4000002"); /* hvc #0 */
}
static void privileged_smc(void)
{
    __asm__ volatile(".inst 0xd4000003"); /* smc #0 */
}
static void write_sctlr(void)
{
    __asm__ volatile("msr sctlr_el1, %0" ::"r"(0UL));
}
static void write_ttbr(void)
{
    __asm__ volatile("msr ttbr0_el1, %0" ::"r"(0UL));
}
static void read_ttbr(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, ttbr0_el1" : "=r"(value));
    printf("ttbr0_el1 %#lx\n", (unsigned long)value);
}
static void read_vbar(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, vbar_el1" : "=r"(value));
    printf("vbar_el1 %#lx\n", (unsigned long)value);
}
static void write_timer(void)
{
    __asm__ volatile("msr cntkctl_el1, %0" ::"r"(3UL));
}

static const struct {
    const char *name;
    void (*run)(void);
    int signal; /* that Linux ends it with */
} cases[] = {
    {"read-kernel", read_kernel, 11},
    {"write-kernel", write_kernel, 11},
    {"jump-kernel", jump_kernel, 11},
    {"read-null", read_null, 11},
    {"write-null", write_null, 11},
    {"jump-null", jump_null, 11},
    {"read-foreign", read_foreign, 11},
    {"write-foreign", write_foreign, 11},
    {"read-noncanonical", read_noncanonical, 11},
    {"jump-noncanonical", jump_noncanonical, 11},
    {"jump-misaligned", jump_misaligned, 7},
    {"write-text", write_text, 11},
    {"write-rodata", write_rodata, 11},
    {"execute-data", execute_data, 11},
    {"execute-stack", execute_stack, 11},
    {"execute-heap", execute_heap, 11},
    {"protect-none", protect_none, 11},
    {"write-read-only", write_read_only, 11},
    {"after-unmap", after_unmap, 11},
    {"stack-overflow", stack_overflow, 11},
    {"undefined", undefined, 4},
    {"breakpoint", breakpoint, 5},
    {"privileged-mask", privileged_mask, 4},
    {"privileged-tlb", privileged_tlb, 4},
    {"privileged-eret", privileged_eret, 4},
    {"privileged-hvc", privileged_hvc, 4},
    {"privileged-smc", privileged_smc, 4},
    {"write-sctlr", write_sctlr, 4},
    {"write-ttbr", write_ttbr, 4},
    {"read-ttbr", read_ttbr, 4},
    {"read-vbar", read_vbar, 4},
    {"write-timer", write_timer, 4},
    {"abort", abort, 6},
};
#define CASES (sizeof cases / sizeof cases[0])

/* No argument: one line a case, "NAME STATUS", for whoever runs them all. */
int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; i < CASES; i++) {
        if (argc < 2)
            printf("%s %d\n", cases[i].name, 128 + cases[i].signal);
        else if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            printf("misbehave: %s was allowed\n", argv[1]);
            return 1;
        }
    }
    if (argc < 2)
        return 0;
    fprintf(stderr, "misbehave: no case %s\n", argv[1]);
    return 2;
}
