/*
 * oom.h: whom to end first when memory does, as programs say it (proc(5), oom_score_adj). It is
 * kept, inherited and told; quotas are what decides.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct oom {
    int16_t adjustment; /* -1000 … 1000 */
    int16_t least;      /* below that only with CAP_SYS_RESOURCE */
};

struct subject;
struct text;
int64_t oom_score(const struct subject *subject, struct text *text);
int64_t oom_adjustment(const struct subject *subject, struct text *text);
int64_t oom_adjustment_take(const struct subject *subject, const char *bytes, size_t length);
int64_t oom_old_adjustment(const struct subject *subject, struct text *text);
int64_t oom_old_adjustment_take(const struct subject *subject, const char *bytes, size_t length);
