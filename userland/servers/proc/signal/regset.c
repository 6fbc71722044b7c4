/*
 * regset.c: register sets, as PTRACE_GETREGSET and PTRACE_SETREGSET name them. There are no
 * hardware breakpoints or watchpoints: their sets say that there are none.
 */
#include "lib/layout.h"
#include "lib/memory.h"
#include "linux_ptrace.h"
#include "trace.h"

#define GENERAL_BYTES (34 * sizeof(uint64_t)) /* x0 .. x30, sp, pc, pstate */
#define FP_BYTES      528
#define FP_VECTORS    512
#define DEBUG_ARMV8   0x600 /* user_hwdebug_state.dbg_info: architecture, number of slots */

/* How many bytes a set has; 0: there is none. */
static size_t size_of(uint64_t kind)
{
    switch (kind) {
    case NT_PRSTATUS:
        return GENERAL_BYTES;
    case NT_FPREGSET:
        return FP_BYTES;
    case NT_ARM_TLS:
    case NT_ARM_HW_BREAK:
    case NT_ARM_HW_WATCH:
        return sizeof(uint64_t);
    case NT_ARM_SYSTEM_CALL:
        return sizeof(int32_t);
    default:
        return 0;
    }
}

/* Reads a whole set into `out`. 0 or -ESRCH. */
static int64_t read_set(const struct trace *trace, uint64_t kind, char *out)
{
    const struct thread_registers *registers = (const void *)MESSAGE_BYTES;
    const uint64_t *fp = (const void *)MESSAGE_BYTES;
    uint64_t operation = kind == NT_FPREGSET ? THREAD_READ_FP : THREAD_READ;
    if (thread_ctl(trace->thread->handle, operation, 0, 0, 0) < 0)
        return -ESRCH;
    switch (kind) {
    case NT_PRSTATUS:
        memcpy(out, registers, GENERAL_BYTES);
        break;
    case NT_FPREGSET:
        memcpy(out, fp, FP_VECTORS);
        memset(out + FP_VECTORS, 0, FP_BYTES - FP_VECTORS);
        memcpy(out + FP_VECTORS, &fp[FP_VECTORS / 8], 4);
        memcpy(out + FP_VECTORS + 4, &fp[FP_VECTORS / 8 + 1], 4);
        break;
    case NT_ARM_TLS:
        memcpy(out, &registers->tls, sizeof registers->tls);
        break;
    case NT_ARM_SYSTEM_CALL:
        *(int32_t *)out = trace->in_call ? (int32_t)trace->number : -1;
        break;
    default: /* breakpoints, watchpoints: ARMv8's kind, none of them */
        *(uint64_t *)out = DEBUG_ARMV8;
        break;
    }
    return 0;
}

/* Writes a whole set. */
static int64_t write_set(struct trace *trace, uint64_t kind, const char *in)
{
    struct thread_registers *registers = (void *)MESSAGE_BYTES;
    uint64_t *fp = (void *)MESSAGE_BYTES, operation = THREAD_WRITE;
    if (kind == NT_ARM_SYSTEM_CALL) {
        trace->number = (uint32_t) * (const int32_t *)in;
        trace->call_changed = true;
        return 0;
    }
    if (kind == NT_ARM_HW_BREAK || kind == NT_ARM_HW_WATCH)
        return 0;
    if (thread_ctl(trace->thread->handle, THREAD_READ, 0, 0, 0) < 0)
        return -ESRCH;
    if (kind == NT_PRSTATUS) {
        memcpy(registers, in, GENERAL_BYTES);
        trace->x0_changed = false; /* what the tracer says holds */
    } else if (kind == NT_ARM_TLS) {
        memcpy(&registers->tls, in, sizeof registers->tls);
    } else {
        operation = THREAD_WRITE_FP;
        memcpy(fp, in, FP_VECTORS);
        fp[FP_VECTORS / 8] = *(const uint32_t *)(in + FP_VECTORS);
        fp[FP_VECTORS / 8 + 1] = *(const uint32_t *)(in + FP_VECTORS + 4);
    }
    return thread_ctl(trace->thread->handle, operation, 0, 0, 0) < 0 ? -ESRCH : 0;
}

int64_t regset_transfer(struct thread *tracer, struct trace *trace, uint64_t kind, uint64_t vector,
                        bool set)
{
    struct linux_iovec piece;
    _Alignas(16) char bytes[FP_BYTES];
    size_t size = size_of(kind), unit = kind == NT_ARM_SYSTEM_CALL ? 4 : 8;
    int64_t error = client_read(tracer, vector, &piece, sizeof piece);
    if (error)
        return error;
    if (!size || piece.length % unit)
        return -EINVAL;
    if (piece.length > size)
        piece.length = size;
    error = read_set(trace, kind, bytes);
    if (!error && set) {
        error = client_read(tracer, piece.base, bytes, piece.length);
        if (!error)
            error = write_set(trace, kind, bytes);
    } else if (!error) {
        error = client_write(tracer, piece.base, bytes, piece.length);
    }
    return error ? error : client_write(tracer, vector, &piece, sizeof piece);
}
