// sources: tests/unit/sd_driver.c tests/unit/sd_model.c drivers/sdhci/host.c
// sources: drivers/sdhci/card.c drivers/sdhci/identify.c drivers/sdhci/request.c
// flags: -Iuserland
/*
 * The SD driver's core: cards are identified, read and written.
 */
#include "sd_driver.h"

/* ---- Identification ---- */

TEST(each_kind_of_card_is_identified)
{
    for (enum sd_model_kind kind = SDSC_1; kind <= SDHC; kind++) {
        start(kind);
        CHECK(card.state == CARD_READY && mediums == 1 && medium_another && !medium_read_only);
        CHECK_EQUAL(card.byte_addressed, kind != SDHC);
        CHECK(sd_model.wide && sd_model.fast);
        CHECK_EQUAL(host.clock_hz, 26000000); /* 52 MHz by a power of two, at most 50 */
        CHECK_EQUAL(card.errors, kind == SDSC_1);
    }
}

TEST(the_clock_is_never_faster_than_the_card_may)
{
    for (unsigned megahertz = 1; megahertz < 256; megahertz++) {
        sd_model_reset(SDHC);
        sd_model.version_3 = true;
        sd_model.ability = megahertz << 8;
        start_with(false);
        settle();
        CHECK(host.clock_hz <= 25000000 && (host.clock_hz > 12000000 || megahertz < 25));
        CHECK_EQUAL(host_clock(&host, 400000), 0);
        CHECK(host.clock_hz <= 400000 && host.clock_hz >= 200000);
    }
}

TEST(a_card_without_switch_command_stays_at_the_usual_speed)
{
    sd_model_reset(SDSC_1);
    sd_model.no_switch = true;
    start_with(true);
    settle();
    CHECK(medium_sectors == SD_MODEL_SECTORS && !sd_model.fast && host.clock_hz <= 25000000);
}

TEST(without_a_card_requests_fail_and_one_that_comes_is_found)
{
    static struct wish wish;
    sd_model_reset(SDHC);
    sd_model.present = false;
    start_with(true);
    settle();
    submit(&wish, CARD_READ, 0, 1, 1, false);
    CHECK(wish.done == 1 && wish.error == -ENOMEDIUM);
    sd_model_insert(2);
    settle();
    CHECK(medium_sectors == SD_MODEL_SECTORS && medium_another);
    submit(&wish, CARD_READ, 5, 1, 1, false);
    settle();
    CHECK(wish.done == 1 && !wish.error && has_contents(&wish));
}

TEST(a_fault_at_any_step_of_identification_is_overcome)
{
    for (enum sd_model_kind kind = SDSC_1; kind <= SDHC; kind++) {
        start(kind);
        uint64_t steps = sd_model.commands;
        CHECK(steps >= 14 && steps < 30);
        for (enum sd_fault fault = FAULT_NO_RESPONSE; fault < FAULT_REMOVAL; fault++)
            for (uint64_t step = 1; step <= steps; step++) {
                sd_model_reset(kind);
                sd_model.fault = fault;
                sd_model.fault_at = step;
                start_with(true);
                settle();
                CHECK_EQUAL(medium_sectors, SD_MODEL_SECTORS);
            }
    }
}

TEST(a_card_that_never_works_is_tried_less_and_less_often_until_it_does)
{
    for (enum sd_fault fault = FAULT_NO_RESPONSE; fault < FAULT_REMOVAL; fault++) {
        sd_model_reset(SDHC);
        sd_model.fault = fault;
        sd_model.fault_at = 2;
        sd_model.fault_lasts = true;
        start_with(true);
        settle();
        if (medium_sectors) /* this one does not stop it */
            continue;
        CHECK(card.state == CARD_OFF && card.deadline);
        run(sd_model_time + 1000 * SECOND);
        CHECK(sd_model.commands < 2000);
        sd_model.fault = FAULT_NONE;
        run(sd_model_time + 70 * SECOND);
        CHECK_EQUAL(medium_sectors, SD_MODEL_SECTORS);
    }
}

TEST(a_card_that_is_never_ready_is_given_up)
{
    sd_model_reset(SDHC);
    sd_model.conditions_wanted = UINT32_MAX;
    start_with(true);
    settle();
    CHECK(!medium_sectors && card.state == CARD_OFF);
}

TEST(removal_at_any_step_of_identification)
{
    for (uint64_t step = 1; step < 20; step++) {
        sd_model_reset(SDHC);
        sd_model.fault = FAULT_REMOVAL;
        sd_model.fault_at = step;
        start_with(true);
        settle();
        if (!sd_model.present) {
            CHECK(!medium_sectors && card.state == CARD_OFF && !card.deadline);
            sd_model_insert(7);
            settle();
        }
        CHECK_EQUAL(medium_sectors, SD_MODEL_SECTORS);
    }
}

TEST(a_controller_that_stays_in_reset_or_has_no_clock_is_refused)
{
    sd_model_reset(SDHC);
    sd_model.stuck = true;
    host = (struct host){.registers = (uint8_t *)&sd_model};
    CHECK_EQUAL(host_start(&host), -EIO);
    sd_model_reset(SDHC);
    sd_model.ability = 0;
    CHECK_EQUAL(host_start(&host), -EIO);
    host.base_hz = 100000000;
    CHECK_EQUAL(host_start(&host), 0);
}

/* ---- Requests ---- */

TEST(reads_and_writes_of_all_sizes_by_both_ways)
{
    static struct wish wish;
    for (unsigned dma = 0; dma < 2; dma++)
        for (enum sd_model_kind kind = SDSC_1; kind <= SDHC; kind++) {
            sd_model_reset(kind);
            start_with(dma);
            settle();
            for (uint32_t sectors = 1; sectors <= 200; sectors = sectors * 3 / 2 + 1) {
                uint64_t sector = unit_random_below(SD_MODEL_SECTORS - sectors + 1);
                submit_write(&wish, sector, sectors, 8, sectors);
                settle();
                CHECK(wish.done == 1 && !wish.error);
                submit(&wish, CARD_READ, sector, sectors, 100, false);
                settle();
                CHECK(wish.done == 1 && !wish.error && has_contents(&wish));
            }
            submit(&wish, CARD_READ, SD_MODEL_SECTORS - 2, 2, 8, false);
            settle();
            CHECK(!wish.error && has_contents(&wish));
            CHECK_EQUAL(sd_model.by_dma > 0, dma);
            CHECK(!memcmp(contents, sd_model.image, sizeof contents));
            CHECK_EQUAL(card.errors, kind == SDSC_1);
        }
}

TEST(scattered_pages_and_the_largest_request)
{
    static struct wish wish;
    start(SDHC);
    submit(&wish, CARD_READ, 3, 300, 2, true);
    settle();
    CHECK(!wish.error && has_contents(&wish));
    submit(&wish, CARD_READ, 1, SD_BLOCKS_MOST, 2, true);
    settle();
    CHECK(!wish.error && has_contents(&wish));
    submit(&wish, CARD_READ, 1, SD_BLOCKS_MOST, 2, false);
    settle();
    CHECK(!wish.error && has_contents(&wish));
    CHECK_EQUAL(sd_model.by_dma, 3);
}

TEST(pages_that_32_bits_do_not_reach_go_by_programmed_io)
{
    static struct wish wish;
    start(SDHC);
    wish = (struct wish){.request = {.operation = CARD_READ,
                                     .sector = 9,
                                     .sectors = 24,
                                     .data = sd_model.memory + 2 * 4096,
                                     .pages = wish.pages}};
    for (unsigned i = 0; i < 3; i++)
        wish.pages[i] = SD_MODEL_BASE + (2 + i) * 4096ul;
    wish.pages[2] += 1ul << 32;
    card_submit(&card, &wish.request, sd_model_time);
    settle();
    wish.pages[2] -= 1ul << 32;
    CHECK(!wish.error && has_contents(&wish));
    CHECK_EQUAL(sd_model.by_dma, 0);
}

TEST(requests_are_done_in_their_order)
{
    static struct wish wishes[20];
    start(SDHC);
    for (unsigned i = 0; i < 20; i++)
        submit(&wishes[i], i % 5 == 4 ? CARD_FLUSH : CARD_READ, i * 8, i % 5 == 4 ? 0 : 8, 2 + i,
               false);
    for (unsigned turns = 0; turns < 1000 && !wishes[19].done; turns++) {
        card_interrupt(&card, sd_model_time);
        for (unsigned i = 1; i < 20; i++)
            CHECK(wishes[i].done <= wishes[i - 1].done);
    }
    for (unsigned i = 0; i < 20; i++)
        CHECK(wishes[i].done == 1 && !wishes[i].error && has_contents(&wishes[i]));
}

TEST(a_write_is_over_when_the_card_has_written)
{
    static struct wish wish;
    start(SDHC);
    sd_model.busy_asks = 3;
    submit_write(&wish, 7, 1, 2, 1);
    run(sd_model_time);
    CHECK(!wish.done);
    settle();
    CHECK(wish.done == 1 && !wish.error);
    sd_model.asks_left = 2;
    submit(&wish, CARD_FLUSH, 0, 0, 2, false);
    run(sd_model_time);
    CHECK(!wish.done);
    settle();
    CHECK(wish.done == 1 && !wish.error && !card.retries);
}

TEST(what_may_not_be_written_to_is_not)
{
    static struct wish wish;
    for (unsigned by_card = 0; by_card < 2; by_card++) {
        sd_model_reset(SDHC);
        sd_model.write_protected = !by_card;
        sd_model.temporary_lock = by_card;
        start_with(true);
        settle();
        CHECK(medium_read_only);
        submit(&wish, CARD_WRITE, 0, 8, 2, false);
        settle();
        CHECK(wish.done == 1 && wish.error == -EACCES);
        submit(&wish, CARD_READ, 0, 8, 2, false);
        settle();
        CHECK(!wish.error && has_contents(&wish) && !sd_model.writes);
    }
}
