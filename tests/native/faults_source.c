/*
 * faults_source.c: private pages of a file: what the file's pager is asked for, what
 * the private object's, and what happens when the file changes.
 */
#include "faults.h"

/* Pages 1 to 3 of a file of four pages, shown privately. */
struct mapping {
    struct area file;
    handle pager, private;
    uintptr_t address;
};

static struct mapping mapping_new(void)
{
    struct mapping mapping = {.file = area_new(4), .pager = create_endpoint(LEVEL_ANON)};

    mapping.private = create_object(mapping.pager, 2, 3, 0);
    mapping.address = address_new(3);
    CHECK_IS(region_map(HANDLE_SPACE, mapping.address, 3, MAP_READ | MAP_WRITE, mapping.private, 0,
                        mapping.file.object, 1),
             0);
    return mapping;
}

static void mapping_free(struct mapping *mapping)
{
    CHECK_IS(region_unmap(HANDLE_SPACE, mapping->address, 3, 0), 0);
    area_free(&mapping->file);
    handle_close(mapping->private);
    handle_close(mapping->pager);
}

static uint64_t minor_faults(void)
{
    struct space_statistics facts = {0};

    CHECK_IS(space_statistics(HANDLE_SPACE, &facts), 0);
    return facts.minor;
}

static volatile uint8_t *byte(const struct mapping *mapping, uint64_t page)
{
    return (volatile uint8_t *)(mapping->address + page * PAGE_SIZE);
}

/* A page that the file has not: its pager brings it. The reader then has it: one fault. */
static void read_absent(void)
{
    struct mapping mapping = mapping_new();
    uint64_t before = minor_faults();
    struct message fault, none = {0};
    struct worker worker;

    worker_start(&worker, read_byte, mapping.address + PAGE_SIZE, PRIORITY_ABOVE);
    fault = expect_fault(mapping.file.pager, 2, 0);
    CHECK_IS(fault.w[2], 2); /* of use: that page and the next */
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    CHECK_IS(minor_faults() - before, 1);
    CHECK_IS(take(mapping.pager, &none), -EAGAIN);
    *(volatile uint8_t *)(mapping.file.address + 2 * PAGE_SIZE) = 5; /* the same page */
    CHECK_IS(*byte(&mapping, 1), 5);
    mapping_free(&mapping);
}

/* Written: first the file's page, then its copy; together one fault. The file is as before. */
static void write_absent(void)
{
    struct mapping mapping = mapping_new();
    uint64_t before = minor_faults();
    struct message fault;
    struct worker worker;

    worker_start(&worker, write_byte, mapping.address + PAGE_SIZE, PRIORITY_ABOVE);
    fault = expect_fault(mapping.file.pager, 2, FAULT_PRIVATE);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    fault = expect_fault(mapping.pager, 1, FAULT_WRITE | FAULT_COW);
    CHECK_IS(supply(&fault, SUPPLY_COPY | SUPPLY_WRITABLE), 0);
    CHECK_IS(worker_finish(&worker), 0);
    CHECK_IS(minor_faults() - before, 1);
    CHECK_IS(*byte(&mapping, 1), 7);
    CHECK_IS(*(volatile uint8_t *)(mapping.file.address + 2 * PAGE_SIZE), 0);
    mapping_free(&mapping);
}

/* Two who wait for the same page of the file: one shows the file itself. */
static void two_ways(void)
{
    struct mapping mapping = mapping_new();
    struct message fault;
    struct worker shared, private;

    worker_start(&shared, read_byte, mapping.file.address + 3 * PAGE_SIZE, PRIORITY_ABOVE);
    worker_start(&private, write_byte, mapping.address + 2 * PAGE_SIZE, PRIORITY_ABOVE);
    fault = expect_fault(mapping.file.pager, 3, 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&shared), 0);
    fault = expect_fault(mapping.pager, 2, FAULT_WRITE | FAULT_COW);
    CHECK_IS(supply(&fault, SUPPLY_COPY | SUPPLY_WRITABLE), 0);
    CHECK_IS(worker_finish(&private), 0);
    mapping_free(&mapping);
}

/* The faulter is killed while it waits for the file's page, or its region goes. */
static void gone_meanwhile(bool killed)
{
    struct mapping mapping = mapping_new();
    struct message fault, again;
    struct worker worker;

    worker_start(&worker, write_byte, mapping.address, PRIORITY_ABOVE);
    fault = expect_fault(mapping.file.pager, 1, FAULT_PRIVATE);
    if (killed) {
        worker_kill(&worker);
        CHECK_IS(supply(&fault, WRITABLE_ZERO), -ESTALE);
    } else {
        handle other = create_object(mapping.pager, 3, 3, 0);
        CHECK_IS(region_unmap(HANDLE_SPACE, mapping.address, 3, 0), 0);
        CHECK_IS(region_map(HANDLE_SPACE, mapping.address, 3, MAP_READ | MAP_WRITE, other, 0, 0, 0),
                 0);
        CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
        again = expect_fault(mapping.pager, 0, FAULT_WRITE);
        CHECK_IS(supply(&again, WRITABLE_ZERO), 0);
        CHECK_IS(worker_finish(&worker), 0);
        handle_close(other);
    }
    mapping_free(&mapping);
}

/* What the file's pager takes back is read anew; what was written privately stays. */
static void taken_back(bool by_unmapping)
{
    struct mapping mapping = mapping_new();
    struct message fault;
    struct worker worker;

    CHECK_IS(page_supply_unasked(mapping.file.object, WRITABLE_ZERO, 0, 4, 0, 0), 0);
    *(volatile uint8_t *)(mapping.file.address + 2 * PAGE_SIZE) = 33;
    CHECK_IS(*byte(&mapping, 1), 33);
    worker_start(&worker, write_byte, mapping.address, PRIORITY_ABOVE);
    fault = expect_fault(mapping.pager, 0, FAULT_WRITE | FAULT_COW);
    CHECK_IS(supply(&fault, SUPPLY_COPY | SUPPLY_WRITABLE), 0);
    CHECK_IS(worker_finish(&worker), 0);
    if (by_unmapping)
        CHECK_IS(region_unmap(HANDLE_SPACE, mapping.file.address, 4, UNMAP_DISCARD), 0);
    else
        CHECK_IS(page_reclaim(mapping.file.object, 0, 4, RECLAIM_DISCARD), 4);
    worker_start(&worker, read_byte, mapping.address + PAGE_SIZE, PRIORITY_ABOVE);
    fault = expect_fault(mapping.file.pager, 2, 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    CHECK_IS(*byte(&mapping, 1), 0);
    CHECK_IS(*byte(&mapping, 0), 7);
    if (by_unmapping)
        CHECK_IS(region_map(HANDLE_SPACE, mapping.file.address, 4, MAP_READ, mapping.file.object, 0,
                            0, 0),
                 0);
    mapping_free(&mapping);
}

/* The file's page, first only read as zeroes, is written through the file: seen privately, too. */
static void replaced(void)
{
    struct mapping mapping = mapping_new();
    struct message fault;
    struct worker worker;

    worker_start(&worker, read_byte, mapping.address, PRIORITY_ABOVE);
    fault = expect_fault(mapping.file.pager, 1, 0);
    CHECK_IS(supply(&fault, SUPPLY_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    worker_start(&worker, write_byte, mapping.file.address + PAGE_SIZE, PRIORITY_ABOVE);
    fault = expect_fault(mapping.file.pager, 1, FAULT_WRITE);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    CHECK_IS(*byte(&mapping, 0), 7);
    mapping_free(&mapping);
}

void source_faults(void)
{
    read_absent();
    write_absent();
    two_ways();
    gone_meanwhile(true);
    gone_meanwhile(false);
    taken_back(false);
    taken_back(true);
    replaced();
}
