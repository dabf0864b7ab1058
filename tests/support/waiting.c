/* Waits of the tests; see the header. */
#include "tests/support/waiting.h"

#include <stdlib.h>
#include <time.h>

int64_t patiently_ms(int64_t ms)
{
    const char *factor = getenv("CK_TIMEOUT_MULTIPLIER");
    return factor && strtod(factor, NULL) > 1 ? (int64_t)((double)ms * strtod(factor, NULL)) : ms;
}

void pause_ms(int64_t ms)
{
    (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}
