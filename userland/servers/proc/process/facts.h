/*
 * facts.h: where the parts of a program lie, as exec placed them: for /proc/PID/stat, cmdline and
 * environ.
 */
#pragma once
#include <stdint.h>

struct program_facts {
    uint64_t code_start, code_end, data_start, data_end;
    uint64_t stack_start; /* address of argc */
    uint64_t arguments_start, arguments_end, environment_start, environment_end;
    uint64_t auxiliary_start, auxiliary_end;
};
