/* When the allocator is told to give free memory back to the system. By itself it keeps what lies
 * below any block in use, so that a burst, once over, costs its peak for ever.
 *
 *   at rest     nothing has come or closed for two seconds, and something had since the last time
 *   in between  ten seconds after the last time, when more is held than what is in use explains
 *
 * Pure; one thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct give_back {
    uint64_t seen; /* activity at the last look */
    int64_t since_ms, done_ms;
    bool is_due; /* something was done since the last time */
};

/* `activity` differs when something has come or closed since. */
bool give_back_at_rest(struct give_back *state, int64_t now_ms, uint64_t activity);
bool give_back_is_time(struct give_back *state, int64_t now_ms);
bool give_back_is_much(size_t held_bytes, size_t used_bytes);

/* Of the process: memory of its own that is resident, and what the allocator has given out. 0: not
 * known. */
size_t give_back_held_bytes(void);
size_t give_back_used_bytes(void);
void give_back_now(void);
/* At start, before there are threads. */
void give_back_set_up(void);
