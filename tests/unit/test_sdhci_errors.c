// sources: tests/unit/sd_driver.c tests/unit/sd_model.c drivers/sdhci/host.c
// sources: drivers/sdhci/card.c drivers/sdhci/identify.c drivers/sdhci/request.c
// flags: -Iuserland
/*
 * The SD driver's core when something goes wrong at each step.
 */
#include "sd_driver.h"

/* Three requests, a write, a read and a flush, while the model goes wrong as it was told. */
static void three_requests(struct wish wishes[3], uint32_t sectors)
{
    submit_write(&wishes[0], 40, sectors, 2, 99);
    submit(&wishes[1], CARD_READ, 40, sectors, 100, false);
    submit(&wishes[2], CARD_FLUSH, 0, 0, 2, false);
    settle();
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQUAL(wishes[i].done, 1);
}

TEST(one_fault_at_any_command_of_a_load_is_overcome)
{
    static struct wish wishes[3];
    for (unsigned dma = 0; dma < 2; dma++)
        for (uint32_t sectors = 1; sectors <= 20; sectors += 19)
            for (enum sd_fault fault = FAULT_NO_RESPONSE; fault < FAULT_REMOVAL; fault++)
                for (unsigned at = 1; at <= 6; at++) {
                    sd_model_reset(SDHC);
                    start_with(dma);
                    settle();
                    sd_model.fault = fault;
                    sd_model.fault_at = sd_model.commands + at;
                    three_requests(wishes, sectors);
                    for (unsigned i = 0; i < 3; i++)
                        CHECK_EQUAL(wishes[i].error, 0);
                    CHECK(has_contents(&wishes[1]));
                    CHECK(!memcmp(contents, sd_model.image, sizeof contents));
                    CHECK_EQUAL(mediums, 1);
                }
}

TEST(a_fault_that_lasts_ends_each_request_with_an_error_and_not_the_card)
{
    static struct wish wishes[3];
    for (enum sd_fault fault = FAULT_NO_RESPONSE; fault < FAULT_REMOVAL; fault++)
        for (unsigned at = 1; at <= 2; at++) {
            start(SDHC);
            sd_model.fault = fault;
            sd_model.fault_at = sd_model.commands + at;
            sd_model.fault_lasts = true;
            three_requests(wishes, 20);
            for (unsigned i = 0; i < 3; i++)
                CHECK(!wishes[i].error || wishes[i].error == -EIO ||
                      wishes[i].error == -ETIMEDOUT || wishes[i].error == -ENOMEDIUM);
            CHECK(wishes[1].error && !wishes[0].error == (at == 2));
            sd_model.fault = FAULT_NONE;
            run(sd_model_time + 200 * SECOND);
            three_requests(wishes, 20);
            for (unsigned i = 0; i < 3; i++)
                CHECK_EQUAL(wishes[i].error, 0);
            CHECK(has_contents(&wishes[1]));
        }
}

TEST(a_card_that_stays_busy_ends_with_an_error)
{
    static struct wish wish;
    start(SDHC);
    sd_model.busy_for_ever = true;
    submit_write(&wish, 3, 1, 2, 5);
    settle();
    CHECK(wish.done == 1 && wish.error == -ETIMEDOUT);
}

TEST(removal_at_any_command_of_a_load_ends_all_and_what_comes_is_another_card)
{
    static struct wish wishes[3], later;
    for (unsigned at = 1; at <= 4; at++) {
        start(SDHC);
        sd_model.fault = FAULT_REMOVAL;
        sd_model.fault_at = sd_model.commands + at;
        submit(&wishes[0], CARD_READ, 0, 16, 2, false);
        submit(&wishes[1], CARD_READ, 16, 1, 100, false);
        submit(&wishes[2], CARD_FLUSH, 0, 0, 2, false);
        settle();
        for (unsigned i = 0; i < 3; i++)
            CHECK(wishes[i].done == 1 &&
                  wishes[i].error == (sd_model.present || i + 1 < at ? 0 : -ENOMEDIUM));
        if (sd_model.present)
            sd_model_remove();
        sd_model.fault = FAULT_NONE;
        settle();
        CHECK(mediums == 2 && !medium_sectors);
        submit(&later, CARD_READ, 0, 8, 2, false);
        CHECK(later.done == 1 && later.error == -ENOMEDIUM);
        sd_model_insert(1); /* it looks the same */
        settle();
        CHECK(mediums == 3 && medium_sectors == SD_MODEL_SECTORS && medium_another);
        submit(&later, CARD_READ, 0, 8, 2, false);
        settle();
        CHECK(later.done == 1 && !later.error && has_contents(&later));
    }
}

TEST(another_card_found_on_the_way_back_from_an_error_gets_nothing_meant_for_the_first)
{
    static struct wish wishes[2];
    start(SDHC);
    host.no_detect = true; /* nothing tells that it was changed */
    sd_model.serial = 2;
    sd_model.state = 0; /* a card that was just switched on: it knows no transfers */
    submit(&wishes[0], CARD_WRITE, 0, 8, 2, false);
    submit(&wishes[1], CARD_WRITE, 8, 8, 2, false);
    settle();
    CHECK(wishes[0].error == -ENOMEDIUM && wishes[1].error == -ENOMEDIUM);
    CHECK(medium_another && medium_sectors == SD_MODEL_SECTORS && !sd_model.writes);
}

TEST(lines_that_cannot_be_reset_take_the_whole_controller)
{
    static struct wish wish;
    start(SDHC);
    sd_model.lines_stuck = true;
    sd_model.fault = FAULT_DATA_CRC;
    sd_model.fault_at = sd_model.commands + 1;
    submit_write(&wish, 3, 20, 2, 50);
    settle();
    CHECK(wish.done == 1 && !wish.error && !sd_model.lines_stuck && !medium_another);
    CHECK(!memcmp(contents, sd_model.image, sizeof contents));
}

TEST(where_nothing_tells_of_cards_one_that_comes_is_found_by_trying)
{
    static struct wish wish;
    sd_model_reset(SDHC);
    sd_model.present = false;
    start_undetected();
    settle();
    CHECK(!medium_sectors && card.deadline);
    sd_model.present = true;
    run(sd_model_time + 5 * SECOND);
    CHECK_EQUAL(medium_sectors, SD_MODEL_SECTORS);
    submit_write(&wish, 9, 9, 2, 9);
    settle();
    CHECK(wish.done == 1 && !wish.error);
    sd_model.present = false;
    submit_write(&wish, 9, 9, 2, 9);
    settle();
    CHECK(wish.done == 1 && wish.error && !medium_sectors);
    sd_model_insert(1); /* it looks the same */
    run(sd_model_time + 5 * SECOND);
    CHECK(medium_sectors == SD_MODEL_SECTORS && medium_another);
}

TEST(the_same_card_found_again_is_gone_on_with)
{
    static struct wish wish;
    start(SDHC);
    sd_model.state = 0; /* it lost its power for a moment */
    sd_model.wide = sd_model.fast = false;
    submit_write(&wish, 0, 8, 2, 77);
    settle();
    CHECK(wish.done == 1 && !wish.error && mediums == 2 && !medium_another);
    CHECK(!memcmp(contents, sd_model.image, sizeof contents));
}

TEST(forced_errors_come_every_so_many_commands)
{
    static struct wish wish;
    start(SDHC);
    host.force_every = 3;
    host.force_bits = STATUS_DATA_CRC;
    for (unsigned i = 0; i < 6; i++) {
        submit(&wish, CARD_READ, i, 1, 2, false);
        settle();
        CHECK(!wish.error && has_contents(&wish));
    }
}

/* Random requests, several at a time, while now and then something goes wrong: what was read and
 * written without error is right, and everything ends. */
TEST(a_random_load_with_random_faults)
{
    static struct wish wishes[8];
    for (unsigned round = 0; round < 60; round++) {
        sd_model_reset(unit_random_below(3));
        start_with(unit_random_below(2));
        settle();
        for (unsigned turn = 0; turn < 100; turn++) {
            unsigned count = 1 + (unsigned)unit_random_below(8);
            sd_model.fault =
                unit_random_below(2) ? FAULT_NONE : (enum sd_fault)unit_random_below(FAULT_REMOVAL);
            sd_model.fault_at = sd_model.commands + 1 + unit_random_below(20);
            for (unsigned i = 0; i < count; i++) {
                uint32_t sectors = 1 + (uint32_t)unit_random_below(40);
                uint64_t sector = i * 500 + unit_random_below(500 - sectors);
                if (unit_random_below(2))
                    submit_write(&wishes[i], sector, sectors, 8 + 8 * i, turn);
                else
                    submit(&wishes[i], CARD_READ, sector, sectors, 8 + 8 * i, false);
            }
            settle();
            for (unsigned i = 0; i < count; i++)
                CHECK(wishes[i].done == 1 && !wishes[i].error && has_contents(&wishes[i]));
        }
        CHECK(!memcmp(contents, sd_model.image, sizeof contents));
    }
}
