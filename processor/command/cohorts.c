/* flywheel cohorts: fail rates by cohort, read from the store beside a running daemon. */
#include "pipelines/cohorts/table.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/report.h"

struct arguments {
    const char *window, *group_by, *as_of;
};

static enum status report(const void *context, const struct pipeline_config *config, bool is_json,
                          struct buffer *to, struct error *ret_error)
{
    const struct arguments *arguments = context;
    struct cohort_report_request request;
    struct cohort_result result = {0};
    struct store *store = NULL;
    enum status status = cohort_report_parse(
        bytes_of_text(arguments->window), bytes_of_text(arguments->group_by),
        bytes_of_text(arguments->as_of), config, clock_realtime_ms(), &request, ret_error);
    if (status == STATUS_OK)
        status = cohort_report_open(config->state.directory, &store, ret_error);
    if (status == STATUS_OK)
        status = cohort_report_query(store, config, &request, &result, ret_error);
    if (status == STATUS_OK) {
        if (is_json)
            cohort_report_json(&request, &result, to);
        else
            cohort_table_write(&request, &result, to);
        cohort_result_finish(&result);
    }
    store_close(store);
    return status;
}

int command_cohorts(int argc, char **argv)
{
    struct arguments arguments = {0};
    const struct command_option options[] = {{"window", 0, NULL, &arguments.window},
                                             {"group-by", 0, NULL, &arguments.group_by},
                                             {"as-of", 0, NULL, &arguments.as_of}};
    return report_run("cohorts", argc, argv, options, sizeof options / sizeof options[0], report,
                      &arguments);
}
