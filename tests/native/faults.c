/*
 * faults.c: helpers of the groups, and the groups.
 */
#include "faults.h"

struct area area_new(uint64_t pages)
{
    struct area area = {create_endpoint(LEVEL_ANON), 0, address_new(pages), pages};

    area.object = create_object(area.pager, 0xc00c1e, pages, 0);
    CHECK_IS(
        region_map(HANDLE_SPACE, area.address, pages, MAP_READ | MAP_WRITE, area.object, 0, 0, 0),
        0);
    return area;
}

void area_free(struct area *area)
{
    CHECK_IS(region_unmap(HANDLE_SPACE, area->address, area->pages, 0), 0);
    CHECK_IS(handle_close(area->object), 0);
    CHECK_IS(handle_close(area->pager), 0);
}

int64_t read_byte(uint64_t address)
{
    return *(volatile uint8_t *)address;
}

int64_t write_byte(uint64_t address)
{
    *(volatile uint8_t *)address = 7;
    return 0;
}

int64_t supply_from(const struct message *fault, uint64_t how, handle source, uint64_t index)
{
    return page_supply_only(fault->request, how, fault->w[1], 1, source, index);
}

uint64_t resident_pages(void)
{
    struct space_statistics statistics = {0};

    CHECK_IS(space_statistics(HANDLE_SPACE, &statistics), 0);
    return statistics.resident;
}

int main(const struct startup *startup)
{
    uint64_t frames, resident;

    (void)startup;
    test_begin();
    for (unsigned round = 0; round < 2;
         round++) { /* the second one finds all tables and slabs made */
        frames = frames_used();
        resident = resident_pages();
        supplies();
        requests();
        shared_faults();
        source_faults();
        resized_objects();
        late_answers();
        exceptions();
        prefaults();
        CHECK(!round || resident_pages() == resident);
        CHECK(!round || frames_used() == frames);
    }
    finish();
}
