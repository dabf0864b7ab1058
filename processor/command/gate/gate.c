/* flywheel gate: one cohort against the pass rate that it must keep, as an exit code for CI. With
 * --dataset it is a candidate's answers to approved rows that are held against it (dataset_gate.c). */
#include <stdio.h>
#include <string.h>

#include "pipelines/cohorts/release_gate_question.h"
#include "pipelines/cohorts/release_gate_text.h"
#include "pipelines/review/calibrated_gate.h"
#include "pipelines/cohorts/report.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/gate/dataset_gate.h"
#include "processor/command/options.h"

enum { TEXTS_BYTES_MAX = 1 << 20 };

struct arguments {
    const char *config, *cohort, *min_pass_rate, *window, *confidence, *min_scored, *baseline,
        *as_of, *format, *require, *max_missing, *missing;
    bool is_strict, is_repeated, is_calibrated;
};

static struct release_gate_words words_of(const struct arguments *arguments)
{
    return (struct release_gate_words){.cohort = bytes_of_text(arguments->cohort),
                                       .min_pass_rate = bytes_of_text(arguments->min_pass_rate),
                                       .window = bytes_of_text(arguments->window),
                                       .confidence = bytes_of_text(arguments->confidence),
                                       .min_scored = bytes_of_text(arguments->min_scored),
                                       .require = bytes_of_text(arguments->require),
                                       .max_missing = bytes_of_text(arguments->max_missing),
                                       .missing = bytes_of_text(arguments->missing),
                                       .baseline = bytes_of_text(arguments->baseline),
                                       .as_of = bytes_of_text(arguments->as_of),
                                       .is_strict = arguments->is_strict,
                                       .is_repeated = arguments->is_repeated,
                                       .is_calibrated = arguments->is_calibrated,
                                       .are_options = true};
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
    if (status == STATUS_OK)
        status = calibrated_gate_decide(store, config, question, &answer, ret_error);
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

static int ask_store(int argc, char **argv)
{
    struct arguments arguments = {.format = "text"};
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
        {"calibrated", 0, &arguments.is_calibrated, NULL},
        {"baseline", 0, NULL, &arguments.baseline},
        {"as-of", 0, NULL, &arguments.as_of},
        {"format", 0, NULL, &arguments.format},
    };
    if (!options_only(argc, argv, options, sizeof options / sizeof options[0]))
        return EXIT_USAGE;
    if (!options_format_is("gate", arguments.format, "text", "json"))
        return EXIT_USAGE;
    int exit_code = EXIT_DONE;
    struct error error = {0};
    struct buffer text = {0};
    struct arena arena;
    struct release_gate_question question = {.as_of_ms = 0};
    struct pipeline_config *config = NULL;
    arena_init(&arena, TEXTS_BYTES_MAX);
    const struct release_gate_words words = words_of(&arguments);
    enum status status =
        release_gate_question_parse(&words, clock_realtime_ms(), &arena, &question, &error);
    if (status == STATUS_OK && (config = options_load_config(arguments.config, &exit_code)) != NULL)
        status = ask(&arguments, config, &question, &text, &exit_code, &error);
    bool is_answered = config && status == STATUS_OK;
    exit_code = options_finish("gate", is_answered ? &text : NULL, &error, exit_code);
    buffer_finish(&text);
    arena_finish(&arena);
    config_destroy(config);
    return exit_code;
}

int command_gate(int argc, char **argv)
{
    return dataset_gate_is_meant(argc, argv) ? dataset_gate(argc, argv) : ask_store(argc, argv);
}
