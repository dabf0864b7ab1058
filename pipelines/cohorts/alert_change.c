/* Without a configured rate the usual one is learned; then each run is one step of S. */
#include "pipelines/cohorts/alert_change.h"

#include <math.h>

#include "processor/base/statistics.h"

/* One-sided 80 %: a bound of 99 % would hide what is looked for (a median delay of 826
 * runs in place of 297). */
static const double learned_confidence = 0.6;
static const double rate_min = 1e-4; /* of p0, and 1 - p0: 0 stands for not known */

enum alert_kind alert_change_kind(enum alert_direction direction)
{
    return direction == DIRECTION_WORSE ? ALERT_WORSE : ALERT_BETTER;
}

static double within(double fail_rate)
{
    return fmin(fmax(fail_rate, rate_min), 1 - rate_min);
}

static void set_design(struct alert_change_terms *terms, struct alert_change *change,
                       enum alert_direction direction)
{
    struct alert_row *row = &change->row;
    change->design = cusum_table_find(&terms->table, row->p0, direction == DIRECTION_WORSE);
    row->statistic = fmin(row->statistic, change->design->limit);
}

void alert_change_design(struct alert_change_terms *terms, struct alert_change *change,
                         enum alert_direction direction, double p0)
{
    struct alert_row *row = &change->row;
    bool is_learned = row->p0 > 0 && row->seen > 0;
    p0 = p0 > 0 ? within(p0) : 0;
    if (p0 > 0 && (is_learned || fabs(row->p0 - p0) > 1e-12)) {
        row->p0 = p0;
        row->statistic = 0;
        row->seen = row->failed = 0;
        change->is_changed = true;
    } else if (p0 <= 0 && row->p0 > 0 && !is_learned) {
        row->p0 = row->statistic = 0; /* it was configured, and is to be learned now */
        change->is_changed = true;
    }
    if (row->p0 > 0)
        set_design(terms, change, direction);
}

/* The end of the interval on which a false alarm is less likely. It goes on while nothing is
 * suspected: S at rest says nothing of the run to come, so what is counted there is not chosen. */
static void learn(struct alert_change_terms *terms, struct alert_change *change,
                  enum alert_direction direction, bool is_failure)
{
    struct alert_row *row = &change->row;
    row->seen++;
    row->failed += is_failure;
    if (row->seen < terms->learn_from)
        return;
    struct interval interval =
        statistics_wilson((double)row->failed / (double)row->seen, (double)row->seen,
                          statistics_z(learned_confidence));
    row->p0 = within(direction == DIRECTION_WORSE ? interval.high : interval.low);
    set_design(terms, change, direction);
}

/* S stays at the limit while an alarm lasts, so that it ends soon after what caused it: when S is
 * back at 0, where it begins. */
void alert_change_step(struct alert_change_terms *terms, struct alert_change *change,
                       enum alert_direction direction, bool is_failure, int64_t event_ms)
{
    struct alert_row *row = &change->row;
    bool is_quiet = !row->is_firing && row->statistic <= 0;
    bool is_configured = row->p0 > 0 && row->seen == 0;
    change->is_changed = true;
    bool was_known = row->p0 > 0;
    if (!is_configured && is_quiet)
        learn(terms, change, direction, is_failure);
    if (!was_known)
        return;
    double s = cusum_next(change->design, row->statistic, is_failure);
    bool is_alarm = s > change->design->limit * (1 + 1e-9);
    bool is_over = row->is_firing && s <= 0;
    row->statistic = fmin(s, change->design->limit);
    if (is_alarm && !row->is_firing)
        row->episode++;
    if (is_over || (is_alarm && !row->is_firing))
        row->changed_ms = event_ms;
    row->is_firing = (row->is_firing || is_alarm) && !is_over;
}
