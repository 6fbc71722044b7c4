/*
 * fast.h: the complete functions behind fast.c.
 */
#pragma once
#include "sched/timer.h"
#include "vm/fault.h"
#include "vm/object.h"

struct thread *fault_entry(struct thread *thread, uint64_t esr, uint64_t far);
struct thread *fault_slow(struct thread *thread, uint64_t esr, uint64_t far);
struct thread *supply_slow(struct thread *thread);
