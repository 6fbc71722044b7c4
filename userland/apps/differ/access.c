/* access.c of differ: reading and writing memory that may not be there. */
#include "differ.h"

#include <string.h>
#include <sys/mman.h>

/* Of each thread: a fault is handled by the thread that made it. */
static _Thread_local sigjmp_buf back;
static _Thread_local volatile struct fault last;

static void jump_back(int number, siginfo_t *info, void *context)
{
    (void)context;
    last.signal = number;
    last.code = info->si_code;
    last.address = (uintptr_t)info->si_addr;
    siglongjmp(back, 1);
}

void access_begin(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = jump_back;
    action.sa_flags = SA_SIGINFO | SA_NODEFER; /* so that leaving by a jump leaves no mask behind */
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

int try_read(const volatile void *address, uint64_t *value, struct fault *fault)
{
    if (sigsetjmp(back, 0)) {
        *fault = last;
        return fault->signal;
    }
    *value = *(const volatile uint64_t *)address;
    return 0;
}

int try_write(volatile void *address, uint64_t value, struct fault *fault)
{
    if (sigsetjmp(back, 0)) {
        *fault = last;
        return fault->signal;
    }
    *(volatile uint64_t *)address = value;
    return 0;
}

/* The words of a page that are written and summed up. */
static const unsigned short places[] = {0, 1000, 2040, 4088};
#define PLACES (sizeof(places) / sizeof(places[0]))

static uint32_t mix(uint32_t sum, uint64_t word)
{
    word = (word ^ sum) * 0x9e3779b97f4a7c15;
    return (uint32_t)(word >> 32);
}

uint32_t sum_of(const char *area, size_t count)
{
    struct fault fault;
    uint32_t sum = 0;
    uint64_t word;

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < PLACES; k++) {
            if (try_read(area + i * PAGE + places[k], &word, &fault)) {
                sum = mix(sum, (uint64_t)fault.signal << 8 | (uint64_t)fault.code);
                break;
            }
            sum = mix(sum, word);
        }
    return sum;
}

void say_sum(struct range range)
{
    uint32_t sum = 0;

    for (unsigned i = range.first; i < range.first + range.count; i++)
        if (pages[i].rights > 0)
            sum = mix(sum, sum_of(ARENA + i * PAGE, 1));
    say(" sum %08x", sum);
}

unsigned fill(struct range range, uint64_t value)
{
    struct fault fault;
    unsigned filled = 0;

    for (unsigned i = range.first; i < range.first + range.count; i++) {
        if (pages[i].rights < 0 || !(pages[i].rights & PROT_WRITE))
            continue;
        for (size_t k = 0; k < PLACES; k++)
            if (try_write(ARENA + i * PAGE + places[k], value * (i + 1) + k, &fault)) {
                say(" page %u signal %d code %d", i, fault.signal, fault.code);
                break;
            }
        filled++;
    }
    return filled;
}
