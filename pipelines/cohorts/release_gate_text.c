/* Keys of the JSON object and their order are a contract; the lines for a person are none. */
#include "pipelines/cohorts/release_gate_text.h"

#include <inttypes.h>
#include <math.h>

#include "processor/base/clock.h"
#include "processor/base/json/writer.h"
#include "processor/base/text/terminal.h"
#include "processor/normalize/facts/dimensions.h"

/* --- cohorts on a command line --- */

/* Up to the next unescaped comma, `\` removed; white space around goes, unless it was escaped.
 * False: a `\` at the end, or no memory. */
static bool take_item(struct bytes text, size_t *at, struct arena *arena, struct bytes *ret_item,
                      size_t *ret_equals)
{
    uint8_t *item = arena_alloc(arena, text.size - *at + 1);
    size_t size = 0, kept = 0; /* `kept`: up to the last byte that is not white space */
    *ret_equals = SIZE_MAX;
    if (!item)
        return false;
    for (; *at < text.size && text.data[*at] != ','; ++*at) {
        bool is_escaped = text.data[*at] == '\\';
        if (is_escaped && ++*at == text.size)
            return false;
        uint8_t c = text.data[*at];
        bool is_blank = !is_escaped && (c == ' ' || c == '\t');
        bool is_leading = size == 0 || (size == *ret_equals + 1 && *ret_equals != SIZE_MAX);
        if (is_blank && is_leading)
            continue;
        if (c == '=' && !is_escaped && *ret_equals == SIZE_MAX) {
            *ret_equals = size = kept;
        }
        item[size++] = c;
        kept = is_blank ? kept : size;
    }
    *ret_item = bytes_of(item, kept);
    return true;
}

enum status release_gate_text_parse_cohort(const char *option, struct bytes text,
                                           struct arena *arena,
                                           struct release_gate_cohort *ret_cohort,
                                           struct error *ret_error)
{
    struct release_gate_cohort cohort = {.count = 0};
    for (size_t at = 0; at <= text.size; at++) {
        struct bytes item = {0};
        size_t equals;
        bool is_pair = take_item(text, &at, arena, &item, &equals) && equals != SIZE_MAX &&
                       equals > 0 && equals + 1 < item.size;
        struct bytes name = is_pair ? bytes_of(item.data, equals) : (struct bytes){0};
        for (uint32_t i = 0; i < cohort.count; i++)
            is_pair = is_pair && !bytes_equal(name, cohort.dimensions[i]);
        if (!is_pair || cohort.count == COHORT_DIMENSIONS_MAX) {
            error_set(
                ret_error, EXIT_USAGE,
                "%s: takes DIMENSION=VALUE, joined by commas, each dimension once and at most "
                "%d; write \\, for a comma in a value, \\\\ for a backslash, and `unknown` "
                "for an absent value",
                option, COHORT_DIMENSIONS_MAX);
            return STATUS_MALFORMED;
        }
        cohort.dimensions[cohort.count] = name;
        cohort.values[cohort.count++] =
            dimension_cut(bytes_of(item.data + equals + 1, item.size - equals - 1), arena);
    }
    *ret_cohort = cohort;
    return STATUS_OK;
}

/* --- JSON --- */

static void write_cohort(struct json_writer *json, const struct release_gate_cohort *cohort)
{
    json_key(json, "cohort");
    json_object_begin(json);
    for (uint32_t i = 0; i < cohort->count; i++) {
        json_key_bytes(json, cohort->dimensions[i]);
        json_string(json, cohort->values[i]);
    }
    json_object_end(json);
}

static void write_rate(struct json_writer *json, const struct release_gate_rate *rate)
{
    json_put_int(json, "total", rate->total);
    json_put_int(json, "pass", rate->verdicts[COHORT_PASS]);
    json_put_int(json, "borderline", rate->verdicts[COHORT_BORDERLINE]);
    json_put_int(json, "fail", rate->verdicts[COHORT_FAIL]);
    json_put_int(json, "unscored", rate->verdicts[COHORT_UNSCORED]);
    const struct cohort_rates *rates = &rate->rates;
    json_put_int(json, "scored", rate->scored);
    json_put_int(json, "condemned", rates->condemned);
    json_put_int(json, "missing", rates->missing);
    if (rates->unclassed > 0)
        json_put_int(json, "unclassed", rates->unclassed);
    json_put_double(json, "scored_share", rates->scored_share);
    json_put_double(json, "uncondemned_scored_share", rates->judged_share);
    json_put_int(json, "uncondemned_missing", rates->missing_open);
    json_put_double(json, "missing_share", rates->missing_share);
    json_put_double(json, "n_effective", rate->n_effective);
    if (rates->known.is_known) {
        json_put_double(json, "known_fail_rate", rates->known.p);
        json_put_double(json, "known_fail_rate_low", rates->known_low);
        json_put_double(json, "known_fail_rate_high", rates->known_high);
    }
    if (!rate->is_known)
        return;
    json_put_double(json, "pass_rate", rate->pass_rate);
    json_put_double(json, "pass_rate_low", rate->low);
    json_put_double(json, "pass_rate_high", rate->high);
    json_put_double(json, "fail_rate", rates->fail.p);
    if (rate->has_if_missing)
        json_put_double(json, "fail_rate_if_missing_failed", rate->if_missing_failed);
    if (rates->fail.is_thin)
        json_put_bool(json, "thin", true);
}

static bool is_compared(const struct release_gate_comparison *comparison)
{
    return comparison->change != RELEASE_GATE_UNKNOWN &&
           comparison->change != RELEASE_GATE_SHARE_MOVED;
}

static void write_baseline(struct json_writer *json, const struct release_gate_answer *answer)
{
    const struct release_gate_comparison *comparison = &answer->comparison;
    json_key(json, "baseline");
    json_object_begin(json);
    json_put_text(json, "outcome", release_gate_change_names[comparison->change]);
    write_cohort(json, &answer->baseline_cohort);
    write_rate(json, &answer->baseline);
    if (is_compared(comparison)) {
        json_put_double(json, "difference", comparison->difference);
        json_put_double(json, "difference_low", comparison->low);
        json_put_double(json, "difference_high", comparison->high);
    }
    json_object_end(json);
}

static const char *reason_of(const struct release_gate_question *question,
                             const struct release_gate_answer *answer)
{
    bool matters = question->baseline.count > 0 && answer->decision.outcome != RELEASE_GATE_FAIL;
    if (matters && answer->comparison.change == RELEASE_GATE_SHARE_MOVED)
        return "scored_share_moved";
    if (matters && answer->comparison.change == RELEASE_GATE_REGRESSION)
        return "regression";
    if (matters && answer->decision.outcome == RELEASE_GATE_PASS &&
        answer->comparison.change == RELEASE_GATE_UNKNOWN)
        return "baseline_insufficient";
    return release_gate_reason_names[answer->decision.reason];
}

/* Every rule of the configuration: a rate says nothing of what no rule could judge. */
static void write_rules(struct json_writer *json, const struct pipeline_config *config,
                        const struct release_gate_answer *answer)
{
    json_key(json, "rules");
    json_object_begin(json);
    for (uint32_t i = 0; i < answer->rule_count; i++) {
        const struct release_gate_rule *rule = &answer->rules[i];
        json_key_bytes(json, config->ruleset.rules[i].name);
        json_object_begin(json);
        json_put_int(json, "value", rule->with_value);
        json_put_int(json, "fail", rule->outcomes[OUTCOME_FAIL]);
        json_put_int(json, "borderline", rule->outcomes[OUTCOME_BORDERLINE]);
        json_put_int(json, "pass", rule->outcomes[OUTCOME_PASS]);
        json_put_int(json, "missing", rule->outcomes[COHORT_MISSING]);
        if (rule->is_required)
            json_put_bool(json, "required", true);
        json_object_end(json);
    }
    json_object_end(json);
}

static void write_repeated(struct json_writer *json, const struct release_gate_answer *answer)
{
    json_key(json, "repeated");
    json_object_begin(json);
    json_put_double(json, "passed", answer->settled_passed);
    json_put_double(json, "failed", answer->settled_failed);
    if (isfinite(answer->evidence.log_pass))
        json_put_double(json, "log_evidence_pass", answer->evidence.log_pass);
    if (isfinite(answer->evidence.log_fail))
        json_put_double(json, "log_evidence_fail", answer->evidence.log_fail);
    json_put_double(json, "log_evidence_needed", answer->evidence.log_needed);
    json_object_end(json);
}

static void write_calibrated(struct json_writer *json, const struct release_gate_answer *answer)
{
    const struct release_gate_calibrated *calibrated = &answer->calibrated;
    json_key(json, "calibrated");
    json_object_begin(json);
    if (calibrated->reason) {
        json_key(json, "fail_rate");
        json_null(json);
        json_put_text(json, "reason", calibrated->reason);
    } else {
        json_put_double(json, "fail_rate", calibrated->fail_rate);
        json_put_double(json, "fail_rate_low", calibrated->low);
        json_put_double(json, "fail_rate_high", calibrated->high);
        json_put_double(json, "pass_rate", 1 - calibrated->fail_rate);
        json_put_double(json, "pass_rate_low", 1 - calibrated->high);
        json_put_double(json, "pass_rate_high", 1 - calibrated->low);
    }
    json_put_int(json, "reviewed", calibrated->reviewed);
    json_put_double(json, "unreviewed_share", calibrated->unreviewed);
    json_put_bool(json, "few", calibrated->is_few);
    json_put_bool(json, "low_response", calibrated->is_low_response);
    json_object_end(json);
}

void release_gate_text_write_json(const struct pipeline_config *config,
                                  const struct release_gate_question *question,
                                  const struct release_gate_answer *answer, struct buffer *to)
{
    struct json_writer json;
    char as_of[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(as_of, (uint64_t)question->as_of_ms * 1000000);
    json_writer_init(&json, to);
    json_object_begin(&json);
    json_put_text(&json, "outcome", release_gate_outcome_names[answer->outcome]);
    json_put_text(&json, "reason", reason_of(question, answer));
    write_cohort(&json, &question->cohort);
    json_put_text(&json, "as_of", as_of);
    if (!question->is_repeated)
        json_put_bytes(&json, "window", question->window);
    json_put_double(&json, "min_pass_rate", question->terms.min_pass_rate);
    json_put_double(&json, "confidence", question->terms.confidence);
    json_put_bool(&json, "strict", question->terms.is_strict);
    json_put_double(&json, "min_scored", question->terms.min_scored);
    json_put_double(&json, "max_missing", question->terms.max_missing);
    json_put_text(&json, "missing_counts_as",
                  question->terms.is_missing_failed ? "fail" : "insufficient");
    write_rate(&json, &answer->cohort);
    if (answer->decision.needed > 0 && answer->decision.needed < UINT64_MAX)
        json_put_uint(&json, "needed", answer->decision.needed);
    json_put_int(&json, "overflow", answer->overflow);
    write_rules(&json, config, answer);
    if (question->is_repeated)
        write_repeated(&json, answer);
    if (question->is_calibrated)
        write_calibrated(&json, answer);
    if (question->baseline.count > 0)
        write_baseline(&json, answer);
    json_object_end(&json);
    buffer_append_byte(to, '\n');
}

/* --- text --- */

static void append_cohort(struct buffer *to, const struct release_gate_cohort *cohort)
{
    for (uint32_t i = 0; i < cohort->count; i++) {
        buffer_append_text(to, i > 0 ? ", " : "");
        terminal_append(to, cohort->dimensions[i]);
        buffer_append_byte(to, '=');
        terminal_append(to, cohort->values[i]);
    }
}

static void append_rate(struct buffer *to, const struct release_gate_question *question,
                        const struct release_gate_rate *rate)
{
    const struct cohort_rates *rates = &rate->rates;
    if (!rate->is_known)
        buffer_printf(to, "none of %" PRId64 " trajectories scored", rate->total);
    else
        buffer_printf(to, "pass rate %.2f %% (%g %%: %.2f to %.2f) of %" PRId64 " scored",
                      100 * rate->pass_rate, 100 * question->terms.confidence, 100 * rate->low,
                      100 * rate->high, rate->scored);
    if (rate->is_known && fabs(rate->n_effective - (double)rate->counted) > 0.5)
        buffer_printf(to, " (worth %.0f%s)", rate->n_effective,
                      rates->fail.is_thin ? ", thin" : "");
    buffer_printf(to, ", %" PRId64 " condemned, %" PRId64 " unscored", rates->condemned,
                  rate->verdicts[COHORT_UNSCORED]);
    if (rates->missing > 0)
        buffer_printf(to, ", %" PRId64 " without an awaited score", rates->missing);
    if (rates->missing > rates->missing_open)
        buffer_printf(to, " (%" PRId64 " of them condemned, which needs none)",
                      rates->missing - rates->missing_open);
    if (rates->known.is_known && !rate->is_known)
        buffer_printf(to, "; known bad %.1f %% [%.1f, %.1f] of all", 100 * rates->known.p,
                      100 * rates->known_low, 100 * rates->known_high);
    if (rates->unclassed > 0)
        buffer_printf(to, "; %" PRId64 " of all were decided by an earlier version: in no rate",
                      rates->unclassed);
}

static void append_needed(struct buffer *to, const struct release_gate_answer *answer)
{
    if (answer->decision.needed == UINT64_MAX)
        buffer_append_text(to, "no number of runs within reach would decide it at this rate");
    else if (answer->cohort.scored == 0)
        buffer_printf(to, "at least %" PRIu64 " scored runs are needed, if all pass",
                      answer->decision.needed);
    else
        buffer_printf(to, "%" PRIu64 " more scored runs are needed if the rate stays",
                      answer->decision.needed);
}

static void append_evidence(struct buffer *to, const struct release_gate_answer *answer)
{
    buffer_printf(to, "%.0f settled runs, %.0f of them failed, do not decide it yet",
                  answer->settled_passed + answer->settled_failed, answer->settled_failed);
}

static void append_calibrated(struct buffer *to, const struct release_gate_question *question,
                              const struct release_gate_calibrated *calibrated)
{
    if (calibrated->reason)
        buffer_printf(to, "by %" PRId64 " reviews: no rate, %s", calibrated->reviewed,
                      calibrated->reason);
    else
        buffer_printf(to, "by %" PRId64 " reviews: pass rate %.2f %% (%g %%: %.2f to %.2f)",
                      calibrated->reviewed, 100 * (1 - calibrated->fail_rate),
                      100 * question->terms.confidence, 100 * (1 - calibrated->high),
                      100 * (1 - calibrated->low));
    if (calibrated->unreviewed > 0)
        buffer_printf(to, ", %.1f %% of the runs unreviewed", 100 * calibrated->unreviewed);
    if (calibrated->is_few)
        buffer_append_text(to, ", few");
    if (calibrated->is_low_response)
        buffer_append_text(to, ", low_response");
    buffer_append_text(to, "\n  ");
}

/* By rule, how many runs it had a value for. */
static void append_rules(struct buffer *to, const struct pipeline_config *config,
                         const struct release_gate_answer *answer)
{
    int64_t total = answer->cohort.total;
    for (uint32_t i = 0; i < answer->rule_count && total > 0; i++) {
        const struct release_gate_rule *rule = &answer->rules[i];
        buffer_append_text(to, i == 0 ? "  rules with a value: " : ", ");
        terminal_append(to, config->ruleset.rules[i].name);
        buffer_printf(to, " %" PRId64 " of %" PRId64 "%s", rule->with_value, total,
                      rule->is_lacking ? " (required)" : "");
        if (rule->outcomes[COHORT_MISSING] > 0)
            buffer_printf(to, " (%" PRId64 " awaited in vain)", rule->outcomes[COHORT_MISSING]);
    }
    if (answer->rule_count > 0 && total > 0)
        buffer_append_byte(to, '\n');
}

static void append_reason(struct buffer *to, const struct release_gate_question *question,
                          const struct release_gate_answer *answer)
{
    double target = 100 * question->terms.min_pass_rate;
    switch (answer->decision.reason) {
    case RELEASE_GATE_REACHED:
        buffer_printf(to, "the lower bound reaches the target of %g %%", target);
        return;
    case RELEASE_GATE_BELOW:
        buffer_printf(to, "the upper bound is below the target of %g %%", target);
        return;
    case RELEASE_GATE_NO_TRAJECTORY:
        buffer_printf(to, "no trajectory in the window (target %g %%); ", target);
        break;
    case RELEASE_GATE_NO_JUDGE:
        buffer_append_text(to, "no rule that can pass a run had a value; ");
        break;
    case RELEASE_GATE_FEW_SCORED:
        buffer_printf(to,
                      "only %.0f %% of what no rule condemned was scored, at least %g %% must be; ",
                      100 * answer->cohort.rates.judged_share, 100 * question->terms.min_scored);
        break;
    case RELEASE_GATE_RULE:
        buffer_printf(to, "a required rule had a value for less than %g %% of the runs",
                      100 * question->terms.min_scored);
        return;
    case RELEASE_GATE_MISSING:
        buffer_printf(
            to,
            "an awaited score did not come for %.1f %% of what no rule condemned, at most "
            "%g %% may lack one; were those failures, the fail rate would be %.2f %%",
            100 * answer->cohort.rates.missing_share, 100 * question->terms.max_missing,
            100 * answer->cohort.if_missing_failed);
        return;
    case RELEASE_GATE_UNCALIBRATED:
        buffer_append_text(to, "reviews do not say a rate of this cohort");
        return;
    case RELEASE_GATE_SAMPLED:
        buffer_append_text(to, "the runs are sampled upstream: asked repeatedly, only runs of "
                               "weight 1 can be counted");
        return;
    case RELEASE_GATE_UNDECIDED:
        if (question->is_repeated) {
            append_evidence(to, answer);
            return;
        }
        if (question->is_calibrated) {
            buffer_printf(to,
                          "the target of %g %% lies within the interval of the reviews; more "
                          "reviews would narrow it",
                          target);
            return;
        }
        buffer_printf(to, "the target of %g %% lies within the interval; ", target);
        break;
    }
    append_needed(to, answer);
}

static void append_comparison(struct buffer *to, const struct release_gate_question *question,
                              const struct release_gate_answer *answer)
{
    static const char *const says[] = {"no difference is shown", "a regression", "an improvement",
                                       "too little is scored to compare",
                                       "the scored shares are too far apart to compare"};
    const struct release_gate_comparison *comparison = &answer->comparison;
    buffer_append_text(to, "  baseline ");
    append_cohort(to, &answer->baseline_cohort);
    buffer_append_text(to, ": ");
    append_rate(to, question, &answer->baseline);
    buffer_printf(to, "\n  %s", says[comparison->change]);
    if (is_compared(comparison))
        buffer_printf(to, ": %+.2f percentage points (%g %%: %+.2f to %+.2f)",
                      100 * comparison->difference, 100 * question->terms.confidence,
                      100 * comparison->low, 100 * comparison->high);
    buffer_append_byte(to, '\n');
}

void release_gate_text_write(const struct pipeline_config *config,
                             const struct release_gate_question *question,
                             const struct release_gate_answer *answer, struct buffer *to)
{
    buffer_printf(to, "%s: ", release_gate_outcome_names[answer->outcome]);
    append_cohort(to, &question->cohort);
    if (question->is_repeated)
        buffer_append_text(to, " since its first run\n  ");
    else
        buffer_printf(to, " over %.*s\n  ", (int)question->window.size,
                      (const char *)question->window.data);
    if (answer->cohort.total > 0) {
        append_rate(to, question, &answer->cohort);
        buffer_append_text(to, "\n  ");
    }
    if (question->is_calibrated)
        append_calibrated(to, question, &answer->calibrated);
    append_reason(to, question, answer);
    buffer_append_byte(to, '\n');
    append_rules(to, config, answer);
    if (question->baseline.count > 0)
        append_comparison(to, question, answer);
    if (answer->overflow > 0)
        buffer_printf(to,
                      "  %" PRId64 " trajectories of other cohorts are counted together (%s), "
                      "because cohorts.max_per_group was reached; runs of this cohort may be among "
                      "them: pin it\n",
                      answer->overflow, COHORT_OTHER);
}
