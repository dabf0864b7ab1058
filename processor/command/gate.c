/* flywheel gate: one cohort against the pass rate that it must keep, as an exit code for CI. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipelines/cohorts/release_gate_text.h"
#include "pipelines/cohorts/report.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/options.h"

enum { TEXTS_BYTES_MAX = 1 << 20 };

struct arguments {
    const char *config, *cohort, *min_pass_rate, *window, *confidence, *min_scored, *baseline,
        *as_of, *format, *require, *max_missing, *missing;
    bool is_strict, is_repeated;
};

/* A number written in full, with both ends of the range included or not. */
static bool parse_share(const char *option, const char *text, bool has_ends, double *ret_share,
                        struct error *ret_error)
{
    char *end = NULL;
    double share = strtod(text, &end);
    bool is_plain = strspn(text, "0123456789.") == strlen(text) && end != text && *end == 0;
    if (is_plain && (has_ends ? share >= 0 && share <= 1 : share > 0 && share < 1)) {
        *ret_share = share;
        return true;
    }
    error_set(ret_error, EXIT_USAGE, "%s: takes a number %s, such as 0.95", option,
              has_ends ? "from 0 to 1" : "between 0 and 1");
    return false;
}

static bool parse_terms(const struct arguments *arguments, struct release_gate_terms *terms,
                        struct error *ret_error)
{
    terms->is_strict = arguments->is_strict;
    terms->is_missing_failed = strcmp(arguments->missing, "fail") == 0;
    if (!arguments->cohort || !arguments->min_pass_rate) {
        error_set(ret_error, EXIT_USAGE,
                  "needs --cohort and --min-pass-rate, such as --cohort 'intent=mortgage payoff' "
                  "--min-pass-rate 0.92");
        return false;
    }
    return parse_share("--min-pass-rate", arguments->min_pass_rate, true, &terms->min_pass_rate,
                       ret_error) &&
           parse_share("--confidence", arguments->confidence, false, &terms->confidence,
                       ret_error) &&
           parse_share("--max-missing", arguments->max_missing, true, &terms->max_missing,
                       ret_error) &&
           parse_share("--min-scored", arguments->min_scored, true, &terms->min_scored, ret_error);
}

/* Window and time are those of `flywheel cohorts`. */
static enum status parse_question(const struct arguments *arguments, struct arena *arena,
                                  struct release_gate_question *question, struct error *ret_error)
{
    struct cohort_report_request request;
    if (arguments->is_repeated && arguments->window) {
        error_set(ret_error, EXIT_USAGE,
                  "--repeated counts all runs since the release's first: leave out --window");
        return STATUS_MALFORMED;
    }
    if (!parse_terms(arguments, &question->terms, ret_error))
        return STATUS_MALFORMED;
    enum status status = release_gate_text_parse_cohort(
        "--cohort", bytes_of_text(arguments->cohort), arena, &question->cohort, ret_error);
    if (status == STATUS_OK && arguments->baseline)
        status = release_gate_text_parse_cohort("--baseline", bytes_of_text(arguments->baseline),
                                                arena, &question->baseline, ret_error);
    if (status == STATUS_OK)
        status =
            cohort_report_parse(bytes_of_text(arguments->window ? arguments->window : "24h"),
                                question->cohort.dimensions[0], bytes_of_text(arguments->as_of),
                                NULL, clock_realtime_ms(), &request, ret_error);
    if (status != STATUS_OK)
        return status;
    question->window = request.window;
    question->is_repeated = arguments->is_repeated;
    question->window_ms = arguments->is_repeated ? 0 : request.window_ms; /* 0: since start */
    question->require = bytes_of_text(arguments->require ? arguments->require : "");
    question->as_of_ms = request.as_of_ms;
    return STATUS_OK;
}

static enum status ask(const struct arguments *arguments, const struct pipeline_config *config,
                       const struct release_gate_question *question, struct buffer *to,
                       int *ret_exit, struct error *ret_error)
{
    static const int exit_codes[] = {EXIT_DONE, EXIT_GATE_FAILED, EXIT_TOO_LITTLE_DATA};
    struct release_gate_answer answer;
    struct store *store = NULL;
    enum status status = cohort_report_open(config->state.directory, &store, ret_error);
    if (status == STATUS_OK)
        status = release_gate_ask(store, config, question, &answer, ret_error);
    store_close(store);
    if (status != STATUS_OK)
        return status;
    if (strcmp(arguments->format, "json") == 0)
        release_gate_text_write_json(config, question, &answer, to);
    else
        release_gate_text_write(config, question, &answer, to);
    *ret_exit = exit_codes[answer.outcome];
    return STATUS_OK;
}

int command_gate(int argc, char **argv)
{
    struct arguments arguments = {.confidence = "0.95",
                                  .min_scored = "0.5",
                                  .max_missing = "0.02",
                                  .missing = "insufficient",
                                  .format = "text"};
    const struct command_option options[] = {
        {"config", 'c', NULL, &arguments.config},
        {"cohort", 0, NULL, &arguments.cohort},
        {"min-pass-rate", 0, NULL, &arguments.min_pass_rate},
        {"window", 0, NULL, &arguments.window},
        {"confidence", 0, NULL, &arguments.confidence},
        {"strict", 0, &arguments.is_strict, NULL},
        {"min-scored", 0, NULL, &arguments.min_scored},
        {"require", 0, NULL, &arguments.require},
        {"max-missing", 0, NULL, &arguments.max_missing},
        {"missing", 0, NULL, &arguments.missing},
        {"repeated", 0, &arguments.is_repeated, NULL},
        {"baseline", 0, NULL, &arguments.baseline},
        {"as-of", 0, NULL, &arguments.as_of},
        {"format", 0, NULL, &arguments.format},
    };
    if (!options_only(argc, argv, options, sizeof options / sizeof options[0]))
        return EXIT_USAGE;
    if (strcmp(arguments.format, "text") != 0 && strcmp(arguments.format, "json") != 0) {
        fprintf(stderr, "flywheel gate: --format is text or json\n");
        return EXIT_USAGE;
    }
    if (strcmp(arguments.missing, "insufficient") != 0 && strcmp(arguments.missing, "fail") != 0) {
        fprintf(stderr, "flywheel gate: --missing is insufficient or fail\n");
        return EXIT_USAGE;
    }
    int exit_code = EXIT_DONE;
    struct error error = {0};
    struct buffer text = {0};
    struct arena arena;
    struct release_gate_question question = {.as_of_ms = 0};
    struct pipeline_config *config = NULL;
    arena_init(&arena, TEXTS_BYTES_MAX);
    enum status status = parse_question(&arguments, &arena, &question, &error);
    if (status == STATUS_OK && (config = options_load_config(arguments.config, &exit_code)) != NULL)
        status = ask(&arguments, config, &question, &text, &exit_code, &error);
    if (config && status == STATUS_OK &&
        (text.failed || fwrite(text.data, 1, text.size, stdout) != text.size ||
         fflush(stdout) != 0))
        error_set(&error, EXIT_STATE_IO, "standard output cannot be written");
    if (error.is_set) {
        fprintf(stderr, "flywheel gate: %s\n", error.text);
        exit_code = (int)error.exit_code;
    }
    buffer_finish(&text);
    arena_finish(&arena);
    config_destroy(config);
    return exit_code;
}
