/*
 * lifeline.h: how one program learns that another has ended. A space dies with its parent, whoever
 * else holds it, and can be watched. So who wants to be missed makes an empty child, his lifeline,
 * and gives it to one other, who watches it. It is charged to a pool of its own, with hardly more
 * than it needs: who holds it can spend nothing of its maker's on it.
 */
#pragma once
#include "lib/native.h"
#include <stdbool.h>

/* A new one in *lifeline: 0, or -ENOMEM, -EMFILE and HANDLE_NONE there. Give it away with
 * RIGHT_READ and RIGHT_MANAGE; it can be watched by one only. */
int64_t lifeline_new(handle *lifeline);

/* Ends it now, and tells its watcher. HANDLE_NONE is allowed, and is there afterwards. */
void lifeline_end(handle *lifeline);

/* Sets these bits of the notification when the one who made it ends. 0; -EOWNERDEAD: it has ended;
 * -EINVAL and others: it is no lifeline, or not with these rights. */
int64_t lifeline_watch(handle lifeline, handle notification, uint64_t bits);

/* Has its maker ended? For who was notified and watches several. */
bool lifeline_ended(handle lifeline);
