/* Without a configured rate the usual one is learned; then each scored run is one step of S. */
#include "pipelines/cohorts/alert_change.h"

#include <math.h>

/* A release gate looks once, a CUSUM at every run: at 95 % it would cry wolf in any month. */
static const double learned_confidence = 0.99;
static const double rate_min = 1e-4; /* of p0, and 1 - p0: odds must be finite */

enum alert_kind alert_change_kind(enum alert_direction direction)
{
    return direction == DIRECTION_WORSE ? ALERT_WORSE : ALERT_BETTER;
}

double alert_change_rate(double fail_rate)
{
    return fmin(fmax(fail_rate, rate_min), 1 - rate_min);
}

static void set_design(const struct pipeline_config *config, struct alert_change *change,
                       enum alert_direction direction)
{
    double odds_ratio =
        direction == DIRECTION_WORSE ? config->change.odds_ratio : 1 / config->change.odds_ratio;
    change->design =
        statistics_cusum_design(change->row.p0, odds_ratio, config->change.false_alarm_every);
    change->row.statistic = fmin(change->row.statistic, change->design.limit);
}

void alert_change_design(const struct pipeline_config *config, struct alert_change *change,
                         enum alert_direction direction, double p0)
{
    struct alert_row *row = &change->row;
    bool is_learned = row->p0 > 0 && row->seen > 0;
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
        set_design(config, change, direction);
}

/* The end of the interval on which a false alarm is less likely. */
static void learn(const struct pipeline_config *config, struct alert_change *change,
                  enum alert_direction direction, bool is_failure)
{
    struct alert_row *row = &change->row;
    row->seen++;
    row->failed += is_failure;
    if (row->seen < config->change.learn_from)
        return;
    struct interval interval =
        statistics_wilson((double)row->failed / (double)row->seen, (double)row->seen,
                          statistics_z(learned_confidence));
    double learned = direction == DIRECTION_WORSE ? interval.high : interval.low;
    row->p0 = alert_change_rate(learned);
    row->statistic = 0;
    set_design(config, change, direction);
}

/* S stays at the limit while an alarm lasts, so that it ends soon after what caused it: when S is
 * back at 0, where it begins. */
void alert_change_step(const struct pipeline_config *config, struct alert_change *change,
                       enum alert_direction direction, bool is_failure, int64_t event_ms)
{
    struct alert_row *row = &change->row;
    change->is_changed = true;
    if (row->p0 <= 0) {
        learn(config, change, direction, is_failure);
        return;
    }
    row->statistic = statistics_cusum_step(&change->design, row->statistic, is_failure);
    bool is_alarm = row->statistic > change->design.limit;
    bool is_over = row->is_firing && row->statistic <= 0;
    row->statistic = fmin(row->statistic, change->design.limit);
    if (is_alarm && !row->is_firing)
        row->episode++;
    if (is_over || (is_alarm && !row->is_firing))
        row->changed_ms = event_ms;
    row->is_firing = (row->is_firing || is_alarm) && !is_over;
}
