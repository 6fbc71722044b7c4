/*
 * memory_file.h: /proc/PID/mem.
 */
#pragma once
#include "procfs.h"

extern const struct file_operations memory_file_operations;
