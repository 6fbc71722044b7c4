/* hello: the first program of every system. */
#include <stdio.h>

int main(void)
{
    puts("Hello from an unmodified Linux program.");
    return 0;
}
