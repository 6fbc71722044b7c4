// sources: kernel/vm/region.c kernel/vm/map.c kernel/vm/slot.c kernel/vm/object.c
// sources: kernel/vm/reclaim.c kernel/arch/translation.c
// sources: tests/unit/stubs/vm.c tests/unit/arena.c kernel/mm/*.c
#include "vm.h"
#include "vm/region.h"

#define BASE    (0x40000000ul - 20 * PAGE_SIZE) /* a table boundary of every level but one inside */
#define PAGES   200
#define OBJECTS 3

static struct space space;
static struct object objects[OBJECTS];

/* ---- The model: what each page shows, and where regions begin ---- */

static struct page {
    bool present, starts;
    struct object *object, *source;
    uint64_t index, source_index;
    unsigned rights, limit;
} model[PAGES];

static uint64_t address_of(unsigned page)
{
    return BASE + (uint64_t)page * PAGE_SIZE;
}

/* The page where the region of `page` begins, and where it ends. */
static unsigned start_of(unsigned page)
{
    while (!model[page].starts)
        page--;
    return page;
}

static unsigned end_of(unsigned page)
{
    for (page++; page < PAGES && model[page].present && !model[page].starts;)
        page++;
    return page;
}

static bool model_free(unsigned from, unsigned to)
{
    for (unsigned page = from; page < to; page++)
        if (model[page].present)
            return false;
    return true;
}

static void model_fill(unsigned from, unsigned to, struct page at)
{
    for (unsigned page = from; page < to; page++, at.index++, at.source_index++) {
        model[page] = at;
        model[page].starts = page == from;
    }
}

/* Takes away the border before `page` where nothing changes at it. */
static void model_join(unsigned page)
{
    if (!page || page == PAGES || !model[page].present || !model[page - 1].present)
        return;
    const struct page *left = &model[page - 1], *right = &model[page];
    if (left->object == right->object && left->index + 1 == right->index &&
        left->rights == right->rights && left->limit == right->limit &&
        left->source == right->source &&
        (!left->source || left->source_index + 1 == right->source_index))
        model[page].starts = false;
}

static void model_merge(unsigned page)
{
    unsigned start = start_of(page), end = end_of(page);
    model_join(end);
    model_join(start);
}

/* ---- Comparing: every region, every list, every reference ---- */

static void check_region(const struct region *region, unsigned page)
{
    const struct page *at = &model[page];
    CHECK(page < PAGES && at->present && at->starts);
    CHECK_EQUAL(region->node.key, address_of(page));
    CHECK_EQUAL(region->length, address_of(end_of(page)) - address_of(page));
    CHECK(region->space == &space && region->object == at->object && region->source == at->source);
    CHECK_EQUAL(region->first, at->index);
    CHECK(!at->source || region->source_first == at->source_index);
    CHECK(region->rights == at->rights && region->rights_limit == at->limit);
}

static unsigned shown_by(const struct object *object)
{
    unsigned count = 0;
    const struct region *previous = NULL;
    for (struct region *at = object->regions; at; previous = at, at = at->object_next, count++)
        CHECK(at->object == object && *at->object_link == at &&
              (!previous || at->object_link == &previous->object_next));
    return count;
}

/* A page that two regions show, by comparing each with each. */
static bool any_page_twice(const struct object *object)
{
    for (const struct region *a = object->regions; a; a = a->object_next)
        for (const struct region *b = a->object_next; b; b = b->object_next)
            if (a->first < b->first + (b->length >> PAGE_SHIFT) &&
                b->first < a->first + (a->length >> PAGE_SHIFT))
                return true;
    return false;
}

/* What is said without looking is never wrong; who looks at few regions finds the truth. */
static void check_views(struct object *object, unsigned regions)
{
    bool twice = any_page_twice(object);
    CHECK(!object->one_view || !twice);
    if (unit_random_below(4))
        return;
    object_look_again(object);
    CHECK(object->one_view ? !twice : twice || regions > 64);
}

static unsigned source_of(const struct object *object)
{
    unsigned count = 0;
    const struct region *previous = NULL;
    for (struct region *at = object->sourced; at; previous = at, at = at->source_next, count++)
        CHECK(at->source == object && *at->source_link == at &&
              (!previous || at->source_link == &previous->source_next));
    return count;
}

static void compare(void)
{
    unsigned page = 0, shown[OBJECTS] = {0}, sourced[OBJECTS] = {0}, count = 0;
    for (struct tree_node *node = tree_first(&space.regions); node; node = tree_next(node)) {
        struct region *region = tree_entry(node, struct region, node);
        while (page < PAGES && !model[page].present)
            page++;
        check_region(region, page);
        page = end_of(page);
        shown[region->object - objects]++;
        if (region->source)
            sourced[region->source - objects]++;
        count++;
    }
    CHECK(model_free(page, PAGES));
    for (unsigned i = 0; i < OBJECTS; i++) { /* those above are all there are: the counts suffice */
        CHECK_EQUAL(shown_by(&objects[i]), shown[i]);
        CHECK_EQUAL(source_of(&objects[i]), sourced[i]);
        CHECK_EQUAL(objects[i].object.refs, 1 + shown[i] + sourced[i]);
        check_views(&objects[i], shown[i]);
    }
    CHECK_EQUAL(payer->pool->bytes, count * ((sizeof(struct region) + 15) & ~15ul));
}

/* ---- Random operations ---- */

static void any_range(unsigned *from, unsigned *to)
{
    *from = (unsigned)unit_random_below(PAGES);
    *to = *from + 1 + (unsigned)unit_random_below(unit_random_below(4) ? 8 : PAGES);
    *to = *to < PAGES ? *to : PAGES;
}

/* What a page shows: mostly what its address suggests, so that neighbours often fit together. */
static struct page any_content(unsigned page)
{
    struct page at = {.present = true, .index = page, .source_index = page + 5};
    at.object = &objects[unit_random_below(4) ? 0 : unit_random_below(OBJECTS)];
    at.source = unit_random_below(2)
                    ? &objects[unit_random_below(4) ? 1 : unit_random_below(OBJECTS)]
                    : NULL;
    at.index += unit_random_below(8) == 0;
    at.source_index += unit_random_below(8) == 0;
    at.rights = unit_random_below(4) ? MAP_READ : MAP_READ | MAP_WRITE;
    at.limit = unit_random_below(6) ? 7 : 3;
    return at;
}

static void random_new(bool add)
{
    unsigned from, to;
    any_range(&from, &to);
    struct page at = any_content(from);
    bool possible = model_free(from, to), exhausted = unit_random_below(10) == 0;
    if (exhausted)
        memory_exhaust(0);
    CHECK_EQUAL((add ? region_add : region_new)(
                    &space, address_of(from), address_of(to) - address_of(from), at.rights,
                    at.limit, at.object, at.index, at.source, at.source_index),
                possible ? exhausted ? -ENOMEM : 0 : -EEXIST);
    if (exhausted)
        memory_relent();
    if (!possible || exhausted)
        return;
    model_fill(from, to, at);
    if (add)
        model_merge(from);
}

/* A region there is, by region_at; NULL where the model has none. */
static struct region *any_region(unsigned *page)
{
    *page = (unsigned)unit_random_below(PAGES);
    struct region *region = region_at(&space, address_of(*page) + unit_random_below(PAGE_SIZE));
    CHECK_EQUAL(region != NULL, model[*page].present);
    if (region)
        check_region(region, start_of(*page));
    return region;
}

static void random_split(void)
{
    unsigned page;
    struct region *region = any_region(&page);
    bool exhausted = unit_random_below(4) == 0;
    if (!region || model[page].starts)
        return;
    if (exhausted)
        memory_exhaust(0);
    CHECK_EQUAL(region_split(region, address_of(page)), exhausted ? -ENOMEM : 0);
    if (exhausted)
        memory_relent();
    model[page].starts |= !exhausted;
}

static void random_free(void)
{
    unsigned page;
    struct region *region = any_region(&page);
    if (!region)
        return;
    unsigned start = start_of(page), end = end_of(page);
    region_free(region);
    memset(&model[start], 0, (end - start) * sizeof model[0]);
}

static void random_protect_and_merge(void)
{
    unsigned page;
    struct region *region = any_region(&page);
    if (!region)
        return;
    unsigned rights = unit_random_below(3) ? MAP_READ : MAP_READ | MAP_WRITE;
    for (unsigned at = start_of(page), end = end_of(page); at < end; at++)
        model[at].rights = rights;
    region->rights = (uint8_t)rights;
    region_merge(region);
    model_merge(page);
}

static void random_question(void)
{
    unsigned from, to, page;
    any_range(&from, &to);
    CHECK_EQUAL(region_range_free(&space, address_of(from), address_of(to) - address_of(from)),
                model_free(from, to));
    any_region(&page);
}

static void begin(void)
{
    if (memory_init())
        regions_init();
    memory_begin(UINT64_MAX);
    space = (struct space){.pool = payer};
    memset(objects, 0, sizeof objects);
    memset(model, 0, sizeof model);
    for (unsigned i = 0; i < OBJECTS; i++)
        objects[i].object.refs = 1;
    stub_destroyed = 0;
}

static void end(void)
{
    while (space.regions.root)
        region_free(tree_entry(space.regions.root, struct region, node));
    memset(model, 0, sizeof model);
    compare();
    CHECK_EQUAL(stub_destroyed, 0);
    memory_end();
}

TEST(regions_agree_with_a_model_of_pages)
{
    begin();
    for (unsigned step = 0; step < 30000; step++) {
        unsigned what = (unsigned)unit_random_below(10);
        if (what < 3)
            random_new(true);
        else if (what < 4)
            random_new(false);
        else if (what < 6)
            random_split();
        else if (what < 7)
            random_free();
        else if (what < 9)
            random_protect_and_merge();
        else
            random_question();
        compare();
    }
    end();
}

TEST(regions_at_both_ends_of_the_address_space)
{
    begin();
    const uint64_t last = 0x1000000000000 - PAGE_SIZE;
    CHECK_EQUAL(region_add(&space, 0, PAGE_SIZE, 1, 7, &objects[0], 0, NULL, 0), 0);
    CHECK_EQUAL(region_add(&space, last, PAGE_SIZE, 1, 7, &objects[0], 9, NULL, 0), 0);
    CHECK(region_range_free(&space, PAGE_SIZE, last - PAGE_SIZE));
    CHECK(!region_range_free(&space, 0, last) && !region_range_free(&space, PAGE_SIZE, last));
    CHECK(region_at(&space, 0) && region_at(&space, last + PAGE_SIZE - 1));
    CHECK(!region_at(&space, PAGE_SIZE) && !region_at(&space, last - 1));
    end();
}

TEST(the_last_reference_to_an_object_may_be_its_region)
{
    begin();
    CHECK_EQUAL(region_add(&space, BASE, PAGE_SIZE, 1, 7, &objects[0], 0, &objects[1], 0), 0);
    objects[0].object.refs--;
    objects[1].object.refs--;
    CHECK_EQUAL(stub_destroyed, 0);
    region_free(region_at(&space, BASE));
    CHECK_EQUAL(stub_destroyed, 2);
    memory_end();
}
