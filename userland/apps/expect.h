/*
 * expect.h: check.h with the line and the text of each check.
 */
#pragma once
#include "check.h"
#include <string.h>
#include <sys/syscall.h>

#define BAD_POINTER ((void *)0x330000000000L) /* nobody mapped it */
#define TEXT_(x)    #x
#define TEXT(x)     TEXT_(x)
#define EXPECT(got, want)                                                                          \
    expect(__FILE__ ":" TEXT(__LINE__) ": " #got, (long)(got), (long)(want))
#define EXPECT_TRUE(what) EXPECT(!!(what), 1)
