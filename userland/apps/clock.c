/*
 * clock: reads the clock a thousand times, as the libc does it or (--call) by system call, and
 * tells the time of day.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define READINGS 1000

int main(int argc, char **argv)
{
    struct timespec time = {0, 0};
    int good = 0;
    (void)argv;
    for (int i = 0; i < READINGS; i++)
        good += argc > 1 ? syscall(SYS_clock_gettime, CLOCK_REALTIME, &time) == 0
                         : clock_gettime(CLOCK_REALTIME, &time) == 0;
    printf("readings %d\nrealtime %ld\n", good, (long)time.tv_sec);
    return good != READINGS;
}
