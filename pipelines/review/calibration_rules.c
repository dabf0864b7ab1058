/* Precision is a share of reviewed runs; recall and lift need what reviews say of all runs. */
#include "pipelines/decide/summary.h"
#include "pipelines/review/calibration_report_state.h"

static struct calibration_share share_of(const struct weighted_count *all,
                                         const struct weighted_count *hits, double confidence,
                                         const char *reason)
{
    struct poststratum_rate rate = poststratify_one(all, hits, confidence);
    return (struct calibration_share){.share = rate.rate,
                                      .n = all->n,
                                      .n_effective = rate.n_effective,
                                      .is_few = rate.is_few,
                                      .reason = rate.rate.is_known ? NULL : reason};
}

/* Of two parts of all runs, each by strata: how much of both is the first. */
static struct calibration_share part_of(const struct poststratum first[CALIBRATION_VERDICTS],
                                        const struct poststratum second[CALIBRATION_VERDICTS],
                                        const struct calibration_request *request,
                                        const char *traffic_reason, const char *reason)
{
    struct poststratified a = poststratify(first, CALIBRATION_VERDICTS, request->confidence);
    struct poststratified b = poststratify(second, CALIBRATION_VERDICTS, request->confidence);
    struct calibration_share part = {.share = poststratify_part(&a.rate, &b.rate),
                                     .is_few = a.is_few};
    for (int v = 0; v < CALIBRATION_VERDICTS; v++)
        part.n += first[v].bad.n + second[v].bad.n;
    if (traffic_reason)
        part.share.is_known = false;
    if (!part.share.is_known)
        part.reason = traffic_reason ? traffic_reason
                      : a.rate.is_known
                          ? reason
                          : "more than 5 % of the runs have a verdict of which nothing was "
                            "reviewed";
    return part;
}

static void add_verdict(const struct calibration_rule_sums *sums, int v, double share,
                        struct poststratum parts[4][CALIBRATION_VERDICTS],
                        struct weighted_count totals[6])
{
    const struct calibration_rule_counts *of = &sums->verdicts[v];
    parts[0][v] = (struct poststratum){share, of->all, of->bad_fired};
    parts[1][v] = (struct poststratum){share, of->all, of->bad_missed};
    parts[2][v] = (struct poststratum){share, of->own_all, of->own_given_fired};
    parts[3][v] = (struct poststratum){share, of->own_all, of->own_given_missed};
    const struct weighted_count *counts[] = {&of->fired,           &of->bad_fired, &of->own_fired,
                                             &of->own_given_fired, &of->all,       &of->bad_missed};
    for (int i = 0; i < 6; i++)
        fail_rate_count_add(&totals[i], counts[i]);
}

static void report_rule(const struct calibration *calibration,
                        const struct calibration_request *request,
                        struct calibration_rule_report *report)
{
    static const struct calibration_rule_sums nothing = {.name = 0};
    const struct calibration_rule_sums *sums =
        calibration_sums_rule(&calibration->sums, summary_rule_name(report->rule));
    struct poststratum parts[4][CALIBRATION_VERDICTS];
    struct weighted_count totals[6] = {{0}};
    const struct calibration_rate *all = &calibration->rates[0];
    sums = sums ? sums : &nothing;
    for (int v = 0; v < CALIBRATION_VERDICTS; v++)
        add_verdict(sums, v, all->strata[v].share, parts, totals);
    report->has_own = report->has_own || sums->has_own;
    report->reviewed = totals[4].n;
    report->fired = totals[0].n;
    report->bad = totals[1].n + totals[5].n;
    const char *no_fired = "no reviewed run on which it fired";
    report->precision = share_of(&totals[0], &totals[1], request->confidence, no_fired);
    report->own_precision = share_of(&totals[2], &totals[3], request->confidence, no_fired);
    report->recall = part_of(parts[0], parts[1], request, calibration->traffic_reason,
                             "no reviewed run was bad");
    report->own_recall = part_of(parts[2], parts[3], request, calibration->traffic_reason,
                                 "no reviewed run was given its label");
    report->lift.share = poststratify_ratio(&report->precision.share, &all->calibrated.rate);
    report->lift.share.is_known =
        report->lift.share.is_known && !all->reason && all->calibrated.rate.value > 0;
    report->lift.n = report->fired;
    report->lift.is_few = report->precision.is_few || all->calibrated.is_few;
    if (!report->lift.share.is_known)
        report->lift.reason = report->precision.reason ? report->precision.reason
                              : all->reason            ? all->reason
                                                       : "no reviewed run was bad";
}

bool calibration_rules_read(const struct pipeline_config *config,
                            const struct calibration_request *request,
                            struct calibration *calibration)
{
    const struct calibration_settings *settings = &config->review.calibration;
    calibration->rules =
        arena_zalloc(&calibration->arena, settings->rule_count + 1, sizeof *calibration->rules);
    for (uint32_t i = 0; calibration->rules && i < settings->rule_count; i++) {
        const struct calibration_rule *rule = &settings->rules[i];
        if (request->rule.data && !bytes_equal(request->rule, rule->name))
            continue;
        struct calibration_rule_report *report = &calibration->rules[calibration->rule_count++];
        report->rule = rule->name;
        report->has_own = rule->label_count > 0;
        report_rule(calibration, request, report);
    }
    return calibration->rules != NULL;
}
