/* The rows of one query are split into two:
 *   group by the dimensions of both -> rows -> baseline  all values match; asked first
 *                                           -> cohort    its values match, the baseline's do not */
#include "pipelines/cohorts/release_gate_ask.h"

#include <stdlib.h>

#include "pipelines/cohorts/report.h"
#include "processor/base/text/text.h"
#include "processor/score/rules.h"

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

/* --- rules --- */

static uint32_t rule_of(const struct pipeline_config *config, struct bytes name)
{
    uint32_t at = 0;
    while (at < config->ruleset.rule_count && !bytes_equal(config->ruleset.rules[at].name, name))
        at++;
    return at;
}

/* Marks the rules of --require; false with an error when one is not there. */
static bool mark_required(const struct pipeline_config *config, struct bytes require,
                          struct release_gate_answer *answer, struct error *ret_error)
{
    size_t start = 0;
    for (size_t i = 0; require.size > 0 && i <= require.size; i++) {
        if (i < require.size && require.data[i] != ',')
            continue;
        struct bytes name = text_trim(bytes_of(require.data + start, i - start));
        uint32_t at = rule_of(config, name);
        if (at == config->ruleset.rule_count) {
            error_set(ret_error, EXIT_USAGE, "--require: there is no rule %.*s",
                      (int)(name.size < 100 ? name.size : 100), (const char *)name.data);
            return false;
        }
        answer->rules[at].is_required = true;
        start = i + 1;
    }
    return true;
}

static void take_rules(const struct pipeline_config *config, const struct cohort_result *result,
                       const struct cohort_bucket *sums, double min_scored,
                       struct release_gate_answer *answer)
{
    /* Runs of an earlier version are in no rate, but in the outcomes of the rules: in doubt each of
     * them had the value. */
    int64_t unclassed = cohort_bucket_unclassed(sums),
            rated = cohort_bucket_total(sums) - unclassed;
    for (uint32_t i = 0; i < sums->rule_count; i++) {
        uint32_t at = rule_of(config, cohort_result_rule_name(result, sums->rules[i].rule));
        if (at < config->ruleset.rule_count)
            memcpy(answer->rules[at].outcomes, sums->rules[i].outcomes,
                   sizeof answer->rules[at].outcomes);
    }
    answer->rule_count = config->ruleset.rule_count;
    for (uint32_t i = 0; i < answer->rule_count; i++) {
        struct release_gate_rule *rule = &answer->rules[i];
        rule->with_value = rule->outcomes[OUTCOME_PASS] + rule->outcomes[OUTCOME_BORDERLINE] +
                           rule->outcomes[OUTCOME_FAIL];
        int64_t sure = rule->with_value > unclassed ? rule->with_value - unclassed : 0;
        rule->is_lacking = rule->is_required && (double)sure < min_scored * (double)rated;
    }
}

static bool lacks_required(const struct release_gate_answer *answer)
{
    for (uint32_t i = 0; i < answer->rule_count; i++)
        if (answer->rules[i].is_lacking)
            return true;
    return false;
}

/* --- the query --- */

static bool split_rows(const struct cohort_result *result, const struct pipeline_config *config,
                       const struct release_gate_question *question,
                       struct release_gate_answer *answer)
{
    struct cohort_bucket cohort = {0}, baseline = {0};
    struct release_gate_terms terms = question->terms;
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
    terms.may_condemn = rules_may_condemn(&config->ruleset, terms.is_strict);
    terms.largest_weight = result->largest_weight;
    answer->cohort = release_gate_rate_of(&cohort, &terms);
    answer->baseline = release_gate_rate_of(&baseline, &terms);
    take_rules(config, result, &cohort, terms.min_scored, answer);
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
    if (change == RELEASE_GATE_UNKNOWN || change == RELEASE_GATE_SHARE_MOVED)
        return RELEASE_GATE_INSUFFICIENT;
    return answer->decision.outcome;
}

/* Asks once; for is_repeated since start, and a second time for what is not settled. */
static enum status ask(struct store *store, const struct pipeline_config *config,
                       const struct release_gate_question *question,
                       struct release_gate_answer *answer, struct error *ret_error)
{
    struct cohort_result result = {0};
    struct cohort_report_request request = {.window = question->window,
                                            .window_ms = question->window_ms,
                                            .as_of_ms = question->as_of_ms,
                                            .group_by_count = answer->baseline_cohort.count};
    memcpy(request.group_by, answer->baseline_cohort.dimensions, sizeof request.group_by);
    enum status status = cohort_report_query(store, config, &request, &result, ret_error);
    if (status != STATUS_OK)
        return status;
    bool is_whole = split_rows(&result, config, question, answer);
    cohort_result_finish(&result);
    if (is_whole)
        return STATUS_OK;
    error_set(ret_error, EXIT_STATE_IO, "no memory for the sums of a cohort");
    return STATUS_FATAL;
}

/* --- asked again and again --- */

enum { AHEAD_MS = 6 * 60000 }; /* event times may run ahead of the clock by 5 minutes */

static bool is_pinned(const struct pipeline_config *config,
                      const struct release_gate_cohort *cohort)
{
    for (uint32_t i = 0; i < config->pinned_count; i++) {
        const struct pinned_config *pinned = &config->pinned[i];
        const struct grouping_config *grouping = &config->groupings[pinned->grouping];
        uint32_t same = 0;
        for (uint32_t d = 0; d < grouping->count; d++) {
            uint32_t at = dimension_of(cohort, config->dimensions[grouping->dimensions[d]].name);
            same += at < cohort->count && bytes_equal(cohort->values[at], pinned->values[d]);
        }
        if (same == grouping->count && same == cohort->count)
            return true;
    }
    return false;
}

static bool check_repeated(const struct pipeline_config *config,
                           const struct release_gate_question *question, struct error *ret_error)
{
    bool has_release =
        dimension_of(&question->cohort, BYTES_LITERAL("release")) < question->cohort.count;
    if (has_release && is_pinned(config, &question->cohort) && question->baseline.count == 0 &&
        question->terms.min_pass_rate > 0 && question->terms.min_pass_rate < 1)
        return true;
    error_set(ret_error, EXIT_USAGE,
              "--repeated counts the runs of one release since its first: --cohort must name "
              "`release` and be one of cohorts.pinned, --min-pass-rate lies between 0 and 1, and "
              "--baseline cannot be asked repeatedly");
    return false;
}

struct settled {
    double passed, failed;
};

/* Passed and failed as shares of what is known of all: of a condemned run no judge had to speak, so
 * it counts as far as others were judged. */
static struct settled settled_of(const struct release_gate_rate *all,
                                 const struct release_gate_rate *young)
{
    const struct fail_rate_sums *a = &all->rates.sums, *y = &young->rates.sums;
    double condemned = (double)(a->condemned.n - y->condemned.n);
    double open = (double)(a->all.n - y->all.n) - condemned;
    double scored = (double)(a->scored.n - y->scored.n),
           failed = (double)(a->failed.n - y->failed.n);
    double judged = open > 0 ? scored / open : 1;
    return (struct settled){scored - failed, failed + judged * condemned};
}

static bool is_sampled(const struct fail_rate_sums *sums)
{
    double n = (double)sums->all.n;
    return sums->all.weight < n || sums->all.weight > n || sums->all.weight_squared < n ||
           sums->all.weight_squared > n;
}

static enum status ask_repeated(struct store *store, const struct pipeline_config *config,
                                const struct release_gate_question *question,
                                struct release_gate_answer *answer, struct error *ret_error)
{
    const struct assembly_config *assembly = &config->assembly;
    int64_t wait_ms = assembly->await_count > 0 && assembly->await_timeout_ms > assembly->settle_ms
                          ? assembly->await_timeout_ms
                          : assembly->settle_ms;
    struct release_gate_question recent = *question;
    struct release_gate_answer *young = calloc(1, sizeof *young);
    if (!young) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        return STATUS_FATAL;
    }
    young->baseline_cohort = answer->baseline_cohort;
    recent.as_of_ms += AHEAD_MS;
    recent.window_ms = config->late_window_ms + wait_ms + AHEAD_MS;
    enum status status = ask(store, config, &recent, young, ret_error);
    if (status == STATUS_OK) {
        struct settled settled = settled_of(&answer->cohort, &young->cohort);
        answer->settled_passed = settled.passed;
        answer->settled_failed = settled.failed;
        answer->evidence =
            repeated_gate_evidence(settled.passed, settled.failed, question->terms.min_pass_rate,
                                   question->terms.confidence);
    }
    free(young);
    return status;
}

/* Only what makes the counts unfit stands before the evidence. */
static struct release_gate_decision decide_repeated(const struct release_gate_answer *answer)
{
    struct release_gate_decision decision = answer->decision;
    if (is_sampled(&answer->cohort.rates.sums))
        return (struct release_gate_decision){RELEASE_GATE_INSUFFICIENT, RELEASE_GATE_SAMPLED, 0};
    if (decision.outcome == RELEASE_GATE_INSUFFICIENT && decision.reason != RELEASE_GATE_UNDECIDED)
        return decision;
    if (answer->evidence.is_passed)
        return (struct release_gate_decision){RELEASE_GATE_PASS, RELEASE_GATE_REACHED, 0};
    if (answer->evidence.is_failed)
        return (struct release_gate_decision){RELEASE_GATE_FAIL, RELEASE_GATE_BELOW, 0};
    return (struct release_gate_decision){RELEASE_GATE_INSUFFICIENT, RELEASE_GATE_UNDECIDED, 0};
}

enum status release_gate_ask(struct store *store, const struct pipeline_config *config,
                             const struct release_gate_question *question,
                             struct release_gate_answer *answer, struct error *ret_error)
{
    *answer = (struct release_gate_answer){.overflow = 0};
    if (!overlay(question, &answer->baseline_cohort) ||
        is_itself(question, &answer->baseline_cohort)) {
        error_set(ret_error, EXIT_USAGE,
                  "--baseline: name another cohort than --cohort, of at most %d dimensions",
                  COHORT_DIMENSIONS_MAX);
        return STATUS_MALFORMED;
    }
    if (!mark_required(config, question->require, answer, ret_error) ||
        (question->is_repeated && !check_repeated(config, question, ret_error)))
        return STATUS_MALFORMED;
    enum status status = ask(store, config, question, answer, ret_error);
    if (status == STATUS_OK && question->is_repeated)
        status = ask_repeated(store, config, question, answer, ret_error);
    if (status != STATUS_OK)
        return status;
    answer->decision = release_gate_decide(&answer->cohort, &question->terms);
    if (question->is_repeated)
        answer->decision = decide_repeated(answer);
    if (lacks_required(answer) && answer->cohort.total > 0)
        answer->decision =
            (struct release_gate_decision){RELEASE_GATE_INSUFFICIENT, RELEASE_GATE_RULE, 0};
    if (question->baseline.count > 0)
        answer->comparison =
            release_gate_compare(&answer->cohort, &answer->baseline, &question->terms);
    answer->outcome = outcome_of(question, answer);
    return STATUS_OK;
}
