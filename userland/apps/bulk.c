/*
 * bulk: long transfers between files, the kernel and memory that nobody has touched
 * yet, or that ends in the middle. Reads its own program file in all the ways there
 * are and compares. One line for each difference, then totals; status 0 when none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096UL
static int passed, failed;

static void expect(const char *what, long got, long want)
{
    if (got == want) {
        passed++;
        return;
    }
    failed++;
    printf("bulk: %s: got %ld, Linux says %ld\n", what, got, want);
}

static char *fresh(size_t bytes)
{
    char *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
        perror("bulk: mmap");
        exit(2);
    }
    return block;
}

static void read_whole(int file, size_t size, const char *truth)
{
    char *copy = fresh(size + PAGE);
    expect("read of the whole file", read(file, copy, size + PAGE), (long)size);
    expect("its contents", memcmp(copy, truth, size), 0);
    munmap(copy, size + PAGE);

    /* A buffer that begins and ends in the middle of pages. */
    copy = fresh(size + 2 * PAGE);
    expect("pread to an odd address", pread(file, copy + 1001, size - 77, 77), (long)size - 77);
    expect("its contents", memcmp(copy + 1001, truth + 77, size - 77), 0);
    expect("byte before", copy[1000], 0);
    expect("byte after", copy[1001 + size - 77], 0);
    munmap(copy, size + 2 * PAGE);
}

/* Many small pieces, some empty, each on a page of its own. */
static void read_scattered(int file, const char *truth)
{
    enum { PIECES = 60 };
    struct iovec vector[PIECES];
    char *block = fresh(PIECES * PAGE);
    long total = 0;
    for (int i = 0; i < PIECES; i++) {
        vector[i].iov_base = block + i * PAGE + (PAGE - 100) % (97 * (i + 1));
        vector[i].iov_len = i % 5 == 0 ? 0 : 13 * i % 100;
        total += vector[i].iov_len;
    }
    lseek(file, 0, SEEK_SET);
    expect("readv", readv(file, vector, PIECES), total);
    expect("position after it", lseek(file, 0, SEEK_CUR), total);
    int same = 1;
    for (int i = 0; i < PIECES; i++) {
        same &= memcmp(vector[i].iov_base, truth, vector[i].iov_len) == 0;
        truth += vector[i].iov_len;
    }
    expect("its contents", same, 1);
    munmap(block, PIECES * PAGE);
}

/* Memory that ends after two pages: what fits is transferred. */
static void end_in_nothing(int file)
{
    char *block = fresh(8 * PAGE);
    munmap(block + 2 * PAGE, 6 * PAGE);
    expect("pread into two pages", pread(file, block, 5 * PAGE, 0), 2 * PAGE);
    munmap(block, 2 * PAGE);

    block = fresh(8 * PAGE);
    mprotect(block + PAGE, 7 * PAGE, PROT_READ);
    expect("pread into one writable page", pread(file, block, 5 * PAGE, 0), PAGE);
    errno = 0;
    expect("pread into read-only memory", pread(file, block + PAGE, PAGE, 0), -1);
    expect("is EFAULT", errno, EFAULT);
    munmap(block, 8 * PAGE);
}

static void write_out(const char *truth, size_t size)
{
    int sink = open("/dev/null", O_WRONLY);
    expect("write of a mapped file", write(sink, truth, size), (long)size);
    char *zeros = fresh(100 * PAGE);
    expect("write of untouched memory", write(sink, zeros, 100 * PAGE), 100 * PAGE);
    struct iovec pieces[2] = {{zeros, 3 * PAGE}, {(void *)truth, size}};
    expect("writev", writev(sink, pieces, 2), (long)(3 * PAGE + size));
    close(sink);
    munmap(zeros, 100 * PAGE);

    int source = open("/dev/zero", O_RDONLY);
    char *block = fresh(50 * PAGE);
    memset(block, 1, 50 * PAGE);
    expect("read of /dev/zero", read(source, block, 50 * PAGE), 50 * PAGE);
    expect("first byte", block[0], 0);
    expect("last byte", block[50 * PAGE - 1], 0);
    close(source);
    munmap(block, 50 * PAGE);
}

/* A text longer than the pages the console takes at once, from memory not read before. */
static void long_line(void)
{
    size_t bytes = 3 * PAGE;
    char *line = fresh(bytes + PAGE);
    for (size_t i = 0; i < bytes; i++)
        line[PAGE / 2 + i] = i % 64 == 63 ? '\n' : '.';
    expect("write of three pages to standard output", write(1, line + PAGE / 2, bytes),
           (long)bytes);
    munmap(line, bytes + PAGE);
}

int main(int argc, char **argv)
{
    struct stat status;
    int file = open(argv[0], O_RDONLY);
    if (argc < 1 || file < 0 || fstat(file, &status) != 0) {
        perror("bulk: own program file");
        return 2;
    }
    size_t size = (size_t)status.st_size;
    char *truth = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    read_whole(file, size, truth);
    read_scattered(file, truth);
    end_in_nothing(file);
    write_out(truth, size);
    long_line();
    printf("bulk: %d passed, %d failed\n", passed, failed);
    return failed != 0;
}
