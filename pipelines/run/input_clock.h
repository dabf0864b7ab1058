/* Up to when the input of each source is here: the clock that idle_timeout and max_duration go by.
 *
 *   clock = min(now, when the event in hand was admitted) - all the time that the source stood still
 *
 * It never goes backwards. A source stands still while nothing of it can come though it may be
 * there: the process was stopped, the partition is behind its end or its brokers are away. Not
 * while we refuse it ourselves: closing is what gives room then. Pure; one thread, a shard's. */
#pragma once
#include "pipelines/decide/effects.h"

struct input_clock {
    int64_t looked_ms;
    uint32_t source_count;
    int64_t still_ms[SOURCES_MAX], clock_ms[SOURCES_MAX];
    int64_t lag_ms[SOURCES_MAX]; /* what a shard is told: now - clock */
};

void input_clock_init(struct input_clock *clock, uint32_t source_count, int64_t now_ms);
/* Everything admitted until `given_ms` has been given. `stands` says of each source whether it has
 * stood still since the last look. */
void input_clock_look(struct input_clock *clock, int64_t now_ms, int64_t given_ms,
                      const bool *stands);
