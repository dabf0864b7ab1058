/* flywheel queue: how far the review has come, read from the store beside a running daemon. */
#include <stdio.h>
#include <string.h>

#include "pipelines/cohorts/report.h"
#include "pipelines/config/config.h"
#include "pipelines/review/queue_report.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/options.h"

struct arguments {
    const char *config, *queue, *format;
};

static enum status report(const struct arguments *arguments, const struct pipeline_config *config,
                          struct buffer *to, struct error *ret_error)
{
    struct store *store = NULL;
    struct queue_report report;
    struct bytes queue = bytes_of_text(arguments->queue);
    enum status status = cohort_report_open(config->state.directory, &store, ret_error);
    if (status != STATUS_OK)
        return status;
    status = queue_report_read(store, &config->review, queue, clock_realtime_ms(), &report);
    if (status == STATUS_OK) {
        if (strcmp(arguments->format, "json") == 0)
            queue_report_json(&report, to);
        else
            queue_report_table(&report, to);
        queue_report_finish(&report);
    } else if (status == STATUS_NOT_FOUND) {
        error_set(ret_error, EXIT_USAGE, "no run has come to a queue of that name");
    } else {
        error_set(ret_error, EXIT_STATE_IO, "%s: the items cannot be read", store_path(store));
    }
    store_close(store);
    return status;
}

int command_queue(int argc, char **argv)
{
    struct arguments arguments = {.format = "table"};
    const struct command_option options[] = {{"config", 'c', NULL, &arguments.config},
                                             {"queue", 0, NULL, &arguments.queue},
                                             {"format", 0, NULL, &arguments.format}};
    if (!options_only(argc, argv, options, sizeof options / sizeof options[0]))
        return EXIT_USAGE;
    if (!options_format_is("queue", arguments.format, "table", "json"))
        return EXIT_USAGE;
    int exit_code = EXIT_DONE;
    struct error error = {0};
    struct buffer text = {0};
    struct pipeline_config *config = options_load_config(arguments.config, &exit_code);
    if (!config)
        return exit_code;
    bool is_read = report(&arguments, config, &text, &error) == STATUS_OK;
    exit_code = options_finish("queue", is_read ? &text : NULL, &error, exit_code);
    buffer_finish(&text);
    config_destroy(config);
    return exit_code;
}
