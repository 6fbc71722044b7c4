/*
 * parts.c: what is done to the files. The host made `big` (BIG_PAGES pages and a bit, byte i of
 * page p is p * 7 + i), `small`, and `holes` (page 5 alone has contents); it knows what they must
 * be afterwards.
 */
#include "load.h"

#define BIG_PAGES 700
#define BIG_BYTES (BIG_PAGES * PAGE_SIZE + 123)

static uint8_t original(uint64_t page, uint64_t i)
{
    return (uint8_t)(page * 7 + i);
}

static bool as_original(const struct open_file *file, uint64_t page)
{
    for (uint64_t i = 0; i < PAGE_SIZE; i++)
        if (file->at[page * PAGE_SIZE + i] !=
            (page * PAGE_SIZE + i < BIG_BYTES ? original(page, i) : 0))
            return false;
    return true;
}

static struct space_statistics statistics(void)
{
    struct space_statistics now;
    space_statistics(HANDLE_SPACE, &now);
    return now;
}

void read_part(void)
{
    struct open_file file;
    uint64_t facts[5], done;
    file_open(&file, "big", false, BIG_PAGES + 1);
    WANT(file.size == BIG_BYTES, "%lu bytes", file.size);
    int64_t error = ask_file(FILE_FILL, file.inode, 0, 10, 0, 0, &done);
    WANT(!error && done == 10, "%s, %lu pages", error_name(error), done);
    struct space_statistics before = statistics();
    WANT(as_original(&file, 3), "filled");
    WANT(statistics().major == before.major, "a page that was filled is no major fault");
    for (uint64_t page = 0; page <= BIG_PAGES; page++)
        WANT(as_original(&file, page), "page %lu", page);
    struct space_statistics after = statistics();
    facts_ask(facts);
    WANT(after.major > before.major, "none came from the disk");
    WANT(after.major - before.major < BIG_PAGES / 8, "%lu major faults: no read-ahead",
         after.major - before.major);
    WANT(facts[3] == BIG_PAGES + 1, "%lu pages read", facts[3]);
    for (uint64_t page = 0; page <= BIG_PAGES; page += 50)
        WANT(as_original(&file, page), "page %lu again", page);
    log_print(LOG_NOTICE, "file-load: %lu major, %lu minor faults\n", after.major - before.major,
              after.minor - before.minor);
    file_close(&file);
    passed("read");
}

/* By mapping and by FILL; synced; the host looks. Page p of `big` where p % 3 == 0: inverted. */
void write_part(void)
{
    struct open_file file;
    uint64_t facts[5];
    file_open(&file, "big", false, BIG_PAGES + 1);
    for (uint64_t page = 0; page < BIG_PAGES; page += 3) {
        if (page % 2)
            WANT(!ask_file(FILE_FILL, file.inode, page, 1, FILE_FILL_WRITE, 0, NULL), "%lu", page);
        for (uint64_t i = 0; i < PAGE_SIZE; i++)
            file.at[page * PAGE_SIZE + i] = (uint8_t)~original(page, i);
    }
    facts_ask(facts);
    WANT(facts[1], "%lu dirty", facts[1]);
    int64_t error = ask_file(FILE_SYNC, file.inode, 0, 0, FILE_SYNC_METADATA, 0, NULL);
    WANT(!error, "%s", error_name(error));
    facts_ask(facts);
    WANT(facts[1] == 0 && facts[2] == 0 && facts[4] >= BIG_PAGES / 3, "%lu written", facts[4]);
    uint64_t written = facts[4];
    file.at[0]++; /* write-protected by the sync: a fault, an upgrade */
    file.at[0]--;
    WANT(!ask_file(FILE_SYNC, file.inode, 0, 0, 0, 0, NULL), "again");
    facts_ask(facts);
    WANT(facts[4] == written + 1, "%lu written", facts[4] - written);
    file_close(&file);
    passed("write");
}

/* A new file, longer with each write, 100 pages and 1000 bytes: byte i of page p is p * 3 + i. */
void new_part(void)
{
    struct open_file file;
    uint64_t end = 100 * PAGE_SIZE + 1000;
    file_open(&file, "new", true, 101);
    for (uint64_t at = 0; at < end;) {
        uint64_t next = at + 5000 < end ? at + 5000 : end;
        uint64_t first = at / PAGE_SIZE, last = (next - 1) / PAGE_SIZE;
        int64_t error =
            ask_file(FILE_FILL, file.inode, first, last - first + 1, FILE_FILL_WRITE, next, NULL);
        WANT(!error, "%s", error_name(error));
        for (; at < next; at++)
            file.at[at] = (uint8_t)(at / PAGE_SIZE * 3 + at % PAGE_SIZE);
    }
    WANT(!file.at[end], "behind the end");
    WANT(!ask_file(FILE_SYNC, file.inode, 0, 0, FILE_SYNC_METADATA, 0, NULL), "sync");
    file_close(&file);
    passed("new");
}

/* Shorter and longer again: zeros in between. `small` was 3 pages of 'x'. */
void size_part(void)
{
    struct open_file file;
    file_open(&file, "small", false, 8);
    WANT(file.at[2 * PAGE_SIZE] == 'x', "%d", file.at[2 * PAGE_SIZE]);
    WANT(!ask_file(FILE_RESIZE, file.inode, 5000, 0, 0, 0, NULL), "shorter");
    WANT(file.at[4999] == 'x' && !file.at[5000], "the tail");
    WANT(!ask_file(FILE_RESIZE, file.inode, 7 * PAGE_SIZE, 0, 0, 0, NULL), "longer");
    WANT(file.at[4999] == 'x' && !file.at[5000] && !file.at[2 * PAGE_SIZE], "zeros");
    file.at[6 * PAGE_SIZE] = 'y';
    WANT(!ask_file(FILE_SYNC, file.inode, 0, 0, FILE_SYNC_METADATA, 0, NULL), "sync");
    file_close(&file);
    passed("size");
}

void hole_part(void)
{
    struct open_file file;
    file_open(&file, "holes", false, 64);
    for (uint64_t page = 0; page < 64; page++)
        WANT(file.at[page * PAGE_SIZE] == (page == 5 ? 'h' : 0), "page %lu", page);
    file.at[40 * PAGE_SIZE + 7] = 'w';
    WANT(!ask_file(FILE_SYNC, file.inode, 0, 0, FILE_SYNC_METADATA, 0, NULL), "sync");
    file_close(&file);
    passed("hole");
}

/* More than there is room for, several requests at once. `crowd`: 4096 pages, the first word of
 * each is its number. */
void crowd_part(void)
{
    struct open_file file;
    enum { PAGES = 4096 };
    file_open(&file, "crowd", true, PAGES);
    for (uint64_t page = 0; page < PAGES; page += 64) {
        int64_t error = ask_file(FILE_FILL, file.inode, page, 64, FILE_FILL_WRITE | FILE_FILL_WHOLE,
                                 (page + 64) * PAGE_SIZE, NULL);
        WANT(!error, "%s", error_name(error));
        for (uint64_t i = page; i < page + 64; i++)
            *(volatile uint64_t *)(file.at + i * PAGE_SIZE) = i;
    }
    for (unsigned i = 0; i < 8; i++)
        begin_file(FILE_FILL, file.inode, i * 500, 16, 0);
    begin_file(FILE_SYNC, 0, 0, 0, FILE_SYNC_METADATA);
    for (uint64_t page = 0; page < PAGES; page++)
        WANT(*(volatile uint64_t *)(file.at + page * PAGE_SIZE) == page, "page %lu", page);
    finish_file();
    uint64_t facts[5];
    facts_ask(facts);
    WANT(facts[0] < PAGES, "%lu pages held", facts[0]);
    file_close(&file);
    passed("crowd");
}

static uint64_t now(void)
{
    uint64_t count, frequency;
    __asm__ volatile("isb\n mrs %0, cntvct_el0\n mrs %1, cntfrq_el0"
                     : "=r"(count), "=r"(frequency));
    return count * (1000000000 / frequency);
}

/* Under icount: instructions a page. */
void bench_part(void)
{
    struct open_file file;
    volatile uint8_t sum = 0;
    file_open(&file, "big", false, BIG_PAGES + 1);
    uint64_t start = now();
    for (uint64_t page = 0; page < BIG_PAGES; page++)
        sum += file.at[page * PAGE_SIZE];
    uint64_t cold = now();
    for (uint64_t page = 0; page < 512; page++)
        file.at[page * PAGE_SIZE]++;
    uint64_t written = now();
    WANT(!ask_file(FILE_SYNC, file.inode, 0, 0, 0, 0, NULL), "sync");
    uint64_t synced = now();
    log_print(
        LOG_NOTICE,
        "file-load: cold sequential read by faults %lu, first write %lu, sync %lu ns a page\n",
        (cold - start) / BIG_PAGES, (written - cold) / 512, (synced - written) / 512);
    file_close(&file);
    passed("bench");
}
