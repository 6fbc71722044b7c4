/*
 * moves: bytes from file to file, files of memory and their seals, extended attributes, mounts.
 * Compares with Linux's answers and runs there unchanged, as root.
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>

static unsigned char block[300000], other[300000];

static int file_with(const char *path, long bytes)
{
    int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    for (long i = 0; i < bytes; i++)
        block[i] = (unsigned char)(i * 7 + i / 1000);
    EXPECT(write(fd, block, bytes), bytes);
    EXPECT(unlink(path), 0);
    return fd;
}

static void sending(void)
{
    int in = file_with("/tmp/moves-in", sizeof block), ends[2];
    EXPECT(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[1]);
        long have = 0, got;
        while ((got = read(ends[0], other + have, sizeof other - have)) > 0)
            have += got;
        _exit(have != 200000 || memcmp(other, block + 5, 200000) != 0);
    }
    off_t at = 5;
    while (at < 200005 && sendfile(ends[1], in, &at, 200005 - at) > 0)
        ; /* into a pipe Linux moves as much as there is room for */
    EXPECT(at, 200005);
    EXPECT(lseek(in, 0, SEEK_CUR), sizeof block);
    EXPECT(close(ends[1]), 0);
    int status;
    EXPECT(wait(&status), child);
    EXPECT(status, 0);
    int out = file_with("/tmp/moves-out", 10);
    EXPECT(lseek(in, 100, SEEK_SET), 100);
    EXPECT(sendfile(out, in, NULL, 1000), 1000);
    EXPECT(lseek(in, 0, SEEK_CUR), 1100);
    EXPECT(lseek(out, 0, SEEK_CUR), 1010);
    EXPECT(pread(out, other, 2000, 10), 1000);
    EXPECT(memcmp(other, block + 100, 1000), 0);
    at = 1 << 30;
    EXPECT(sendfile(out, in, &at, 1000), 0);
    EXPECT(CALL(SYS_sendfile, out, in, BAD_POINTER, 10), -EFAULT);
    EXPECT(CALL(SYS_sendfile, out, ends[0], NULL, 10), -EINVAL);
    EXPECT(CALL(SYS_sendfile, 99, in, NULL, 10), -EBADF);
    EXPECT(fcntl(out, F_SETFL, O_APPEND), 0);
    EXPECT(CALL(SYS_sendfile, out, in, NULL, 10), -EINVAL);
    EXPECT(CALL(SYS_copy_file_range, in, NULL, out, NULL, 10, 0), -EBADF);
    EXPECT(fcntl(out, F_SETFL, 0), 0);
    loff_t from = 1000, to = 70000;
    EXPECT(CALL(SYS_copy_file_range, in, &from, out, &to, 150000, 0), 150000);
    EXPECT(from * 1000000L + to, 151000 * 1000000L + 220000);
    EXPECT(pread(out, other, sizeof other, 70000), 150000);
    EXPECT(memcmp(other, block + 1000, 150000), 0);
    EXPECT(CALL(SYS_copy_file_range, in, NULL, out, NULL, 10, 1), -EINVAL);
    from = 0;
    to = 5;
    EXPECT(CALL(SYS_copy_file_range, in, &from, in, &to, 10, 0), -EINVAL);
    EXPECT(CALL(SYS_copy_file_range, in, NULL, ends[0], NULL, 10, 0), -EINVAL);
    EXPECT(CALL(SYS_copy_file_range, in, BAD_POINTER, out, NULL, 10, 0), -EFAULT);
    signal(SIGPIPE, SIG_IGN);
    EXPECT(close(ends[0]), 0);
    EXPECT(close(in) + close(out), 0);
}

static void memory_files(void)
{
    struct stat status;
    char text[16];
    int fd = memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    EXPECT_TRUE(fd >= 0);
    EXPECT(fcntl(fd, F_GETFD), FD_CLOEXEC);
    EXPECT(write(fd, "contents", 8), 8);
    EXPECT(fstat(fd, &status), 0);
    EXPECT(status.st_mode, S_IFREG | 0777);
    EXPECT(status.st_nlink, 0);
    EXPECT(status.st_size, 8);
    EXPECT(fcntl(fd, F_GET_SEALS), 0);
    EXPECT(CALL(SYS_fcntl, fd, F_ADD_SEALS, 0x1000), -EINVAL);
    EXPECT(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);
    EXPECT(CALL(SYS_write, fd, "x", 1), -EPERM);
    EXPECT(CALL(SYS_ftruncate, fd, 9), -EPERM);
    EXPECT(pwrite(fd, "C", 1, 0), 1);
    EXPECT(ftruncate(fd, 6), 0);
    EXPECT(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE), 0);
    EXPECT(CALL(SYS_ftruncate, fd, 5), -EPERM);
    EXPECT(CALL(SYS_pwrite64, fd, "x", 1, 0L), -EPERM);
    EXPECT(pread(fd, text, 16, 0), 6);
    EXPECT(memcmp(text, "Conten", 6), 0);
    EXPECT(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), 0);
    EXPECT(CALL(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_SEAL), -EPERM);
    EXPECT(fcntl(fd, F_GET_SEALS), F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE | F_SEAL_SEAL);
    EXPECT(close(fd), 0);
    fd = memfd_create("", 0);
    EXPECT(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
    EXPECT(CALL(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_GROW), -EPERM);
    EXPECT(close(fd), 0);
    char name[300];
    memset(name, 'x', sizeof name);
    name[250] = 0;
    EXPECT(CALL(SYS_memfd_create, name, 0), -EINVAL);
    name[249] = 0;
    EXPECT_TRUE((fd = memfd_create(name, 0)) >= 0);
    EXPECT(close(fd), 0);
    EXPECT(CALL(SYS_memfd_create, "x", 0x800), -EINVAL);
    EXPECT(CALL(SYS_memfd_create, BAD_POINTER, 0), -EFAULT);
}

static void extended(const char *path)
{
    char text[16];
    EXPECT(CALL(SYS_getxattr, path, "security.capability", text, 16), -ENODATA);
    EXPECT(CALL(SYS_lgetxattr, path, "trusted.x", text, 16), -ENODATA);
    EXPECT(CALL(SYS_getxattr, "/none", "trusted.x", text, 16), -ENOENT);
    EXPECT(CALL(SYS_getxattr, path, "nonsense", text, 16), -EOPNOTSUPP);
    EXPECT(CALL(SYS_getxattr, path, "", text, 16), -ERANGE);
    EXPECT(CALL(SYS_getxattr, path, BAD_POINTER, text, 16), -EFAULT);
    EXPECT(CALL(SYS_fgetxattr, 99, "trusted.x", text, 16), -EBADF);
    EXPECT(CALL(SYS_listxattr, path, NULL, 0), 0);
    EXPECT(CALL(SYS_flistxattr, 99, NULL, 0), -EBADF);
    EXPECT(CALL(SYS_setxattr, path, "trusted.x", "y", 1, 8), -EINVAL);
    EXPECT(CALL(SYS_removexattr, path, "trusted.x"), -ENODATA);
}

static void mounting(void)
{
    struct statfs facts;
    struct stat status;
    EXPECT(mkdir("/tmp/mount", 0755), 0);
    EXPECT(mount("some", "/tmp/mount", "tmpfs", 0, "size=64k,mode=700"), 0);
    EXPECT(statfs("/tmp/mount", &facts), 0);
    EXPECT(facts.f_blocks, 16);
    EXPECT(stat("/tmp/mount", &status), 0);
    EXPECT(status.st_mode, S_IFDIR | 0700);
    int fd = open("/tmp/mount/f", O_CREAT | O_RDWR, 0600);
    EXPECT_TRUE(fd >= 0);
    EXPECT_TRUE(write(fd, block, sizeof block) < 65537);
    EXPECT(CALL(SYS_pwrite64, fd, block, 1, 100000L), -ENOSPC);
    EXPECT(ftruncate(fd, 0), 0);
    EXPECT(write(fd, block, 60000), 60000);
    EXPECT(CALL(SYS_umount2, "/tmp/mount", 0), -EBUSY);
    EXPECT(close(fd), 0);
    EXPECT(CALL(SYS_renameat2, AT_FDCWD, "/tmp/mount/f", AT_FDCWD, "/tmp/f", 0), -EXDEV);
    EXPECT(CALL(SYS_renameat2, AT_FDCWD, "/tmp/mount", AT_FDCWD, "/tmp/g", 0), -EBUSY);
    EXPECT(CALL(SYS_unlinkat, AT_FDCWD, "/tmp/mount", AT_REMOVEDIR), -EBUSY);
    EXPECT(chdir("/tmp/mount"), 0);
    EXPECT(CALL(SYS_umount2, "/tmp/mount", 0), -EBUSY);
    EXPECT(stat("..", &status), 0);
    struct stat above;
    EXPECT(stat("/tmp", &above), 0);
    EXPECT(status.st_ino, above.st_ino);
    EXPECT(chdir("/"), 0);
    EXPECT(umount2("/tmp/mount", 0), 0);
    EXPECT(CALL(SYS_umount2, "/tmp/mount", 0), -EINVAL);
    EXPECT(stat("/tmp/mount/f", &status), -1);
    EXPECT(CALL(SYS_mount, "x", "/tmp/mount", "no-such-type", 0L, 0L), -ENODEV);
    EXPECT(CALL(SYS_mount, "x", "/none", "tmpfs", 0L, 0L), -ENOENT);
    EXPECT(CALL(SYS_mount, "x", "/tmp/mount", "tmpfs", 0L, "size=frog"), -EINVAL);
    EXPECT(rmdir("/tmp/mount"), 0);
}

static void syncing(const char *path)
{
    int fd = open(path, O_RDONLY), ends[2];
    EXPECT(pipe(ends), 0);
    EXPECT(fsync(fd) + fdatasync(fd) + syncfs(fd), 0);
    EXPECT(CALL(SYS_fsync, ends[0]), -EINVAL);
    EXPECT(CALL(SYS_fsync, 99), -EBADF);
    EXPECT(CALL(SYS_fadvise64, fd, 0L, 10L, 0), 0);
    EXPECT(CALL(SYS_fadvise64, fd, 0L, 10L, 99), -EINVAL);
    EXPECT(CALL(SYS_fadvise64, ends[0], 0L, 10L, 0), -ESPIPE);
    EXPECT(close(fd) + close(ends[0]) + close(ends[1]), 0);
    sync();
}

int main(int count, char **arguments)
{
    (void)count;
    sending();
    memory_files();
    extended(arguments[0]);
    mounting();
    syncing(arguments[0]);
    return checks_end("moves");
}
