// sources: drivers/lib/partitions.c
// flags: -Iuserland -Ikernel
#include "drivers/lib/partitions.h"
#include "unit.h"
#include <string.h>

enum { SECTORS = 1000 };
static uint8_t mbr[BLOCK_SECTOR];
static struct partitions partitions;

static void entry(unsigned number, uint8_t type, uint32_t first, uint32_t sectors)
{
    uint8_t *at = mbr + 446 + (number - 1) * 16;
    at[4] = type;
    memcpy(at + 8, &first, 4);
    memcpy(at + 12, &sectors, 4);
}

static void begin(void)
{
    memset(mbr, 0, sizeof mbr);
    mbr[510] = 0x55;
    mbr[511] = 0xaa;
}

static bool has(unsigned number, uint64_t first, uint64_t sectors)
{
    const struct partition *it = &partitions.at[number];
    return it->first == first && it->sectors == sectors;
}

TEST(the_usual_table)
{
    begin();
    entry(1, 0x0c, 63, 100);
    entry(2, 0x83, 163, 837); /* to the last sector */
    entry(4, 0, 5, 7);        /* type 0: none */
    partitions_read(&partitions, mbr, SECTORS);
    CHECK(has(0, 0, SECTORS) && has(1, 63, 100) && has(2, 163, 837));
    CHECK(has(3, 0, 0) && has(4, 0, 0));
    CHECK_EQUAL(partitions.wrong, 0);
}

TEST(without_a_signature_there_is_the_whole_disk)
{
    begin();
    entry(1, 0x83, 10, 10);
    mbr[511] = 0xab;
    partitions_read(&partitions, mbr, SECTORS);
    CHECK(has(0, 0, SECTORS) && has(1, 0, 0));
    partitions_read(&partitions, NULL, SECTORS);
    CHECK(has(0, 0, SECTORS) && has(1, 0, 0));
}

TEST(entries_that_cannot_be_are_left_out)
{
    static const uint32_t wrong[][2] = {{0, 5},     {999, 2}, {1000, 1}, {1, 1000}, {500, ~0u},
                                        {~0u, ~0u}, {~0u, 1}, {59, 2},   {40, 100}, {50, 10}};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        begin();
        entry(2, 0x83, 50, 10);
        entry(3, 0x83, wrong[i][0], wrong[i][1]);
        partitions_read(&partitions, mbr, SECTORS);
        CHECK(has(2, 50, 10) && has(3, 0, 0));
        CHECK_EQUAL(partitions.wrong, 1u << 3);
    }
}

TEST(random_tables_give_parts_of_the_disk_that_do_not_overlap)
{
    for (unsigned round = 0; round < 5000; round++) {
        begin();
        for (unsigned i = 446; i < 510; i++)
            mbr[i] =
                (i - 446) % 4 > 1 ? 0 : (uint8_t)unit_random(); /* small enough to fit at times */
        uint64_t sectors = 1 + unit_random_below(100000);
        uint8_t owner[100001] = {0};
        partitions_read(&partitions, mbr, sectors);
        for (unsigned i = 1; i <= BLOCK_PARTITIONS; i++)
            for (uint64_t at = 0; at < partitions.at[i].sectors; at++) {
                uint64_t sector = partitions.at[i].first + at;
                CHECK(sector && sector < sectors && !owner[sector]);
                owner[sector] = 1;
            }
    }
}

TEST(requests_stay_in_their_partition)
{
    static const uint64_t some[] = {0, 1, 2, 9, 10, 11, 50, 60, 1000, 1ul << 32, ~0ul - 9, ~0ul};
    enum { SOME = sizeof some / sizeof *some };
    uint64_t first;
    begin();
    entry(1, 0x83, 50, 10);
    partitions_read(&partitions, mbr, SECTORS);
    for (unsigned i = 0; i < SOME; i++)
        for (unsigned j = 0; j < SOME; j++)
            for (uint64_t badge = 0; badge < 7; badge++) {
                uint64_t size = badge == 0 ? SECTORS : badge == 1 ? 10 : 0;
                bool in = some[j] && some[j] <= size && some[i] <= size - some[j];
                CHECK_EQUAL(partitions_find(&partitions, badge, some[i], some[j], &first), in);
                if (in)
                    CHECK_EQUAL(first, some[i] + (badge ? 50 : 0));
            }
    CHECK(!partitions_find(&partitions, ~0ul, 0, 1, &first));
}
