/* One pass over the items of the window, then one over the samples in order of their values. */
#include "pipelines/review/calibration_curve.h"

#include <math.h>
#include <stdlib.h>

#include "pipelines/decide/summary.h"
#include "pipelines/review/item_scan.h"

enum { ITEM_BYTES_MAX = 64 << 20 };

#define DAY_MS 86400000.0

/* --- samples --- */

struct scan {
    const struct pipeline_config *config;
    const struct calibration_request *request;
    const struct calibration *calibration;
    struct calibration_curve *curve;
    struct arena arena;
};

static void add_sample(struct calibration_curve *curve, const struct curve_sample *sample)
{
    if (curve->n == curve->capacity) {
        size_t capacity = curve->capacity ? curve->capacity * 2 : 256;
        struct curve_sample *moved = realloc(curve->samples, capacity * sizeof *moved);
        curve->failed = curve->failed || !moved;
        if (!moved)
            return;
        curve->samples = moved;
        curve->capacity = capacity;
    }
    curve->samples[curve->n++] = *sample;
}

static bool take_item(void *context, struct store_txn *txn, const struct item_row *item)
{
    struct scan *scan = context;
    const struct calibration_request *request = scan->request;
    struct item_tally tally = {.settings = &scan->config->review, .item = item};
    struct summary summary;
    bool is_bad;
    int64_t day = tally_day(item->event_ms);
    if (tally_day(item->emitted_ms) < request->from_day || scan->curve->failed)
        return false; /* and so are all before it */
    if (day < request->from_day || day > request->to_day || !calibration_is_eligible(item))
        return true;
    arena_reset(&scan->arena);
    tally.results = tally_results(txn, item->sequence, &scan->arena, &tally.result_count);
    if (!tally.results || !calibration_is_reviewed(&tally, &is_bad) ||
        summary_decode(item->summary, &scan->arena, &summary) != STATUS_OK)
        return true;
    const struct summary_rule *rule = summary_find_rule(&summary, request->rule);
    if (!rule || !rule->has_value) {
        scan->curve->without_value++;
        return true;
    }
    struct calibration_class class = calibration_class_of(item);
    double weight =
        calibration_sums_factor(&scan->calibration->sums, day, &class) / item->probability;
    add_sample(scan->curve, &(struct curve_sample){.value = rule->value,
                                                   .weight = weight,
                                                   .own_weight = weight,
                                                   .stratum = item->verdict,
                                                   .is_bad = is_bad});
    return true;
}

/* By what its verdict has in the traffic, whatever part of it was reviewed. */
static void weigh(const struct calibration *calibration, struct calibration_curve *curve)
{
    const struct poststratum *strata = calibration->rates[0].strata;
    if (calibration->rates[0].reason)
        return;
    for (size_t i = 0; i < curve->n; i++) {
        struct curve_sample *sample = &curve->samples[i];
        double reviewed = strata[sample->stratum].all.weight;
        if (reviewed > 0)
            sample->weight *= strata[sample->stratum].share / reviewed;
    }
}

/* --- advice --- */

static void count_in(const struct curve_sample *sample, struct weighted_count *to)
{
    to->n++;
    to->weight += sample->own_weight;
    to->weight_squared += sample->own_weight * sample->own_weight;
}

/* Is it at `value`, or worse? */
static bool is_at(const struct calibration_curve *curve, double sample, double value)
{
    return curve->is_above ? sample >= value : sample <= value;
}

static bool fires_now(const struct calibration_curve *curve, double sample)
{
    return curve->is_above ? sample > curve->configured : sample < curve->configured;
}

struct parts { /* by verdict; shares of the traffic */
    struct poststratum hit[CALIBRATION_VERDICTS], missed[CALIBRATION_VERDICTS];
    struct poststratum added[CALIBRATION_VERDICTS], removed[CALIBRATION_VERDICTS];
    struct weighted_count fired, bad_fired, bad;
};

static void sum_parts(const struct calibration *calibration, const struct calibration_curve *curve,
                      double value, struct parts *parts)
{
    const struct poststratum *strata = calibration->rates[0].strata;
    struct poststratum *all[] = {parts->hit, parts->missed, parts->added, parts->removed};
    for (int i = 0; i < 4; i++)
        for (int v = 0; v < CALIBRATION_VERDICTS; v++)
            all[i][v] = (struct poststratum){.share = strata[v].share, .all = strata[v].all};
    for (size_t i = 0; i < curve->n; i++) {
        const struct curve_sample *sample = &curve->samples[i];
        bool fires = is_at(curve, sample->value, value), fired = fires_now(curve, sample->value);
        if (fires)
            count_in(sample, &parts->fired);
        if (fires && sample->is_bad)
            count_in(sample, &parts->bad_fired);
        if (sample->is_bad)
            count_in(sample, &parts->bad);
        if (sample->is_bad)
            count_in(sample, &(fires ? parts->hit : parts->missed)[sample->stratum].bad);
        if (fires != fired)
            count_in(sample, &(fires ? parts->added : parts->removed)[sample->stratum].bad);
    }
}

/* One of the two is empty: the runs between two thresholds. */
static void advise_more(const struct calibration *calibration,
                        const struct calibration_request *request, const struct parts *parts,
                        struct curve_advice *advice)
{
    struct poststratified added =
        poststratify(parts->added, CALIBRATION_VERDICTS, request->confidence);
    struct poststratified removed =
        poststratify(parts->removed, CALIBRATION_VERDICTS, request->confidence);
    double days = (double)request->cohorts.as_of_ms / DAY_MS - (double)request->from_day;
    double runs = (double)calibration->rates[0].runs / fmax(1, days);
    if (calibration->rates[0].reason) {
        advice->more_reason = calibration->rates[0].reason;
        return;
    }
    bool is_more = added.rate.value >= removed.rate.value;
    const struct estimate *rate = is_more ? &added.rate : &removed.rate;
    advice->more =
        is_more
            ? (struct estimate){true, runs * rate->value, runs * rate->low, runs * rate->high}
            : (struct estimate){true, -runs * rate->value, -runs * rate->high, -runs * rate->low};
}

static void advise(const struct calibration *calibration, const struct calibration_request *request,
                   struct calibration_curve *curve)
{
    struct curve_advice *advice = &curve->advice;
    struct parts parts = {.fired = {0}};
    advice->reason = curve->curve.bad == 0
                         ? "no reviewed run with a value was bad"
                         : "only a rule that fires on every value has that recall";
    for (uint32_t i = 0; curve->curve.bad > 0 && i + 1 < curve->curve.count; i++) {
        const struct curve_point *point = &curve->curve.points[i];
        if (point->recall < curve->min_recall ||
            (!advice->reason && point->precision <= curve->curve.points[advice->point].precision))
            continue;
        advice->reason = NULL;
        advice->point = i;
    }
    if (advice->reason)
        return;
    const struct curve_point *best = &curve->curve.points[advice->point];
    advice->threshold = curve->samples[best->fired].value; /* the next one, on which it is silent */
    sum_parts(calibration, curve, best->value, &parts);
    advice->precision = poststratify_one(&parts.fired, &parts.bad_fired, request->confidence).rate;
    if (calibration->rates[0].reason) {
        advice->recall = poststratify_one(&parts.bad, &parts.bad_fired, request->confidence).rate;
    } else {
        struct poststratified hit =
            poststratify(parts.hit, CALIBRATION_VERDICTS, request->confidence);
        struct poststratified missed =
            poststratify(parts.missed, CALIBRATION_VERDICTS, request->confidence);
        advice->recall = poststratify_part(&hit.rate, &missed.rate);
    }
    advise_more(calibration, request, &parts, advice);
}

/* --- the whole --- */

/* False: it has no threshold to move, and the curve says why. */
static bool take_rule(const struct pipeline_config *config, struct calibration_curve *curve)
{
    for (uint32_t i = 0; i < config->ruleset.rule_count; i++) {
        const struct rule *rule = &config->ruleset.rules[i];
        if (!bytes_equal(rule->name, curve->rule))
            continue;
        curve->is_above = rule->has_fail_above;
        curve->configured = rule->has_fail_above ? rule->fail_above : rule->fail_below;
        if (rule->has_fail_above && rule->has_fail_below)
            curve->reason = "the rule fails on both sides of its values";
        else if (!rule->has_fail_above && !rule->has_fail_below)
            curve->reason = "the rule has no threshold to fail at";
        return !curve->reason;
    }
    curve->reason = "there is no such rule";
    return false;
}

enum status calibration_curve_read(struct store *store, const struct pipeline_config *config,
                                   const struct calibration_request *request,
                                   const struct calibration *calibration, double min_recall,
                                   struct calibration_curve *ret_curve, struct error *ret_error)
{
    struct scan scan = {config, request, calibration, ret_curve, {0}};
    *ret_curve = (struct calibration_curve){.rule = request->rule, .min_recall = min_recall};
    if (!take_rule(config, ret_curve))
        return STATUS_OK;
    arena_init(&scan.arena, ITEM_BYTES_MAX);
    enum status status = item_scan(store, take_item, &scan);
    arena_finish(&scan.arena);
    if (status == STATUS_OK && ret_curve->failed)
        status = STATUS_BUSY;
    if (status != STATUS_OK) {
        error_set(ret_error, status == STATUS_BUSY ? EXIT_TEMPORARY : EXIT_STATE_IO, "%s",
                  status == STATUS_BUSY ? "no memory for the curve"
                                        : "the items of the review cannot be read");
        calibration_curve_finish(ret_curve);
        return status;
    }
    if (ret_curve->n == 0)
        ret_curve->reason = "no reviewed run of the window has a value of the rule";
    weigh(calibration, ret_curve);
    curve_make(ret_curve->samples, ret_curve->n, ret_curve->is_above, &ret_curve->curve);
    advise(calibration, request, ret_curve);
    return STATUS_OK;
}

void calibration_curve_finish(struct calibration_curve *curve)
{
    free(curve->samples);
    curve->samples = NULL;
    curve->n = curve->capacity = 0;
}
