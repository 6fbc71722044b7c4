/* faults.c of differ: accesses that fail, and handlers that see and mend them. */
#define _GNU_SOURCE
#include "differ.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

/* What a fault says of itself; addresses in bytes from the arena's start. */
static void say_fault(const char *what, int failed, const struct fault *fault)
{
    if (failed)
        say(" %s signal %d code %d at %lx", what, fault->signal, fault->code,
            (unsigned long)(fault->address - (uintptr_t)ARENA));
    else
        say(" %s done", what);
}

static void step_probe(void)
{
    struct range range = chance(50) ? pick_range(1) : pick_mapped(1);
    volatile char *address = address_of(range) + 8 * pick(512);
    struct fault fault;
    uint64_t value = 0;

    say_range(range);
    say_fault("read", try_read(address, &value, &fault), &fault);
    value = pick_word();
    say_fault("write", try_write(address, value, &fault), &fault);
    say_sum(range);
}

/* An access that begins in one page and ends in the next. */
static void step_straddle(void)
{
    struct range range = pick_mapped(2);
    volatile char *address = address_of((struct range){range.first, 1}) + PAGE - 4;
    struct fault fault;
    uint64_t value = 0;

    say_range(range);
    say_fault("read", try_read(address, &value, &fault), &fault);
    say_fault("write", try_write(address, pick_word(), &fault), &fault);
}

static void step_far(void)
{
    static const uintptr_t far[] = {
        0, 8, 0xffff000000000000, 0x0001000000000000, 0xfffffffffffffff8, 0x8000000000000000};
    unsigned i = pick(6);
    struct fault fault = {0};
    uint64_t value;
    int failed = try_read((void *)far[i], &value, &fault);

    say(" case %u", i);
    say(" signal %d code %d same %d", failed, fault.code, fault.address == far[i]);
}

static volatile unsigned mended;

/* Gives the page what it lacks and lets the access try again. */
static void mend(int number, siginfo_t *info, void *context)
{
    char *page = (char *)((uintptr_t)info->si_addr & ~(PAGE - 1));

    (void)number;
    (void)context;
    mended++;
    if (info->si_code == SEGV_ACCERR)
        mprotect(page, PAGE, PROT_READ | PROT_WRITE);
    else
        mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void handle(void (*handler)(int, siginfo_t *, void *), struct sigaction *before)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, before);
}

static void step_mend(void)
{
    struct range range = pick_range(12);
    struct sigaction before;

    say_range(range);
    mended = 0;
    handle(mend, &before);
    for (unsigned i = range.first; i < range.first + range.count; i++)
        if (pages[i].rights < 0 || !(pages[i].kind & KIND_BEYOND))
            *(volatile uint64_t *)(ARENA + i * PAGE + 1000) = i;
    sigaction(SIGSEGV, &before, NULL);
    for (unsigned i = range.first; i < range.first + range.count; i++)
        if (pages[i].rights < 0)
            note_mapped((struct range){i, 1}, PROT_READ | PROT_WRITE, 0);
        else if (!(pages[i].rights & PROT_WRITE) && !(pages[i].kind & KIND_BEYOND))
            note_rights((struct range){i, 1}, PROT_READ | PROT_WRITE);
    say(" mended %u", mended);
    say_sum(range);
}

/* Skips the instruction, with another value in its register. */
static void skip(int number, siginfo_t *info, void *context)
{
    ucontext_t *state = context;

    (void)number;
    (void)info;
    mended++;
    state->uc_mcontext.pc += 4;
    state->uc_mcontext.regs[9] = 12345;
}

/* A handler changes registers of what it interrupted; the others and the floating-point
   ones stay. */
static void step_registers(void)
{
    uint64_t integer = pick_word(), bits = pick_word() >> 12, got9, got10, got_fp;
    struct sigaction before;

    mended = 0;
    handle(skip, &before);
    __asm__ volatile("mov x10, %3\n fmov d8, %4\n mov x11, #0\n ldr x9, [x11]\n"
                     "mov %0, x9\n mov %1, x10\n fmov %2, d8"
                     : "=&r"(got9), "=&r"(got10), "=&r"(got_fp)
                     : "r"(integer), "r"(bits)
                     : "x9", "x10", "x11", "d8", "memory");
    sigaction(SIGSEGV, &before, NULL);
    say(" handled %u x9 %lu x10 %d d8 %d", mended, (unsigned long)got9, got10 == integer,
        got_fp == bits);
}

/* Instructions fetched from the arena: `ret`, where it may be executed. */
static void step_execute(void)
{
    struct range range = pick_mapped(1);
    struct fault fault;
    uint64_t value;

    say_range(range);
    if (!may_touch(range.first, PROT_WRITE) ||
        try_write(address_of(range) + 16, 0xd65f03c0d65f03c0, &fault)) {
        say(" not written");
        return;
    }
    if (mprotect(address_of(range), PAGE, PROT_READ | PROT_EXEC)) {
        say_result(-1);
        return;
    }
    note_rights(range, PROT_READ | PROT_EXEC);
    __builtin___clear_cache(address_of(range), address_of(range) + 32);
    ((void (*)(void))(uintptr_t)(address_of(range) + 16))();
    say_fault("executed; read", try_read(address_of(range) + 16, &value, &fault), &fault);
}

const struct step fault_steps[] = {
    {"probe", step_probe, 12, SIGNAL},
    {"straddle", step_straddle, 3, SIGNAL},
    {"far", step_far, 2, SIGNAL},
    {"mend", step_mend, 6, SIGNAL},
    {"registers", step_registers, 2, SIGNAL},
    {"execute", step_execute, 3, SIGNAL},
    {NULL, NULL, 0, SIGNAL},
};
