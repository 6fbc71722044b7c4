/*
 * pool.c: quotas of jobs. All processes of a run share one; a process that writes a size to
 * /proc/self/pool puts its future children, and itself from its next exec on, into a smaller one
 * below it: whatever they do, they take no more than that from the others.
 */
#include "process/pool.h"
#include "files/names.h"
#include "lib/manifest_words.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

#define SMALLEST (64UL << 10) /* in a smaller one nothing can begin */

int64_t process_new_pool(struct process *process, uint64_t bytes)
{
    int64_t error;
    if (bytes < SMALLEST)
        return -EINVAL;
    struct memory_pool *before = process->family.pool;
    struct memory_pool *pool = memory_pool_below(before, bytes, &error);
    if (!pool)
        return error;
    process->family.pool = pool;
    memory_pool_drop(before);
    return 0;
}

static int64_t make(struct thread *thread, struct node *node, struct text *text)
{
    struct pool_facts facts;
    (void)node;
    int64_t error = pool_query(thread->process->family.pool->handle, &facts);
    if (error < 0)
        return error;
    text_add(text, "limit %lu kB\nused  %lu kB\n", facts.limit * (PAGE_SIZE / 1024),
             facts.used * (PAGE_SIZE / 1024));
    return 0;
}

static int64_t take(struct thread *thread, struct node *node, const char *bytes, size_t length)
{
    char word[32] = {0};
    uint64_t size;
    (void)node;
    while (length && (bytes[length - 1] == '\n' || bytes[length - 1] == ' '))
        length--;
    if (length >= sizeof word)
        return -EINVAL;
    memcpy(word, bytes, length);
    return manifest_size(word, &size) < 0 ? -EINVAL : process_new_pool(thread->process, size);
}

const struct text_operations process_pool_text = {.make = make, .take = take};

int64_t pool_file_init(void)
{
    struct entry *directory = tree_directory("proc/self");
    struct node *node =
        directory ? node_text(directory->node->system, 0644, &process_pool_text) : NULL;
    struct entry *entry = node ? name_add(directory, "pool", 4, true, node) : NULL;
    node_drop(node);
    entry_drop(directory);
    return entry ? 0 : -ENOMEM;
}
