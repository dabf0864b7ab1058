/* Waits are on conditions, and their limits are generous: a limit is reached only by what will
 * never come, so no test gets slower by a larger one. What stretches check's own limits,
 * CK_TIMEOUT_MULTIPLIER, stretches these too. */
#pragma once
#include <check.h>
#include <stdint.h>

#include "processor/base/clock.h"

enum { PATIENCE_MS = 30000 };

/* `ms` on a quick and idle machine, more on others. */
int64_t patiently_ms(int64_t ms);

/* Lets others run. Proves nothing: what must come is waited for, and for what must not come a busy
 * machine can hide a fault and never make one up. */
void pause_ms(int64_t ms);

#define WAIT_UNTIL(condition)                                                                      \
    do {                                                                                           \
        int64_t wait_end_ms = clock_monotonic_ms() + patiently_ms(PATIENCE_MS);                    \
        while (!(condition) && clock_monotonic_ms() < wait_end_ms)                                 \
            pause_ms(2);                                                                           \
        ck_assert_msg(condition, "waited in vain for: %s", #condition);                            \
    } while (0)
