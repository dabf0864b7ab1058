/* flywheel agreement: how far reviewers agree, read from the store beside a running daemon. Whoever may
 * read the directory may see whose figures they are. */
#include "pipelines/cohorts/report.h"
#include "pipelines/review/agreement_document.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/report.h"

struct arguments {
    const char *window, *label;
};

static enum status write_report(const struct agreement_request *request,
                                const struct pipeline_config *config, struct store *store,
                                bool is_json, struct buffer *to)
{
    struct agreement_report report;
    struct persons_report persons;
    enum status status = agreement_read(store, config, request, &report);
    if (status != STATUS_OK)
        return status;
    status = agreement_persons_read(store, request, (struct bytes){NULL, 0}, &persons);
    if (status == STATUS_OK) {
        if (is_json)
            agreement_json(request, &report, &persons, to);
        else
            agreement_table(request, &report, &persons, to);
        agreement_persons_finish(&persons);
    }
    agreement_finish(&report);
    return status;
}

static enum status report(const void *context, const struct pipeline_config *config, bool is_json,
                          struct buffer *to, struct error *ret_error)
{
    const struct arguments *arguments = context;
    struct agreement_request request;
    struct store *store = NULL;
    enum status status =
        agreement_parse(bytes_of_text(arguments->window), bytes_of_text(arguments->label), config,
                        clock_realtime_ms(), &request, ret_error);
    if (status == STATUS_OK)
        status = cohort_report_open(config->state.directory, &store, ret_error);
    if (status != STATUS_OK)
        return status;
    status = write_report(&request, config, store, is_json, to);
    if (status != STATUS_OK)
        error_set(ret_error, EXIT_STATE_IO, "%s: the figures cannot be read", store_path(store));
    store_close(store);
    return status;
}

int command_agreement(int argc, char **argv)
{
    struct arguments arguments = {0};
    const struct command_option options[] = {{"window", 0, NULL, &arguments.window},
                                             {"label", 0, NULL, &arguments.label}};
    return report_run("agreement", argc, argv, options, sizeof options / sizeof options[0], report,
                      &arguments);
}
