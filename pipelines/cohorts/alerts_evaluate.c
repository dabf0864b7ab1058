/* CUSUM steps with the learning of a usual rate, floors, burn rates. */
#include "pipelines/cohorts/alerts_evaluate.h"

#include <math.h>

/* A gate looks once, an alert every second: at 95 % it would cry wolf in any month. */
static const double learned_confidence = 0.99, alert_confidence = 0.999;
static const double rate_min = 1e-4; /* of p0, and 1 - p0: odds must be finite */

/* --- changes --- */

static void set_design(const struct pipeline_config *config, struct cusum *cusum, int direction)
{
    double odds_ratio =
        direction == DIRECTION_WORSE ? config->change.odds_ratio : 1 / config->change.odds_ratio;
    cusum->design =
        statistics_cusum_design(cusum->row.p0, odds_ratio, config->change.false_alarm_every);
    cusum->row.statistic = fmin(cusum->row.statistic, cusum->design.limit);
}

void alerts_design(const struct pipeline_config *config, struct watched *watched, int direction)
{
    struct cusum *cusum = &watched->cusums[direction];
    struct alert_row *row = &cusum->row;
    bool is_learned = row->p0 > 0 && row->seen > 0;
    if (watched->p0 > 0 && (is_learned || fabs(row->p0 - watched->p0) > 1e-12)) {
        row->p0 = watched->p0;
        row->statistic = 0;
        row->seen = row->failed = 0;
        cusum->is_changed = true;
    } else if (watched->p0 <= 0 && row->p0 > 0 && !is_learned) {
        row->p0 = row->statistic = 0; /* it was configured, and is to be learned now */
        cusum->is_changed = true;
    }
    if (row->p0 > 0)
        set_design(config, cusum, direction);
}

/* The end of the interval on which a false alarm is less likely. */
static void learn(const struct pipeline_config *config, struct cusum *cusum, int direction,
                  bool is_failure)
{
    struct alert_row *row = &cusum->row;
    row->seen++;
    row->failed += is_failure;
    if (row->seen < config->change.learn_from)
        return;
    struct interval interval =
        statistics_wilson((double)row->failed / (double)row->seen, (double)row->seen,
                          statistics_z(learned_confidence));
    double p0 = direction == DIRECTION_WORSE ? interval.high : interval.low;
    row->p0 = fmin(fmax(p0, rate_min), 1 - rate_min);
    row->statistic = 0;
    set_design(config, cusum, direction);
}

/* S stays at the limit while an alarm lasts, so that it ends soon after what caused it: when S is
 * back at 0, where it begins. */
void alerts_step(const struct pipeline_config *config, struct watched *watched, int direction,
                 bool is_failure, int64_t event_ms)
{
    struct cusum *cusum = &watched->cusums[direction];
    struct alert_row *row = &cusum->row;
    cusum->is_changed = true;
    if (row->p0 <= 0) {
        learn(config, cusum, direction, is_failure);
        return;
    }
    row->statistic = statistics_cusum_step(&cusum->design, row->statistic, is_failure);
    bool is_alarm = row->statistic > cusum->design.limit;
    bool is_over = row->is_firing && row->statistic <= 0;
    row->statistic = fmin(row->statistic, cusum->design.limit);
    if (is_alarm && !row->is_firing)
        row->episode++;
    if (is_over || (is_alarm && !row->is_firing))
        row->changed_ms = event_ms;
    row->is_firing = (row->is_firing || is_alarm) && !is_over;
}

/* --- windows --- */

static struct gate_rate rate_of(const struct alert_config *alert,
                                const struct cohort_windows *windows, int64_t wall_ms,
                                int64_t window_ms)
{
    struct gate_terms terms = {.min_pass_rate = alert->min_pass_rate,
                               .confidence = alert_confidence};
    struct cohort_bucket sums = cohort_windows_sum(windows, wall_ms, window_ms);
    return gate_rate_of(&sums, &terms);
}

static bool has_enough(const struct alert_config *alert, const struct gate_rate *rate)
{
    return rate->scored >= (int64_t)alert->min_n && rate->n_effective > 0;
}

static struct alert_row turn(const struct alert_row *row, bool is_firing, int64_t wall_ms)
{
    struct alert_row next = *row;
    if (is_firing == row->is_firing)
        return next;
    next.is_firing = is_firing;
    next.episode += is_firing;
    next.changed_ms = wall_ms;
    return next;
}

struct alert_row alerts_floor(const struct alert_config *alert,
                              const struct cohort_windows *windows, const struct alert_row *row,
                              int64_t wall_ms, struct gate_rate *ret_rate)
{
    struct gate_rate rate = rate_of(alert, windows, wall_ms, alert->window_ms);
    bool is_below =
        has_enough(alert, &rate) &&
        (row->is_firing ? rate.pass_rate < alert->min_pass_rate : rate.high < alert->min_pass_rate);
    *ret_rate = rate;
    return turn(row, is_below, wall_ms);
}

/* A rate over few runs may be anything, so an alert begins only when the long window shows the
 * factor with confidence; it lasts while the rates themselves are above it. */
static bool is_above(const struct alert_config *alert, const struct burn_config *burn,
                     const struct burn_windows *at, bool is_firing)
{
    if (at->long_burn < burn->factor || at->short_burn < burn->factor)
        return false;
    double least = statistics_burn_rate(1 - at->of_long.high, alert->min_pass_rate);
    return is_firing || least >= burn->factor || at->of_long.pass_rate <= 0;
}

struct alert_row alerts_burn(const struct alert_config *alert, const struct cohort_windows *windows,
                             const struct alert_row *row, int64_t wall_ms,
                             struct burn_windows ret_burns[BURNS_MAX], uint32_t *burning)
{
    bool is_burning = false;
    for (uint32_t i = 0; i < alert->burn_count; i++) {
        const struct burn_config *burn = &alert->burns[i];
        struct burn_windows at = {.of_long = rate_of(alert, windows, wall_ms, burn->long_ms),
                                  .of_short = rate_of(alert, windows, wall_ms, burn->short_ms),
                                  .long_burn = -1,
                                  .short_burn = -1};
        if (has_enough(alert, &at.of_long))
            at.long_burn = statistics_burn_rate(1 - at.of_long.pass_rate, alert->min_pass_rate);
        if (has_enough(alert, &at.of_short))
            at.short_burn = statistics_burn_rate(1 - at.of_short.pass_rate, alert->min_pass_rate);
        if (!is_burning && is_above(alert, burn, &at, row->is_firing)) {
            is_burning = true;
            if (!row->is_firing)
                *burning = i;
        }
        ret_burns[i] = at;
    }
    if (*burning >= alert->burn_count)
        *burning = 0;
    bool is_held = row->is_firing && wall_ms - row->changed_ms < alert->burns[*burning].short_ms;
    return turn(row, is_burning || is_held, wall_ms);
}
