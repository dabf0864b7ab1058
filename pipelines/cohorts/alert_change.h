/* Has the fail rate of a cohort changed? One direction of a Bernoulli CUSUM, a pure function of its
 * row and the runs in the order of decision. S is held at the limit while the alarm lasts:
 *
 *   limit  - - - - - - - - - ,-----.- - - -     an alarm begins when S passes the limit
 *                         ,-'       '-.
 *   0  -----------.,----'              '----      and ends when S is back at 0 */
#pragma once
#include <stdatomic.h>

#include "pipelines/config/config.h"
#include "processor/base/cusum.h"
#include "state/tables/alert.h"

enum alert_direction { DIRECTION_WORSE, DIRECTION_BETTER, DIRECTIONS };

/* `row` has seen all that was observed; what was told of it is as of the last flush. */
struct alert_change {
    const struct cusum_design *design; /* NULL: the usual rate is not known yet */
    struct alert_row row;
    uint64_t told_episode;
    bool was_told_firing, is_changed;
    _Atomic double shown; /* S, and whether it alarms, for metrics */
    _Atomic bool shown_firing;
};

/* ALERT_WORSE or ALERT_BETTER. */
enum alert_kind alert_change_kind(enum alert_direction direction);
/* What all changes share. */
struct alert_change_terms {
    struct cusum_table table;
    uint32_t learn_from; /* runs */
};

/* The design: from the configured usual fail rate `p0`, else (0) from what was learned. A rate that
 * has been configured anew begins at S = 0. */
void alert_change_design(struct alert_change_terms *terms, struct alert_change *change,
                         enum alert_direction direction, double p0);
/* One more run of the cohort; `is_failure`: it is known to have failed. */
void alert_change_step(struct alert_change_terms *terms, struct alert_change *change,
                       enum alert_direction direction, bool is_failure, int64_t event_ms);
