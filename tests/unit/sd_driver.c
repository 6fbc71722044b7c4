/*
 * sd_driver.c: see sd_driver.h.
 */
#include "sd_driver.h"

struct host host;
struct card card;
uint8_t contents[SD_MODEL_SECTORS][512];

uint64_t medium_sectors;
bool medium_read_only, medium_another;
unsigned mediums;

static void medium(uint64_t sectors, bool read_only, bool another)
{
    medium_sectors = sectors;
    medium_read_only = read_only;
    medium_another = another;
    mediums++;
}

static void done(struct card_request *request, int error)
{
    struct wish *wish = (struct wish *)request;
    wish->done++;
    wish->error = error;
}

static const struct card_callbacks callbacks = {medium, done};

void run(uint64_t until)
{
    for (unsigned turns = 0;; turns++) {
        CHECK(turns < 100000); /* it comes to rest */
        if (sd_model_interrupts()) {
            card_interrupt(&card, sd_model_time);
        } else if (card.deadline && card.deadline <= until) {
            sd_model_time = card.deadline > sd_model_time ? card.deadline : sd_model_time;
            card_alarm(&card, sd_model_time);
        } else {
            return;
        }
    }
}

static bool at_rest(void)
{
    return card.state == CARD_READY || card.state == CARD_OFF;
}

void settle(void)
{
    uint64_t begin = sd_model_time;
    do
        run(sd_model_time);
    while (!at_rest() && card.deadline && (run(card.deadline), true));
    CHECK(at_rest() && !card.first);
    CHECK(sd_model_time - begin < 600 * SECOND);
}

static void begin(void)
{
    mediums = 0;
    medium_sectors = 0;
    for (unsigned i = 0; i < sizeof contents; i++)
        ((uint8_t *)contents)[i] = (uint8_t)(i * 2654435761u >> 24);
    memcpy(sd_model.image, contents, sizeof contents);
    CHECK_EQUAL(host_start(&host), 0);
    card_start(&card, &host, &callbacks, sd_model_time);
}

void start_with(bool dma)
{
    host = (struct host){.registers = (uint8_t *)&sd_model};
    if (dma) {
        host.descriptors = (uint32_t *)sd_model.memory;
        host.descriptors_at = SD_MODEL_BASE;
    }
    begin();
}

void start_undetected(void)
{
    host = (struct host){.registers = (uint8_t *)&sd_model, .no_detect = true, .slow_writes = true};
    begin();
}

void start(enum sd_model_kind kind)
{
    sd_model_reset(kind);
    start_with(true);
    settle();
    CHECK_EQUAL(medium_sectors, SD_MODEL_SECTORS);
}

void submit(struct wish *wish, enum card_operation operation, uint64_t sector, uint32_t sectors,
            unsigned first, bool scattered)
{
    *wish = (struct wish){.request = {.operation = operation,
                                      .sector = sector,
                                      .sectors = sectors,
                                      .data = sd_model.memory + first * 4096,
                                      .pages = wish->pages}};
    for (unsigned i = 0; i < SD_BLOCKS_MOST / SD_BLOCKS_A_PAGE; i++)
        wish->pages[i] = SD_MODEL_BASE + (first + i * (1 + scattered)) * 4096ul;
    card_submit(&card, &wish->request, sd_model_time);
}

static uint8_t *page_of(const struct wish *wish, uint32_t sector)
{
    return sd_model.memory + (wish->pages[sector / 8] - SD_MODEL_BASE) + sector % 8 * 512;
}

static void fill(struct wish *wish, unsigned seed)
{
    for (uint32_t i = 0; i < wish->request.sectors; i++)
        memset(page_of(wish, i), (int)(seed + i), 512);
}

bool has_contents(const struct wish *wish)
{
    for (uint32_t i = 0; i < wish->request.sectors; i++)
        if (memcmp(page_of(wish, i), contents[wish->request.sector + i], 512))
            return false;
    return true;
}

void submit_write(struct wish *wish, uint64_t sector, uint32_t sectors, unsigned first,
                  unsigned seed)
{
    wish->request.sectors = sectors;
    for (unsigned i = 0; i < SD_BLOCKS_MOST / SD_BLOCKS_A_PAGE; i++)
        wish->pages[i] = SD_MODEL_BASE + (first + i) * 4096ul;
    fill(wish, seed);
    for (uint32_t i = 0; i < sectors; i++)
        memset(contents[sector + i], (int)(seed + i), 512);
    submit(wish, CARD_WRITE, sector, sectors, first, false);
}
