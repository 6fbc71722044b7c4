/*
 * commit.h: all changes to the medium, in an order that a power cut cannot hurt.
 */
#pragma once
#include "file_system.h"

/*
 * One commit. On error everything is as before, but for what is on the medium already, which is in
 * order; the next commit does it again.
 */
int64_t commit_all(struct file_system *fs);
/* Commits until nothing is left: also that the blocks freed are free. */
int64_t commit_everything(struct file_system *fs);
/* Is there anything that a commit would write? */
bool commit_needed(const struct file_system *fs);
