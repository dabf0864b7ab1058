/* Each window is summed as of now and held against the target by the terms of the release gate. */
#include "pipelines/cohorts/alert_rates.h"

#include "processor/base/statistics.h"

/* A release gate looks once, an alert every second: at 95 % it would cry wolf in any month. */
static const double alert_confidence = 0.999;

static struct release_gate_rate rate_of(const struct alert_config *alert,
                                        const struct cohort_windows *windows, int64_t wall_ms,
                                        int64_t window_ms)
{
    struct release_gate_terms terms = {.min_pass_rate = alert->min_pass_rate,
                                       .confidence = alert_confidence,
                                       .takes_known = true,
                                       .may_condemn = alert->may_condemn};
    struct cohort_bucket sums = cohort_windows_sum(windows, wall_ms, window_ms);
    return release_gate_rate_of(&sums, &terms);
}

static bool has_enough(const struct alert_config *alert, const struct release_gate_rate *rate)
{
    return rate->is_known && rate->counted >= (int64_t)alert->min_n;
}

static struct alert_row next_row(const struct alert_row *row, bool is_firing, int64_t wall_ms)
{
    struct alert_row next = *row;
    if (is_firing == row->is_firing)
        return next;
    next.is_firing = is_firing;
    next.episode += is_firing;
    next.changed_ms = wall_ms;
    return next;
}

struct alert_row alert_rates_floor(const struct alert_config *alert,
                                   const struct cohort_windows *windows,
                                   const struct alert_row *row, int64_t wall_ms,
                                   struct release_gate_rate *ret_rate)
{
    struct release_gate_rate rate = rate_of(alert, windows, wall_ms, alert->window_ms);
    bool is_below =
        has_enough(alert, &rate) &&
        (row->is_firing ? rate.pass_rate < alert->min_pass_rate : rate.high < alert->min_pass_rate);
    *ret_rate = rate;
    return next_row(row, is_below, wall_ms);
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

struct alert_row alert_rates_burn(const struct alert_config *alert,
                                  const struct cohort_windows *windows, const struct alert_row *row,
                                  int64_t wall_ms, struct burn_windows ret_burns[BURNS_MAX],
                                  uint32_t *burning)
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
    return next_row(row, is_burning || is_held, wall_ms);
}
