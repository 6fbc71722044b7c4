/*
 * pool_object.h: a pool as a kernel object, so that handles can name it.
 */
#pragma once
#include "ipc/handle.h"
#include "mm/pool.h"

struct pool_object {
    struct kernel_object object;
    struct pool *pool; /* &own, or the root pool */
    struct pool_object *parent;
    struct pool own;
};
extern struct pool_object root_pool_object;

struct pool_object *pool_object_new(struct pool_object *parent, uint64_t guaranteed, uint64_t limit,
                                    int64_t *error);
void pool_object_free(struct pool_object *pool);
void pool_objects_init(void);
