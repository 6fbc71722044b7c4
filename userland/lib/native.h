/*
 * native.h: the kernel's calls for native programs, one inline function per
 * entry of kernel/entry/syscalls.def (that file says what each does and how it
 * fails; `make reference` prints it). Numbers come from there, constants from
 * kernel/entry/abi.h; nothing is declared a second time here.
 *
 * Every function answers 0 or more on success and a negated errno on failure.
 * All are always inlined: a message stays in registers from call to call when
 * the struct it is kept in is a local variable whose address does not escape.
 */
#pragma once
#include "entry/abi.h"
#include <stddef.h>
#include <stdint.h>

typedef uint32_t handle;

enum native_call_number {
#define CALL(number, name, arguments, result, errors, what) SYSCALL_##name = number,
#include "entry/syscalls.def"
#undef CALL
};

#define native_inline static inline __attribute__((always_inline))

/* Registers after a call. x[0] is the result, x[8] the badge after a receive. */
struct registers {
    uint64_t x[9];
};

/*
 * The raw call: NATIVE_CALL(SYSCALL_notify, IN(0, notification) IN(1, bits)) sets x0 and x1 and
 * is a struct registers. Registers not named go in with whatever they hold: the kernel looks only
 * at the ones the call documents. A value may not itself be a function call: that would overwrite
 * the registers set before it.
 *
 * Each register is one operand, read and written. An output with a matching input would not do:
 * when the output is unused, GCC may put such a pair into any other register.
 */
#define IN(register_number, value) x##register_number##_ = (uint64_t)(value);
#define NATIVE_CALL(number, inputs)                                                                \
    ({                                                                                             \
        register uint64_t x0_ __asm__("x0");                                                       \
        register uint64_t x1_ __asm__("x1");                                                       \
        register uint64_t x2_ __asm__("x2");                                                       \
        register uint64_t x3_ __asm__("x3");                                                       \
        register uint64_t x4_ __asm__("x4");                                                       \
        register uint64_t x5_ __asm__("x5");                                                       \
        register uint64_t x6_ __asm__("x6");                                                       \
        register uint64_t x7_ __asm__("x7");                                                       \
        register uint64_t x8_ __asm__("x8");                                                       \
        __asm__("" /* whatever they hold */                                                        \
                : "=r"(x0_), "=r"(x1_), "=r"(x2_), "=r"(x3_), "=r"(x4_), "=r"(x5_), "=r"(x6_),     \
                  "=r"(x7_));                                                                      \
        inputs x8_ = (uint64_t)(number);                                                           \
        __asm__ volatile("svc #1"                                                                  \
                         : "+r"(x0_), "+r"(x1_), "+r"(x2_), "+r"(x3_), "+r"(x4_), "+r"(x5_),       \
                           "+r"(x6_), "+r"(x7_), "+r"(x8_)                                         \
                         :                                                                         \
                         : "memory", "cc");                                                        \
        (struct registers){{x0_, x1_, x2_, x3_, x4_, x5_, x6_, x7_, x8_}};                         \
    })

/* True when x0 of a call is an error. Only -4095..-1 are: a received Linux call may have bit 63
 * set. */
native_inline int native_failed(uint64_t x0)
{
    return x0 > (uint64_t)-4096;
}

/* ---- Messages ---- */

/*
 * What a receive brought, and what is sent. `head` is x0 as received: KIND_* in bits 0..7, FAULT_*
 * from bit 8 on, the tag (or the number of a Linux call) in bits 32..63.
 */
struct message {
    uint64_t w[6];
    uint64_t head;
    uint64_t request; /* answer to this; 0: nobody waits for an answer */
    uint64_t badge;   /* of the handle used, the notification, or the thread */
};

native_inline unsigned message_kind(const struct message *message)
{
    return message->head & 0xff;
}

native_inline unsigned message_tag(const struct message *message)
{
    return message->head >> TAG_SHIFT;
}

/* Bytes that came in the message page. */
native_inline size_t message_page_bytes(const struct message *message)
{
    return 8 * (message_tag(message) & TAG_WORDS_MASK);
}

/* Tag for `bytes` (0..4096) in the message page. */
native_inline uint64_t tag_for_bytes(size_t bytes)
{
    return (bytes + 7) / 8;
}

/* One by one: a loop would make the compiler keep the words in memory. */
native_inline void message_take_words(struct message *message, const struct registers *r)
{
    message->w[0] = r->x[2];
    message->w[1] = r->x[3];
    message->w[2] = r->x[4];
    message->w[3] = r->x[5];
    message->w[4] = r->x[6];
    message->w[5] = r->x[7];
}

/* Stores a received message. Returns 0, or the error; then only `head` changed. */
native_inline int64_t message_take(struct message *message, const struct registers *r)
{
    message->head = r->x[0];
    if (native_failed(r->x[0]))
        return (int64_t)r->x[0];
    message->request = r->x[1];
    message_take_words(message, r);
    message->badge = r->x[8];
    return 0;
}

#define IN_WORDS(message)                                                                          \
    IN(2, (message)->w[0])                                                                         \
    IN(3, (message)->w[1])                                                                         \
    IN(4, (message)->w[2]) IN(5, (message)->w[3]) IN(6, (message)->w[4]) IN(7, (message)->w[5])
#define HEAD(handle, tag) ((uint64_t)(handle) | (uint64_t)(tag) << TAG_SHIFT)

/* Sends w[] and waits for the reply, which replaces w[]; its tag is then in message_tag(). */
native_inline int64_t call(handle endpoint, uint64_t tag, struct message *message)
{
    struct registers r = NATIVE_CALL(SYSCALL_call, IN(0, HEAD(endpoint, tag)) IN_WORDS(message));
    message->head = r.x[0];
    if (native_failed(r.x[0]))
        return (int64_t)r.x[0];
    message_take_words(message, &r);
    return 0;
}

/* Answers message->request with w[], then waits for the next message and puts it there. */
native_inline int64_t reply_recv(handle endpoint, uint64_t tag, struct message *message)
{
    struct registers r = NATIVE_CALL(
        SYSCALL_reply_recv, IN(0, HEAD(endpoint, tag)) IN(1, message->request) IN_WORDS(message));
    return message_take(message, &r);
}

native_inline int64_t reply(uint64_t tag, uint64_t request, const struct message *message)
{
    return (int64_t)NATIVE_CALL(SYSCALL_reply, IN(0, HEAD(0, tag)) IN(1, request) IN_WORDS(message))
        .x[0];
}

native_inline int64_t forward(handle endpoint, uint64_t tag, const struct message *message)
{
    return (int64_t)NATIVE_CALL(SYSCALL_forward, IN(0, HEAD(endpoint, tag)) IN(1, message->request)
                                                     IN_WORDS(message))
        .x[0];
}

native_inline int64_t send(handle endpoint, uint64_t tag, const struct message *message)
{
    return (int64_t)NATIVE_CALL(SYSCALL_send, IN(0, HEAD(endpoint, tag)) IN_WORDS(message)).x[0];
}

/* `poll` 1: EAGAIN at once when there is nothing. */
native_inline int64_t recv(handle from, uint64_t poll, struct message *message)
{
    struct registers r = NATIVE_CALL(SYSCALL_recv, IN(0, from) IN(1, poll));
    return message_take(message, &r);
}

native_inline int64_t notify(handle notification, uint64_t bits)
{
    return (int64_t)NATIVE_CALL(SYSCALL_notify, IN(0, notification) IN(1, bits)).x[0];
}

/* ---- Threads ---- */

/* `message_page` 0: none. Returns the handle of a stopped thread. */
native_inline int64_t thread_create(handle space, uintptr_t message_page, unsigned priority,
                                    uint64_t badge)
{
    return (int64_t)NATIVE_CALL(SYSCALL_thread_create,
                                IN(0, space) IN(1, message_page) IN(2, priority) IN(3, badge))
        .x[0];
}

/* Operands that the operation does not use are 0. */
native_inline int64_t thread_ctl(handle thread, uint64_t operation, uint64_t a, uint64_t b,
                                 uint64_t c)
{
    return (int64_t)NATIVE_CALL(SYSCALL_thread_ctl,
                                IN(0, thread) IN(1, operation) IN(2, a) IN(3, b) IN(4, c))
        .x[0];
}

/* struct thread_registers to one's message page, `at` bytes from its start (a multiple of 8); and
 * the FP registers, `fp` bytes from there, if that is not 0. So they lie where the next call needs
 * them. */
native_inline int64_t thread_read(handle thread, size_t at, size_t fp)
{
    return thread_ctl(thread, THREAD_READ, at, fp, 0);
}

native_inline int64_t thread_write(handle thread, size_t at, size_t fp)
{
    return thread_ctl(thread, THREAD_WRITE, at, fp, 0);
}

/* Before its next instruction the thread goes to its personality. 1: it is there already. */
native_inline int64_t thread_interrupt(handle thread)
{
    return thread_ctl(thread, THREAD_INTERRUPT, 0, 0, 0);
}

/* Registers, FP and TLS of `from`, but for x0, and for sp and tls if COPY_SP, COPY_TLS say so. */
native_inline int64_t thread_copy(handle thread, handle from, uint64_t flags, uint64_t x0,
                                  uint64_t sp, uint64_t tls)
{
    return (int64_t)NATIVE_CALL(SYSCALL_thread_ctl, IN(0, thread) IN(1, THREAD_COPY) IN(2, from)
                                                        IN(3, flags) IN(4, x0) IN(5, sp) IN(6, tls))
        .x[0];
}

/* ns that it ran, in ticks; below 0: the error. */
native_inline int64_t thread_time(handle thread)
{
    struct registers r = NATIVE_CALL(SYSCALL_thread_ctl, IN(0, thread) IN(1, THREAD_TIME));
    return native_failed(r.x[0]) ? (int64_t)r.x[0] : (int64_t)r.x[1];
}

native_inline int64_t sleep_until(uint64_t nanoseconds_since_boot)
{
    return (int64_t)NATIVE_CALL(SYSCALL_sleep_until, IN(0, nanoseconds_since_boot)).x[0];
}

native_inline int64_t yield(void)
{
    return (int64_t)NATIVE_CALL(SYSCALL_yield, ).x[0];
}

/* ---- Spaces ---- */

native_inline int64_t space_create(handle pool, unsigned level, handle personality,
                                   unsigned priority_limit)
{
    return (int64_t)NATIVE_CALL(SYSCALL_space_create,
                                IN(0, pool) IN(1, level) IN(2, personality) IN(3, priority_limit))
        .x[0];
}

native_inline int64_t space_ctl(handle space, uint64_t operation, uint64_t a, uint64_t b)
{
    return (int64_t)NATIVE_CALL(SYSCALL_space_ctl, IN(0, space) IN(1, operation) IN(2, a) IN(3, b))
        .x[0];
}

struct space_statistics {
    uint64_t minor, major, resident, tables, id;
    uint64_t time; /* ns its threads ran, ended ones too */
};

native_inline int64_t space_statistics(handle space, struct space_statistics *statistics)
{
    struct registers r = NATIVE_CALL(SYSCALL_space_ctl, IN(0, space) IN(1, SPACE_STATS));
    if (!native_failed(r.x[0]))
        *statistics = (struct space_statistics){r.x[1], r.x[2], r.x[3], r.x[4], r.x[5], r.x[6]};
    return (int64_t)r.x[0];
}

/* Where a space_copy stopped: valid after -EAGAIN, and -EFAULT when `address` is in the other
 * range. */
struct copy_stop {
    uint64_t address; /* of the absent page, in the other space */
    uint64_t copied;  /* bytes copied before it */
};

/*
 * Copies between own wired memory and another space, named by `space`, or (space 0) by the
 * pending `request` it sent. `direction`: COPY_IN or COPY_OUT. `stop` may be NULL.
 */
native_inline int64_t space_copy(handle space, uint64_t request, uint64_t far_address,
                                 void *own_address, uint64_t direction, size_t bytes,
                                 struct copy_stop *stop)
{
    struct registers r =
        NATIVE_CALL(SYSCALL_space_copy,
                    IN(0, space) IN(1, request) IN(2, far_address) IN(3, (uintptr_t)own_address)
                        IN(4, direction) IN(5, bytes) IN(6, 0));
    if (stop)
        *stop = (struct copy_stop){r.x[1], r.x[2]};
    return (int64_t)r.x[0];
}

/*
 * The same with pages of an object, from byte `offset` on, resident or not mapped anywhere.
 * stop->address is the number of the page, valid also after -EFAULT when it is beyond the end.
 */
native_inline int64_t object_copy(handle object, uint64_t offset, void *own_address,
                                  uint64_t direction, size_t bytes, struct copy_stop *stop)
{
    struct registers r = NATIVE_CALL(
        SYSCALL_object_copy, IN(0, object) IN(1, 0) IN(2, offset) IN(3, (uintptr_t)own_address)
                                 IN(4, direction) IN(5, bytes) IN(6, 0));
    if (stop)
        *stop = (struct copy_stop){r.x[1], r.x[2]};
    return (int64_t)r.x[0];
}

/* ---- Handles and objects ---- */

/* `badge` 0: the same as now; `space` 0: in one's own. */
native_inline int64_t handle_dup(handle from, uint64_t rights, uint64_t badge, handle space)
{
    return (int64_t)NATIVE_CALL(SYSCALL_handle_dup,
                                IN(0, from) IN(1, rights) IN(2, badge) IN(3, space))
        .x[0];
}

native_inline int64_t handle_close(handle which)
{
    return (int64_t)NATIVE_CALL(SYSCALL_handle_close, IN(0, which) IN(1, 0)).x[0];
}

/* Makes every handle to the same object stale. */
native_inline int64_t handle_revoke(handle which)
{
    return (int64_t)NATIVE_CALL(SYSCALL_handle_close, IN(0, which) IN(1, 1)).x[0];
}

native_inline int64_t create(uint64_t kind, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return (int64_t)NATIVE_CALL(SYSCALL_create, IN(0, kind) IN(1, a) IN(2, b) IN(3, c) IN(4, d))
        .x[0];
}

native_inline int64_t create_endpoint(unsigned level)
{
    return create(CREATE_ENDPOINT, level, 0, 0, 0);
}

/* `endpoint` 0: received by recv on the notification only. */
native_inline int64_t create_notification(uint64_t badge, handle endpoint)
{
    return create(CREATE_NOTIFICATION, badge, endpoint, 0, 0);
}

native_inline int64_t create_object(handle pager, uint64_t cookie, uint64_t pages, handle pool)
{
    return create(CREATE_OBJECT, pager, cookie, pages, pool);
}

native_inline int64_t create_wired(uint64_t pages, handle pool)
{
    return create(CREATE_WIRED, pages, pool, 0, 0);
}

native_inline int64_t create_device(handle system, uint64_t physical, uint64_t pages)
{
    return create(CREATE_DEVICE, system, physical, pages, 0);
}

native_inline int64_t create_irq(handle system, uint64_t intid)
{
    return create(CREATE_IRQ, system, intid, 0, 0);
}

native_inline int64_t create_pool(handle parent, uint64_t guaranteed, uint64_t limit)
{
    return create(CREATE_POOL, parent, guaranteed, limit, 0);
}

/* ---- Pools, interrupts, debugging ---- */

struct pool_facts {
    uint64_t guaranteed, limit, used; /* frames */
    uint64_t object_bytes, refused;
};

native_inline int64_t pool_query(handle pool, struct pool_facts *facts)
{
    struct registers r = NATIVE_CALL(SYSCALL_pool_ctl, IN(0, pool) IN(1, POOL_QUERY));
    if (!native_failed(r.x[0]))
        *facts = (struct pool_facts){r.x[1], r.x[2], r.x[3], r.x[4], r.x[5]};
    return (int64_t)r.x[0];
}

native_inline int64_t pool_limit(handle pool, uint64_t frames)
{
    return (int64_t)NATIVE_CALL(SYSCALL_pool_ctl, IN(0, pool) IN(1, POOL_LIMIT) IN(2, frames)).x[0];
}

native_inline int64_t irq_bind(handle irq, handle notification, uint64_t bits)
{
    return (int64_t)NATIVE_CALL(SYSCALL_irq_ctl,
                                IN(0, irq) IN(1, IRQ_BIND) IN(2, notification) IN(3, bits))
        .x[0];
}

native_inline int64_t irq_acknowledge(handle irq)
{
    return (int64_t)NATIVE_CALL(SYSCALL_irq_ctl, IN(0, irq) IN(1, IRQ_ACK)).x[0];
}

/* Operands that the operation does not use are 0. Results come in the message page. */
native_inline int64_t debug(handle system, uint64_t operation, uint64_t a, uint64_t b)
{
    return (int64_t)NATIVE_CALL(SYSCALL_debug, IN(0, system) IN(1, operation) IN(2, a) IN(3, b))
        .x[0];
}

#include "lib/native_memory.h" // regions and pages
