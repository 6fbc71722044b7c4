/*
 * termios.h: Linux's terminal settings for AArch64. Source: asm-generic/termbits.h, ioctls.h.
 */
#pragma once
#include <stdint.h>

struct linux_termios {
    uint32_t input, output, control, local;
    uint8_t line, characters[19];
};
_Static_assert(sizeof(struct linux_termios) == 36, "asm-generic/termbits.h");

struct linux_window {
    uint16_t rows, columns, width, height; /* the last two in pixels */
};

/* characters[] */
enum {
    VINTR,
    VQUIT,
    VERASE,
    VKILL,
    VEOF,
    VTIME,
    VMIN,
    VSWTC,
    VSTART,
    VSTOP,
    VSUSP,
    VEOL,
    VREPRINT,
    VDISCARD,
    VWERASE,
    VLNEXT,
    VEOL2,
};

/* input */
#define IGNBRK 0x1
#define ISTRIP 0x20
#define INLCR  0x40
#define IGNCR  0x80
#define ICRNL  0x100
#define IUCLC  0x200
#define IXON   0x400
#define IXANY  0x800
#define IUTF8  0x4000

/* output */
#define OPOST  0x1
#define OLCUC  0x2
#define ONLCR  0x4
#define OCRNL  0x8
#define ONOCR  0x10
#define ONLRET 0x20
#define TABDLY 0x1800
#define XTABS  0x1800

/* local */
#define ISIG    0x1
#define ICANON  0x2
#define ECHO    0x8
#define ECHOE   0x10
#define ECHOK   0x20
#define ECHONL  0x40
#define NOFLSH  0x80
#define TOSTOP  0x100
#define ECHOCTL 0x200
#define ECHOKE  0x800
#define IEXTEN  0x8000

#define TCGETS     0x5401
#define TCSETS     0x5402
#define TCSETSW    0x5403
#define TCSETSF    0x5404
#define TCSBRK     0x5409
#define TCXONC     0x540a
#define TCFLSH     0x540b
#define TIOCSCTTY  0x540e
#define TIOCGPGRP  0x540f
#define TIOCSPGRP  0x5410
#define TIOCOUTQ   0x5411
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD   0x541b
#define TIOCNOTTY  0x5422
#define TIOCGETD   0x5424
#define TCSBRKP    0x5425
#define TIOCGSID   0x5429
