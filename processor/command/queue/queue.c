/* flywheel queue: how far the review has come, and its open items for other tools, read from the store
 * beside a running daemon. */
#include <stdio.h>
#include <string.h>

#include "pipelines/cohorts/report.h"
#include "pipelines/config/config.h"
#include "pipelines/review/queue_report.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/options.h"
#include "processor/command/queue/export.h"

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

static int finish(const struct arguments *arguments, const struct queue_export_arguments *wanted)
{
    int exit_code = EXIT_DONE;
    struct error error = {0};
    struct buffer text = {0};
    bool has_text = false;
    struct pipeline_config *config = options_load_config(arguments->config, &exit_code);
    if (!config)
        return exit_code;
    if (wanted)
        queue_export(wanted, config, &error);
    else
        has_text = report(arguments, config, &text, &error) == STATUS_OK;
    exit_code = options_finish("queue", has_text ? &text : NULL, &error, exit_code);
    buffer_finish(&text);
    config_destroy(config);
    return exit_code;
}

static int usage(const char *text)
{
    fprintf(stderr, "flywheel queue: %s\n", text);
    return EXIT_USAGE;
}

int command_queue(int argc, char **argv)
{
    struct arguments arguments = {.format = NULL};
    const char *output = NULL;
    const struct command_option options[] = {{"config", 'c', NULL, &arguments.config},
                                             {"queue", 0, NULL, &arguments.queue},
                                             {"format", 0, NULL, &arguments.format},
                                             {"output", 'o', NULL, &output}};
    int first = options_parse(argc, argv, options, sizeof options / sizeof options[0]);
    if (first < 0)
        return EXIT_USAGE;
    bool is_export = first < argc && strcmp(argv[first], "export") == 0;
    if (argc - first > is_export)
        return usage(is_export ? "export takes no operands" : "there is one action: export");
    if (is_export) {
        struct queue_export_arguments wanted = {arguments.format, arguments.queue, output};
        return queue_export_has(arguments.format) ? finish(&arguments, &wanted) : EXIT_USAGE;
    }
    if (output)
        return usage("-o is of export");
    arguments.format = arguments.format ? arguments.format : "table";
    return options_format_is("queue", arguments.format, "table", "json") ? finish(&arguments, NULL)
                                                                         : EXIT_USAGE;
}
