/*
 * server.h: the one mounted file system, and what its clients ask of it.
 */
#pragma once
#include "ext4/file_system.h"
#include "lib/ring.h"

/* Serves a request of a ring. `page`: its data page. Fills completion->error and w. */
void request_serve(const struct ring_request *request, uint8_t *page,
                   struct ring_completion *completion);

/* The file system, or NULL: none is mounted. */
struct file_system *mounted(void);
/* VFS_MOUNT and VFS_UNMOUNT: see vfs.def. */
int64_t mount(uint32_t flags);
int64_t unmount(void);
/* Between two requests: memory and uncommitted changes stay bounded. */
void keep_house(void);
