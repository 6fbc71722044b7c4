/*
 * store: the bytes of files: written, overwritten, sparse, appended, cut, read in every way; and
 * descriptors, pipes and locks as far as one thread can tell. Compares with Linux's answers and
 * runs there unchanged, as root.
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define MIB 1048576L

static unsigned char big[4 * MIB], back[4 * MIB];

static long size_of(int fd)
{
    struct stat status;
    return fstat(fd, &status) ? -1 : (long)status.st_size;
}

static int temporary(void)
{
    int fd = open("/tmp/store", O_CREAT | O_RDWR | O_TRUNC, 0600);
    EXPECT_TRUE(fd >= 0);
    EXPECT(unlink("/tmp/store"), 0);
    return fd;
}

static void small(void)
{
    char text[64] = "";
    int fd = temporary();
    EXPECT(write(fd, "hello", 5), 5);
    EXPECT(pwrite(fd, "J", 1, 0), 1);
    EXPECT(pread(fd, text, 64, 0), 5);
    EXPECT(strcmp(text, "Jello"), 0);
    EXPECT(read(fd, text, 64), 0);
    EXPECT(lseek(fd, 2, SEEK_SET), 2);
    EXPECT(read(fd, text, 2), 2);
    EXPECT(memcmp(text, "ll", 2), 0);
    EXPECT(lseek(fd, 0, SEEK_CUR), 4);
    EXPECT(lseek(fd, -1, SEEK_END), 4);
    EXPECT(CALL(SYS_lseek, fd, -6L, SEEK_END), -EINVAL);
    EXPECT(CALL(SYS_lseek, fd, 0, 9), -EINVAL);
    EXPECT(CALL(SYS_lseek, fd, LONG_MAX, SEEK_END), -EINVAL);
    EXPECT(CALL(SYS_pread64, fd, text, 1, -1L), -EINVAL);
    EXPECT(pwrite(fd, "far", 3, 300), 3);
    EXPECT(size_of(fd), 303);
    EXPECT(pread(fd, back, 400, 0), 303);
    for (int i = 5; i < 300; i++)
        EXPECT(back[i], 0);
    EXPECT(ftruncate(fd, 3), 0);
    EXPECT(ftruncate(fd, 10), 0);
    EXPECT(pread(fd, text, 64, 0), 10);
    EXPECT(memcmp(text, "Jel\0\0\0\0\0\0", 10), 0);
    EXPECT(CALL(SYS_ftruncate, fd, -1L), -EINVAL);
    EXPECT(CALL(SYS_ftruncate, 0x7fff, 1), -EBADF);
    EXPECT(CALL(SYS_write, fd, BAD_POINTER, 4), -EFAULT);
    EXPECT(CALL(SYS_pread64, fd, BAD_POINTER, 4, 0), -EFAULT);
    EXPECT(close(fd), 0);
    EXPECT(CALL(SYS_close, fd), -EBADF);
}

static void fill(unsigned seed)
{
    for (long i = 0; i < (long)sizeof big; i++)
        big[i] = (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
}

static void large(void)
{
    int fd = temporary();
    fill(1);
    EXPECT(write(fd, big, sizeof big), sizeof big);
    EXPECT(size_of(fd), sizeof big);
    EXPECT(pread(fd, back, sizeof back, 0), sizeof back);
    EXPECT(memcmp(big, back, sizeof big), 0);
    /* Across pages, at odd places. */
    for (long at = 4000; at < 3 * MIB; at += 123457) {
        memset(big + at, 7, 777);
        EXPECT(pwrite(fd, big + at, 777, at), 777);
    }
    EXPECT(pread(fd, back, sizeof back, 0), sizeof back);
    EXPECT(memcmp(big, back, sizeof big), 0);
    EXPECT(ftruncate(fd, 5000), 0);
    EXPECT(ftruncate(fd, 20000), 0);
    EXPECT(pread(fd, back, sizeof back, 0), 20000);
    EXPECT(memcmp(big, back, 5000), 0);
    for (int i = 5000; i < 20000; i++)
        if (back[i]) {
            EXPECT(back[i], 0);
            break;
        }
    struct iovec parts[4] = {{back, 10}, {NULL, 0}, {back + 100, 5000}, {back + 9000, 1}};
    EXPECT(preadv(fd, parts, 4, 1), 5011);
    EXPECT(memcmp(back + 100, big + 11, 4989), 0);
    EXPECT(CALL(SYS_preadv, fd, parts, 1025, 0, 0), -EINVAL);
    EXPECT(CALL(SYS_preadv2, fd, parts, 4, 0, 0, 0x4000), -EOPNOTSUPP);
    EXPECT(lseek(fd, 7, SEEK_SET), 7);
    EXPECT(CALL(SYS_preadv2, fd, parts, 1, -1L, 0L, 0L), 10);
    EXPECT(lseek(fd, 0, SEEK_CUR), 17);
    EXPECT(close(fd), 0);
}

static void sparse(void)
{
    struct stat status;
    int fd = temporary();
    EXPECT(pwrite(fd, "end", 3, 1L << 38), 3);
    EXPECT(size_of(fd), (1L << 38) + 3);
    EXPECT(fstat(fd, &status), 0);
    EXPECT(status.st_blocks, 8);
    EXPECT(pread(fd, back, 8192, MIB), 8192);
    for (int i = 0; i < 8192; i++)
        if (back[i]) {
            EXPECT(back[i], 0);
            break;
        }
    EXPECT(lseek(fd, 0, SEEK_DATA), 1L << 38);
    EXPECT(lseek(fd, 0, SEEK_HOLE), 0);
    EXPECT(lseek(fd, (1L << 38) + 1, SEEK_HOLE), (1L << 38) + 3);
    EXPECT(CALL(SYS_lseek, fd, (1L << 38) + 3, SEEK_DATA), -ENXIO);
    EXPECT(pwrite(fd, big, 3 * 4096, 4096), 3 * 4096);
    EXPECT(lseek(fd, 0, SEEK_DATA), 4096);
    EXPECT(lseek(fd, 4096, SEEK_HOLE), 16384);
    EXPECT(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8000, 5000), 0);
    EXPECT(pread(fd, back, 16384, 0), 16384);
    EXPECT(memcmp(back + 4096, big, 8000 - 4096), 0);
    for (int i = 8000; i < 13000; i++)
        if (back[i]) {
            EXPECT(back[i], 0);
            break;
        }
    EXPECT(memcmp(back + 13000, big + 13000 - 4096, 3384), 0);
    EXPECT(lseek(fd, 4096, SEEK_HOLE), 8192);
    EXPECT(fallocate(fd, 0, 100000, 10), 0);
    EXPECT(fallocate(fd, FALLOC_FL_KEEP_SIZE, (1L << 38) + 9000, 10), 0);
    EXPECT(size_of(fd), (1L << 38) + 3);
    EXPECT(CALL(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE, 0, 1), -EOPNOTSUPP);
    EXPECT(CALL(SYS_fallocate, fd, 0, 0, 0), -EINVAL);
    EXPECT(CALL(SYS_fallocate, fd, 0, -1L, 10L), -EINVAL);
    EXPECT(ftruncate(fd, 0), 0);
    EXPECT(fstat(fd, &status), 0);
    EXPECT(status.st_blocks, 0);
    EXPECT(close(fd), 0);
}

static void flags(void)
{
    char text[64] = "";
    int fd = open("/tmp/store", O_CREAT | O_RDWR | O_EXCL, 0600);
    int other = open("/tmp/store", O_WRONLY | O_APPEND);
    EXPECT(write(fd, "12345", 5), 5);
    EXPECT(write(other, "67", 2), 2);
    EXPECT(lseek(other, 0, SEEK_CUR), 7);
    EXPECT(pwrite(other, "8", 1, 0), 1); /* as Linux: at the end all the same */
    EXPECT(write(fd, "x", 1), 1);
    EXPECT(pread(fd, text, 64, 0), 8);
    EXPECT(strcmp(text, "12345x78"), 0);
    EXPECT(CALL(SYS_read, other, text, 1), -EBADF);
    EXPECT(fcntl(other, F_GETFL) & (O_ACCMODE | O_APPEND), O_WRONLY | O_APPEND);
    EXPECT(fcntl(other, F_SETFL, O_NONBLOCK), 0);
    EXPECT(fcntl(other, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_WRONLY | O_NONBLOCK);
    EXPECT(close(other), 0);
    other = open("/tmp/store", O_RDONLY);
    EXPECT(CALL(SYS_write, other, "x", 1), -EBADF);
    EXPECT(CALL(SYS_ftruncate, other, 0), -EINVAL);
    int left = 0;
    EXPECT(ioctl(other, FIONREAD, &left), 0);
    EXPECT(left, 8);
    EXPECT(close(other), 0);
    other = open("/tmp/store", O_RDONLY | O_TRUNC);
    EXPECT(size_of(fd), 0);
    EXPECT(close(other), 0);
    EXPECT(CALL(SYS_truncate, "/tmp/store", 3), 0);
    EXPECT(CALL(SYS_truncate, "/tmp", 3), -EISDIR);
    EXPECT(CALL(SYS_truncate, "/dev/null", 3), -EINVAL);
    EXPECT(CALL(SYS_truncate, "/tmp/none", 3), -ENOENT);
    EXPECT(size_of(fd), 3);
    EXPECT(unlink("/tmp/store"), 0);
    EXPECT(close(fd), 0);
}

/* Descriptors: numbers, sharing, limits. */
static void descriptors(void)
{
    int fd = open("/dev/null", O_RDWR), copy = dup(fd);
    EXPECT(copy, fd + 1);
    EXPECT(close(fd), 0);
    EXPECT(open("/dev/zero", O_RDONLY), fd);
    EXPECT(fcntl(copy, F_DUPFD, 20), 20);
    EXPECT(fcntl(copy, F_DUPFD_CLOEXEC, 20), 21);
    EXPECT(fcntl(21, F_GETFD), FD_CLOEXEC);
    EXPECT(fcntl(20, F_GETFD), 0);
    EXPECT(ioctl(20, FIOCLEX), 0);
    EXPECT(fcntl(20, F_GETFD), FD_CLOEXEC);
    EXPECT(ioctl(20, FIONCLEX), 0);
    EXPECT(fcntl(20, F_GETFD), 0);
    EXPECT(CALL(SYS_fcntl, copy, F_DUPFD, -1), -EINVAL);
    EXPECT(CALL(SYS_fcntl, copy, 9999, 0), -EINVAL);
    EXPECT(CALL(SYS_dup3, copy, copy, 0), -EINVAL);
    EXPECT(CALL(SYS_dup3, copy, 25, O_APPEND), -EINVAL);
    EXPECT(CALL(SYS_dup3, copy, 25, O_CLOEXEC), 25);
    EXPECT(CALL(SYS_dup3, copy, 100000000, 0), -EBADF);
    EXPECT(CALL(SYS_dup3, 99, 26, 0), -EBADF);
    EXPECT(CALL(SYS_close_range, 20, 30, 4), 0);
    EXPECT(fcntl(20, F_GETFD), FD_CLOEXEC);
    EXPECT(CALL(SYS_close_range, 20, ~0U, 0), 0);
    EXPECT(CALL(SYS_fcntl, 21, F_GETFD), -EBADF);
    EXPECT(CALL(SYS_close_range, 5, 4, 0), -EINVAL);
    EXPECT(CALL(SYS_close_range, 5, 6, 64), -EINVAL);
    struct rlimit limit, before;
    EXPECT(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = 30;
    EXPECT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int last = copy, next;
    while ((next = dup(copy)) >= 0)
        last = next;
    EXPECT(last, 29);
    EXPECT(errno, EMFILE);
    EXPECT(CALL(SYS_pipe2, (int[2]){0, 0}, 0), -EMFILE);
    EXPECT(close(29), 0);
    EXPECT(CALL(SYS_pipe2, (int[2]){0, 0}, 0), -EMFILE);
    EXPECT(dup(copy), 29);
    EXPECT(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT(CALL(SYS_close_range, copy + 1, ~0U, 0), 0);
    EXPECT(close(fd) + close(copy), 0);
    EXPECT(fcntl(0, F_SETOWN, getpid()), 0);
    EXPECT(fcntl(0, F_GETOWN), getpid());
    EXPECT(fcntl(0, F_SETOWN, 0), 0);
    EXPECT(CALL(SYS_fcntl, 0, F_SETOWN, 32000), -ESRCH);
}

static void pipes(void)
{
    int ends[2], left = 0;
    EXPECT(CALL(SYS_pipe2, ends, 0x4000000), -EINVAL);
    EXPECT(CALL(SYS_pipe2, BAD_POINTER, 0), -EFAULT);
    EXPECT(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    EXPECT(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
    EXPECT(CALL(SYS_read, ends[0], back, 1), -EAGAIN);
    EXPECT(CALL(SYS_read, ends[1], back, 1), -EBADF);
    EXPECT(CALL(SYS_write, ends[0], back, 1), -EBADF);
    EXPECT(CALL(SYS_lseek, ends[0], 0, SEEK_SET), -ESPIPE);
    EXPECT(CALL(SYS_pread64, ends[0], back, 1, 0), -ESPIPE);
    EXPECT(CALL(SYS_ftruncate, ends[1], 0), -EINVAL);
    EXPECT(fcntl(ends[0], F_GETPIPE_SZ), 65536);
    EXPECT(write(ends[1], "abcdef", 6), 6);
    EXPECT(ioctl(ends[0], FIONREAD, &left), 0);
    EXPECT(left, 6);
    EXPECT(CALL(SYS_read, ends[0], BAD_POINTER, 3), -EFAULT);
    EXPECT(CALL(SYS_write, ends[1], BAD_POINTER, 3), -EFAULT);
    EXPECT(read(ends[0], back, 4), 4);
    EXPECT(read(ends[0], back + 4, 4), 2);
    EXPECT(memcmp(back, "abcdef", 6), 0);
    fill(9);
    EXPECT(write(ends[1], big, MIB), 65536);
    EXPECT(CALL(SYS_write, ends[1], big, 1), -EAGAIN);
    EXPECT(read(ends[0], back, 4096), 4096);
    EXPECT(write(ends[1], big + 65536, 4096), 4096);
    EXPECT(read(ends[0], back + 4096, MIB), 65536);
    EXPECT(memcmp(big, back, 65536 + 4096), 0);
    EXPECT(fcntl(ends[0], F_SETPIPE_SZ, 5000), 8192);
    EXPECT(write(ends[1], big, 5000), 5000);
    EXPECT(CALL(SYS_write, ends[1], big, 4096), -EAGAIN); /* whole or not at all */
    EXPECT(CALL(SYS_fcntl, ends[0], F_SETPIPE_SZ, 4096), -EBUSY);
    EXPECT(close(ends[1]), 0);
    EXPECT(read(ends[0], back, MIB), 5000);
    EXPECT(read(ends[0], back, MIB), 0);
    EXPECT(close(ends[0]), 0);
}

static void fifos(void)
{
    struct stat status;
    EXPECT(mkfifo("/tmp/fifo", 0600), 0);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "/tmp/fifo", O_WRONLY | O_NONBLOCK), -ENXIO);
    int reader = open("/tmp/fifo", O_RDONLY | O_NONBLOCK);
    EXPECT(read(reader, back, 1), 0);
    int writer = open("/tmp/fifo", O_WRONLY);
    EXPECT(CALL(SYS_read, reader, back, 1), -EAGAIN);
    EXPECT(write(writer, "through", 7), 7);
    EXPECT(read(reader, back, 100), 7);
    EXPECT(fstat(writer, &status), 0);
    EXPECT(S_ISFIFO(status.st_mode), 1);
    EXPECT(close(writer), 0);
    EXPECT(read(reader, back, 1), 0);
    EXPECT(close(reader), 0);
    int both = open("/tmp/fifo", O_RDWR);
    EXPECT(write(both, "x", 1), 1);
    EXPECT(read(both, back, 10), 1);
    EXPECT(close(both), 0);
    EXPECT(unlink("/tmp/fifo"), 0);
}

static long lock(int fd, int command, int type, long start, long length)
{
    struct flock range = {.l_type = (short)type, .l_start = start, .l_len = length};
    long result = CALL(SYS_fcntl, fd, command, &range);
    return result || command != F_OFD_GETLK
               ? result
               : range.l_type * 10000 + range.l_start * 100 + range.l_len;
}

static void locks(void)
{
    int fd = temporary(), other;
    char path[64];
    EXPECT(close(fd), 0);
    fd = open("/tmp/locks", O_CREAT | O_RDWR, 0600);
    other = open("/tmp/locks", O_RDWR);
    (void)path;
    EXPECT(lock(fd, F_OFD_SETLK, F_WRLCK, 10, 10), 0);
    EXPECT(lock(other, F_OFD_SETLK, F_RDLCK, 15, 1), -EAGAIN);
    EXPECT(lock(other, F_OFD_SETLK, F_RDLCK, 20, 1), 0);
    EXPECT(lock(other, F_OFD_GETLK, F_RDLCK, 0, 50), F_WRLCK * 10000 + 10 * 100 + 10);
    EXPECT(lock(fd, F_OFD_SETLK, F_UNLCK, 12, 3), 0);
    EXPECT(lock(other, F_OFD_GETLK, F_RDLCK, 11, 50), F_WRLCK * 10000 + 10 * 100 + 2);
    EXPECT(lock(other, F_OFD_GETLK, F_RDLCK, 12, 50), F_WRLCK * 10000 + 15 * 100 + 5);
    EXPECT(lock(other, F_OFD_SETLK, F_WRLCK, 12, 3), 0);
    EXPECT(lock(fd, F_OFD_SETLK, F_RDLCK, 10, 2), 0);
    EXPECT(lock(other, F_OFD_SETLK, F_RDLCK, 10, 2), 0);
    EXPECT(lock(fd, F_OFD_SETLK, F_WRLCK, 10, 2), -EAGAIN);
    EXPECT(close(other), 0);
    EXPECT(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 0), 0);
    EXPECT(lock(fd, F_SETLK, F_WRLCK, 0, 1), -EAGAIN);
    EXPECT(lock(fd, F_OFD_SETLK, F_UNLCK, 0, 0), 0);
    EXPECT(lock(fd, F_SETLK, F_WRLCK, 0, 1), 0);
    EXPECT(lock(fd, F_SETLK, 9, 0, 1), -EINVAL);
    EXPECT(lock(fd, F_SETLK, F_WRLCK, -1, 1), -EINVAL);
    EXPECT(lock(fd, F_SETLK, F_WRLCK, LONG_MAX, 2), -EOVERFLOW);
    EXPECT(CALL(SYS_fcntl, fd, F_SETLK, BAD_POINTER), -EFAULT);
    other = open("/tmp/locks", O_RDONLY);
    EXPECT(lock(other, F_SETLK, F_WRLCK, 5, 1), -EBADF);
    EXPECT(flock(fd, LOCK_EX), 0);
    EXPECT(CALL(SYS_flock, other, LOCK_SH | LOCK_NB), -EAGAIN);
    EXPECT(flock(fd, LOCK_SH), 0);
    EXPECT(flock(other, LOCK_SH), 0);
    EXPECT(CALL(SYS_flock, fd, LOCK_EX | LOCK_NB), -EAGAIN);
    EXPECT(flock(other, LOCK_UN), 0);
    EXPECT(CALL(SYS_flock, fd, 77), -EINVAL);
    EXPECT(close(fd) + close(other) + unlink("/tmp/locks"), 0);
}

/* The program's own file is in the bundle: a copy of it is made when it is written. */
static void own_file(const char *path)
{
    char name[256], text[4] = "";
    snprintf(name, sizeof name, "%s", path);
    int fd = open(name, O_RDONLY);
    long size = size_of(fd);
    EXPECT_TRUE(size > 4096 && size < (long)sizeof big);
    EXPECT(read(fd, big, sizeof big), size);
    int copy = open("/tmp/copy", O_CREAT | O_RDWR, 0700);
    EXPECT(write(copy, big, size), size);
    EXPECT(link(name, "/tmp/bundle-link") < 0 ? rename(name, "/tmp/bundle-link") : 0, 0);
    int writer = open("/tmp/bundle-link", O_RDWR);
    EXPECT(writer < 0 && errno == ETXTBSY ? 4 : pwrite(writer, "\177ELF", 4, 0), 4);
    EXPECT(pread(fd, text, 4, 0), 4);
    EXPECT(memcmp(text, "\177ELF", 4), 0);
    EXPECT(pread(fd, back, sizeof back, 0), size);
    EXPECT(memcmp(big, back, size), 0);
    close(writer);
    EXPECT(close(fd) + close(copy) + unlink("/tmp/copy") + unlink("/tmp/bundle-link"), 0);
}

int main(int count, char **arguments)
{
    (void)count;
    small();
    large();
    sparse();
    flags();
    descriptors();
    pipes();
    fifos();
    locks();
    own_file(arguments[0]);
    return checks_end("store");
}
