/*
 * linux_ptrace.h: Linux's numbers and layouts for tracing: linux/ptrace.h, linux/elf.h,
 * asm/ptrace.h of Linux 6.1.
 */
#pragma once
#include "linux.h"

#define PTRACE_TRACEME          0
#define PTRACE_PEEKTEXT         1
#define PTRACE_PEEKDATA         2
#define PTRACE_POKETEXT         4
#define PTRACE_POKEDATA         5
#define PTRACE_CONT             7
#define PTRACE_KILL             8
#define PTRACE_SINGLESTEP       9
#define PTRACE_ATTACH           16
#define PTRACE_DETACH           17
#define PTRACE_SYSCALL          24
#define PTRACE_SETOPTIONS       0x4200
#define PTRACE_GETEVENTMSG      0x4201
#define PTRACE_GETSIGINFO       0x4202
#define PTRACE_SETSIGINFO       0x4203
#define PTRACE_GETREGSET        0x4204
#define PTRACE_SETREGSET        0x4205
#define PTRACE_SEIZE            0x4206
#define PTRACE_INTERRUPT        0x4207
#define PTRACE_LISTEN           0x4208
#define PTRACE_GETSIGMASK       0x420a
#define PTRACE_SETSIGMASK       0x420b
#define PTRACE_GET_SYSCALL_INFO 0x420e

#define PTRACE_O_TRACESYSGOOD   0x1
#define PTRACE_O_TRACEFORK      0x2
#define PTRACE_O_TRACEVFORK     0x4
#define PTRACE_O_TRACECLONE     0x8
#define PTRACE_O_TRACEEXEC      0x10
#define PTRACE_O_TRACEVFORKDONE 0x20
#define PTRACE_O_TRACEEXIT      0x40
#define PTRACE_O_EXITKILL       0x100000
#define PTRACE_O_ALL            0x3000ff

#define PTRACE_EVENT_FORK       1
#define PTRACE_EVENT_VFORK      2
#define PTRACE_EVENT_CLONE      3
#define PTRACE_EVENT_EXEC       4
#define PTRACE_EVENT_VFORK_DONE 5
#define PTRACE_EVENT_EXIT       6
#define PTRACE_EVENT_STOP       128

/* GET_SYSCALL_INFO */
#define SYSCALL_INFO_NONE  0
#define SYSCALL_INFO_ENTRY 1
#define SYSCALL_INFO_EXIT  2
#define AUDIT_ARCH_AARCH64 0xc00000b7u

struct linux_syscall_info {
    uint8_t kind, padding[3];
    uint32_t architecture;
    uint64_t pc, sp;
    union {
        struct {
            uint64_t number, arguments[6];
        } entry;
        struct {
            int64_t result;
            uint8_t is_error;
        } exit;
    };
};

/* Register sets */
#define NT_PRSTATUS        1
#define NT_FPREGSET        2
#define NT_ARM_TLS         0x401
#define NT_ARM_HW_BREAK    0x402
#define NT_ARM_HW_WATCH    0x403
#define NT_ARM_SYSTEM_CALL 0x404

/* What a tracer sees of a call that a signal interrupted, before it is known how that ends. */
#define ERESTARTSYS           512
#define ERESTARTNOHAND        514
#define ERESTART_RESTARTBLOCK 516
