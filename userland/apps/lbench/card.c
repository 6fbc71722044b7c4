/*
 * card.c of lbench: long transfers, and files that are on a card. The latter need a file system
 * that has one beneath it, and say that they cannot where there is none.
 */
#define _GNU_SOURCE
#include "lbench.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEBIBYTE   (1UL << 20)
#define COLD_PAGES 1024UL
#define EXT_MAGIC  0xef53
#define DYNAMIC    "/usr/bin/true" /* Debian's, where the card has it */
#define LOADER     "/lib/ld-linux-aarch64.so.1"

static char buffer[MEBIBYTE];

/* A new file without a name, of so many pages that are there; or -errno. */
static int new_file(const char *path, size_t pages)
{
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    if (file < 0)
        return -errno;
    unlink(path);
    for (size_t i = 0; i < pages; i++)
        if (write(file, buffer, PAGE) != (ssize_t)PAGE) {
            close(file);
            return -ENOSPC;
        }
    return file;
}

static int64_t transfer(unsigned rounds, ssize_t (*move)(int))
{
    int file = new_file("/tmp/lbench", MEBIBYTE / PAGE);
    uint64_t begin, taken;

    if (file < 0)
        return file;
    begin = now();
    for (unsigned i = 0; i < rounds; i++)
        if (move(file) != (ssize_t)MEBIBYTE) {
            close(file);
            return -EIO;
        }
    taken = now() - begin;
    close(file);
    return (int64_t)taken;
}

static ssize_t read_all(int file)
{
    return pread(file, buffer, MEBIBYTE, 0);
}

static ssize_t write_all(int file)
{
    return pwrite(file, buffer, MEBIBYTE, 0);
}

static int64_t pread_mebibyte(unsigned rounds)
{
    return transfer(rounds, read_all);
}

static int64_t pwrite_mebibyte(unsigned rounds)
{
    return transfer(rounds, write_all);
}

/* A new file on the card, nothing of it left to be written; or -errno. */
static int file_on_card(size_t pages)
{
    struct statfs found;
    int file;

    if (statfs("/root", &found))
        return -errno;
    if (found.f_type != EXT_MAGIC)
        return -EOPNOTSUPP;
    file = new_file("/root/lbench", pages);
    if (file >= 0 && fsync(file)) {
        close(file);
        return -EIO;
    }
    return file;
}

/* Read from the start to the end, 64 KiB at a time, none of it in memory before. */
static int64_t cold_read(unsigned rounds)
{
    int file = file_on_card(rounds);
    uint64_t begin, taken;
    ssize_t done;

    if (file < 0)
        return file;
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    if (lseek(file, 0, SEEK_SET))
        return -errno;
    begin = now();
    while ((done = read(file, buffer, 65536)) > 0)
        ;
    taken = now() - begin;
    close(file);
    return done ? -EIO : (int64_t)taken;
}

static int64_t msync_page(unsigned rounds)
{
    int file = file_on_card(rounds);
    uint64_t begin, taken;
    char *area;

    if (file < 0)
        return file;
    area = mmap(NULL, rounds * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (area == MAP_FAILED)
        return -errno;
    begin = now();
    for (size_t i = 0; i < rounds; i++) {
        area[i * PAGE] = 2;
        if (msync(area + i * PAGE, PAGE, MS_SYNC))
            return -errno;
    }
    taken = now() - begin;
    unmap(area, rounds);
    close(file);
    return (int64_t)taken;
}

/* A program with a loader and a libc, all of it in memory after the first time. */
static int64_t exec_dynamic(unsigned rounds)
{
    char *words[] = {DYNAMIC, NULL}, *none[] = {NULL};
    uint64_t begin;

    if (access(DYNAMIC, X_OK) || access(LOADER, X_OK))
        return -EOPNOTSUPP;
    begin = now();
    for (unsigned i = 0; i < rounds; i++) {
        pid_t child;
        int status, error = posix_spawn(&child, DYNAMIC, NULL, NULL, words, none);

        if (error)
            return -error;
        if (waitpid(child, &status, 0) != child || status)
            return -ECHILD;
    }
    return (int64_t)(now() - begin);
}

const struct row card_rows[] = {
    {"linux_pread_mebibyte", pread_mebibyte, 8},    {"linux_pwrite_mebibyte", pwrite_mebibyte, 8},
    {"card_cold_read_page", cold_read, COLD_PAGES}, {"card_msync_page", msync_page, 64},
    {"card_exec_dynamic", exec_dynamic, 4},         {NULL, NULL, 0},
};
