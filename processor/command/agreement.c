/* flywheel agreement: how far reviewers agree, read from the store beside a running daemon. Whoever may
 * read the directory may see whose figures they are. */
#include <string.h>

#include "pipelines/cohorts/report.h"
#include "pipelines/review/agreement_document.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/options.h"

struct arguments {
    const char *config, *window, *label, *format;
};

static enum status write_report(const struct arguments *arguments,
                                const struct agreement_request *request,
                                const struct pipeline_config *config, struct store *store,
                                struct buffer *to)
{
    struct agreement_report report;
    struct persons_report persons;
    enum status status = agreement_read(store, config, request, &report);
    if (status != STATUS_OK)
        return status;
    status = agreement_persons_read(store, request, (struct bytes){NULL, 0}, &persons);
    if (status == STATUS_OK) {
        if (strcmp(arguments->format, "json") == 0)
            agreement_json(request, &report, &persons, to);
        else
            agreement_table(request, &report, &persons, to);
        agreement_persons_finish(&persons);
    }
    agreement_finish(&report);
    return status;
}

static enum status report(const struct arguments *arguments, const struct pipeline_config *config,
                          struct buffer *to, struct error *ret_error)
{
    struct agreement_request request;
    struct store *store = NULL;
    enum status status =
        agreement_parse(bytes_of_text(arguments->window), bytes_of_text(arguments->label), config,
                        clock_realtime_ms(), &request, ret_error);
    if (status == STATUS_OK)
        status = cohort_report_open(config->state.directory, &store, ret_error);
    if (status != STATUS_OK)
        return status;
    status = write_report(arguments, &request, config, store, to);
    if (status != STATUS_OK)
        error_set(ret_error, EXIT_STATE_IO, "%s: the figures cannot be read", store_path(store));
    store_close(store);
    return status;
}

int command_agreement(int argc, char **argv)
{
    struct arguments arguments = {.format = "table"};
    const struct command_option options[] = {{"config", 'c', NULL, &arguments.config},
                                             {"window", 0, NULL, &arguments.window},
                                             {"label", 0, NULL, &arguments.label},
                                             {"format", 0, NULL, &arguments.format}};
    if (!options_only(argc, argv, options, sizeof options / sizeof options[0]))
        return EXIT_USAGE;
    if (!options_format_is("agreement", arguments.format, "table", "json"))
        return EXIT_USAGE;
    int exit_code = EXIT_DONE;
    struct error error = {0};
    struct buffer text = {0};
    struct pipeline_config *config = options_load_config(arguments.config, &exit_code);
    if (!config)
        return exit_code;
    bool is_read = report(&arguments, config, &text, &error) == STATUS_OK;
    exit_code = options_finish("agreement", is_read ? &text : NULL, &error, exit_code);
    buffer_finish(&text);
    config_destroy(config);
    return exit_code;
}
