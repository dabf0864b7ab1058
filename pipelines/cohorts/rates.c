/* Which cells each rate sums. */
#include "pipelines/cohorts/rates.h"

#include <math.h>

#include "processor/score/rules.h"
#include "processor/verdict.h"

struct cohort_rate_terms cohort_rates_terms(const struct pipeline_config *config,
                                            double largest_weight)
{
    return (struct cohort_rate_terms){.confidence = 0.95,
                                      .may_condemn =
                                          !config || rules_may_condemn(&config->ruleset, false),
                                      .largest_weight = largest_weight};
}

static struct weighted_count sum(const struct cohort_classes *classes, enum condemned condemned_to,
                                 enum judged judged_from)
{
    return cohort_classes_sum(classes, CONDEMNED_NOT, (int)condemned_to, (int)judged_from,
                              JUDGED_FAIL);
}

/* Runs that lack an awaited score, as if their judge had said fail. */
static struct cohort_classes with_missing_failed(const struct cohort_bucket *bucket)
{
    struct cohort_classes classes = bucket->classes;
    for (int c = CONDEMNED_NOT; c < CONDEMNED_FAIL; c++)
        for (int j = JUDGED_NOT; j < JUDGED_FAIL; j++) {
            const struct weighted_count *from = &bucket->missing.cells[c][j];
            struct weighted_count *cell = &classes.cells[c][j];
            *cell = (struct weighted_count){cell->n - from->n, cell->heavy - from->heavy,
                                            cell->weight - from->weight,
                                            cell->weight_squared - from->weight_squared};
            fail_rate_count_add(&classes.cells[c][JUDGED_FAIL], from);
        }
    cohort_classes_settle(&classes);
    return classes;
}

static double share(double part, double whole)
{
    return whole > 0 ? fmin(1, fmax(0, part / whole)) : 0;
}

static void count(const struct cohort_bucket *bucket, const struct cohort_classes *classes,
                  struct cohort_rates *rates)
{
    struct weighted_count all = sum(classes, CONDEMNED_FAIL, JUDGED_NOT);
    struct weighted_count scored = sum(classes, CONDEMNED_FAIL, JUDGED_PASS);
    struct weighted_count open = sum(classes, CONDEMNED_BORDERLINE, JUDGED_NOT);
    struct weighted_count judged = sum(classes, CONDEMNED_BORDERLINE, JUDGED_PASS);
    struct weighted_count missing = sum(&bucket->missing, CONDEMNED_FAIL, JUDGED_NOT);
    struct weighted_count missing_open = sum(&bucket->missing, CONDEMNED_BORDERLINE, JUDGED_NOT);
    rates->total = cohort_bucket_total(bucket);
    rates->unclassed = cohort_bucket_unclassed(bucket);
    rates->scored = scored.n;
    rates->condemned = all.n - open.n;
    rates->missing = missing.n;
    rates->missing_open = missing_open.n;
    rates->scored_share = share(scored.weight, all.weight);
    rates->judged_share = open.n > 0 ? share(judged.weight, open.weight) : all.n > 0;
    rates->missing_share = share(missing_open.weight, open.weight);
}

/* Failed, as `is_strict` says it, among all: a union of two kinds of cells. */
static struct weighted_count known_failed(const struct cohort_classes *classes, bool is_strict)
{
    enum condemned condemned = is_strict ? CONDEMNED_BORDERLINE : CONDEMNED_FAIL;
    enum judged failed = is_strict ? JUDGED_BORDERLINE : JUDGED_FAIL;
    struct weighted_count known =
        cohort_classes_sum(classes, (int)condemned, CONDEMNED_FAIL, JUDGED_NOT, JUDGED_FAIL);
    struct weighted_count judged = sum(classes, condemned - 1, failed);
    fail_rate_count_add(&known, &judged);
    return known;
}

static void put_fail_rate(const struct cohort_classes *classes,
                          const struct cohort_rate_terms *terms, struct cohort_rates *rates)
{
    enum condemned condemned = terms->is_strict ? CONDEMNED_BORDERLINE : CONDEMNED_FAIL;
    rates->sums = (struct fail_rate_sums){
        .all = sum(classes, CONDEMNED_FAIL, JUDGED_NOT),
        .condemned =
            cohort_classes_sum(classes, (int)condemned, CONDEMNED_FAIL, JUDGED_NOT, JUDGED_FAIL),
        .scored = sum(classes, condemned - 1, JUDGED_PASS),
        .failed = sum(classes, condemned - 1, terms->is_strict ? JUDGED_BORDERLINE : JUDGED_FAIL),
        .largest_weight = terms->largest_weight,
        .may_condemn = terms->may_condemn,
    };
    double z = statistics_z(terms->confidence);
    rates->fail = fail_rate_of(&rates->sums);
    if (!rates->fail.is_known)
        return;
    struct interval interval = fail_rate_interval(&rates->fail, z);
    rates->low = interval.low;
    rates->high = interval.high;
}

struct cohort_rates cohort_rates_of(const struct cohort_bucket *bucket,
                                    const struct cohort_rate_terms *terms)
{
    struct cohort_rates rates = {.total = 0};
    struct cohort_rate_terms all_terms = *terms;
    all_terms.largest_weight = fmax(terms->largest_weight, bucket->largest_weight);
    struct cohort_classes classes =
        terms->is_missing_failed ? with_missing_failed(bucket) : bucket->classes;
    count(bucket, &bucket->classes, &rates);
    if (terms->is_missing_failed)
        rates.judged_share = 1;
    put_fail_rate(&classes, &all_terms, &rates);
    struct weighted_count failed = known_failed(&classes, terms->is_strict);
    struct weighted_count to_see = known_failed(&classes, true);
    struct weighted_count bad = known_failed(&classes, false);
    rates.known = fail_rate_share_of(&rates.sums.all, &failed, all_terms.largest_weight);
    if (rates.known.is_known) {
        struct interval interval =
            statistics_wilson(rates.known.p, rates.known.n, statistics_z(terms->confidence));
        rates.known_low = interval.low;
        rates.known_high = interval.high;
    }
    rates.borderline = share(to_see.weight - bad.weight, rates.sums.all.weight);
    return rates;
}
