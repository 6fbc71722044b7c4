/* processes.h: children of differ. */
#ifndef DIFFER_PROCESSES_H
#define DIFFER_PROCESSES_H

#include "differ.h"

/* fork, with the line ended before, and the child's lines and decisions its own. */
pid_t fork_as(char letter);
void say_status(int status);
/* Waits for one child and adds how it ended to the line. */
void wait_and_say(pid_t child);

#endif
