/* flywheel calibrate: what reviews say of all runs, read from the store beside a running daemon. */
#include <string.h>

#include "pipelines/cohorts/report.h"
#include "pipelines/review/calibration_document.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/options.h"

struct arguments {
    const char *config, *rule, *window, *cohort, *min_recall, *format;
    bool has_curve;
};

static enum status report(const struct arguments *arguments, const struct pipeline_config *config,
                          struct buffer *to, struct error *ret_error)
{
    const struct calibration_words words = {.window = bytes_of_text(arguments->window),
                                            .rule = bytes_of_text(arguments->rule),
                                            .cohort = bytes_of_text(arguments->cohort),
                                            .min_recall = bytes_of_text(arguments->min_recall),
                                            .has_curve = arguments->has_curve};
    struct store *store = NULL;
    enum status status = cohort_report_open(config->state.directory, &store, ret_error);
    if (status == STATUS_OK)
        status = calibration_write(store, config, &words, clock_realtime_ms(),
                                   strcmp(arguments->format, "json") == 0, to, ret_error);
    store_close(store);
    return status;
}

int command_calibrate(int argc, char **argv)
{
    struct arguments arguments = {.format = "table"};
    const struct command_option options[] = {{"config", 'c', NULL, &arguments.config},
                                             {"rule", 0, NULL, &arguments.rule},
                                             {"window", 0, NULL, &arguments.window},
                                             {"cohort", 0, NULL, &arguments.cohort},
                                             {"curve", 0, &arguments.has_curve, NULL},
                                             {"min-recall", 0, NULL, &arguments.min_recall},
                                             {"format", 0, NULL, &arguments.format}};
    if (!options_only(argc, argv, options, sizeof options / sizeof options[0]))
        return EXIT_USAGE;
    if (!options_format_is("calibrate", arguments.format, "table", "json"))
        return EXIT_USAGE;
    int exit_code = EXIT_DONE;
    struct error error = {0};
    struct buffer text = {0};
    struct pipeline_config *config = options_load_config(arguments.config, &exit_code);
    if (!config)
        return exit_code;
    bool is_read = report(&arguments, config, &text, &error) == STATUS_OK;
    exit_code = options_finish("calibrate", is_read ? &text : NULL, &error, exit_code);
    buffer_finish(&text);
    config_destroy(config);
    return exit_code;
}
