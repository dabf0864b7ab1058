/* Names are kept as options; as parameters they lose the dashes in front and have `_` for the
 * others. */
#include "pipelines/cohorts/release_gate_question.h"

#include <stdlib.h>
#include <string.h>

#include "pipelines/cohorts/release_gate_text.h"
#include "pipelines/cohorts/report.h"

enum { NAME_BYTES_MAX = 32, NUMBER_BYTES_MAX = 64 };

struct name {
    char text[NAME_BYTES_MAX];
};

static struct name name_of(const struct release_gate_words *words, const char *option)
{
    struct name name = {.text = ""};
    size_t size = 0;
    for (const char *at = words->are_options ? option : option + 2; *at; at++)
        name.text[size++] = *at == '-' && !words->are_options ? '_' : *at;
    return name;
}

/* A number written in full, with both ends of the range included or not. */
static bool parse_share(const struct release_gate_words *words, const char *option,
                        struct bytes text, bool has_ends, double *share, struct error *ret_error)
{
    char number[NUMBER_BYTES_MAX] = "", *end = number;
    if (!text.data)
        return true; /* the default */
    if (text.size < sizeof number)
        memcpy(number, text.data, text.size);
    double value = strtod(number, &end);
    bool is_plain = text.size > 0 && text.size < sizeof number &&
                    strspn(number, "0123456789.") == text.size && end == number + text.size;
    if (is_plain && (has_ends ? value >= 0 && value <= 1 : value > 0 && value < 1)) {
        *share = value;
        return true;
    }
    error_set(ret_error, EXIT_USAGE, "%s: takes a number %s, such as 0.95",
              name_of(words, option).text, has_ends ? "from 0 to 1" : "between 0 and 1");
    return false;
}

static bool parse_missing(const struct release_gate_words *words, struct release_gate_terms *terms,
                          struct error *ret_error)
{
    terms->is_missing_failed = bytes_equal_text(words->missing, "fail");
    if (!words->missing.data || terms->is_missing_failed ||
        bytes_equal_text(words->missing, "insufficient"))
        return true;
    error_set(ret_error, EXIT_USAGE, "%s is insufficient or fail",
              name_of(words, "--missing").text);
    return false;
}

static bool parse_terms(const struct release_gate_words *words, struct release_gate_terms *terms,
                        struct error *ret_error)
{
    *terms = (struct release_gate_terms){
        .confidence = 0.95, .min_scored = 0.5, .max_missing = 0.02, .is_strict = words->is_strict};
    if (!words->cohort.data || !words->min_pass_rate.data) {
        struct name cohort = name_of(words, "--cohort"), rate = name_of(words, "--min-pass-rate");
        error_set(ret_error, EXIT_USAGE, "needs %s and %s, such as %s", cohort.text, rate.text,
                  words->are_options ? "--cohort 'intent=mortgage payoff' --min-pass-rate 0.92"
                                     : "cohort=intent%3Drefund&min_pass_rate=0.92");
        return false;
    }
    return parse_share(words, "--min-pass-rate", words->min_pass_rate, true, &terms->min_pass_rate,
                       ret_error) &&
           parse_share(words, "--confidence", words->confidence, false, &terms->confidence,
                       ret_error) &&
           parse_share(words, "--max-missing", words->max_missing, true, &terms->max_missing,
                       ret_error) &&
           parse_share(words, "--min-scored", words->min_scored, true, &terms->min_scored,
                       ret_error) &&
           parse_missing(words, terms, ret_error);
}

/* Window and time are those of `flywheel cohorts`. */
enum status release_gate_question_parse(const struct release_gate_words *words, int64_t now_ms,
                                        struct arena *arena,
                                        struct release_gate_question *ret_question,
                                        struct error *ret_error)
{
    struct release_gate_question question = {.is_repeated = words->is_repeated,
                                             .is_calibrated = words->is_calibrated};
    struct cohort_report_request request;
    struct bytes window = words->window.data     ? words->window
                          : words->is_calibrated ? BYTES_LITERAL("28d")
                                                 : BYTES_LITERAL("24h");
    if (words->is_calibrated && (words->is_repeated || words->is_strict || words->baseline.data)) {
        error_set(ret_error, EXIT_USAGE,
                  "%s holds what reviewers said against the target: leave out %s, %s and %s",
                  name_of(words, "--calibrated").text, name_of(words, "--repeated").text,
                  name_of(words, "--strict").text, name_of(words, "--baseline").text);
        return STATUS_MALFORMED;
    }
    if (words->is_repeated && words->window.data) {
        error_set(ret_error, EXIT_USAGE,
                  "%s counts all runs since the release's first: leave out %s",
                  name_of(words, "--repeated").text, name_of(words, "--window").text);
        return STATUS_MALFORMED;
    }
    if (words->is_repeated && words->as_of.data) {
        error_set(ret_error, EXIT_USAGE, "%s counts the runs that are settled now: leave out %s",
                  name_of(words, "--repeated").text, name_of(words, "--as-of").text);
        return STATUS_MALFORMED;
    }
    if (words->require.data && words->require.size == 0) {
        error_set(ret_error, EXIT_USAGE, "%s: takes names of rules, joined by commas",
                  name_of(words, "--require").text);
        return STATUS_MALFORMED;
    }
    if (!parse_terms(words, &question.terms, ret_error))
        return STATUS_MALFORMED;
    enum status status = release_gate_text_parse_cohort(
        name_of(words, "--cohort").text, words->cohort, arena, &question.cohort, ret_error);
    if (status == STATUS_OK && words->baseline.data)
        status = release_gate_text_parse_cohort(name_of(words, "--baseline").text, words->baseline,
                                                arena, &question.baseline, ret_error);
    if (status == STATUS_OK)
        status = cohort_report_parse(window, question.cohort.dimensions[0], words->as_of, NULL,
                                     now_ms, &request, ret_error);
    if (status != STATUS_OK)
        return status;
    question.window = request.window;
    question.window_ms = words->is_repeated ? 0 : request.window_ms; /* 0: since start */
    question.require = words->require.data ? words->require : BYTES_LITERAL("");
    question.as_of_ms = request.as_of_ms;
    *ret_question = question;
    return STATUS_OK;
}
