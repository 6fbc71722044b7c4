/*
 * io.h: what libext2fs reads and writes through: the cache of a mounted file system.
 */
#pragma once
#include "file_system.h"

/* The io_manager of this file system, for ext2fs_open2, whose `name` is then the empty text. There
 * is one at a time: it is asked for right before it is opened. */
io_manager io_for(struct file_system *fs);
