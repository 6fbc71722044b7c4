/* fork.c of differ: what parent and child see of each other's memory. */
#define _GNU_SOURCE
#include "processes.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct range whole = {0, ARENA_PAGES};

pid_t fork_as(char letter)
{
    pid_t child;

    end_line();
    child = fork();
    if (child < 0)
        say("fork = %s", error_name(errno));
    if (child)
        return child;
    become(letter);
    pick_word(); /* so that the child decides otherwise than its parent */
    pick_word();
    for (unsigned i = 0; i < ARENA_PAGES; i++) {
        pages[i].kind &= (unsigned char)~KIND_LOCKED;
        if (pages[i].kind & KIND_NOT_FORKED)
            note_unmapped((struct range){i, 1});
    }
    return 0;
}

void say_status(int status)
{
    if (WIFEXITED(status))
        say(" exit %d", WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        say(" killed by %d", WTERMSIG(status));
    else if (WIFSTOPPED(status))
        say(" stopped by %d", WSTOPSIG(status));
    else if (WIFCONTINUED(status))
        say(" continued");
    else
        say(" status %x", (unsigned)status);
}

void wait_and_say(pid_t child)
{
    int status = 0;
    pid_t got = waitpid(child, &status, 0);

    if (got == child)
        say_status(status);
    else
        say(" wait = %s", got < 0 ? error_name(errno) : "another");
}

/* A child makes some steps of its own while its parent waits. */
static void step_fork(void)
{
    unsigned steps = 1 + pick(6);
    pid_t child = fork_as('c');

    if (child < 0)
        return;
    if (!child) {
        say("begins");
        say_sum(whole);
        end_line();
        while (steps--)
            run_random_step(1u << MEMORY);
        say("ends");
        say_sum(whole);
        end_line();
        _exit((int)pick(100));
    }
    say("  child");
    wait_and_say(child);
    say_sum(whole);
}

/* Passes the turn to the other side and waits for it to come back, or for its end. */
static int pass(int out, int in)
{
    char byte = 1;

    return write(out, &byte, 1) == 1 && read(in, &byte, 1) == 1;
}

static void take_turns(unsigned rounds, int out, int in)
{
    for (unsigned i = 0; i < rounds; i++) {
        run_random_step(1u << MEMORY);
        if (!pass(out, in))
            return;
    }
}

/* Parent and child make steps in turn, each seeing (shared) or not seeing (private) what
   the other does. */
static void step_duet(void)
{
    unsigned rounds = 1 + pick(5);
    int there[2], back[2];
    char byte;
    pid_t child;

    if (pipe(there) || pipe(back)) {
        say(" pipe %s", error_name(errno));
        return;
    }
    child = fork_as('c');
    if (!child) {
        close(there[1]);
        close(back[0]);
        if (read(there[0], &byte, 1) == 1)
            take_turns(rounds, back[1], there[0]);
        say("ends");
        say_sum(whole);
        end_line();
        _exit(0);
    }
    close(there[0]);
    close(back[1]);
    take_turns(child < 0 ? 0 : rounds, there[1], back[0]);
    close(there[1]);
    close(back[0]);
    if (child < 0)
        return;
    say("  child");
    wait_and_say(child);
    say_sum(whole);
}

static void chain_link(unsigned left)
{
    struct range range = pick_mapped(8);
    pid_t child;

    fill(range, pick_word());
    say(" link %u", left);
    say_sum(whole);
    if (!left)
        return;
    child = fork_as('d');
    if (child < 0)
        return;
    if (!child) {
        chain_link(left - 1);
        end_line();
        _exit((int)left);
    }
    say("  link %u", left);
    wait_and_say(child);
    say_sum(whole);
}

static void step_chain(void)
{
    chain_link(2 + pick(8));
}

#define WIDE_MOST 16

/* Writes to pages that nobody else writes. */
static void fill_own(struct range range, unsigned value)
{
    for (unsigned i = range.first; i < range.first + range.count; i++)
        if (!(pages[i].kind & KIND_TWICE))
            fill((struct range){i, 1}, value);
}

/* Many children at once, each writing its own; who is waited for first matters not. */
static void step_wide(void)
{
    unsigned count = 2 + pick(WIDE_MOST - 1);
    pid_t children[WIDE_MOST + 1];
    int gate[2];
    char byte;

    if (pipe(gate)) {
        say(" pipe %s", error_name(errno));
        return;
    }
    say(" %u", count);
    end_line();
    for (unsigned i = 0; i < count; i++) {
        children[i] = fork_as('w');
        if (!children[i]) {
            close(gate[1]);
            if (read(gate[0], &byte, 1) < 0)
                _exit(111);
            fill_own((struct range){i * 15, 15}, i);
            _exit((int)i);
        }
    }
    close(gate[0]);
    close(gate[1]);
    say("  children");
    for (unsigned i = 0; i < count; i++)
        if (children[i] > 0)
            wait_and_say(children[i]);
}

/* Forks again and again, with writes in between: pages that are shared already. */
static void step_again(void)
{
    unsigned count = 2 + pick(5);

    for (unsigned i = 0; i < count; i++) {
        pid_t child = fork_as('a');

        if (child < 0)
            return;
        if (!child) {
            fill(pick_mapped(6), pick_word());
            say_sum(whole);
            end_line();
            _exit((int)i);
        }
        say("  again");
        wait_and_say(child);
        fill(pick_mapped(6), pick_word());
        say_sum(whole);
    }
}

/* Children count in memory that stays shared. */
static void step_count(void)
{
    unsigned count = 1 + pick(5), each = 1 + pick(200);
    _Atomic unsigned *counter =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t children[6];

    if (counter == MAP_FAILED) {
        say(" %s", error_name(errno));
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        children[i] = fork_as('n');
        if (!children[i]) {
            for (unsigned k = 0; k < each; k++) {
                ++*counter;
                if (k % 16 == 0)
                    sched_yield();
            }
            _exit(0);
        }
    }
    say("  %u children", count);
    for (unsigned i = 0; i < count; i++)
        if (children[i] > 0)
            wait_and_say(children[i]);
    say(" %u each: %u", each, *counter);
    munmap((void *)counter, PAGE);
}

const struct step fork_steps[] = {
    {"fork", step_fork, 10, PROCESS},  {"duet", step_duet, 8, PROCESS},
    {"chain", step_chain, 3, PROCESS}, {"wide", step_wide, 3, PROCESS},
    {"again", step_again, 4, PROCESS}, {"count", step_count, 3, PROCESS},
    {NULL, NULL, 0, PROCESS},
};
