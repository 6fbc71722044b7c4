#include "process/credentials.h"
#include "lib/wired.h"

void credentials_share(struct credentials *credentials)
{
    if (credentials->groups)
        credentials->groups->references++;
}

void credentials_drop(struct credentials *credentials)
{
    if (credentials->groups && --credentials->groups->references == 0)
        wired_free(credentials->groups);
    credentials->groups = NULL;
}
