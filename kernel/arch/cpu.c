#include "arch/cpu.h"
#include "arch/translation.h"

struct cpu cpus[CPUS_MAX];
static char emergency[CPUS_MAX][2048] __attribute__((aligned(16)));
extern char vectors[];

_Static_assert(__builtin_offsetof(struct cpu, stack) == CPU_STACK, "used by vectors.S");
_Static_assert(__builtin_offsetof(struct cpu, calls) == CPU_STACK + 8, "used by vectors.S");
_Static_assert(__builtin_offsetof(struct cpu, emergency_stack) == CPU_EMERGENCY,
               "used by vectors.S");

void cpu_init(struct cpu *cpu, unsigned number)
{
    cpu->number = number;
    cpu->mpidr = read_register(mpidr_el1);
    cpu->emergency_stack = (uint64_t)&emergency[number][2048];
    cpu->stack = vmap_stack(number);
    write_register(tpidr_el1, cpu);
    write_register(tpidrro_el0, 0);
    write_register(vbar_el1, vectors);
    write_register(mdscr_el1, 0);
    write_register(oslar_el1, 0); /* locked at reset: no step exceptions then (Arm ARM D2.9) */
    write_register(cpacr_el1, 3ul << 20); /* until the first program: libfdt's build uses FP */
    instruction_barrier();
}
