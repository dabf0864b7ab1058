/* Whether input flows, as the edges see it: what stops the deadlines of runs
 * without an ended root. */
#include "pipelines/run/input_clock.h"

#include <assert.h>

void input_clock_init(struct input_clock *clock, uint32_t source_count, int64_t now_ms)
{
    assert(source_count <= SOURCES_MAX);
    *clock = (struct input_clock){.looked_ms = now_ms, .source_count = source_count};
    for (uint32_t i = 0; i < source_count; i++)
        clock->clock_ms[i] = now_ms;
}

void input_clock_look(struct input_clock *clock, int64_t now_ms, int64_t given_ms,
                      const bool *stands)
{
    int64_t passed_ms = now_ms - clock->looked_ms;
    int64_t seen_ms = given_ms < now_ms ? given_ms : now_ms;
    clock->looked_ms = now_ms;
    for (uint32_t i = 0; i < clock->source_count; i++) {
        clock->still_ms[i] += stands[i] ? passed_ms : 0;
        int64_t at_ms = seen_ms - clock->still_ms[i];
        if (at_ms > clock->clock_ms[i])
            clock->clock_ms[i] = at_ms;
        clock->lag_ms[i] = now_ms - clock->clock_ms[i];
    }
}
