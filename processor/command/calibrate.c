/* flywheel calibrate: what reviews say of all runs, read from the store beside a running daemon. */
#include "pipelines/cohorts/report.h"
#include "pipelines/review/calibration_document.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/report.h"

struct arguments {
    const char *rule, *window, *cohort, *min_recall;
    bool has_curve;
};

static enum status report(const void *context, const struct pipeline_config *config, bool is_json,
                          struct buffer *to, struct error *ret_error)
{
    const struct arguments *arguments = context;
    const struct calibration_words words = {.window = bytes_of_text(arguments->window),
                                            .rule = bytes_of_text(arguments->rule),
                                            .cohort = bytes_of_text(arguments->cohort),
                                            .min_recall = bytes_of_text(arguments->min_recall),
                                            .has_curve = arguments->has_curve};
    struct store *store = NULL;
    enum status status = cohort_report_open(config->state.directory, &store, ret_error);
    if (status == STATUS_OK)
        status =
            calibration_write(store, config, &words, clock_realtime_ms(), is_json, to, ret_error);
    store_close(store);
    return status;
}

int command_calibrate(int argc, char **argv)
{
    struct arguments arguments = {0};
    const struct command_option options[] = {{"rule", 0, NULL, &arguments.rule},
                                             {"window", 0, NULL, &arguments.window},
                                             {"cohort", 0, NULL, &arguments.cohort},
                                             {"curve", 0, &arguments.has_curve, NULL},
                                             {"min-recall", 0, NULL, &arguments.min_recall}};
    return report_run("calibrate", argc, argv, options, sizeof options / sizeof options[0], report,
                      &arguments);
}
