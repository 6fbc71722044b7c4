/*
 * procfs_memory: what /proc tells of a process's memory, against what the process did: maps, smaps,
 * pagemap, clear_refs, mem, status. Compares with Linux's answers and runs there unchanged, as
 * root.
 */
#define _GNU_SOURCE
#include "proc_text.h"
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#define PAGE  4096L
#define PAGES 64L

/* Anonymous memory that no huge page comes to, or a piece of a file. */
static char *map(long pages, int protection, int flags, int fd, long offset)
{
    char *memory = mmap(NULL, (size_t)(pages * PAGE), protection, flags, fd, offset);
    EXPECT_TRUE(memory != MAP_FAILED);
    return memory;
}

static void touch(char *memory, long pages)
{
    for (long i = 0; i < pages; i++)
        memory[i * PAGE] = (char)(i + 1);
}

/* The line that begins with an address, in maps or smaps of a process; NULL: there is none. */
static char *line_at(const char *file, pid_t pid, const void *address)
{
    char begin[32];
    EXPECT_TRUE(read_text("/proc/%d/%s", pid, file) > 0);
    snprintf(begin, sizeof begin, "%08lx-", (unsigned long)address);
    for (char *at = proc_text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (strncmp(at, begin, strlen(begin)) == 0)
            return at;
    return NULL;
}

/* kB of a mapping of a process, as smaps tells. */
static long told(const char *name, pid_t pid, const void *address)
{
    return number_in(line_at("smaps", pid, address), name);
}

static long rss(pid_t pid)
{
    read_text("/proc/%d/status", pid);
    return number_in(proc_text, "\nVmRSS:");
}

static void resident(void)
{
    pid_t self = getpid();
    char *memory = map(2 * PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *large = map(1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long before = rss(self);
    touch(large, 1024);
    EXPECT_TRUE(labs(rss(self) - before - 4096) <= 256); /* Linux counts in batches */
    munmap(large, 1024 * PAGE);
    EXPECT_TRUE(labs(rss(self) - before) <= 256);
    touch(memory, PAGES);
    EXPECT(told("\nSize:", self, memory), 2 * PAGES * 4);
    EXPECT(told("\nRss:", self, memory), PAGES * 4);
    EXPECT(told("\nPss:", self, memory), PAGES * 4);
    EXPECT(told("\nPrivate_Dirty:", self, memory), PAGES * 4);
    EXPECT(told("\nPrivate_Clean:", self, memory), 0);
    EXPECT(told("\nShared_Dirty:", self, memory), 0);
    EXPECT(told("\nAnonymous:", self, memory), PAGES * 4);
    EXPECT(told("\nReferenced:", self, memory), PAGES * 4);
    EXPECT(told("\nSwap:", self, memory), 0);
    EXPECT(madvise(memory, 16 * PAGE, MADV_DONTNEED), 0);
    EXPECT(told("\nRss:", self, memory), (PAGES - 16) * 4);
    munmap(memory, 2 * PAGES * PAGE);
}

static void referenced(void)
{
    pid_t self = getpid();
    char *memory = map(PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    touch(memory, PAGES);
    EXPECT(write_text("/proc/self/clear_refs", "1\n"), 0);
    EXPECT(told("\nReferenced:", self, memory), 0);
    EXPECT(told("\nRss:", self, memory), PAGES * 4);
    touch(memory, 3);
    EXPECT(((volatile char *)memory)[40 * PAGE], 41);
    EXPECT(told("\nReferenced:", self, memory), 4 * 4);
    EXPECT(write_text("/proc/self/clear_refs", "3"), 0); /* of files only */
    EXPECT(told("\nReferenced:", self, memory), 4 * 4);
    EXPECT(write_text("/proc/self/clear_refs", "0"), -EINVAL);
    EXPECT(write_text("/proc/self/clear_refs", "6"), -EINVAL);
    EXPECT(write_text("/proc/self/clear_refs", "x"), -EINVAL);
    munmap(memory, PAGES * PAGE);
}

/* What a child shares, and what it has of its own once it writes. */
static void shared(void)
{
    int ready[2], end[2];
    char byte = 0;
    char *memory = map(PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    touch(memory, PAGES);
    EXPECT(pipe(ready), 0);
    EXPECT(pipe(end), 0);
    pid_t child = fork();
    if (child == 0) {
        touch(memory, 10);
        if (write(ready[1], &byte, 1) != 1 || read(end[0], &byte, 1) != 1)
            _exit(1);
        _exit(0);
    }
    EXPECT(read(ready[0], &byte, 1), 1);
    EXPECT(told("\nRss:", child, memory), PAGES * 4);
    EXPECT(told("\nShared_Dirty:", child, memory), (PAGES - 10) * 4);
    EXPECT(told("\nPrivate_Dirty:", child, memory), 10 * 4);
    EXPECT(told("\nPss:", child, memory), (PAGES - 10) * 2 + 10 * 4);
    EXPECT(told("\nShared_Dirty:", getpid(), memory), (PAGES - 10) * 4);
    EXPECT(told("\nPrivate_Dirty:", getpid(), memory), 10 * 4);
    EXPECT(write(end[1], &byte, 1), 1);
    EXPECT(waitpid(child, NULL, 0), child);
    EXPECT(told("\nShared_Dirty:", getpid(), memory), 0);
    munmap(memory, PAGES * PAGE);
}

static uint64_t pagemap_entry(const void *address)
{
    uint64_t entry = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY);
    EXPECT(pread(fd, &entry, 8, (long)((uintptr_t)address / PAGE * 8)), 8);
    close(fd);
    return entry;
}

static void pagemap(void)
{
    uint64_t entries[600];
    char *memory = map(1200, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(memory, 1200 * PAGE, MADV_NOHUGEPAGE);
    touch(memory, 5);
    touch(memory + 550 * PAGE, 2);
    EXPECT(pagemap_entry(memory) >> 61, 4);     /* present, not swapped, not a file's */
    EXPECT(pagemap_entry(memory) >> 56 & 1, 1); /* nobody else's */
    EXPECT_TRUE(pagemap_entry(memory) << 9);    /* its frame */
    EXPECT_TRUE(pagemap_entry(memory) << 9 != pagemap_entry(memory + PAGE) << 9);
    EXPECT(pagemap_entry(memory + 5 * PAGE), 0);
    EXPECT(pagemap_entry((void *)PAGE), 0); /* nothing is mapped there */
    EXPECT(pagemap_entry((void *)(uintptr_t)pagemap) >> 61, 5);
    int fd = open("/proc/self/pagemap", O_RDONLY);
    EXPECT(pread(fd, entries, sizeof entries, (long)((uintptr_t)memory / PAGE * 8)),
           sizeof entries);
    int present = 0;
    for (int i = 0; i < 600; i++)
        present += entries[i] >> 63 != 0;
    EXPECT(present, 7);
    EXPECT(CALL(SYS_pread64, fd, entries, 7, 0), -EINVAL);
    EXPECT(CALL(SYS_pread64, fd, entries, 8, 4), -EINVAL);
    EXPECT(CALL(SYS_pread64, fd, BAD_POINTER, 8, 0), -EFAULT);
    close(fd);
    munmap(memory, 1200 * PAGE);
}

/* Does the line of maps say this, where the rights are? */
static int rights_are(const void *address, const char *rights)
{
    char *line = line_at("maps", getpid(), address), *at = line ? strchr(line, ' ') : NULL;
    return at && strncmp(at + 1, rights, 4) == 0;
}

static int ends_at(const void *address, const void *end)
{
    char *line = line_at("maps", getpid(), address);
    return line && strtoul(strchr(line, '-') + 1, NULL, 16) == (uintptr_t)end;
}

/* The name at the end of a line: its column is always the same. */
static int name_is(const void *address, const char *name)
{
    char *line = line_at("maps", getpid(), address);
    if (!line || !strchr(line, '\n'))
        return 0;
    *strchr(line, '\n') = 0;
    return strlen(line) > 73 && line[72] == ' ' && strcmp(line + 73, name) == 0;
}

static void mappings(void)
{
    char *memory = map(10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(memory, PAGE);
    munmap(memory + 9 * PAGE, PAGE); /* so that it stands alone */
    memory += PAGE;
    EXPECT_TRUE(rights_are(memory, "rw-p") && ends_at(memory, memory + 8 * PAGE));
    EXPECT(mprotect(memory + 2 * PAGE, PAGE, PROT_READ), 0);
    EXPECT_TRUE(ends_at(memory, memory + 2 * PAGE));
    EXPECT_TRUE(rights_are(memory + 2 * PAGE, "r--p"));
    EXPECT_TRUE(ends_at(memory + 3 * PAGE, memory + 8 * PAGE));
    EXPECT(mprotect(memory + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
    EXPECT_TRUE(ends_at(memory, memory + 8 * PAGE));
    EXPECT(mprotect(memory, 8 * PAGE, PROT_NONE), 0);
    EXPECT_TRUE(rights_are(memory, "---p"));
    munmap(memory, 8 * PAGE);
    char *zeros = map(4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT_TRUE(rights_are(zeros, "rw-s") && name_is(zeros, "/dev/zero (deleted)"));
    touch(zeros, 3);
    EXPECT(told("\nRss:", getpid(), zeros), 3 * 4);
    munmap(zeros, 4 * PAGE);
    line_at("maps", getpid(), memory);
    EXPECT_TRUE(strstr(proc_text, " [stack]\n") && strstr(proc_text, " [vdso]\n"));
    unsigned long break_before = (unsigned long)syscall(SYS_brk, 0);
    EXPECT(syscall(SYS_brk, break_before + 8 * PAGE), break_before + 8 * PAGE);
    line_at("maps", getpid(), memory);
    char *heap = strstr(proc_text, " [heap]\n");
    EXPECT_TRUE(heap);
    while (heap && heap > proc_text && heap[-1] != '\n')
        heap--;
    EXPECT_TRUE(heap && strtoul(strchr(heap, '-') + 1, NULL, 16) >= break_before + 8 * PAGE);
}

static void files(void)
{
    struct stat status;
    unsigned long inode = 0, offset = 0;
    unsigned major_number = 99, minor_number = 99;
    int fd = open("/tmp/mapped", O_CREAT | O_RDWR | O_TRUNC, 0600);
    EXPECT(ftruncate(fd, 8 * PAGE), 0);
    EXPECT(fstat(fd, &status), 0);
    char *memory = map(3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 2 * PAGE);
    EXPECT_TRUE(rights_are(memory, "rw-s"));
    char *line = line_at("maps", getpid(), memory);
    EXPECT(line ? sscanf(line, "%*x-%*x %*s %lx %x:%x %lu", &offset, &major_number, &minor_number,
                         &inode)
                : 0,
           4);
    EXPECT(offset, 2 * PAGE);
    EXPECT(inode, status.st_ino);
    EXPECT(makedev(major_number, minor_number), (long)status.st_dev);
    EXPECT_TRUE(name_is(memory, "/tmp/mapped"));
    EXPECT(unlink("/tmp/mapped"), 0);
    EXPECT_TRUE(name_is(memory, "/tmp/mapped (deleted)"));
    munmap(memory, 3 * PAGE);
    char *copy = map(2, PROT_READ, MAP_PRIVATE, fd, 0);
    EXPECT_TRUE(rights_are(copy, "r--p"));
    close(fd);
    munmap(copy, 2 * PAGE);
    fd = (int)syscall(SYS_memfd_create, "some name", 0);
    EXPECT(ftruncate(fd, PAGE), 0);
    memory = map(1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT_TRUE(name_is(memory, "/memfd:some name (deleted)"));
    munmap(memory, PAGE);
    close(fd);
}

/* The sum over all mappings is what the rollup says. */
static void rollup(void)
{
    long sum = 0, dirty = 0;
    read_text("/proc/self/smaps");
    for (char *at = proc_text; (at = strstr(at, "\nRss:")); at++)
        sum += number_in(at, "\nRss:");
    for (char *at = proc_text; (at = strstr(at, "\nPrivate_Dirty:")); at++)
        dirty += number_in(at, "\nPrivate_Dirty:");
    read_text("/proc/self/smaps_rollup");
    EXPECT_TRUE(strstr(proc_text, "[rollup]\n"));
    EXPECT_TRUE(labs(number_in(proc_text, "\nRss:") - sum) <= 16);
    EXPECT_TRUE(labs(number_in(proc_text, "\nPrivate_Dirty:") - dirty) <= 16);
}

/* Many mappings: longer than one read. Piece by piece it is the same text. */
static void pieces(void)
{
    static char whole[sizeof proc_text], piece[777];
    char *memory = map(800, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long i = 0; i < 800; i += 2)
        EXPECT(mprotect(memory + i * PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
    long length = read_text("/proc/self/maps"), done = 0, got;
    EXPECT_TRUE(length > 800 * 40);
    memcpy(whole, proc_text, sizeof whole);
    int fd = open("/proc/self/maps", O_RDONLY), same = 1;
    while ((got = read(fd, piece, sizeof piece)) > 0) {
        same &= done + got <= length && memcmp(piece, whole + done, (size_t)got) == 0;
        done += got;
    }
    EXPECT(done, length);
    EXPECT_TRUE(same);
    EXPECT(pread(fd, piece, 100, length / 2), 100); /* back, and on from there */
    EXPECT(memcmp(piece, whole + length / 2, 100), 0);
    EXPECT(pread(fd, piece, 100, length), 0);
    close(fd);
    munmap(memory, 800 * PAGE);
}

static void memory_file(void)
{
    int ready[2];
    char byte = 0;
    int number = 42, got = 0, fd = open("/proc/self/mem", O_RDWR);
    char *memory = map(3, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(memory + 2 * PAGE, PAGE);
    EXPECT(pread(fd, &got, sizeof got, (long)(uintptr_t)&number), sizeof got);
    EXPECT(got, 42);
    got = 43;
    EXPECT(pwrite(fd, &got, sizeof got, (long)(uintptr_t)&number), sizeof got);
    EXPECT(*(volatile int *)&number, 43);
    EXPECT(CALL(SYS_pread64, fd, &got, 4, 0), -EIO);
    EXPECT(pread(fd, proc_text, 3 * PAGE, (long)(uintptr_t)memory), 2 * PAGE);
    close(fd);
    munmap(memory, 2 * PAGE);
    EXPECT(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        number = 44;
        while (write(ready[1], &byte, 1) == 1)
            pause();
        _exit(1);
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", child);
    fd = open(path, O_RDWR);
    EXPECT(read(ready[0], &byte, 1), 1);
    EXPECT(pread(fd, &got, sizeof got, (long)(uintptr_t)&number), sizeof got);
    EXPECT(got, 44);
    EXPECT(kill(child, SIGKILL), 0);
    EXPECT(waitpid(child, NULL, 0), child);
    EXPECT(pread(fd, &got, sizeof got, (long)(uintptr_t)&number), 0); /* nobody's any more */
    close(fd);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    resident();
    referenced();
    shared();
    pagemap();
    mappings();
    files();
    rollup();
    pieces();
    memory_file();
    return checks_end("procfs_memory");
}
