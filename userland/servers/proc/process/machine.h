/*
 * machine.h: the names of the machine, as uname tells.
 */
#pragma once

#define NAME_BYTES 65 /* __NEW_UTS_LEN and the final 0 */

struct machine_names {
    char system[NAME_BYTES], node[NAME_BYTES], release[NAME_BYTES], version[NAME_BYTES],
        machine[NAME_BYTES], domain[NAME_BYTES];
};
extern struct machine_names machine_names;
