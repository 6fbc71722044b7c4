/*
 * calls_space.c: space_create and space_ctl; and what a program, unlike root, may not make.
 */
#include "calls.h"

static int64_t create_from(uint64_t pool)
{
    return space_create(pool, LEVEL_PROGRAM, 0, 1);
}

static int64_t create_with(uint64_t personality)
{
    return space_create(HANDLE_POOL, LEVEL_PROGRAM, personality, 1);
}

static void creating(void)
{
    handle endpoint = make(ENDPOINT), pool = WORKS(create_pool(HANDLE_POOL, 0, 0));

    TRY_HANDLES(space_create, POOL, RIGHT_MANAGE, create_from);
    TRY_HANDLES(space_create, ENDPOINT, RIGHT_PAGER, create_with);
    FAILS(space_create, EINVAL, space_create(HANDLE_POOL, LEVEL_ROOT + 1, 0, 1));
    FAILS(space_create, EINVAL, space_create(HANDLE_POOL, ~0u, 0, 1));
    FAILS(space_create, EINVAL, space_create(HANDLE_POOL, LEVEL_PROGRAM, 0, 32));
    FAILS(space_create, EINVAL,
          NATIVE_CALL(SYSCALL_space_create, IN(0, 0) IN(1, 1ul << 32) IN(2, 0) IN(3, 1)).x[0]);
    /* A personality must be below whom it serves. */
    FAILS(space_create, EPERM, space_create(HANDLE_POOL, LEVEL_ANON, endpoint, 1));
    FAILS(space_create, EPERM, space_create(HANDLE_POOL, LEVEL_DRIVER, endpoint, 1));
    FAILS(space_create, ENOMEM, space_create(pool, LEVEL_PROGRAM, 0, 1));
    WORKS(handle_close(pool));
    WORKS(handle_close(endpoint));
}

static int64_t kill(uint64_t space)
{
    return space_ctl(space, SPACE_KILL, 0, 0);
}

static int64_t statistics(uint64_t space)
{
    struct space_statistics facts = {0};

    return space_statistics(space, &facts);
}

static int64_t watch(uint64_t notification)
{
    return space_ctl(HANDLE_SPACE, SPACE_WATCH, notification, 1);
}

static void controlling(void)
{
    handle dead = dead_space(), note = make(NOTIFICATION), watched = make(SPACE);
    struct message message = {0};

    TRY_HANDLES(space_ctl, SPACE, RIGHT_MANAGE, kill);
    TRY_HANDLES(space_ctl, SPACE, RIGHT_READ, statistics);
    TRY_HANDLES(space_ctl, NOTIFICATION, RIGHT_WRITE, watch);
    FAILS(space_ctl, EINVAL, space_ctl(HANDLE_SPACE, SPACE_WATCH, note, 0));
    FAILS(space_ctl, ENOSYS, space_ctl(HANDLE_SPACE, 0, 0, 0));
    FAILS(space_ctl, ENOSYS, space_ctl(HANDLE_SPACE, 99, 0, 0));
    FAILS(space_ctl, ENOSYS, space_ctl(HANDLE_SPACE, ~0ul, 0, 0));
    FAILS(space_ctl, EOWNERDEAD, kill(dead));
    FAILS(space_ctl, EOWNERDEAD, statistics(dead));
    WORKS(space_ctl(watched, SPACE_NAME, 0xff41000001070a0d,
                    ~0ul)); /* what cannot be printed becomes ? */
    WORKS(space_ctl(watched, SPACE_WATCH, note, 0x10));
    WORKS(space_ctl(watched, SPACE_WATCH, note, 0x20)); /* the later one counts */
    WORKS(kill(watched));
    CHECK_IS(take(note, &message), KIND_NOTIFY);
    CHECK_IS(message.w[0], 0x20);
    WORKS(handle_close(watched));
    WORKS(handle_close(dead));
    WORKS(handle_close(note));
}

/* ---- A program, level 6, may not act upward ---- */

static int64_t be_a_program(uint64_t high)
{
    handle own_pool = 2, space = 3; /* as they were given */
    struct message message = {0};
    int64_t result[] = {
        create_endpoint(LEVEL_PROC),    /* 0: would let others wait for what is above them */
        create_endpoint(LEVEL_PROGRAM), /* 1: works */
        space_create(own_pool, LEVEL_PROC, 0, 0),     /* 2: a level below one's own */
        space_create(own_pool, LEVEL_PROGRAM, 0, 21), /* 3: more priority than one has */
        call(high, 0, &message),                      /* 4: to root's level */
        send(high, 0, &message),                      /* 5 */
        forward(high, 0, &message),                   /* 6 */
        0,
        handle_revoke(space),    /* 8: would take itself out of its maker's hands */
        handle_revoke(own_pool), /* 9 */
        handle_revoke(thread_create(space, 0, 0, 0)), /* 10 */
    };
    int64_t object = create_object(high, 0, 1, 0);

    result[7] = region_map(space, 0x10000000, 1, MAP_READ, object, 0, 0, 0); /* pager above */
    for (unsigned i = 0; i < 11; i++)
        BOARD[i] = result[i];
    return 0;
}

static void programs(void)
{
    handle high = WORKS(create_endpoint(LEVEL_ROOT));
    handle pool = WORKS(create_pool(HANDLE_POOL, 0, 1000));
    struct child child = child_new(pool, LEVEL_PROGRAM, 0, PRIORITY_ABOVE);
    int64_t result[11];

    CHECK_IS(child_give(&child, high), 1);
    CHECK_IS(child_give(&child, pool), 2);
    CHECK_IS(child_give(&child, child.space), 3);
    child_start(&child, be_a_program, 1);
    CHECK_IS(child_finish(&child), 0);
    for (unsigned i = 0; i < 11; i++)
        result[i] = BOARD[i];
    FAILS(create, EPERM, result[0]);
    WORKS(result[1]);
    FAILS(space_create, EPERM, result[2]);
    FAILS(space_create, EPERM, result[3]);
    FAILS(call, EPERM, result[4]);
    FAILS(send, EPERM, result[5]);
    FAILS(forward, EPERM, result[6]);
    FAILS(region_map, EPERM, result[7]);
    for (unsigned i = 8; i < 11; i++)
        FAILS(handle_close, EPERM, result[i]);
    WORKS(handle_close(high));
    WORKS(handle_close(pool));
}

void space_calls(void)
{
    creating();
    controlling();
    programs();
}
