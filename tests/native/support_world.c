/*
 * support_world.c: the test as personality and pager of a child.
 */
#include "world.h"

struct world world_new(uint64_t pages, unsigned priority)
{
    struct world world = {create_endpoint(LEVEL_ANON), 0, create_endpoint(LEVEL_PROC), {0}};

    world.object = create_object(world.pager, 1, pages, 0);
    world.child = child_new(HANDLE_POOL, LEVEL_PROGRAM, world.personality, priority);
    CHECK_IS(
        region_map(world.child.space, AREA, pages, MAP_READ | MAP_WRITE, world.object, 0, 0, 0), 0);
    return world;
}

void world_free(struct world *world)
{
    child_kill(&world->child);
    handle_close(world->object);
    handle_close(world->personality);
    handle_close(world->pager);
}

struct message world_expect(struct world *world, uint64_t kind)
{
    struct message message = {0};

    sleep_for(1);
    CHECK_IS(take(world->personality, &message), kind);
    return message;
}

void world_expect_nothing(struct world *world)
{
    struct message message = {0};

    sleep_for(1);
    CHECK_IS(take(world->personality, &message), -EAGAIN);
}

void world_supply(struct world *world, uint64_t index, uint64_t flags)
{
    struct message fault;

    sleep_for(1);
    fault = expect_fault(world->pager, index, flags);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
}

void retry(const struct message *message, uint64_t how, uint64_t first, uint64_t second)
{
    struct message answer = {.w = {first, second, 0}};

    CHECK_IS(reply(how, message->request, &answer), 0);
}

int64_t system_call(uint64_t number, uint64_t a, uint64_t b)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;

    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x8) : "memory");
    return (int64_t)x0;
}

struct message expect_fault(handle pager, uint64_t index, uint64_t flags)
{
    struct message fault = {0};

    CHECK_IS(take(pager, &fault), KIND_FAULT | flags);
    CHECK_IS(fault.w[1], index);
    return fault;
}

int64_t supply(const struct message *fault, uint64_t how)
{
    return page_supply_only(fault->request, how, fault->w[1], 1, 0, 0);
}
