/* Sums to rates, rates to one answer. The rows of one query are split into two:
 *   group by the dimensions of both -> rows -> baseline  all values match; asked first
 *                                           -> cohort    its values match, the baseline's do not */
#include "pipelines/cohorts/release_gate.h"

#include <math.h>

#include "pipelines/cohorts/report.h"
#include "processor/base/statistics.h"

const char *const release_gate_outcome_names[] = {"pass", "fail", "insufficient"};
const char *const release_gate_reason_names[] = {"target_reached", "below_target", "no_trajectory",
                                                 "too_few_scored", "undecided"};
const char *const release_gate_change_names[] = {"no_difference", "regression", "improvement",
                                                 "insufficient"};

struct release_gate_rate release_gate_rate_of(const struct cohort_bucket *sums,
                                              const struct release_gate_terms *terms)
{
    struct release_gate_rate rate = {.total = cohort_bucket_total(sums), .low = 0, .high = 1};
    memcpy(rate.verdicts, sums->verdicts, sizeof rate.verdicts);
    rate.scored = rate.total - sums->verdicts[COHORT_UNSCORED];
    if (rate.total > 0)
        rate.scored_share = (double)rate.scored / (double)rate.total;
    rate.n_effective = statistics_effective_n(sums->weight, sums->weight_squared);
    if (rate.n_effective <= 0)
        return rate;
    double failed = sums->weight_fail + (terms->is_strict ? sums->weight_borderline : 0);
    rate.pass_rate =
        fmin(1, fmax(0, (sums->weight - failed) / sums->weight)); /* sums may have rounded */
    struct interval interval =
        statistics_wilson(rate.pass_rate, rate.n_effective, statistics_z(terms->confidence));
    rate.low = interval.low;
    rate.high = interval.high;
    return rate;
}

static uint64_t at_most(double count)
{
    return count < 1e12 ? (uint64_t)ceil(fmax(0, count)) : UINT64_MAX;
}

/* More scored trajectories until the interval leaves the target, each as heavy as those so far. */
static uint64_t needed_to_decide(const struct release_gate_rate *rate,
                                 const struct release_gate_terms *terms)
{
    bool has_rate = rate->n_effective > 0;
    uint64_t n = statistics_needed_n(has_rate ? rate->pass_rate : 1, terms->min_pass_rate,
                                     statistics_z(terms->confidence));
    if (n == UINT64_MAX || !has_rate)
        return n;
    return at_most(((double)n - rate->n_effective) * (double)rate->scored / rate->n_effective);
}

/* More scored trajectories, and no unscored ones, until their share is large enough. */
static uint64_t needed_for_share(const struct release_gate_rate *rate,
                                 const struct release_gate_terms *terms)
{
    double lacking = terms->min_scored * (double)rate->total - (double)rate->scored;
    return terms->min_scored < 1 ? at_most(lacking / (1 - terms->min_scored)) : UINT64_MAX;
}

struct release_gate_decision release_gate_decide(const struct release_gate_rate *rate,
                                                 const struct release_gate_terms *terms)
{
    struct release_gate_decision decision = {.outcome = RELEASE_GATE_INSUFFICIENT,
                                             .reason = RELEASE_GATE_UNDECIDED};
    bool is_scored = rate->scored > 0 && rate->n_effective > 0;
    if (rate->total <= 0)
        decision.reason = RELEASE_GATE_NO_TRAJECTORY;
    else if (!is_scored || rate->scored_share < terms->min_scored)
        decision.reason = RELEASE_GATE_FEW_SCORED;
    else if (rate->low >= terms->min_pass_rate)
        return (struct release_gate_decision){RELEASE_GATE_PASS, RELEASE_GATE_REACHED, 0};
    else if (rate->high < terms->min_pass_rate)
        return (struct release_gate_decision){RELEASE_GATE_FAIL, RELEASE_GATE_BELOW, 0};
    bool is_open = rate->low < terms->min_pass_rate && rate->high >= terms->min_pass_rate;
    decision.needed = is_scored && !is_open ? 1 : needed_to_decide(rate, terms);
    if (decision.reason == RELEASE_GATE_FEW_SCORED &&
        needed_for_share(rate, terms) > decision.needed)
        decision.needed = needed_for_share(rate, terms);
    if (decision.needed == 0)
        decision.needed = 1;
    return decision;
}

static bool is_known(const struct release_gate_rate *rate, const struct release_gate_terms *terms)
{
    return rate->n_effective > 0 && rate->scored_share >= terms->min_scored;
}

struct release_gate_comparison release_gate_compare(const struct release_gate_rate *cohort,
                                                    const struct release_gate_rate *baseline,
                                                    const struct release_gate_terms *terms)
{
    if (!is_known(cohort, terms) || !is_known(baseline, terms))
        return (struct release_gate_comparison){
            .change = RELEASE_GATE_UNKNOWN, .low = -1, .high = 1};
    struct interval interval =
        statistics_newcombe(cohort->pass_rate, cohort->n_effective, baseline->pass_rate,
                            baseline->n_effective, statistics_z(terms->confidence));
    return (struct release_gate_comparison){
        .change = interval.high < 0  ? RELEASE_GATE_REGRESSION
                  : interval.low > 0 ? RELEASE_GATE_IMPROVEMENT
                                     : RELEASE_GATE_SAME,
        .difference = cohort->pass_rate - baseline->pass_rate,
        .low = interval.low,
        .high = interval.high,
    };
}

/* --- the query --- */

static uint32_t dimension_of(const struct release_gate_cohort *cohort, struct bytes name)
{
    uint32_t at = 0;
    while (at < cohort->count && !bytes_equal(cohort->dimensions[at], name))
        at++;
    return at;
}

/* The cohort with the baseline's values over its own; false when it has too many dimensions. */
static bool overlay(const struct release_gate_question *question,
                    struct release_gate_cohort *ret_cohort)
{
    *ret_cohort = question->cohort;
    for (uint32_t i = 0; i < question->baseline.count; i++) {
        uint32_t at = dimension_of(ret_cohort, question->baseline.dimensions[i]);
        if (at == COHORT_DIMENSIONS_MAX)
            return false;
        ret_cohort->count += at == ret_cohort->count;
        ret_cohort->dimensions[at] = question->baseline.dimensions[i];
        ret_cohort->values[at] = question->baseline.values[i];
    }
    return true;
}

/* Both lists begin with the same dimensions, in the same order. */
static bool matches(const struct release_gate_cohort *cohort, const struct cohort_result_row *row)
{
    for (uint32_t i = 0; i < cohort->count; i++)
        if (!bytes_equal(cohort->values[i], row->values[i]))
            return false;
    return true;
}

static bool split_rows(const struct cohort_result *result,
                       const struct release_gate_question *question,
                       struct release_gate_answer *answer)
{
    struct cohort_bucket cohort = {0}, baseline = {0};
    bool is_whole = true;
    for (size_t i = 0; i < result->row_count; i++) {
        const struct cohort_result_row *row = &result->rows[i];
        if (question->baseline.count > 0 && matches(&answer->baseline_cohort, row))
            is_whole &= cohort_bucket_merge(&baseline, &row->sums);
        else if (matches(&question->cohort, row))
            is_whole &= cohort_bucket_merge(&cohort, &row->sums);
        else if (cohort_report_is_overflow(row->values, result->value_count))
            answer->overflow += cohort_bucket_total(&row->sums);
    }
    answer->cohort = release_gate_rate_of(&cohort, &question->terms);
    answer->baseline = release_gate_rate_of(&baseline, &question->terms);
    cohort_bucket_finish(&cohort);
    cohort_bucket_finish(&baseline);
    return is_whole;
}

static bool is_itself(const struct release_gate_question *question,
                      const struct release_gate_cohort *baseline)
{
    bool is_same = question->baseline.count > 0 && baseline->count == question->cohort.count;
    for (uint32_t i = 0; i < question->cohort.count; i++)
        is_same = is_same && bytes_equal(baseline->values[i], question->cohort.values[i]);
    return is_same;
}

static enum release_gate_outcome outcome_of(const struct release_gate_question *question,
                                            const struct release_gate_answer *answer)
{
    enum release_gate_change change = answer->comparison.change;
    if (question->baseline.count == 0)
        return answer->decision.outcome;
    if (answer->decision.outcome == RELEASE_GATE_FAIL || change == RELEASE_GATE_REGRESSION)
        return RELEASE_GATE_FAIL;
    return change == RELEASE_GATE_UNKNOWN ? RELEASE_GATE_INSUFFICIENT : answer->decision.outcome;
}

enum status release_gate_ask(struct store *store, const struct pipeline_config *config,
                             const struct release_gate_question *question,
                             struct release_gate_answer *ret_answer, struct error *ret_error)
{
    struct release_gate_answer answer = {.overflow = 0};
    struct cohort_result result = {0};
    if (!overlay(question, &answer.baseline_cohort) ||
        is_itself(question, &answer.baseline_cohort)) {
        error_set(ret_error, EXIT_USAGE,
                  "--baseline: name another cohort than --cohort, of at most %d dimensions",
                  COHORT_DIMENSIONS_MAX);
        return STATUS_MALFORMED;
    }
    struct cohort_report_request request = {.window = question->window,
                                            .window_ms = question->window_ms,
                                            .as_of_ms = question->as_of_ms,
                                            .group_by_count = answer.baseline_cohort.count};
    memcpy(request.group_by, answer.baseline_cohort.dimensions, sizeof request.group_by);
    enum status status = cohort_report_query(store, config, &request, &result, ret_error);
    if (status != STATUS_OK)
        return status;
    bool is_whole = split_rows(&result, question, &answer);
    cohort_result_finish(&result);
    if (!is_whole) {
        error_set(ret_error, EXIT_STATE_IO, "no memory for the sums of a cohort");
        return STATUS_FATAL;
    }
    answer.decision = release_gate_decide(&answer.cohort, &question->terms);
    if (question->baseline.count > 0)
        answer.comparison =
            release_gate_compare(&answer.cohort, &answer.baseline, &question->terms);
    answer.outcome = outcome_of(question, &answer);
    *ret_answer = answer;
    return STATUS_OK;
}
