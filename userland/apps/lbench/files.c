/* files.c of lbench: a file that is in memory already: this program's own. */
#define _GNU_SOURCE
#include "lbench.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes the file large enough to be worth mapping. */
#define FILE_PAGES 64
static const char ballast[FILE_PAGES * PAGE] __attribute__((used)) = {1};

/* Opens the file; 0 or -errno. Every page of it is in memory afterwards. */
static int open_file(int *file)
{
    struct stat found;
    char page[PAGE];

    *file = open(own_path, O_RDONLY);
    if (*file < 0)
        return -errno;
    if (fstat(*file, &found))
        return -errno;
    if (found.st_size < (off_t)(FILE_PAGES * PAGE))
        return -EINVAL;
    for (size_t i = 0; i < FILE_PAGES; i++)
        if (pread(*file, page, PAGE, (off_t)(i * PAGE)) != (ssize_t)PAGE)
            return errno ? -errno : -EIO;
    return 0;
}

static int64_t touch_file(unsigned rounds, int rights, void (*touch)(volatile char *, size_t))
{
    int file, error = open_file(&file);
    int64_t taken;
    char *area;

    if (error)
        return error;
    area = mmap(NULL, FILE_PAGES * PAGE, rights, MAP_PRIVATE, file, 0);
    if (area == MAP_FAILED)
        return -errno;
    taken = faults_of(touch, area, rounds);
    unmap(area, FILE_PAGES);
    close(file);
    return taken;
}

static int64_t read_fault(unsigned rounds)
{
    return touch_file(rounds, PROT_READ, read_pages);
}

static int64_t private_write_fault(unsigned rounds)
{
    return touch_file(rounds, PROT_READ | PROT_WRITE, write_pages);
}

static void read_every_other(volatile char *area, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        (void)area[2 * i * PAGE];
}

/* Mappings of one page each, so that nothing around a fault can be mapped with it. */
static int64_t read_fault_single(unsigned rounds)
{
    int file, error = open_file(&file);
    int64_t taken;
    char *area;

    if (error)
        return error;
    area = mmap(NULL, 2 * rounds * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED)
        return -errno;
    for (size_t i = 0; i < rounds; i++)
        if (mmap(area + 2 * i * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file,
                 (off_t)(i * PAGE)) == MAP_FAILED)
            return -errno;
    taken = faults_of(read_every_other, area, rounds);
    unmap(area, 2 * rounds);
    close(file);
    return taken;
}

static int64_t shared_write_fault(unsigned rounds)
{
    int file = open("/tmp/lbench", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char page[PAGE] = {1};
    int64_t taken;
    char *area;

    if (file < 0)
        return -errno;
    unlink("/tmp/lbench");
    for (size_t i = 0; i < rounds; i++)
        if (write(file, page, PAGE) != (ssize_t)PAGE)
            return -errno;
    area = mmap(NULL, rounds * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (area == MAP_FAILED)
        return -errno;
    taken = faults_of(write_pages, area, rounds);
    unmap(area, rounds);
    close(file);
    return taken;
}

static int64_t pread_page(unsigned rounds)
{
    static char page[PAGE];
    int file, error = open_file(&file);
    uint64_t begin, taken;

    if (error)
        return error;
    begin = now();
    for (unsigned i = 0; i < rounds; i++)
        if (pread(file, page, PAGE, (off_t)(i % FILE_PAGES * PAGE)) != (ssize_t)PAGE)
            return -errno;
    taken = now() - begin;
    close(file);
    return (int64_t)taken;
}

const struct row file_rows[] = {
    {"linux_file_read_fault", read_fault, FILE_PAGES},
    {"linux_file_read_fault_single", read_fault_single, FILE_PAGES},
    {"linux_file_private_write_fault", private_write_fault, FILE_PAGES},
    {"linux_file_shared_write_fault", shared_write_fault, FILE_PAGES},
    {"linux_pread_page", pread_page, 200},
    {NULL, NULL, 0},
};
