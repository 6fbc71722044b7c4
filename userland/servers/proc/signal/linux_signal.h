/*
 * linux_signal.h: Linux's numbers and layouts for signals on AArch64: asm-generic/signal.h,
 * asm-generic/siginfo.h, asm/sigcontext.h, asm/ucontext.h of Linux 6.1.
 */
#pragma once
#include "linux.h"
#include <stdint.h>

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGFPE    8
#define SIGUSR1   10
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGIO     29
#define SIGRTMIN  32

#define SIGNAL_BIT(signal) (1UL << ((signal)-1))
#define SIGNALS_UNMASKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define SIGNALS_STOPPING                                                                           \
    (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))
/* Ignored unless there is a handler. */
#define SIGNALS_HARMLESS                                                                           \
    (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH))
/* Raised by the thread itself: the first to be acted on. */
#define SIGNALS_SYNCHRONOUS                                                                        \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) |         \
     SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

/* sigaction.sa_flags */
#define SA_NOCLDSTOP 0x1
#define SA_NOCLDWAIT 0x2
#define SA_SIGINFO   0x4
#define SA_EXPOSE    0x800
#define SA_RESTORER  0x04000000
#define SA_ONSTACK   0x08000000
#define SA_RESTART   0x10000000
#define SA_NODEFER   0x40000000
#define SA_RESETHAND 0x80000000
#define SA_KNOWN                                                                                   \
    ((uint64_t)(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_EXPOSE | SA_RESTORER | SA_ONSTACK |  \
                SA_RESTART | SA_NODEFER | SA_RESETHAND))

/* siginfo.si_code */
#define SIGNAL_BY_USER   0
#define SIGNAL_BY_KERNEL 0x80
#define SIGNAL_BY_TIMER  (-2)
#define SIGNAL_BY_TKILL  (-6)
#define SEGV_MAPERR      1
#define SEGV_ACCERR      2
#define BUS_ADRALN       1
#define BUS_ADRERR       2
#define ILL_ILLOPC       1
#define TRAP_BRKPT       1
#define TRAP_TRACE       2
#define CLD_EXITED       1
#define CLD_KILLED       2
#define CLD_DUMPED       3
#define CLD_TRAPPED      4
#define CLD_STOPPED      5
#define CLD_CONTINUED    6

/* siginfo, as far as Linux's kernel itself remembers it; 128 bytes for programs. */
struct signal_info {
    int32_t signal, error, code, padding;
    union {
        struct {
            uint32_t pid, user;
            union {
                uint64_t value; /* sigqueue */
                int32_t status; /* SIGCHLD */
            };
            int64_t user_time, system_time; /* SIGCHLD: in clock ticks */
        };
        struct {
            uint32_t timer;
            int32_t overrun;
            uint64_t timer_value;
        };
        struct {
            int64_t band;
            int32_t descriptor;
        };
        uint64_t address; /* of a fault */
        uint64_t words[4];
    };
};
_Static_assert(sizeof(struct signal_info) == 48, "kernel_siginfo");
#define SIGNAL_INFO_BYTES 128

/* sigaltstack.ss_flags */
#define SS_ONSTACK    1
#define SS_DISABLE    2
#define SS_AUTODISARM 0x80000000u
#define MINSIGSTKSZ   5120

struct linux_stack {
    uint64_t address;
    int32_t flags, padding;
    uint64_t bytes;
};

/* The head of each record in sigcontext's reserved part. */
struct frame_record_head {
    uint32_t magic, bytes;
};
#define FPSIMD_MAGIC 0x46508001
#define ESR_MAGIC    0x45535201

/* struct rt_sigframe, with the records Linux writes for a CPU without SVE; FP comes first. */
struct signal_frame {
    struct signal_info info;
    uint64_t info_rest[(SIGNAL_INFO_BYTES - sizeof(struct signal_info)) / 8];
    uint64_t flags, link; /* ucontext */
    struct linux_stack stack;
    uint64_t mask;
    uint64_t mask_rest[(120 + 8) / 8]; /* room for 1024 signals; alignment */
    uint64_t fault_address;            /* sigcontext */
    uint64_t x[31], sp, pc, pstate;
    uint64_t alignment; /* what thread_ctl tells of x .. pstate has the TLS here */
    struct {
        struct frame_record_head head;
        uint32_t fpsr, fpcr;
        uint64_t v[64];
    } fp;
    struct {
        struct frame_record_head head;
        uint64_t syndrome;
    } esr; /* of a fault; else this is the end already */
    struct frame_record_head end, end_rest;
    uint64_t link_pair[2]; /* Linux has it above the frame; who walks the stack finds it by x29 */
};
#define FRAME_RESERVED __builtin_offsetof(struct signal_frame, fp)
#define FRAME_BYTES    (FRAME_RESERVED + 4096) /* of the whole struct rt_sigframe */
_Static_assert(FRAME_RESERVED == 128 + 176 + 288, "asm/sigcontext.h");
_Static_assert(__builtin_offsetof(struct signal_frame, fault_address) == 128 + 176, "ucontext.h");
