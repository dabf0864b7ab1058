/* flywheel measures: what the way back comes to, read from the store beside a running daemon. */
#include "pipelines/review/measures_json.h"
#include "pipelines/review/measures_table.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/report.h"

struct arguments {
    const char *window, *group_by, *baseline;
};

static enum status report(const void *context, const struct pipeline_config *config, bool is_json,
                          struct buffer *to, struct error *ret_error)
{
    const struct arguments *arguments = context;
    struct measures_request request;
    struct measures measures;
    struct store *store = NULL;
    enum status status = measures_parse(
        bytes_of_text(arguments->window), bytes_of_text(arguments->group_by),
        bytes_of_text(arguments->baseline), config, clock_realtime_ms(), &request, ret_error);
    if (status == STATUS_OK)
        status = cohort_report_open(config->state.directory, &store, ret_error);
    if (status == STATUS_OK)
        status = measures_read(store, config, &request, &measures, ret_error);
    if (status == STATUS_OK) {
        if (is_json)
            measures_json(&request, &measures, to);
        else
            measures_table(&request, &measures, to);
        measures_finish(&measures);
    }
    store_close(store);
    return status;
}

int command_measures(int argc, char **argv)
{
    struct arguments arguments = {0};
    const struct command_option options[] = {{"window", 0, NULL, &arguments.window},
                                             {"group-by", 0, NULL, &arguments.group_by},
                                             {"baseline", 0, NULL, &arguments.baseline}};
    return report_run("measures", argc, argv, options, sizeof options / sizeof options[0], report,
                      &arguments);
}
