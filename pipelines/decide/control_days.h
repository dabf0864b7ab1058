/* How many runs each event-time day brought to the control stratum, passed and unscored, so that a
 * day's control share follows from the closed day before it:
 *   seen     runs of the day so far
 *   basis    what the day before had brought when this one began; it stands, whatever still comes
 * Plain data: the writer counts, and a view carries a copy to the shards. */
#pragma once
#include "state/tables/selection.h"

enum { CONTROL_DAYS = 4 }; /* kept; an older one counts as the oldest */

struct control_days {
    uint32_t count;
    struct selection_day days[CONTROL_DAYS]; /* ascending */
};

int64_t control_day_of(int64_t hour);
/* The day under which a run of `day` counts; opened when it is new. `ret_dropped` is a day that had
 * to leave for it, or -1. */
struct selection_day *control_days_open(struct control_days *days, int64_t day,
                                        int64_t *ret_dropped);
/* Runs of the day before this one, as its share follows from them. 0: nothing is known. */
uint64_t control_days_basis(const struct control_days *days, int64_t day);
