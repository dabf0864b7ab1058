/* Of each figure its value first; null has its reason. */
#include "pipelines/review/calibration_json.h"

#include <math.h>

#include "pipelines/review/measure_json.h"
#include "processor/base/clock.h"
#include "processor/verdict.h"

enum { COHORTS_SHOWN_MAX = 200 };

static void put_estimate(struct json_writer *to, const struct estimate *estimate)
{
    json_put_double(to, "value", estimate->value);
    json_put_double(to, "low", estimate->low);
    if (isfinite(estimate->high)) {
        json_put_double(to, "high", estimate->high);
        return;
    }
    json_key(to, "high");
    json_null(to);
}

static void put_nothing(struct json_writer *to, const char *reason)
{
    json_key(to, "value");
    json_null(to);
    json_put_text(to, "reason", reason);
}

/* --- rates --- */

static void write_cohort(struct json_writer *to, const struct calibration_rate *rate)
{
    json_key(to, "cohort");
    json_object_begin(to);
    for (uint32_t i = 0; rate->grouping && i < rate->grouping->count; i++) {
        json_key_bytes(to, rate->grouping->names[i]);
        json_string(to, rate->values[i]);
    }
    json_object_end(to);
}

static void write_verdicts(struct json_writer *to, const struct calibration_request *request,
                           const struct calibration_rate *rate)
{
    json_key(to, "verdicts");
    json_object_begin(to);
    for (int v = 0; v < CALIBRATION_VERDICTS; v++) {
        const struct poststratum *stratum = &rate->strata[v];
        struct poststratum_rate one =
            poststratify_one(&stratum->all, &stratum->bad, request->confidence);
        json_key(to, verdict_names[v]);
        json_object_begin(to);
        json_put_double(to, "share", stratum->share);
        json_put_int(to, "reviewed", stratum->all.n);
        json_put_int(to, "bad", stratum->bad.n);
        if (one.rate.is_known) {
            put_estimate(to, &one.rate);
            json_put_double(to, "n_effective", one.n_effective);
            json_put_bool(to, "few", one.is_few);
        } else {
            put_nothing(to, "nothing was reviewed");
        }
        json_object_end(to);
    }
    json_object_end(to);
}

static void write_rate(struct json_writer *to, const struct calibration *calibration,
                       const struct calibration_request *request,
                       const struct calibration_rate *rate)
{
    const struct poststratified *calibrated = &rate->calibrated;
    json_object_begin(to);
    if (rate->grouping)
        write_cohort(to, rate);
    if (rate->reason)
        put_nothing(to, rate->reason);
    else
        put_estimate(to, &calibrated->rate);
    json_put_int(to, "reviewed", calibrated->reviewed);
    if (!calibration->traffic_reason) {
        json_put_int(to, "runs", rate->runs);
        json_put_double(to, "unreviewed_share", calibrated->unreviewed);
    }
    json_put_bool(to, "few", calibrated->is_few);
    json_put_bool(to, "low_response", rate->is_low_response);
    write_verdicts(to, request, rate);
    if (rate->reason && rate->grouping && !calibration->rates[rate->parent].reason) {
        const struct calibration_rate *parent = &calibration->rates[rate->parent];
        json_key(to, "parent");
        json_object_begin(to);
        write_cohort(to, parent);
        put_estimate(to, &parent->calibrated.rate);
        json_put_int(to, "reviewed", parent->calibrated.reviewed);
        json_object_end(to);
    }
    json_object_end(to);
}

static void write_cohorts(struct json_writer *to, const struct calibration *calibration,
                          const struct calibration_request *request)
{
    uint32_t first = calibration->asked > 0 ? calibration->asked : 1;
    uint32_t shown = 0;
    json_key(to, "cohorts");
    json_array_begin(to);
    for (uint32_t i = first; i < calibration->rate_count && shown < COHORTS_SHOWN_MAX; i++, shown++)
        write_rate(to, calibration, request, &calibration->rates[i]);
    json_array_end(to);
    json_put_uint(to, "cohorts_not_shown", calibration->rate_count - first - shown);
}

/* --- response --- */

static void write_response(struct json_writer *to, const struct pipeline_config *config,
                           const struct calibration *calibration)
{
    json_key(to, "response");
    json_array_begin(to);
    for (size_t i = 0; i < calibration->sums.queue_class_count; i++) {
        const struct calibration_queue_class *class = &calibration->sums.queue_classes[i];
        struct bytes queue = calibration_queue(calibration, class->class.queue);
        double ratio = calibration_response(class);
        bool is_sampled = calibration_is_sampled(config, queue);
        json_object_begin(to);
        json_put_bytes(to, "queue", queue);
        json_put_text(to, "verdict", verdict_names[class->class.verdict]);
        json_put_uint(to, "priority", class->class.priority);
        if (ratio < 0)
            put_nothing(to, "nothing is due yet");
        else
            json_put_double(to, "value", ratio);
        json_put_int(to, "eligible", class->class.eligible);
        json_put_int(to, "reviewed", class->class.reviewed);
        json_put_int(to, "not_due", class->not_due);
        json_put_bool(to, "sample_order", is_sampled);
        json_put_bool(to, "low_response",
                      !is_sampled && ratio >= 0 && ratio < CALIBRATION_RESPONSE_MIN);
        json_object_end(to);
    }
    json_array_end(to);
}

/* --- rules --- */

static void write_share(struct json_writer *to, const char *key,
                        const struct calibration_share *share)
{
    json_key(to, key);
    json_object_begin(to);
    if (share->share.is_known)
        put_estimate(to, &share->share);
    else
        put_nothing(to, share->reason);
    json_put_int(to, "n", share->n);
    if (share->n_effective > 0)
        json_put_double(to, "n_effective", share->n_effective);
    json_put_bool(to, "few", share->is_few);
    json_object_end(to);
}

void calibration_put_rule_lift(struct json_writer *to, const struct calibration *calibration)
{
    json_key(to, "rule_lift");
    json_object_begin(to);
    for (uint32_t i = 0; i < calibration->rule_count; i++) {
        struct buffer name = {0};
        buffer_append_bytes(&name, calibration->rules[i].rule);
        buffer_append_byte(&name, 0);
        if (!name.failed)
            write_share(to, (const char *)name.data, &calibration->rules[i].lift);
        buffer_finish(&name);
    }
    json_object_end(to);
}

static void write_rules(struct json_writer *to, const struct calibration *calibration)
{
    json_key(to, "rules");
    json_array_begin(to);
    for (uint32_t i = 0; i < calibration->rule_count; i++) {
        const struct calibration_rule_report *rule = &calibration->rules[i];
        json_object_begin(to);
        json_put_bytes(to, "rule", rule->rule);
        json_put_int(to, "reviewed", rule->reviewed);
        json_put_int(to, "fired", rule->fired);
        json_put_int(to, "bad", rule->bad);
        write_share(to, "precision", &rule->precision);
        write_share(to, "recall", &rule->recall);
        write_share(to, "rule_lift", &rule->lift);
        if (rule->has_own) {
            json_key(to, "own_label");
            json_object_begin(to);
            write_share(to, "precision", &rule->own_precision);
            write_share(to, "recall", &rule->own_recall);
            json_object_end(to);
        }
        json_object_end(to);
    }
    json_array_end(to);
}

/* --- the curve --- */

static void write_point(struct json_writer *to, const struct curve_point *point)
{
    json_object_begin(to);
    json_put_double(to, "value", point->value);
    json_put_double(to, "precision", point->precision);
    json_put_double(to, "recall", point->recall);
    json_put_double(to, "fired_share", point->fired_share);
    json_put_uint(to, "fired", point->fired);
    json_object_end(to);
}

static void write_advice(struct json_writer *to, const struct calibration_curve *curve)
{
    const struct curve_advice *advice = &curve->advice;
    json_key(to, "advice");
    json_object_begin(to);
    json_put_double(to, "min_recall", curve->min_recall);
    if (advice->reason) {
        json_key(to, "threshold");
        json_null(to);
        json_put_text(to, "reason", advice->reason);
        json_object_end(to);
        return;
    }
    json_put_double(to, "threshold", advice->threshold);
    json_key(to, "precision");
    json_object_begin(to);
    put_estimate(to, &advice->precision);
    json_object_end(to);
    json_key(to, "recall");
    json_object_begin(to);
    put_estimate(to, &advice->recall);
    json_object_end(to);
    json_key(to, "runs_per_day_more");
    json_object_begin(to);
    if (advice->more.is_known)
        put_estimate(to, &advice->more);
    else
        put_nothing(to, advice->more_reason);
    json_object_end(to);
    json_object_end(to);
}

static void write_curve(struct json_writer *to, const struct calibration_curve *curve)
{
    json_key(to, "curve");
    json_object_begin(to);
    json_put_bytes(to, "rule", curve->rule);
    if (curve->reason) {
        json_key(to, "points");
        json_null(to);
        json_put_text(to, "reason", curve->reason);
        json_object_end(to);
        return;
    }
    json_put_text(to, "fails", curve->is_above ? "above" : "below");
    json_put_double(to, "configured", curve->configured);
    json_put_uint(to, "reviewed", curve->n);
    json_put_uint(to, "bad", curve->curve.bad);
    json_put_uint(to, "without_value", curve->without_value);
    json_put_uint(to, "values", curve->curve.distinct);
    json_key(to, "points");
    json_array_begin(to);
    for (uint32_t i = 0; i < curve->curve.count; i++)
        write_point(to, &curve->curve.points[i]);
    json_array_end(to);
    write_advice(to, curve);
    json_object_end(to);
}

/* --- the whole --- */

static void write_reviews(struct json_writer *to, const struct calibration *calibration)
{
    int64_t eligible = 0, reviewed = 0, not_due = 0;
    for (size_t i = 0; i < calibration->sums.queue_class_count; i++) {
        const struct calibration_queue_class *class = &calibration->sums.queue_classes[i];
        eligible += class->class.eligible;
        reviewed += class->class.reviewed;
        not_due += class->not_due;
    }
    json_key(to, "reviews");
    json_object_begin(to);
    json_put_int(to, "eligible", eligible);
    json_put_int(to, "reviewed", reviewed);
    json_put_int(to, "not_due", not_due);
    json_object_end(to);
    json_put_bool(to, "counted_whole", calibration->sums.is_whole);
    json_key(to, "rulesets");
    json_array_begin(to);
    for (uint32_t i = 0; i < calibration->sums.ruleset_count; i++) {
        char text[2 * CALIBRATION_RULESET_SIZE + 1] = "";
        hex_encode(text, calibration->sums.rulesets[i], CALIBRATION_RULESET_SIZE);
        json_text(to, text);
    }
    json_array_end(to);
    json_put_bool(to, "several_rulesets", calibration->sums.ruleset_count > 1);
}

void calibration_json(const struct pipeline_config *config,
                      const struct calibration_request *request,
                      const struct calibration *calibration, const struct calibration_curve *curve,
                      struct buffer *to)
{
    struct json_writer writer;
    char from[CLOCK_RFC3339_SIZE];
    measure_json_begin(&writer, to, "flywheel.calibration/v1", &request->cohorts);
    clock_format_rfc3339(from, (uint64_t)request->from_day * 86400 * 1000000000);
    json_put_text(&writer, "from", from);
    json_put_double(&writer, "confidence", request->confidence);
    write_reviews(&writer, calibration);
    json_key(&writer, "overall");
    write_rate(&writer, calibration, request, &calibration->rates[0]);
    write_cohorts(&writer, calibration, request);
    write_response(&writer, config, calibration);
    write_rules(&writer, calibration);
    if (curve)
        write_curve(&writer, curve);
    json_object_end(&writer);
    buffer_append_byte(to, '\n');
}
