/*
 * bytes.c: writes every byte there is to standard output, in order. What arrives
 * must be the same: no byte of a program is taken for the system's own signs.
 */
#include <unistd.h>

int main(void)
{
    char all[256];

    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    return write(STDOUT_FILENO, all, sizeof all) == sizeof all ? 0 : 1;
}
