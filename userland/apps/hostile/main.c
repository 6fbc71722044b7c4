/*
 * hostile: see hostile.h.
 *
 *   hostile pointers
 *   hostile chaos SEED ROUNDS CALLS
 *   hostile killed SEED ROUNDS
 *   hostile lengths
 *   hostile storm COUNT
 *   hostile bomb
 */
#include "hostile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **arguments)
{
    const char *what = count > 1 ? arguments[1] : "";
    if (strcmp(what, "pointers") == 0)
        return pointers();
    if (strcmp(what, "chaos") == 0 && count == 5)
        return chaos(strtoull(arguments[2], NULL, 0), (unsigned)atoi(arguments[3]),
                     (unsigned)atoi(arguments[4]));
    if (strcmp(what, "killed") == 0 && count == 4)
        return killed(strtoull(arguments[2], NULL, 0), (unsigned)atoi(arguments[3]));
    if (strcmp(what, "lengths") == 0)
        return lengths(arguments[0]);
    if (strcmp(what, "storm") == 0 && count == 3)
        return storm((unsigned)atoi(arguments[2]));
    if (strcmp(what, "bomb") == 0)
        return bomb();
    fprintf(stderr, "usage: hostile pointers | chaos SEED ROUNDS CALLS | killed SEED ROUNDS |\n"
                    "       hostile lengths | storm COUNT | bomb\n");
    return 2;
}
