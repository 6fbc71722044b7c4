// sources: userland/servers/file/adopt.c userland/servers/file/ahead.c
// sources: userland/servers/file/chunk.c userland/servers/file/fill.c
// sources: userland/servers/file/inode.c userland/servers/file/job.c userland/servers/file/place.c
// sources: userland/servers/file/radix.c userland/servers/file/room.c userland/servers/file/size.c
// sources: userland/servers/file/sync.c userland/servers/file/transfer.c userland/lib/wired.c
// sources: tests/unit/file_world.c
// flags: -Iuserland -Iuserland/servers/file
#include "file_world.h"
#include "pages.h"

#define BYTES(pages) ((uint64_t)(pages)*PAGE_SIZE)
#define SECOND       1000000000ul

static struct world_object *opened(unsigned number, uint64_t size)
{
    struct inode *inode;
    CHECK_EQUAL(cache_open(number, 7, size, &inode), 0);
    world_files[number].stored_size = size;
    return world_object_of(inode->object);
}

/* A file with contents, all blocks one behind the other but where the world says otherwise. */
static struct world_object *file(unsigned number, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++)
        world_put(number, i, (uint8_t)number);
    return opened(number, BYTES(pages));
}

static bool is_put(const struct world_object *object, uint64_t page, unsigned number)
{
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        if (object->page[page].bytes[i] != (uint8_t)(number + page * 7 + i))
            return false;
    return true;
}

/* A program writes a byte of a page that it may write to. */
static void poke(struct world_object *object, uint64_t page, unsigned at, uint8_t value)
{
    CHECK(world_access(object, page, true, 9));
    object->page[page].bytes[at] = value;
}

static void done(uint32_t tag, int error, uint64_t w0)
{
    CHECK(world_answers[tag].there);
    CHECK_EQUAL(world_answers[tag].error, error);
    CHECK_EQUAL(world_answers[tag].w0, w0);
}

static void fill_now(unsigned number, uint64_t first, uint64_t pages, uint64_t flags, uint64_t size)
{
    world_request(0, FILE_FILL, number, first, pages, flags, size);
    world_complete_all();
    done(0, 0, pages);
}

static void forget_all(void)
{
    for (unsigned number = 1; number <= INODES; number++) {
        if (!cache_find(number))
            continue;
        world_request(1, FILE_FORGET, number, 0, 0, 0, 0);
        world_complete_all();
        done(1, 0, 0);
    }
    CHECK_EQUAL(cache_inodes(), 0);
    CHECK_EQUAL(cache_jobs(), 0);
    CHECK(!cache.held && !cache.dirty && !cache.reading && !cache.writing);
}

TEST(a_fault_reads_its_page_and_those_that_follow)
{
    world_reset(1000);
    struct world_object *object = file(1, 20);
    CHECK(!world_access(object, 0, false, 1));
    CHECK_EQUAL(world_supply_ends[1], 0);
    world_complete_all();
    CHECK_EQUAL(world_supply_ends[1], 1);
    CHECK(is_put(object, 0, 1) && is_put(object, 3, 1));
    CHECK(world_access(object, 3, false, 2) && !object->page[4].bytes);
    CHECK_EQUAL(cache.read, 4);
    forget_all();
}

TEST(windows_double_while_it_is_sequential_and_jumping_about_reads_no_more_than_asked)
{
    world_reset(1000);
    file(1, 300);
    fill_now(1, 0, 1, 0, 0);
    CHECK_EQUAL(cache.read, 4);
    fill_now(1, 4, 1, 0, 0);
    CHECK_EQUAL(cache.read, 4 + 8);
    fill_now(1, 12, 1, 0, 0);
    CHECK_EQUAL(cache.read, 4 + 8 + 16);
    fill_now(1, 200, 1, 0, 0);
    fill_now(1, 150, 1, 0, 0);
    CHECK_EQUAL(cache.read, 4 + 8 + 16 + 2);
    world_request(0, FILE_ADVISE, 1, 0, 0, FILE_ADVICE_RANDOM, 0);
    done(0, 0, 0);
    fill_now(1, 28, 1, 0, 0);
    CHECK_EQUAL(cache.read, 4 + 8 + 16 + 3);
    world_request(0, FILE_ADVISE, 1, 210, 5, FILE_ADVICE_WILL_NEED, 0);
    done(0, 0, 0);
    world_complete_all();
    CHECK_EQUAL(cache.read, 4 + 8 + 16 + 8);
    forget_all();
}

TEST(consecutive_blocks_are_one_request_both_ways)
{
    world_reset(1000);
    for (unsigned i = 0; i < 64; i++) {
        world_files[1].block[i] = 100 + i;
        world_owner[100 + i] = 1;
    }
    struct world_object *object = opened(1, BYTES(64));
    fill_now(1, 0, 64, FILE_FILL_WRITE, 0);
    for (uint64_t page = 0; page < 64; page++)
        poke(object, page, 1, 1);
    CHECK_EQUAL(world_reads, 1);
    world_request(0, FILE_SYNC, 1, 0, 0, 0, 0);
    world_complete_all();
    done(0, 0, 0);
    CHECK(world_writes == 1 && world_flushes == 1 && cache.dirty == 0 && cache.written == 64);
    forget_all();
}

TEST(a_hole_reads_as_the_page_of_zeros_and_gets_its_block_before_it_is_writable)
{
    world_reset(1000);
    struct world_object *object = opened(1, BYTES(3));
    CHECK(!world_access(object, 1, false, 1));
    CHECK(world_supply_ends[1] == 1 && object->page[1].zero && !world_files[1].block[1]);
    CHECK(!world_access(object, 1, true, 2));
    CHECK(world_supply_ends[2] == 1 && object->page[1].writable && world_files[1].block[1]);
    CHECK(world_reads == 0 && cache.dirty == 1);
    world_blocks_free = 0;
    CHECK(!world_access(object, 2, true, 3));
    CHECK_EQUAL(world_supply_ends[3], -ENOSPC);
    world_request(0, FILE_FILL, 1, 0, 1, FILE_FILL_WRITE, 0);
    done(0, -ENOSPC, 0);
    forget_all();
}

TEST(what_was_never_written_behind_a_new_block_is_written_as_zeros)
{
    world_reset(1000);
    opened(1, 0);
    fill_now(1, 0, 2, FILE_FILL_WRITE, BYTES(2));
    world_request(0, FILE_SYNC, 1, 0, 0, 0, 0);
    world_complete_all();
    done(0, 0, 0);
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        CHECK(!world_stable[world_files[1].block[1]][i]);
    CHECK_EQUAL(world_files[1].stored_size, BYTES(2));
    forget_all();
}

TEST(dirty_pages_are_written_after_thirty_seconds)
{
    world_reset(1000);
    struct world_object *object = file(1, 4);
    CHECK(!world_access(object, 2, true, 1));
    world_complete_all();
    poke(object, 2, 5, 99);
    for (unsigned i = 0; i < 5; i++) {
        world_now += 5 * SECOND;
        cache_tick();
        CHECK_EQUAL(world_writes, 0);
    }
    world_now += 6 * SECOND;
    cache_tick();
    world_complete_all();
    CHECK(world_writes == 1 && world_stable[world_files[1].block[2]][5] == 99);
    CHECK_EQUAL(cache_jobs(), 0);
    forget_all();
}

TEST(a_page_is_written_again_only_if_somebody_wrote_to_it_again)
{
    world_reset(1000);
    struct world_object *object = file(1, 4);
    CHECK(!world_access(object, 0, true, 1));
    world_complete_all();
    for (unsigned round = 0; round < 3; round++) {
        world_request(0, FILE_SYNC, 1, 0, 0, 0, 0);
        world_complete_all();
        done(0, 0, 0);
    }
    CHECK_EQUAL(world_writes, 1);
    CHECK(!world_access(object, 0, true, 2));
    CHECK_EQUAL(world_supply_ends[2], 1); /* upgraded at once */
    world_request(0, FILE_SYNC, 1, 0, 0, 0, 0);
    world_complete_all();
    CHECK_EQUAL(world_writes, 2);
    forget_all();
}

TEST(one_bad_block_does_not_fail_its_neighbours)
{
    world_reset(1000);
    struct world_object *object = file(1, 20);
    world_dead = true;
    CHECK(!world_access(object, 0, false, 1));
    world_complete(0); /* the window; now the page alone */
    CHECK(world_supply_ends[1] == 0 && world_under_way == 1);
    world_dead = false;
    world_complete_all();
    CHECK_EQUAL(world_supply_ends[1], 1);
    world_dead = true;
    CHECK(!world_access(object, 9, false, 2));
    world_complete_all();
    CHECK_EQUAL(world_supply_ends[2], -EIO);
    world_dead = false;
    CHECK(!world_access(object, 9, false, 3));
    world_complete_all();
    CHECK(world_supply_ends[3] == 1 && is_put(object, 9, 1));
    forget_all();
}

TEST(a_failed_write_is_told_once_and_tried_again)
{
    world_reset(1000);
    struct world_object *object = file(1, 4);
    fill_now(1, 1, 1, FILE_FILL_WRITE, 0);
    poke(object, 1, 0, 77);
    world_dead = true;
    world_request(0, FILE_SYNC, 1, 0, 0, 0, 0);
    world_complete_all();
    done(0, -EIO, 1);
    CHECK_EQUAL(cache.dirty, 1);
    world_dead = false;
    world_request(0, FILE_SYNC, 1, 0, 0, 0, 0);
    world_complete_all();
    done(0, 0, 1);
    CHECK(cache.dirty == 0 && world_stable[world_files[1].block[1]][0] == 77);
    forget_all();
}

TEST(an_error_of_background_writing_waits_for_the_next_sync)
{
    world_reset(1000);
    struct world_object *object = file(1, 4);
    fill_now(1, 1, 1, FILE_FILL_WRITE, 0);
    poke(object, 1, 0, 1);
    world_dead = true;
    world_now += 31 * SECOND;
    cache_tick();
    world_complete_all();
    world_dead = false;
    world_now += 31 * SECOND;
    cache_tick();
    world_complete_all();
    CHECK_EQUAL(cache.dirty, 0);
    world_request(0, FILE_SYNC, 1, 0, 0, 0, 0);
    world_complete_all();
    done(0, -EIO, 1);
    world_request(0, FILE_SYNC, 1, 0, 0, 0, 0);
    done(0, 0, 1);
    forget_all();
}

TEST(files_larger_than_the_room_for_them_are_read_and_written_within_it)
{
    world_reset(80);
    struct world_object *object = file(1, 300);
    for (uint64_t page = 0; page < 300; page++) {
        for (unsigned tries = 0; !object->page[page].writable; tries++) {
            CHECK(tries < 10);
            world_request(0, FILE_FILL, 1, page, 1, FILE_FILL_WRITE, 0);
            world_complete_all();
            done(0, 0, 1);
        }
        CHECK(is_put(object, page, 1));
        poke(object, page, 0, (uint8_t)(object->page[page].bytes[0] + 1));
        CHECK(world_frames <= 80);
    }
    world_request(0, FILE_SYNC, 0, 0, 0, 0, 0);
    world_complete_all();
    done(0, 0, 0);
    for (uint64_t page = 0; page < 300; page++)
        CHECK_EQUAL(world_stable[world_files[1].block[page]][0], (uint8_t)(1 + page * 7 + 1));
    forget_all();
}

TEST(a_device_that_takes_nothing_costs_the_oldest_pages_and_nothing_hangs)
{
    world_reset(80);
    file(1, 10);
    opened(2, 0);
    world_dead = true;
    for (uint64_t page = 0; page < 200; page++) {
        world_request(0, FILE_FILL, 2, page, 1, FILE_FILL_WRITE | FILE_FILL_WHOLE, BYTES(page + 1));
        world_complete_all();
        CHECK(world_answers[0].there);
    }
    CHECK(cache.lost && cache_jobs() == 0);
    world_request(0, FILE_SYNC, 2, 0, 0, 0, 0);
    world_complete_all();
    CHECK(world_answers[0].there && world_answers[0].error == -EIO);
    forget_all();
}

TEST(a_shorter_file_waits_for_writes_to_its_blocks_and_drops_reads)
{
    world_reset(1000);
    struct world_object *object = file(1, 40);
    fill_now(1, 30, 1, FILE_FILL_WRITE, 0);
    poke(object, 30, 0, 1);
    world_request(2, FILE_SYNC, 1, 0, 0, 0, 0);
    CHECK(!world_access(object, 20, false, 1)); /* and a read of what goes */
    world_request(3, FILE_RESIZE, 1, BYTES(5) + 100, 0, 0, 0);
    CHECK(!world_answers[3].there && world_files[1].block[30]);
    world_complete_all();
    done(3, 0, 0);
    CHECK(world_answers[2].there && !world_files[1].block[30] && !object->page[20].bytes);
    world_request(3, FILE_RESIZE, 1, BYTES(40), 0, 0, 0);
    world_complete_all();
    done(3, 0, 0);
    fill_now(1, 20, 1, 0, 0);
    CHECK(object->page[20].zero);
    fill_now(1, 5, 1, 0, 0);
    CHECK(object->page[5].bytes[99] == (uint8_t)(1 + 5 * 7 + 99) && !object->page[5].bytes[100]);
    forget_all();
}

TEST(what_a_program_left_behind_the_end_is_gone_when_the_file_grows)
{
    world_reset(1000);
    world_put(1, 0, 1);
    struct world_object *object = opened(1, 100);
    fill_now(1, 0, 1, 0, 0);
    CHECK(!object->page[0].bytes[100] && object->page[0].bytes[99]);
    CHECK(!world_access(object, 0, true, 1));
    poke(object, 0, 100, 1);
    fill_now(1, 0, 1, FILE_FILL_WRITE, 200);
    CHECK(!object->page[0].bytes[100]);
    world_request(0, FILE_SYNC, 1, 0, 0, 0, 0);
    world_complete_all();
    done(0, 0, 0);
    CHECK(!world_stable[world_files[1].block[0]][100] && world_files[1].stored_size == 200);
    forget_all();
}

TEST(frames_refused_below_the_limit_are_made_up_for)
{
    world_reset(1000);
    struct world_object *object = file(1, 300);
    world_frames_most = 50;
    for (uint64_t page = 0; page < 300; page += 3) {
        world_request(0, FILE_FILL, 1, page, 1, 0, 0);
        world_complete_all();
        done(0, 0, 1);
        CHECK(object->page[page].bytes && is_put(object, page, 1));
    }
    forget_all();
}

TEST(what_a_server_before_left_is_written_once_and_goes_on)
{
    world_reset(1000);
    for (uint64_t page = 0; page < 80; page++)
        if (page % 8)
            world_put(1, page, 1);
    world_files[1].stored_size = BYTES(70);
    world_orphan(1, 80);
    CHECK_EQUAL(cache_adopt(), 0);
    struct world_object *object = &world_objects[0];
    CHECK(!world_access(object, 1, false, 1)); /* before anybody opened it */
    world_complete_all();
    CHECK(world_supply_ends[1] == 1 && is_put(object, 1, 1));
    struct inode *inode;
    CHECK_EQUAL(cache_open(1, 7, BYTES(80) - 5, &inode), 0);
    CHECK(world_object_of(inode->object) == object && inode->size == BYTES(80) - 5);
    world_request(0, FILE_SYNC, 1, 0, 0, FILE_SYNC_METADATA, 0);
    world_complete_all();
    done(0, 0, 0);
    CHECK_EQUAL(world_files[1].stored_size, BYTES(80) - 5);
    for (uint64_t page = 2; page < 78; page += 2)
        CHECK(page % 8 == 0 || world_stable[world_files[1].block[page]][9] == 0x77);
    CHECK(world_stable[world_files[1].block[3]][0] == (uint8_t)(1 + 3 * 7));
    forget_all();
}

TEST(bad_requests_are_refused)
{
    struct inode *inode;
    world_reset(1000);
    file(1, 3);
    CHECK_EQUAL(cache_open(0, 1, 0, &inode), -EINVAL);
    CHECK_EQUAL(cache_open(2, 1ul << 32, 0, &inode), -EINVAL);
    CHECK_EQUAL(cache_open(2, 1, FILE_BYTES_MOST + 1, &inode), -EINVAL);
    world_request(0, FILE_FILL, 9, 0, 1, 0, 0);
    done(0, -ESTALE, 0);
    world_request(0, FILE_FILL, 1, ~0ul, 1, 0, 0);
    done(0, -EFBIG, 0);
    world_request(0, FILE_FILL, 1, 0, 1, 8, 0);
    done(0, -EINVAL, 0);
    world_request(0, FILE_FILL, 1, 0, 1, FILE_FILL_WRITE, FILE_BYTES_MOST + 1);
    done(0, -EFBIG, 0);
    world_request(0, FILE_RESIZE, 1, ~0ul, 0, 0, 0);
    done(0, -EFBIG, 0);
    world_request(0, FILE_ADVISE, 1, 0, 1, 77, 0);
    done(0, -EINVAL, 0);
    world_request(0, 99, 1, 0, 0, 0, 0);
    done(0, -ENOSYS, 0);
    world_request(0, FILE_FILL, 1, 3, 1, 0, 0);
    done(0, 0, 0); /* beyond the end */
    forget_all();
}
