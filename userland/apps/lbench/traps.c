/* traps.c of lbench: user-level fault handling, after Appel and Li, "Virtual memory
   primitives for user programs" (ASPLOS 1991). */
#define _GNU_SOURCE
#include "lbench.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PAGES 100 /* as in the paper */

static volatile char *area;
static volatile size_t next_victim; /* prot1: the page to protect inside the handler */

static char *page_of(const siginfo_t *info)
{
    return (char *)((uintptr_t)info->si_addr & ~(PAGE - 1));
}

/* Steps over the access. */
static void skip_it(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.pc += 4;
}

static void unprotect_it(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    mprotect(page_of(info), PAGE, PROT_READ | PROT_WRITE);
}

static void protect_other_unprotect_it(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    mprotect((char *)area + next_victim * PAGE, PAGE, PROT_READ);
    mprotect(page_of(info), PAGE, PROT_READ | PROT_WRITE);
}

/* An order of pages that looks random and meets each once. */
static size_t scattered(size_t i)
{
    return i * 37 % PAGES;
}

static int handle(void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    return sigaction(SIGSEGV, &action, NULL) ? -errno : 0;
}

static int begin_with(void (*handler)(int, siginfo_t *, void *))
{
    int error = handle(handler);

    if (error)
        return error;
    area = map(PAGES);
    if (!area)
        return -errno;
    write_pages(area, PAGES);
    return 0;
}

static void end(void)
{
    unmap((char *)area, PAGES);
    signal(SIGSEGV, SIG_DFL);
}

static int64_t trap(unsigned rounds)
{
    int error = begin_with(skip_it);
    uint64_t begin, taken;

    if (error || mprotect((char *)area, PAGE, PROT_READ))
        return error ? error : -errno;
    begin = now();
    for (unsigned i = 0; i < rounds; i++)
        __asm__ volatile("strb wzr, [%0]" : : "r"(area) : "memory");
    taken = now() - begin;
    end();
    return (int64_t)taken;
}

/* Each access to a protected page protects another and unprotects the one. */
static int64_t protect_one(unsigned rounds)
{
    int error = begin_with(protect_other_unprotect_it);
    uint64_t begin, taken;

    if (error || mprotect((char *)area + scattered(0) * PAGE, PAGE, PROT_READ))
        return error ? error : -errno;
    begin = now();
    for (unsigned i = 0; i < rounds; i++) {
        next_victim = scattered(i + 1);
        area[scattered(i) * PAGE] = 2;
    }
    taken = now() - begin;
    end();
    return (int64_t)taken;
}

/* All pages are protected at once; each access unprotects one. */
static int64_t protect_many(unsigned rounds)
{
    int error = begin_with(unprotect_it);
    uint64_t begin, taken;

    if (error)
        return error;
    begin = now();
    if (mprotect((char *)area, rounds * PAGE, PROT_READ))
        return -errno;
    for (unsigned i = 0; i < rounds; i++)
        area[scattered(i) * PAGE] = 2;
    taken = now() - begin;
    end();
    return (int64_t)taken;
}

const struct row trap_rows[] = {
    {"linux_trap", trap, 200},
    {"linux_prot1_trap_unprot", protect_one, 200},
    {"linux_protn_trap_unprot", protect_many, PAGES},
    {NULL, NULL, 0},
};
