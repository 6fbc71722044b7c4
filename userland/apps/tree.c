/*
 * tree: makes, names, renames and removes files below /tmp/tree, right and wrong, and compares the
 * answers with Linux's. Runs on Linux unchanged, as root.
 */
#define _GNU_SOURCE
#include "expect.h"
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE  2
#endif

static int create(const char *path, const char *text)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    if (fd >= 0 && write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        fd = -1;
    return fd < 0 ? -1 : close(fd);
}

/* The contents of a small file. */
static const char *contents(const char *path)
{
    static char text[4][64];
    static unsigned next;
    char *to = text[next++ & 3];
    int fd = open(path, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, to, 63);
    to[got < 0 ? 0 : got] = 0;
    if (fd >= 0)
        close(fd);
    return got < 0 ? "(none)" : to;
}
#define EXPECT_TEXT(path, text) EXPECT(strcmp(contents(path), text), 0)

static long mode_of(const char *path)
{
    struct stat status;
    return lstat(path, &status) ? -1 : (long)status.st_mode;
}

static long links_of(const char *path)
{
    struct stat status;
    return lstat(path, &status) ? -1 : (long)status.st_nlink;
}

static void making(void)
{
    EXPECT(mkdir("/tmp/tree", 0755), 0);
    EXPECT(chdir("/tmp/tree"), 0);
    EXPECT(CALL(SYS_mkdirat, AT_FDCWD, ".", 0755), -EEXIST);
    EXPECT(CALL(SYS_mkdirat, AT_FDCWD, "a", 0750), 0);
    EXPECT(CALL(SYS_mkdirat, AT_FDCWD, "a", 0750), -EEXIST);
    EXPECT(CALL(SYS_mkdirat, AT_FDCWD, "a/b/", 0755), 0);
    EXPECT(CALL(SYS_mkdirat, AT_FDCWD, "no/b", 0755), -ENOENT);
    EXPECT(CALL(SYS_mkdirat, AT_FDCWD, "", 0755), -ENOENT);
    EXPECT(CALL(SYS_mkdirat, AT_FDCWD, "/", 0755), -EEXIST);
    EXPECT(CALL(SYS_mkdirat, 77, "x", 0755), -EBADF);
    EXPECT(CALL(SYS_mkdirat, AT_FDCWD, BAD_POINTER, 0755), -EFAULT);
    EXPECT(mode_of("a"), S_IFDIR | 0750);
    EXPECT(links_of("a"), 3);
    EXPECT(create("a/f", "one"), 0);
    EXPECT(mode_of("a/f"), S_IFREG | 0644);
    EXPECT_TEXT("a/f", "one");
    EXPECT(CALL(SYS_mkdirat, AT_FDCWD, "a/f/c", 0755), -ENOTDIR);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "a/f", O_CREAT | O_EXCL | O_RDWR, 0600), -EEXIST);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "a", O_CREAT | O_RDWR, 0600), -EISDIR);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "a", O_RDWR), -EISDIR);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "a/new/", O_CREAT | O_RDWR, 0600), -EISDIR);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "a/f", O_DIRECTORY), -ENOTDIR);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "a/f/", O_RDONLY), -ENOTDIR);
    EXPECT(umask(077), 022);
    EXPECT(create("a/g", "two"), 0);
    EXPECT(umask(022), 077);
    EXPECT(mode_of("a/g"), S_IFREG | 0600);
    char name[300];
    memset(name, 'n', sizeof name);
    name[256] = 0;
    EXPECT(CALL(SYS_openat, AT_FDCWD, name, O_CREAT | O_RDWR, 0600), -ENAMETOOLONG);
    name[255] = 0;
    EXPECT(create(name, "long"), 0);
    EXPECT(unlink(name), 0);
    static char path[5000];
    memset(path, '/', sizeof path - 1);
    EXPECT(CALL(SYS_openat, AT_FDCWD, path, O_RDONLY), -ENAMETOOLONG);
    path[4095] = 0;
    EXPECT_TRUE(open(path, O_RDONLY) > 2);
    close(3);
}

static void linking(void)
{
    EXPECT(link("a/f", "hard"), 0);
    EXPECT(links_of("hard"), 2);
    EXPECT(create("hard", "through the other name"), 0);
    EXPECT_TEXT("a/f", "through the other name");
    EXPECT(CALL(SYS_linkat, AT_FDCWD, "a/f", AT_FDCWD, "hard", 0), -EEXIST);
    EXPECT(CALL(SYS_linkat, AT_FDCWD, "a", AT_FDCWD, "dirlink", 0), -EPERM);
    EXPECT(CALL(SYS_linkat, AT_FDCWD, "nothing", AT_FDCWD, "x", 0), -ENOENT);
    EXPECT(CALL(SYS_linkat, AT_FDCWD, "a/f", AT_FDCWD, "/dev/shm/x", 0), -EXDEV);
    EXPECT(unlink("hard"), 0);
    EXPECT(links_of("a/f"), 1);
    EXPECT(symlink("a/f", "soft"), 0);
    EXPECT(CALL(SYS_symlinkat, "x", AT_FDCWD, "soft"), -EEXIST);
    EXPECT(CALL(SYS_symlinkat, "", AT_FDCWD, "empty"), -ENOENT);
    EXPECT_TEXT("soft", "through the other name");
    EXPECT(mode_of("soft"), S_IFLNK | 0777);
    char text[64];
    EXPECT(readlink("soft", text, sizeof text), 3);
    EXPECT(memcmp(text, "a/f", 3), 0);
    EXPECT(readlink("soft", text, 2), 2);
    EXPECT(CALL(SYS_readlinkat, AT_FDCWD, "a/f", text, 64), -EINVAL);
    EXPECT(CALL(SYS_readlinkat, AT_FDCWD, "soft", text, 0), -EINVAL);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "soft", O_RDONLY | O_NOFOLLOW), -ELOOP);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "soft", O_CREAT | O_EXCL | O_RDWR, 0600), -EEXIST);
    EXPECT(symlink("made-by-link", "dangling"), 0);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "dangling", O_RDONLY), -ENOENT);
    EXPECT(create("dangling", "here"), 0);
    EXPECT_TEXT("made-by-link", "here");
    EXPECT(symlink("loop2", "loop1"), 0);
    EXPECT(symlink("loop1", "loop2"), 0);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "loop1", O_RDONLY), -ELOOP);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "loop1", O_RDWR | O_CREAT, 0600), -ELOOP);
    EXPECT(symlink("/tmp/tree/a", "absolute"), 0);
    EXPECT_TEXT("absolute/../absolute/f", "through the other name");
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "absolute/", AT_REMOVEDIR), -ENOTDIR);
    EXPECT(unlink("loop1") + unlink("loop2") + unlink("dangling") + unlink("made-by-link"), 0);
    EXPECT(unlink("soft") + unlink("absolute"), 0);
}

static void removing(void)
{
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "a", AT_REMOVEDIR), -ENOTEMPTY);
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "a", 0), -EISDIR);
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "a/f", AT_REMOVEDIR), -ENOTDIR);
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "a/f/", 0), -ENOTDIR);
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "a/.", AT_REMOVEDIR), -EINVAL);
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "a/b/..", AT_REMOVEDIR), -ENOTEMPTY);
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "/", AT_REMOVEDIR), -EBUSY);
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "/dev/shm", AT_REMOVEDIR), -EBUSY);
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "a/nothing", 0), -ENOENT);
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "a", 0x10), -EINVAL);
    /* What is open stays until it is closed. */
    int fd = open("a/f", O_RDWR);
    EXPECT(unlink("a/f"), 0);
    char text[8] = "";
    EXPECT(pread(fd, text, 7, 0), 7);
    EXPECT(memcmp(text, "through", 7), 0);
    struct stat status;
    EXPECT(fstat(fd, &status), 0);
    EXPECT(status.st_nlink, 0);
    EXPECT(CALL(SYS_linkat, fd, "", AT_FDCWD, "again", AT_EMPTY_PATH), -ENOENT);
    EXPECT(close(fd), 0);
    /* A working directory that was removed. */
    EXPECT(mkdir("gone", 0755), 0);
    EXPECT(chdir("gone"), 0);
    EXPECT(rmdir("../gone"), 0);
    EXPECT(CALL(SYS_getcwd, text, sizeof text), -ENOENT);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "x", O_CREAT | O_RDWR, 0600), -ENOENT);
    EXPECT(CALL(SYS_mkdirat, AT_FDCWD, "x", 0755), -ENOENT);
    EXPECT(chdir(".."), 0);
    EXPECT(unlink("a/g"), 0);
}

static long renamed(const char *from, const char *to, unsigned flags)
{
    return CALL(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void renaming(void)
{
    EXPECT(create("x", "X") + create("y", "Y"), 0);
    EXPECT(renamed("x", "y", RENAME_NOREPLACE), -EEXIST);
    EXPECT(renamed("x", "y", RENAME_EXCHANGE), 0);
    EXPECT_TEXT("x", "Y");
    EXPECT(renamed("x", "none", RENAME_EXCHANGE), -ENOENT);
    EXPECT(renamed("x", "y", RENAME_EXCHANGE | RENAME_NOREPLACE), -EINVAL);
    EXPECT(renamed("x", "y", 0x80), -EINVAL);
    EXPECT(renamed("x", "y", 0), 0);
    EXPECT_TEXT("y", "Y");
    EXPECT(mode_of("x"), -1);
    EXPECT(renamed("x", "y", 0), -ENOENT);
    EXPECT(renamed("y", "y", 0), 0);
    EXPECT(link("y", "z"), 0);
    EXPECT(renamed("y", "z", 0), 0);
    EXPECT(links_of("y"), 2);
    EXPECT(unlink("z"), 0);
    EXPECT(mkdir("d", 0755) + mkdir("d/e", 0755) + mkdir("empty", 0755), 0);
    EXPECT(renamed("y", "d", 0), -EISDIR);
    EXPECT(renamed("d", "y", 0), -ENOTDIR);
    EXPECT(renamed("d", "d/e/f", 0), -EINVAL);
    EXPECT(renamed("d/e", "d", 0), -ENOTEMPTY);
    EXPECT(renamed("empty", "d", 0), -ENOTEMPTY);
    EXPECT(renamed("d/.", "q", 0), -EBUSY);
    EXPECT(renamed("d", "d/..", 0), -EBUSY);
    EXPECT(renamed("y", "new/", 0), -ENOTDIR);
    EXPECT(renamed("d", "empty/", 0), 0);
    EXPECT(links_of("empty"), 3);
    EXPECT(renamed("empty/e", "e", 0), 0);
    EXPECT(links_of("empty"), 2);
    EXPECT(renamed("y", "/dev/shm/y", 0), -EXDEV);
    EXPECT(renamed("y", "e", RENAME_EXCHANGE), 0);
    EXPECT(mode_of("y") & S_IFMT, S_IFDIR);
    EXPECT(chdir("empty"), 0);
    EXPECT(renamed("../empty", "../moved", 0), 0);
    char text[64];
    EXPECT(CALL(SYS_getcwd, text, sizeof text), sizeof "/tmp/tree/moved");
    EXPECT(strcmp(text, "/tmp/tree/moved"), 0);
    EXPECT(CALL(SYS_getcwd, text, 5), -ERANGE);
    EXPECT(CALL(SYS_getcwd, BAD_POINTER, 64), -EFAULT);
    EXPECT(chdir(".."), 0);
    EXPECT(rmdir("moved") + rmdir("y") + unlink("e"), 0);
}

/* A directory of many names, read in small parts while every second is removed. */
static void listing(void)
{
    enum { COUNT = 500 };
    static char seen[COUNT];
    char name[32];
    EXPECT(mkdir("many", 0755), 0);
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "many/%d", i);
        EXPECT(create(name, ""), 0);
    }
    int fd = open("many", O_RDONLY | O_DIRECTORY);
    union {
        char bytes[256];
        struct {
            unsigned long inode;
            long next;
            unsigned short length;
            unsigned char type;
            char name[];
        } first;
    } buffer;
    long got, total = 0;
    EXPECT(CALL(SYS_getdents64, fd, &buffer, 8), -EINVAL);
    EXPECT(CALL(SYS_getdents64, fd, BAD_POINTER, 256), -EFAULT);
    while ((got = CALL(SYS_getdents64, fd, &buffer, sizeof buffer)) > 0)
        for (char *at = buffer.bytes; at < buffer.bytes + got; at += *(unsigned short *)(at + 16)) {
            char *entry = at + 19;
            total++;
            if (entry[0] == '.')
                continue;
            int number = atoi(entry);
            seen[number]++;
            snprintf(name, sizeof name, "many/%d", number);
            EXPECT(at[18], DT_REG);
            if (number % 2)
                EXPECT(unlink(name), 0);
        }
    EXPECT(got, 0);
    EXPECT(total, COUNT + 2);
    int once = 0;
    for (int i = 0; i < COUNT; i++)
        once += seen[i] == 1;
    EXPECT(once, COUNT);
    EXPECT(lseek(fd, 0, SEEK_SET), 0);
    for (total = 0; (got = CALL(SYS_getdents64, fd, &buffer, sizeof buffer)) > 0;)
        for (char *at = buffer.bytes; at < buffer.bytes + got; at += *(unsigned short *)(at + 16))
            total++;
    EXPECT(total, COUNT / 2 + 2);
    close(fd);
    for (int i = 0; i < COUNT; i += 2) {
        snprintf(name, sizeof name, "many/%d", i);
        EXPECT(unlink(name), 0);
    }
    EXPECT(rmdir("many"), 0);
}

static void attributes(void)
{
    struct stat status;
    EXPECT(create("m", "12345"), 0);
    EXPECT(chmod("m", 04755), 0);
    EXPECT(mode_of("m"), S_IFREG | 04755);
    EXPECT(create("m", "12345"), 0);
    EXPECT(mode_of("m"), S_IFREG | (geteuid() ? 0755 : 04755)); /* root keeps it */
    EXPECT(chown("m", 12, 34), 0);
    EXPECT(stat("m", &status), 0);
    EXPECT(status.st_uid * 100 + status.st_gid, 1234);
    EXPECT(status.st_size, 5);
    EXPECT(CALL(SYS_fchownat, AT_FDCWD, "m", -1, 56, 0), 0);
    EXPECT(stat("m", &status), 0);
    EXPECT(status.st_uid * 100 + status.st_gid, 1256);
    struct timespec times[2] = {{-5, 999999999}, {1234567890, 5}};
    EXPECT(CALL(SYS_utimensat, AT_FDCWD, "m", times, 0), 0);
    EXPECT(stat("m", &status), 0);
    EXPECT(status.st_atim.tv_sec, -5);
    EXPECT(status.st_atim.tv_nsec, 999999999);
    EXPECT(status.st_mtim.tv_sec, 1234567890);
    EXPECT(status.st_mtim.tv_nsec, 5);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = 1000000000;
    EXPECT(CALL(SYS_utimensat, AT_FDCWD, "m", times, 0), -EINVAL);
    times[1].tv_nsec = UTIME_NOW;
    EXPECT(CALL(SYS_utimensat, AT_FDCWD, "m", times, 0), 0);
    EXPECT(stat("m", &status), 0);
    EXPECT(status.st_atim.tv_sec, -5);
    EXPECT_TRUE(status.st_mtim.tv_sec != 1234567890);
    EXPECT(CALL(SYS_utimensat, AT_FDCWD, "m", BAD_POINTER, 0), -EFAULT);
    EXPECT(CALL(SYS_faccessat, AT_FDCWD, "m", F_OK), 0);
    EXPECT(CALL(SYS_faccessat, AT_FDCWD, "m", 8), -EINVAL);
    EXPECT(chmod("m", 0), 0);
    EXPECT(CALL(SYS_faccessat, AT_FDCWD, "m", R_OK | W_OK), 0);
    EXPECT(CALL(SYS_faccessat, AT_FDCWD, "m", X_OK), -EACCES);
    EXPECT(CALL(SYS_faccessat, AT_FDCWD, "none", F_OK), -ENOENT);
    EXPECT(CALL(SYS_newfstatat, AT_FDCWD, "m", BAD_POINTER, 0), -EFAULT);
    EXPECT(CALL(SYS_newfstatat, AT_FDCWD, "m", &status, 0x80), -EINVAL);
    EXPECT(CALL(SYS_newfstatat, AT_FDCWD, "", &status, AT_EMPTY_PATH), 0);
    EXPECT(S_ISDIR(status.st_mode), 1);
    EXPECT(unlink("m"), 0);
    struct statfs facts;
    EXPECT(statfs("/tmp", &facts), 0);
    EXPECT(facts.f_bsize, 4096);
    EXPECT(facts.f_namelen, 255);
    EXPECT(CALL(SYS_statfs, "/none", &facts), -ENOENT);
    EXPECT(CALL(SYS_fstatfs, 77, &facts), -EBADF);
    EXPECT(CALL(SYS_mknodat, AT_FDCWD, "null", S_IFCHR | 0666, makedev(1, 3)), 0);
    EXPECT_TEXT("null", "");
    EXPECT(CALL(SYS_mknodat, AT_FDCWD, "null", S_IFREG | 0666, 0), -EEXIST);
    EXPECT(CALL(SYS_mknodat, AT_FDCWD, "dir", S_IFDIR | 0666, 0), -EPERM);
    EXPECT(unlink("null"), 0);
}

/* O_PATH, O_TMPFILE, directories as starting points. */
static void descriptors_of_places(void)
{
    struct stat status;
    char text[8];
    EXPECT(mkdir("base", 0755) + create("base/f", "F"), 0);
    int base = open("base", O_PATH | O_DIRECTORY);
    EXPECT_TRUE(base >= 0);
    int file = openat(base, "f", O_RDONLY);
    EXPECT(read(file, text, 8), 1);
    EXPECT(close(file), 0);
    EXPECT(CALL(SYS_getdents64, base, text, 8), -EBADF);
    EXPECT(CALL(SYS_fchmod, base, 0700), -EBADF);
    EXPECT(fstat(base, &status), 0);
    EXPECT(fchdir(base), 0);
    EXPECT_TEXT("f", "F");
    EXPECT(chdir(".."), 0);
    file = open("base/f", O_PATH);
    EXPECT(CALL(SYS_read, file, text, 8), -EBADF);
    EXPECT(CALL(SYS_fchdir, file), -ENOTDIR);
    EXPECT(CALL(SYS_openat, file, "x", O_RDONLY), -ENOTDIR);
    EXPECT(close(file), 0);
    file = open("base", O_TMPFILE | O_RDWR, 0600);
    EXPECT_TRUE(file >= 0);
    EXPECT(write(file, "temporary", 9), 9);
    EXPECT(fstat(file, &status), 0);
    EXPECT(status.st_nlink, 0);
    EXPECT(CALL(SYS_linkat, file, "", AT_FDCWD, "kept", AT_EMPTY_PATH), 0);
    EXPECT_TEXT("kept", "temporary");
    int hidden = open("base", O_TMPFILE | O_EXCL | O_RDWR, 0600);
    EXPECT(CALL(SYS_linkat, hidden, "", AT_FDCWD, "never", AT_EMPTY_PATH), -ENOENT);
    EXPECT(close(hidden), 0);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "base", O_TMPFILE | O_RDONLY, 0600), -EINVAL);
    EXPECT(close(file) + close(base), 0);
    EXPECT(unlink("kept") + unlink("base/f") + rmdir("base"), 0);
}

/* What a user who is not root may not. Runs in a child; its differences are its status. */
static int as_another_user(void)
{
    checks_failed = 0;
    EXPECT(setgroups(1, (gid_t[]){77}) + setgid(1000) + setuid(1000), 0);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "root-only", O_RDONLY), -EACCES);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "readable", O_RDWR), -EACCES);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "of-group", O_WRONLY | O_TRUNC), -EACCES);
    EXPECT_TRUE(open("of-group", O_RDONLY) >= 0);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "new", O_CREAT | O_RDWR, 0600), -EACCES);
    EXPECT(CALL(SYS_mkdirat, AT_FDCWD, "new", 0700), -EACCES);
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "readable", 0), -EACCES);
    EXPECT(CALL(SYS_renameat2, AT_FDCWD, "readable", AT_FDCWD, "x", 0), -EACCES);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "closed/f", O_RDONLY), -EACCES);
    EXPECT(CALL(SYS_chdir, "closed"), -EACCES);
    EXPECT(CALL(SYS_fchmodat, AT_FDCWD, "readable", 0777), -EPERM);
    EXPECT(CALL(SYS_fchownat, AT_FDCWD, "readable", 1000, 1000, 0), -EPERM);
    EXPECT(CALL(SYS_utimensat, AT_FDCWD, "readable", NULL, 0), -EACCES);
    struct timespec times[2] = {{1, 0}, {1, 0}};
    EXPECT(CALL(SYS_utimensat, AT_FDCWD, "readable", times, 0), -EPERM);
    EXPECT(CALL(SYS_faccessat, AT_FDCWD, "readable", R_OK), 0);
    EXPECT(CALL(SYS_faccessat, AT_FDCWD, "readable", W_OK), -EACCES);
    EXPECT(CALL(SYS_truncate, "readable", 0), -EACCES);
    EXPECT(CALL(SYS_mknodat, AT_FDCWD, "open/null", S_IFCHR | 0600, makedev(1, 3)), -EPERM);
    EXPECT(CALL(SYS_chroot, "/"), -EPERM);
    EXPECT(CALL(SYS_mount, "x", "/tmp", "tmpfs", 0L, 0L), -EPERM);
    /* In a directory with the sticky bit only what is one's own. */
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "open/of-root", 0), -EPERM);
    EXPECT(CALL(SYS_renameat2, AT_FDCWD, "open/of-root", AT_FDCWD, "open/x", 0), -EPERM);
    EXPECT(create("open/own", "o"), 0);
    EXPECT(chmod("open/own", 04700) + chown("open/own", -1, 77), 0);
    EXPECT(CALL(SYS_fchownat, AT_FDCWD, "open/own", -1, 78, 0), -EPERM);
    EXPECT(CALL(SYS_fchownat, AT_FDCWD, "open/own", 0, -1, 0), -EPERM);
    EXPECT(mode_of("open/own"), S_IFREG | 0700);
    EXPECT(chmod("open/own", 0), 0);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "open/own", O_RDONLY), -EACCES);
    EXPECT(unlink("open/own"), 0);
    fflush(stdout);
    return checks_failed;
}

static void permissions(void)
{
    int status = -1;
    EXPECT(create("root-only", "r") + create("readable", "r") + create("of-group", "g"), 0);
    EXPECT(chmod("root-only", 0600) + chmod("of-group", 0640) + chown("of-group", 0, 77), 0);
    EXPECT(mkdir("closed", 0700) + create("closed/f", "f") + mkdir("open", 0777), 0);
    EXPECT(chmod("open", 01777) + create("open/of-root", "r"), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(as_another_user());
    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(status, 0);
    EXPECT(unlink("open/of-root") + rmdir("open"), 0);
    EXPECT(unlink("closed/f") + rmdir("closed") + unlink("root-only"), 0);
    EXPECT(unlink("readable") + unlink("of-group"), 0);
}

int main(void)
{
    making();
    linking();
    removing();
    renaming();
    listing();
    attributes();
    descriptors_of_places();
    permissions();
    EXPECT(chdir("/"), 0);
    EXPECT(rmdir("/tmp/tree/a/b") + rmdir("/tmp/tree/a") + rmdir("/tmp/tree"), 0);
    return checks_end("tree");
}
