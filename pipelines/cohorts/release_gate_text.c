/* Keys of the JSON object and their order are a contract; the lines for a person are none. */
#include "pipelines/cohorts/release_gate_text.h"

#include <inttypes.h>
#include <math.h>

#include "processor/base/clock.h"
#include "processor/base/json/writer.h"
#include "processor/base/text/utf8.h"
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

static void write_number(struct json_writer *json, const char *key, double value)
{
    json_key(json, key);
    json_double(json, value);
}

static void write_count(struct json_writer *json, const char *key, int64_t value)
{
    json_key(json, key);
    json_int(json, value);
}

static void write_text(struct json_writer *json, const char *key, const char *value)
{
    json_key(json, key);
    json_text(json, value);
}

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
    write_count(json, "total", rate->total);
    write_count(json, "pass", rate->verdicts[COHORT_PASS]);
    write_count(json, "borderline", rate->verdicts[COHORT_BORDERLINE]);
    write_count(json, "fail", rate->verdicts[COHORT_FAIL]);
    write_count(json, "unscored", rate->verdicts[COHORT_UNSCORED]);
    write_count(json, "scored", rate->scored);
    write_number(json, "scored_share", rate->scored_share);
    write_number(json, "n_effective", rate->n_effective);
    if (rate->n_effective <= 0)
        return;
    write_number(json, "pass_rate", rate->pass_rate);
    write_number(json, "pass_rate_low", rate->low);
    write_number(json, "pass_rate_high", rate->high);
}

static void write_baseline(struct json_writer *json, const struct release_gate_answer *answer)
{
    const struct release_gate_comparison *comparison = &answer->comparison;
    json_key(json, "baseline");
    json_object_begin(json);
    write_text(json, "outcome", release_gate_change_names[comparison->change]);
    write_cohort(json, &answer->baseline_cohort);
    write_rate(json, &answer->baseline);
    if (comparison->change != RELEASE_GATE_UNKNOWN) {
        write_number(json, "difference", comparison->difference);
        write_number(json, "difference_low", comparison->low);
        write_number(json, "difference_high", comparison->high);
    }
    json_object_end(json);
}

static const char *reason_of(const struct release_gate_question *question,
                             const struct release_gate_answer *answer)
{
    bool is_compared =
        question->baseline.count > 0 && answer->decision.outcome != RELEASE_GATE_FAIL;
    if (is_compared && answer->comparison.change == RELEASE_GATE_REGRESSION)
        return "regression";
    if (is_compared && answer->decision.outcome == RELEASE_GATE_PASS &&
        answer->comparison.change == RELEASE_GATE_UNKNOWN)
        return "baseline_insufficient";
    return release_gate_reason_names[answer->decision.reason];
}

void release_gate_text_write_json(const struct release_gate_question *question,
                                  const struct release_gate_answer *answer, struct buffer *to)
{
    struct json_writer json;
    char as_of[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(as_of, (uint64_t)question->as_of_ms * 1000000);
    json_writer_init(&json, to);
    json_object_begin(&json);
    write_text(&json, "outcome", release_gate_outcome_names[answer->outcome]);
    write_text(&json, "reason", reason_of(question, answer));
    write_cohort(&json, &question->cohort);
    write_text(&json, "as_of", as_of);
    json_key(&json, "window");
    json_string(&json, question->window);
    write_number(&json, "min_pass_rate", question->terms.min_pass_rate);
    write_number(&json, "confidence", question->terms.confidence);
    json_key(&json, "strict");
    json_bool(&json, question->terms.is_strict);
    write_number(&json, "min_scored", question->terms.min_scored);
    write_rate(&json, &answer->cohort);
    if (answer->decision.needed > 0 && answer->decision.needed < UINT64_MAX) {
        json_key(&json, "needed");
        json_uint(&json, answer->decision.needed);
    }
    write_count(&json, "overflow", answer->overflow);
    if (question->baseline.count > 0)
        write_baseline(&json, answer);
    json_object_end(&json);
    buffer_append_byte(to, '\n');
}

/* --- text --- */

/* What came over the network must not move the cursor of a terminal. */
static void append_shown(struct buffer *to, struct bytes text)
{
    for (size_t at = 0, next; at < text.size; at = next) {
        uint32_t c = utf8_decode(text, at, &next);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xfffd)
            buffer_append_byte(to, '?');
        else
            buffer_append(to, text.data + at, next - at);
    }
}

static void append_cohort(struct buffer *to, const struct release_gate_cohort *cohort)
{
    for (uint32_t i = 0; i < cohort->count; i++) {
        buffer_append_text(to, i > 0 ? ", " : "");
        append_shown(to, cohort->dimensions[i]);
        buffer_append_byte(to, '=');
        append_shown(to, cohort->values[i]);
    }
}

static void append_rate(struct buffer *to, const struct release_gate_question *question,
                        const struct release_gate_rate *rate)
{
    if (rate->n_effective <= 0) {
        buffer_printf(to, "none of %" PRId64 " trajectories scored", rate->total);
        return;
    }
    buffer_printf(to, "pass rate %.2f %% (%g %%: %.2f to %.2f) of %" PRId64 " scored",
                  100 * rate->pass_rate, 100 * question->terms.confidence, 100 * rate->low,
                  100 * rate->high, rate->scored);
    if (fabs(rate->n_effective - (double)rate->scored) > 0.5)
        buffer_printf(to, " (weighted, worth %.0f)", rate->n_effective);
    buffer_printf(to, ", %" PRId64 " unscored", rate->verdicts[COHORT_UNSCORED]);
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
    case RELEASE_GATE_FEW_SCORED:
        buffer_printf(to, "only %.0f %% were scored, at least %g %% must be; ",
                      100 * answer->cohort.scored_share, 100 * question->terms.min_scored);
        break;
    case RELEASE_GATE_UNDECIDED:
        buffer_printf(to, "the target of %g %% lies within the interval; ", target);
        break;
    }
    append_needed(to, answer);
}

static void append_comparison(struct buffer *to, const struct release_gate_question *question,
                              const struct release_gate_answer *answer)
{
    static const char *const says[] = {"no difference is shown", "a regression", "an improvement",
                                       "too little is scored to compare"};
    const struct release_gate_comparison *comparison = &answer->comparison;
    buffer_append_text(to, "  baseline ");
    append_cohort(to, &answer->baseline_cohort);
    buffer_append_text(to, ": ");
    append_rate(to, question, &answer->baseline);
    buffer_printf(to, "\n  %s", says[comparison->change]);
    if (comparison->change != RELEASE_GATE_UNKNOWN)
        buffer_printf(to, ": %+.2f percentage points (%g %%: %+.2f to %+.2f)",
                      100 * comparison->difference, 100 * question->terms.confidence,
                      100 * comparison->low, 100 * comparison->high);
    buffer_append_byte(to, '\n');
}

void release_gate_text_write(const struct release_gate_question *question,
                             const struct release_gate_answer *answer, struct buffer *to)
{
    buffer_printf(to, "%s: ", release_gate_outcome_names[answer->outcome]);
    append_cohort(to, &question->cohort);
    buffer_printf(to, " over %.*s\n  ", (int)question->window.size,
                  (const char *)question->window.data);
    if (answer->cohort.total > 0) {
        append_rate(to, question, &answer->cohort);
        buffer_append_text(to, "\n  ");
    }
    append_reason(to, question, answer);
    buffer_append_byte(to, '\n');
    if (question->baseline.count > 0)
        append_comparison(to, question, answer);
    if (answer->overflow > 0)
        buffer_printf(to,
                      "  %" PRId64 " trajectories of other cohorts are counted together (%s), "
                      "because cohorts.max_per_group was reached; runs of this cohort may be among "
                      "them: pin it\n",
                      answer->overflow, COHORT_OTHER);
}
