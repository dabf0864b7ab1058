/* Rates first, then what each rule's word is worth, then who was not reviewed. */
#include "pipelines/review/calibration_table.h"

#include <inttypes.h>
#include <math.h>

#include "processor/base/text/terminal.h"
#include "processor/verdict.h"

enum { COHORTS_SHOWN_MAX = 30, POINTS_SHOWN_MAX = 20 };

static void append_estimate(struct buffer *to, const struct estimate *estimate)
{
    buffer_printf(to, "%.1f %% [%.1f, %.1f]", 100 * estimate->value, 100 * estimate->low,
                  100 * estimate->high);
}

static void append_share(struct buffer *to, const char *name, const struct calibration_share *share)
{
    buffer_printf(to, "  %-18s ", name);
    if (share->share.is_known)
        append_estimate(to, &share->share);
    else
        buffer_printf(to, "-  %s", share->reason);
    buffer_printf(to, ", n %" PRId64 "%s\n", share->n,
                  share->share.is_known && share->is_few ? ", few" : "");
}

/* --- rates --- */

static void append_cohort(struct buffer *to, const struct calibration_rate *rate)
{
    if (!rate->grouping)
        buffer_append_text(to, "all runs");
    for (uint32_t i = 0; rate->grouping && i < rate->grouping->count; i++) {
        buffer_append_text(to, i > 0 ? ", " : "");
        terminal_append(to, rate->grouping->names[i]);
        buffer_append_byte(to, '=');
        terminal_append(to, rate->values[i]);
    }
}

static void append_rate(struct buffer *to, const struct calibration *calibration,
                        const struct calibration_rate *rate)
{
    const struct poststratified *calibrated = &rate->calibrated;
    append_cohort(to, rate);
    buffer_append_text(to, ": ");
    if (rate->reason) {
        buffer_printf(to, "no calibrated fail rate, %s", rate->reason);
    } else {
        buffer_append_text(to, "calibrated fail rate ");
        append_estimate(to, &calibrated->rate);
    }
    buffer_printf(to, ", %" PRId64 " reviewed", calibrated->reviewed);
    if (!calibration->traffic_reason)
        buffer_printf(to, " of %" PRId64 " runs", rate->runs);
    if (calibrated->unreviewed > 0)
        buffer_printf(to, ", %.1f %% of the runs unreviewed", 100 * calibrated->unreviewed);
    if (calibrated->is_few)
        buffer_append_text(to, ", few");
    if (rate->is_low_response)
        buffer_append_text(to, ", low_response");
    if (rate->reason && rate->grouping && !calibration->rates[rate->parent].reason) {
        const struct calibration_rate *parent = &calibration->rates[rate->parent];
        buffer_append_text(to, "; ");
        append_cohort(to, parent);
        buffer_append_text(to, ": ");
        append_estimate(to, &parent->calibrated.rate);
    }
    buffer_append_byte(to, '\n');
}

static void append_verdicts(struct buffer *to, const struct calibration_request *request,
                            const struct calibration_rate *rate)
{
    buffer_append_text(to, "  verdict       share   bad of reviewed\n");
    for (int v = 0; v < CALIBRATION_VERDICTS; v++) {
        const struct poststratum *stratum = &rate->strata[v];
        struct poststratum_rate one =
            poststratify_one(&stratum->all, &stratum->bad, request->confidence);
        if (stratum->share <= 0 && stratum->all.n == 0)
            continue;
        buffer_printf(to, "  %-10s %6.1f %%   ", verdict_names[v], 100 * stratum->share);
        if (one.rate.is_known) {
            append_estimate(to, &one.rate);
            buffer_printf(to, ", %" PRId64 " of %" PRId64 "%s\n", stratum->bad.n, stratum->all.n,
                          one.is_few ? ", few" : "");
        } else {
            buffer_append_text(to, "nothing was reviewed\n");
        }
    }
}

static void append_rates(struct buffer *to, const struct calibration_request *request,
                         const struct calibration *calibration)
{
    uint32_t shown = 0;
    if (calibration->asked > 0) {
        append_rate(to, calibration, &calibration->rates[calibration->asked]);
        append_verdicts(to, request, &calibration->rates[calibration->asked]);
        return;
    }
    append_rate(to, calibration, &calibration->rates[0]);
    append_verdicts(to, request, &calibration->rates[0]);
    for (uint32_t i = 1; i < calibration->rate_count && shown < COHORTS_SHOWN_MAX; i++, shown++)
        append_rate(to, calibration, &calibration->rates[i]);
    if (calibration->rate_count > shown + 1)
        buffer_printf(to, "%u more cohorts: --cohort, or --format json\n",
                      calibration->rate_count - shown - 1);
}

/* --- rules and response --- */

static void append_rules(struct buffer *to, const struct calibration *calibration)
{
    for (uint32_t i = 0; i < calibration->rule_count; i++) {
        const struct calibration_rule_report *rule = &calibration->rules[i];
        buffer_append_text(to, "rule ");
        terminal_append(to, rule->rule);
        buffer_printf(to, ": fired on %" PRId64 " of %" PRId64 " reviewed runs, %" PRId64 " bad\n",
                      rule->fired, rule->reviewed, rule->bad);
        append_share(to, "precision", &rule->precision);
        append_share(to, "recall", &rule->recall);
        if (rule->lift.share.is_known)
            buffer_printf(to, "  %-18s %.2f [%.2f, %.2f]\n", "lift", rule->lift.share.value,
                          rule->lift.share.low, rule->lift.share.high);
        if (!rule->has_own)
            continue;
        append_share(to, "own label, prec.", &rule->own_precision);
        append_share(to, "own label, recall", &rule->own_recall);
    }
}

static void append_response(struct buffer *to, const struct pipeline_config *config,
                            const struct calibration *calibration)
{
    for (size_t i = 0; i < calibration->sums.queue_class_count; i++) {
        const struct calibration_queue_class *class = &calibration->sums.queue_classes[i];
        struct bytes queue = calibration_queue(calibration, class->class.queue);
        double ratio = calibration_response(class);
        bool is_sampled = calibration_is_sampled(config, queue);
        buffer_append_text(to, i == 0 ? "reviewed of what was chosen and is due\n  " : "  ");
        terminal_append(to, queue);
        buffer_printf(to, ", %s, priority %u: ", verdict_names[class->class.verdict],
                      class->class.priority);
        if (ratio < 0)
            buffer_append_text(to, "nothing is due yet");
        else
            buffer_printf(to, "%.0f %%, %" PRId64 " of %" PRId64, 100 * ratio,
                          class->class.reviewed, class->class.eligible);
        if (class->not_due > 0)
            buffer_printf(to, "; %" PRId64 " not due yet", class->not_due);
        if (!is_sampled && ratio >= 0 && ratio < CALIBRATION_RESPONSE_MIN)
            buffer_append_text(to, "; low_response");
        buffer_append_byte(to, '\n');
    }
}

/* --- the curve --- */

static void append_advice(struct buffer *to, const struct calibration_curve *curve)
{
    const struct curve_advice *advice = &curve->advice;
    if (advice->reason) {
        buffer_printf(to, "no advice for recall %g: %s\n", curve->min_recall, advice->reason);
        return;
    }
    buffer_printf(to,
                  "advice: fail_%s %.6g has the best precision at recall %g or more: precision ",
                  curve->is_above ? "above" : "below", advice->threshold, curve->min_recall);
    append_estimate(to, &advice->precision);
    buffer_append_text(to, ", recall ");
    append_estimate(to, &advice->recall);
    if (advice->more.is_known)
        buffer_printf(to, "; %+.1f [%+.1f, %+.1f] runs a day", advice->more.value, advice->more.low,
                      advice->more.high);
    buffer_append_text(to,
                       "\nnothing is changed by itself; flywheel replay --diff shows which runs\n");
}

static void append_curve(struct buffer *to, const struct calibration_curve *curve)
{
    if (curve->reason) {
        buffer_printf(to, "no curve: %s\n", curve->reason);
        return;
    }
    buffer_printf(to,
                  "curve: %zu reviewed runs with a value, %zu bad, %zu values; now fail_%s %g\n",
                  curve->n, curve->curve.bad, curve->curve.distinct,
                  curve->is_above ? "above" : "below", curve->configured);
    uint32_t step = (curve->curve.count + POINTS_SHOWN_MAX - 1) / POINTS_SHOWN_MAX;
    buffer_append_text(to, "  fires at    precision   recall   of runs\n");
    for (uint32_t i = step - 1; i < curve->curve.count; i += step) {
        const struct curve_point *point = &curve->curve.points[i];
        buffer_printf(to, "  %-10.6g  %6.1f %%  %6.1f %%  %6.1f %%\n", point->value,
                      100 * point->precision, 100 * point->recall, 100 * point->fired_share);
    }
    append_advice(to, curve);
}

void calibration_table(const struct pipeline_config *config,
                       const struct calibration_request *request,
                       const struct calibration *calibration, const struct calibration_curve *curve,
                       struct buffer *to)
{
    if (!calibration->sums.is_whole)
        buffer_append_text(to, "items are still being counted: these are the figures so far\n");
    if (calibration->sums.queue_class_count == 0)
        buffer_append_text(to, "nothing was chosen for review by chance in the window yet\n");
    append_rates(to, request, calibration);
    if (calibration->sums.ruleset_count > 1)
        buffer_printf(to, "the runs of the window were judged by %u rulesets\n",
                      calibration->sums.ruleset_count);
    append_rules(to, calibration);
    append_response(to, config, calibration);
    if (curve)
        append_curve(to, curve);
}
