/* With signatures the records of a stratum are a concave, piecewise linear function of its
 * probability p,
 *   records(p) = p * (runs - sum of n) + sum of min(p * n, per_signature)
 * over the signatures with n runs; bisection finds the p that gives what was allotted. */
#include "processor/score/budget.h"

#include <math.h>

/* A failure says most and gets most. The control share is what keeps precision and the rate of
 * missed failures measurable, so a flood of failures must not take it. */
static const double floors[VERDICTS] = {
    [VERDICT_FAIL] = 0.7, [VERDICT_BORDERLINE] = 0.2, [VERDICT_PASS] = 0.1};
static const enum verdict turns[VERDICTS] = {VERDICT_FAIL, VERDICT_BORDERLINE, VERDICT_PASS,
                                             VERDICT_UNSCORED};

struct budget budget_of(uint32_t per_hour, uint32_t per_signature_per_hour, uint32_t instances)
{
    double parts = instances > 0 ? instances : 1;
    return (struct budget){per_hour / parts, per_signature_per_hour / parts};
}

double budget_signature_probability(const struct budget *budget, uint64_t runs)
{
    bool is_limited = budget->per_signature > 0 && (double)runs > budget->per_signature;
    return is_limited ? budget->per_signature / (double)runs : 1;
}

double budget_stratum_records(const struct budget *budget, const struct budget_plan *plan,
                              enum verdict verdict)
{
    double floor = verdict == VERDICT_UNSCORED ? floors[VERDICT_PASS] : floors[verdict];
    return fmax(plan->records[verdict], floor * budget->per_hour);
}

bool budget_is_ahead(double records, double elapsed, uint64_t emitted,
                     const struct budget_pace *pace)
{
    double eighth = records / 8, sent = (double)emitted;
    double allowed = records * elapsed + (pace->halvings + 1) * eighth;
    bool has_news = pace->halvings == 0 || sent > (double)pace->emitted + eighth;
    return records > 0 && sent > allowed && has_news;
}

static double expected_records(const struct budget *budget, const struct budget_demand *demand,
                               enum verdict verdict, double p)
{
    double runs = (double)demand->runs[verdict], records = 0;
    if (verdict != VERDICT_FAIL || budget->per_signature <= 0)
        return p * runs;
    for (uint32_t i = 0; i < demand->signature_count; i++) {
        double n = (double)demand->signature_runs[i];
        runs -= n;
        records += fmin(p * n, budget->per_signature);
    }
    return records + p * fmax(runs, 0);
}

/* The largest probability that lets through no more than `records`. */
static double probability_for(const struct budget *budget, const struct budget_demand *demand,
                              enum verdict verdict, double share, double records)
{
    if (expected_records(budget, demand, verdict, share) <= records)
        return share;
    double low = 0, high = share;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if (expected_records(budget, demand, verdict, middle) <= records)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void budget_allot(const struct selection_policy *policy, double control,
                  const struct budget *budget, const struct budget_demand *demand,
                  struct budget_plan *ret_plan)
{
    double asked[VERDICTS], left = budget->per_hour;
    for (int i = 0; i < VERDICTS; i++) {
        enum verdict verdict = turns[i];
        double share = select_share(policy, control, verdict);
        double floor = floors[verdict] * budget->per_hour;
        asked[verdict] = expected_records(budget, demand, verdict, share);
        ret_plan->records[verdict] = fmin(asked[verdict], floor);
        ret_plan->probability[verdict] = share;
        left -= ret_plan->records[verdict];
    }
    for (int i = 0; i < VERDICTS && budget->per_hour > 0; i++) {
        enum verdict verdict = turns[i];
        double more = fmin(fmax(left, 0), asked[verdict] - ret_plan->records[verdict]);
        ret_plan->records[verdict] += more;
        left -= more;
        if (asked[verdict] > ret_plan->records[verdict])
            ret_plan->probability[verdict] =
                probability_for(budget, demand, verdict, select_share(policy, control, verdict),
                                ret_plan->records[verdict]);
    }
}
