/*
 * tty.h: terminals: a line discipline with a driver below, and sessions and process groups above
 * (credentials of a terminal are in POSIX "General Terminal Interface", XBD 11).
 */
#pragma once
#include "line.h"
#include "wait.h"

struct pid;
struct process;
struct thread;
struct open_file;
struct linux_iovec;
struct poller;

struct tty {
    struct line line; /* the first: callbacks of the line find their terminal */
    struct linux_window window;
    struct pid *session; /* whose controlling terminal it is (session->terminal), or NULL */
    struct pid *group;   /* in the foreground; both with a reference */
    bool borrowed;       /* the session has it from the start, not by asking: another may take it */
    bool plain; /* only looks like one: no settings, no jobs, it controls nobody */
    bool ended; /* no more input will come: reads that find nothing are at the end of the file */
    struct wait_queue readers, writers;
    /* The driver: takes processed text (bytes taken, or a negated errno) … */
    int64_t (*write)(struct tty *tty, const char *text, size_t bytes);
    /* … and is told that there is room for input again. */
    void (*room)(struct tty *tty);
    char echoed[256]; /* on its way to the driver */
    uint32_t echoed_bytes;
};

/* Default settings; `write` and `room` are the driver's to fill in. */
void tty_init(struct tty *tty);

/* Typed bytes from the driver. How many were taken; the rest is to be offered again after room().
 */
size_t tty_input(struct tty *tty, const char *keys, size_t bytes);

/* The operations of struct file_operations, for a driver's own to call. */
int64_t tty_read(struct thread *thread, struct open_file *file, struct tty *tty,
                 const struct linux_iovec *vector, uint64_t total);
int64_t tty_write(struct thread *thread, struct open_file *file, struct tty *tty,
                  const struct linux_iovec *vector, uint64_t total);
int64_t tty_ioctl(struct thread *thread, struct tty *tty, uint64_t request, uint64_t argument);
uint32_t tty_poll(struct tty *tty, struct poller *poller);

/* A terminal was opened: it becomes the controlling one of a session leader that has none, unless
 * `flags` have O_NOCTTY. */
void tty_opened(struct thread *thread, struct tty *tty, uint32_t flags);

/* The controlling terminal of a process, or NULL. */
struct tty *tty_of(const struct process *process);

/* A session leader ends: its terminal is free again; the foreground hears SIGHUP and SIGCONT.
 * Nothing for others. */
void tty_leader_ends(const struct process *process);

/* ---- jobs.c ---- */

/* The terminal controls the process's session, its group is in the foreground. */
void tty_take(struct process *process, struct tty *tty);

/* 0 when a thread may read (SIGTTIN), or write or set (SIGTTOU); else what its call answers:
 * ANSWER_INTERRUPTED after its group was sent the signal, or -EIO. */
int64_t tty_job(struct thread *thread, struct tty *tty, unsigned signal);

/* The ioctls about sessions and groups. -ENOTTY: not one of them. */
int64_t tty_job_ioctl(struct thread *thread, struct tty *tty, uint64_t request, uint64_t argument);

/* ---- console.c ---- */

/* Makes /dev/console, /dev/tty and /dev/ttyAMA0, and asks the driver to tell of input. Rows and
 * columns 0: no person is there, and bytes pass both ways as they are. 0 or a negated errno. */
int64_t console_init(uint16_t rows, uint16_t columns);

/* Input came. */
void console_wake(void);

/* The console controls the session of the first program, until another session asks for it. */
void console_lend(struct process *process);
