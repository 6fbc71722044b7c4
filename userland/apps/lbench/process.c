/* process.c of lbench: fork, what is copied after it, exec. */
#define _GNU_SOURCE
#include "lbench.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define COPIED 256 /* pages that parent and child share */

/* Waits for `child`; 0 when it ended with 0. */
static int end_of(pid_t child)
{
    int status;

    if (waitpid(child, &status, 0) != child)
        return -errno;
    return status ? -ECHILD : 0;
}

/* fork, _exit in the child, wait; the parent has `dirty` pages, written anew before each
   fork when `again`. */
static int64_t fork_exit_wait(unsigned rounds, size_t dirty, int again)
{
    char *area = map(dirty + 1);
    uint64_t taken = 0;

    if (!area)
        return -errno;
    write_pages(area, dirty);
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t begin;
        pid_t child;
        int error;

        if (again)
            write_pages(area, dirty);
        begin = now();
        child = fork();
        if (child < 0)
            return -errno;
        if (!child)
            _exit(0);
        error = end_of(child);
        taken += now() - begin;
        if (error)
            return error;
    }
    unmap(area, dirty + 1);
    return (int64_t)taken;
}

static int64_t fork_0(unsigned rounds)
{
    return fork_exit_wait(rounds, 0, 0);
}

static int64_t fork_256(unsigned rounds)
{
    return fork_exit_wait(rounds, 256, 0);
}

static int64_t fork_4096(unsigned rounds)
{
    return fork_exit_wait(rounds, 4096, 0);
}

static int64_t fork_256_again(unsigned rounds)
{
    return fork_exit_wait(rounds, 256, 1);
}

static int64_t fork_4096_again(unsigned rounds)
{
    return fork_exit_wait(rounds, 4096, 1);
}

/* What a write to each shared page takes the child (in_child), or the parent once the child
   is gone. One page more is written before, so that the tables are there. */
static int64_t write_after_fork(int in_child)
{
    char *area = map(COPIED + 1);
    volatile int64_t *taken =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int64_t result;
    pid_t child;
    int error;

    if (!area || taken == MAP_FAILED)
        return -errno;
    write_pages(area, COPIED + 1);
    *taken = 0;
    child = fork();
    if (child < 0)
        return -errno;
    if (!child) {
        write_pages(area + COPIED * PAGE, 1);
        if (in_child)
            *taken = faults_of(write_pages, area, COPIED);
        _exit(0);
    }
    error = end_of(child);
    if (!in_child) {
        write_pages(area + COPIED * PAGE, 1);
        *taken = faults_of(write_pages, area, COPIED);
    }
    result = *taken;
    unmap(area, COPIED + 1);
    unmap((void *)taken, 1);
    return error ? error : result;
}

static int64_t copy_in_child(unsigned rounds)
{
    (void)rounds;
    return write_after_fork(1);
}

static int64_t reuse_in_parent(unsigned rounds)
{
    (void)rounds;
    return write_after_fork(0);
}

static int64_t exec_with(unsigned rounds, pid_t (*make)(void))
{
    char *const words[] = {(char *)own_path, "--exit", NULL};
    uint64_t begin = now();

    for (unsigned i = 0; i < rounds; i++) {
        pid_t child = make();
        int error;

        if (child < 0)
            return -errno;
        if (!child) {
            execve(own_path, words, words + 2);
            _exit(127);
        }
        error = end_of(child);
        if (error)
            return error;
    }
    return (int64_t)(now() - begin);
}

static int64_t fork_exec(unsigned rounds)
{
    return exec_with(rounds, fork);
}

/* By posix_spawn, which is how a libc offers vfork and exec safely. */
static int64_t spawn(unsigned rounds)
{
    char *const words[] = {(char *)own_path, "--exit", NULL};
    uint64_t begin = now();

    for (unsigned i = 0; i < rounds; i++) {
        pid_t child;
        int error = posix_spawn(&child, own_path, NULL, NULL, words, words + 2);

        error = error ? -error : end_of(child);
        if (error)
            return error;
    }
    return (int64_t)(now() - begin);
}

const struct row process_rows[] = {
    {"linux_fork_exit_wait", fork_0, 20},
    {"linux_fork_exit_wait_256", fork_256, 10},
    {"linux_fork_exit_wait_4096", fork_4096, 4},
    {"linux_fork_exit_wait_256_redirtied", fork_256_again, 10},
    {"linux_fork_exit_wait_4096_redirtied", fork_4096_again, 4},
    {"linux_copy_on_write_fault", copy_in_child, COPIED},
    {"linux_reuse_in_place", reuse_in_parent, COPIED},
    {"linux_fork_exec_exit_wait", fork_exec, 10},
    {"linux_vfork_exec_exit_wait", spawn, 10},
    {NULL, NULL, 0},
};
