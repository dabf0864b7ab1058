/* Counting first, then one look at the share. */
#include "processor/command/gate/decision.h"

#include "processor/base/beta.h"

enum { FEW_ROWS = 50 };

const char *const gate_row_outcome_names[GATE_ROW_OUTCOMES] = {"missing", "failed", "passed"};
const char *const gate_outcome_names[GATE_OUTCOMES] = {"pass", "fail", "insufficient"};
const char *const gate_reason_names[GATE_REASONS] = {
    "target_reached", "below_target", "critical_failed", "critical_newly_failing",
    "no_rows",        "rows_missing", "undecided"};

void gate_row_conclude(struct gate_row_result *result, uint32_t repeats)
{
    uint32_t wanted = repeats == GATE_REPEATS_ALL ? result->runs : repeats;
    result->is_flaky = result->passed > 0 && result->passed < result->runs;
    result->outcome = result->runs == 0          ? GATE_MISSING
                      : result->passed >= wanted ? GATE_PASSED
                                                 : GATE_FAILED;
}

static void count(const struct gate_member *member, struct gate_suite_answer *answer)
{
    const struct gate_row_result *result = member->result;
    answer->rows++;
    answer->passed += result->outcome == GATE_PASSED;
    answer->failed += result->outcome == GATE_FAILED;
    answer->missing += result->outcome == GATE_MISSING;
    answer->flaky += result->is_flaky;
    answer->unjudged += result->outcome == GATE_PASSED && result->is_unjudged;
    answer->critical += member->is_critical;
    answer->critical_failed += member->is_critical && result->outcome == GATE_FAILED;
}

static void pair(const struct gate_member *member, bool is_missing_failed, struct gate_pairs *pairs)
{
    bool was_there = member->baseline->outcome != GATE_MISSING;
    bool is_there = member->result->outcome != GATE_MISSING || is_missing_failed;
    bool did = member->baseline->outcome == GATE_PASSED;
    bool does = member->result->outcome == GATE_PASSED;
    if (!was_there || !is_there) {
        pairs->unpaired++;
        return;
    }
    pairs->both += did && does;
    pairs->newly_failing += did && !does;
    pairs->newly_passing += !did && does;
    pairs->neither += !did && !does;
    pairs->newly_failing_critical += did && !does && member->is_critical;
}

static void test(struct gate_pairs *pairs, double z)
{
    struct paired_counts counts = {pairs->both, pairs->newly_passing, pairs->newly_failing,
                                   pairs->neither};
    double n = counts.both + counts.first + counts.second + counts.neither;
    pairs->p = statistics_mcnemar(counts.second, counts.first);
    pairs->p_worse = statistics_mcnemar_worse(counts.second, counts.first);
    pairs->difference = n > 0 ? (counts.first - counts.second) / n : 0;
    pairs->interval = statistics_newcombe_paired(&counts, z);
}

/* Division of whole numbers and reading of decimals are both right to the last bit, so that 46 of 50
 * reaches 0.92. */
static bool reaches(double passed, double rows, double target)
{
    return passed / rows >= target;
}

static double upper_of(double passed, double rows, double confidence, struct interval wilson)
{
    if (rows >= FEW_ROWS)
        return wilson.high;
    return passed >= rows ? 1 : beta_quantile(1 - (1 - confidence) / 2, passed + 1, rows - passed);
}

struct bounds {
    bool is_reached, is_missed;
};

/* What the share says, when so many of all passed. */
static struct bounds look(double passed, double rows, const struct gate_terms *terms)
{
    if (!terms->is_population) {
        bool is_reached = reaches(passed, rows, terms->min_pass_rate);
        return (struct bounds){is_reached, !is_reached};
    }
    struct interval wilson =
        statistics_wilson(passed / rows, rows, statistics_z(terms->confidence));
    return (struct bounds){wilson.low >= terms->min_pass_rate,
                           upper_of(passed, rows, terms->confidence, wilson) <
                               terms->min_pass_rate};
}

static void judge(struct gate_suite_answer *answer, const struct gate_terms *terms)
{
    double rows = answer->rows, z = statistics_z(terms->confidence);
    bool may_wait = terms->is_missing_insufficient && answer->missing > 0;
    struct bounds least = look(answer->passed, rows, terms);
    struct bounds most =
        may_wait ? look(answer->passed + (double)answer->missing, rows, terms) : least;
    answer->outcome = GATE_INSUFFICIENT;
    answer->reason = may_wait ? GATE_ROWS_MISSING : GATE_UNDECIDED;
    if (most.is_missed) {
        answer->outcome = GATE_FAIL;
        answer->reason = GATE_BELOW;
    } else if (least.is_reached && !may_wait) {
        answer->outcome = GATE_PASS;
        answer->reason = GATE_REACHED;
    }
    if (answer->outcome == GATE_INSUFFICIENT && !may_wait)
        answer->needed = statistics_needed_n(answer->pass_rate, terms->min_pass_rate, z);
}

void gate_suite_decide(const struct gate_member *members, uint32_t member_count,
                       const struct gate_terms *terms, struct gate_suite_answer *ret_answer)
{
    struct gate_suite_answer answer = {
        .outcome = GATE_INSUFFICIENT, .reason = GATE_NO_ROWS, .interval = {0, 1}, .high = 1};
    double z = statistics_z(terms->confidence);
    for (uint32_t i = 0; i < member_count; i++) {
        bool is_missing_failed = !terms->is_missing_insufficient;
        bool is_lost = is_missing_failed && members[i].result->outcome == GATE_MISSING;
        count(&members[i], &answer);
        answer.critical_failed += members[i].is_critical && is_lost;
        answer.has_pairs = answer.has_pairs || members[i].baseline;
        if (members[i].baseline)
            pair(&members[i], is_missing_failed, &answer.pairs);
    }
    if (answer.has_pairs)
        test(&answer.pairs, z);
    if (answer.rows > 0) {
        answer.pass_rate = (double)answer.passed / answer.rows;
        answer.interval = statistics_wilson(answer.pass_rate, answer.rows, z);
        answer.high = upper_of(answer.passed, answer.rows, terms->confidence, answer.interval);
        judge(&answer, terms);
    }
    bool is_new = answer.pairs.newly_failing_critical > 0;
    if (is_new || answer.critical_failed > terms->critical_max) {
        answer.outcome = GATE_FAIL;
        answer.reason = is_new ? GATE_NEWLY_CRITICAL : GATE_CRITICAL;
        answer.needed = 0;
    }
    *ret_answer = answer;
}

enum gate_outcome gate_outcome_of(const struct gate_suite_answer *suites, uint32_t suite_count)
{
    enum gate_outcome outcome = suite_count > 0 ? GATE_PASS : GATE_INSUFFICIENT;
    for (uint32_t i = 0; i < suite_count; i++) {
        if (suites[i].outcome == GATE_FAIL)
            return GATE_FAIL;
        if (suites[i].outcome == GATE_INSUFFICIENT)
            outcome = GATE_INSUFFICIENT;
    }
    return outcome;
}
