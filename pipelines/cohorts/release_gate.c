/* Sums to rates, rates to one answer. */
#include "pipelines/cohorts/release_gate.h"

#include <math.h>

#include "processor/base/statistics.h"

const char *const release_gate_outcome_names[] = {"pass", "fail", "insufficient"};
const char *const release_gate_reason_names[] = {
    "target_reached", "below_target",    "no_trajectory", "no_judge",         "too_few_scored",
    "required_rule",  "awaited_missing", "undecided",     "sampled_upstream", "uncalibrated"};
const char *const release_gate_change_names[] = {"no_difference", "regression", "improvement",
                                                 "insufficient", "insufficient"};

static const double share_moved_max = 0.1; /* of the scored shares of cohort and baseline */

static void put_bounds(const struct fail_rate *fail, const struct release_gate_terms *terms,
                       double *ret_low, double *ret_high)
{
    *ret_low = 1 - fail_rate_guarded(fail, statistics_z(terms->confidence)).high;
    *ret_high = 1 - fail_rate_low_exact(fail, terms->confidence);
}

static void take_fail_rate(struct release_gate_rate *rate, const struct release_gate_terms *terms)
{
    const struct cohort_rates *rates = &rate->rates;
    rate->is_known = true;
    rate->pass_rate = 1 - rates->fail.p;
    rate->n_effective = rates->fail.n_effective;
    rate->reported_low = 1 - rates->high;
    rate->reported_high = 1 - rates->low;
    rate->counted = rates->sums.condemned.n + rates->sums.scored.n;
    put_bounds(&rates->fail, terms, &rate->low, &rate->high);
}

/* A floor of the fail rate: enough to raise an alarm, never to call it off. */
static void take_known(struct release_gate_rate *rate)
{
    const struct cohort_rates *rates = &rate->rates;
    rate->is_known = rates->known.is_known;
    rate->pass_rate = 1 - rates->known.p;
    rate->n_effective = rates->known.n;
    rate->low = rate->reported_low = 1 - rates->known_high;
    rate->high = rate->reported_high = 1 - rates->known_low;
    rate->counted = rates->sums.all.n;
}

struct release_gate_rate release_gate_rate_of(const struct cohort_bucket *sums,
                                              const struct release_gate_terms *terms)
{
    struct release_gate_rate rate = {.low = 0, .high = 1, .reported_high = 1};
    struct cohort_rate_terms asked = {.confidence = terms->confidence,
                                      .is_strict = terms->is_strict,
                                      .may_condemn = terms->may_condemn,
                                      .is_missing_failed = terms->is_missing_failed,
                                      .largest_weight = terms->largest_weight};
    memcpy(rate.verdicts, sums->verdicts, sizeof rate.verdicts);
    rate.rates = cohort_rates_of(sums, &asked);
    rate.total = rate.rates.total;
    rate.scored = rate.rates.scored;
    if (rate.rates.fail.is_known)
        take_fail_rate(&rate, terms);
    else if (terms->takes_known)
        take_known(&rate);
    asked.is_missing_failed = true;
    struct cohort_rates if_missing = cohort_rates_of(sums, &asked);
    rate.has_if_missing = if_missing.fail.is_known;
    rate.if_missing_failed = if_missing.fail.p;
    return rate;
}

/* --- how many more --- */

static struct weighted_count scaled(const struct weighted_count *count, double by)
{
    return (struct weighted_count){(int64_t)ceil((double)count->n * by),
                                   (int64_t)ceil((double)count->heavy * by), count->weight * by,
                                   count->weight_squared * by};
}

/* Would `more` scored runs like those so far decide it? */
static bool is_decided_with(const struct release_gate_rate *rate,
                            const struct release_gate_terms *terms, double more)
{
    struct fail_rate_sums sums = rate->rates.sums;
    double runs = (double)(rate->counted > 0 ? rate->counted : 1), by = (runs + more) / runs;
    double low, high;
    sums.all = scaled(&sums.all, by);
    sums.condemned = scaled(&sums.condemned, by);
    sums.scored = scaled(&sums.scored, by);
    sums.failed = scaled(&sums.failed, by);
    struct fail_rate fail = fail_rate_of(&sums);
    put_bounds(&fail, terms, &low, &high);
    return rate->pass_rate >= terms->min_pass_rate ? low >= terms->min_pass_rate
                                                   : high < terms->min_pass_rate;
}

static uint64_t needed_to_decide(const struct release_gate_rate *rate,
                                 const struct release_gate_terms *terms)
{
    uint64_t low = 0, high = 1000000000000; /* low: not decided, high: decided */
    if (!rate->is_known)
        return statistics_needed_n(1, terms->min_pass_rate, statistics_z(terms->confidence));
    if (!is_decided_with(rate, terms, (double)high))
        return UINT64_MAX;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (is_decided_with(rate, terms, (double)middle))
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* More scored trajectories, and no unscored ones, until their share is large enough. */
static uint64_t needed_for_share(const struct release_gate_rate *rate,
                                 const struct release_gate_terms *terms)
{
    double open = (double)(rate->rates.sums.all.n - rate->rates.condemned);
    double lacking = (terms->min_scored - rate->rates.judged_share) * open;
    double count = terms->min_scored < 1 ? ceil(fmax(0, lacking / (1 - terms->min_scored))) : 1e13;
    return count < 1e12 ? (uint64_t)count : UINT64_MAX;
}

static bool has_scored(const struct release_gate_rate *rate, const struct release_gate_terms *terms)
{
    return rate->is_known && rate->rates.judged_share >= terms->min_scored;
}

static enum release_gate_reason why_insufficient(const struct release_gate_rate *rate,
                                                 const struct release_gate_terms *terms)
{
    if (rate->total <= 0)
        return RELEASE_GATE_NO_TRAJECTORY;
    if (!rate->is_known)
        return RELEASE_GATE_NO_JUDGE;
    if (!has_scored(rate, terms))
        return RELEASE_GATE_FEW_SCORED;
    if (!terms->is_missing_failed && rate->rates.missing_share > terms->max_missing)
        return RELEASE_GATE_MISSING;
    return RELEASE_GATE_UNDECIDED;
}

struct release_gate_decision release_gate_decide(const struct release_gate_rate *rate,
                                                 const struct release_gate_terms *terms)
{
    struct release_gate_decision decision = {.outcome = RELEASE_GATE_INSUFFICIENT,
                                             .reason = why_insufficient(rate, terms)};
    bool is_open = rate->low < terms->min_pass_rate && rate->high >= terms->min_pass_rate;
    if (decision.reason == RELEASE_GATE_UNDECIDED && rate->low >= terms->min_pass_rate)
        return (struct release_gate_decision){RELEASE_GATE_PASS, RELEASE_GATE_REACHED, 0};
    if (decision.reason == RELEASE_GATE_UNDECIDED && rate->high < terms->min_pass_rate)
        return (struct release_gate_decision){RELEASE_GATE_FAIL, RELEASE_GATE_BELOW, 0};
    if (decision.reason == RELEASE_GATE_MISSING)
        return decision; /* More runs would lack theirs likewise. */
    decision.needed = rate->is_known && !is_open ? 1 : needed_to_decide(rate, terms);
    if (decision.reason == RELEASE_GATE_FEW_SCORED &&
        needed_for_share(rate, terms) > decision.needed)
        decision.needed = needed_for_share(rate, terms);
    if (decision.needed == 0)
        decision.needed = 1;
    return decision;
}

/* --- against a baseline --- */

struct release_gate_comparison release_gate_compare(const struct release_gate_rate *cohort,
                                                    const struct release_gate_rate *baseline,
                                                    const struct release_gate_terms *terms)
{
    struct release_gate_comparison comparison = {
        .change = RELEASE_GATE_UNKNOWN, .low = -1, .high = 1};
    if (!has_scored(cohort, terms) || !has_scored(baseline, terms))
        return comparison;
    if (fabs(cohort->rates.judged_share - baseline->rates.judged_share) > share_moved_max + 1e-9) {
        comparison.change = RELEASE_GATE_SHARE_MOVED;
        return comparison;
    }
    /* As of two independent proportions by R. G. Newcombe (statistics.h), of any two intervals. */
    double p = cohort->pass_rate, q = baseline->pass_rate;
    double low = p - q - hypot(p - cohort->reported_low, baseline->reported_high - q);
    double high = p - q + hypot(cohort->reported_high - p, q - baseline->reported_low);
    return (struct release_gate_comparison){
        .change = high < 0  ? RELEASE_GATE_REGRESSION
                  : low > 0 ? RELEASE_GATE_IMPROVEMENT
                            : RELEASE_GATE_SAME,
        .difference = p - q,
        .low = fmax(-1, low),
        .high = fmin(1, high),
    };
}
