/* flywheel replay: recorded requests in, records out, one JSON object a line. With --diff what a
 * second pipeline file would add, remove and change. No state is touched. */
#include "pipelines/replay.h"

#include <stdio.h>

#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/diff.h"
#include "processor/command/input.h"
#include "processor/command/options.h"

static bool print_record(void *context, const struct closed *closed, struct bytes json)
{
    (void)context;
    (void)closed;
    if (json.size == 0)
        return true;
    return fwrite(json.data, 1, json.size, stdout) == json.size && putchar('\n') != EOF;
}

static enum status take(void *context, const struct input_request *request, struct error *ret_error)
{
    enum status status = replay_add(context, request->signal, request->body);
    if (status == STATUS_MALFORMED)
        error_set(ret_error, EXIT_USAGE, "%s: this is not an OTLP export request", request->name);
    else if (status != STATUS_OK)
        error_set(ret_error, EXIT_BUG, "%s: out of memory, or the output was closed",
                  request->name);
    return status == STATUS_OK ? STATUS_OK : STATUS_FATAL;
}

enum status replay_paths(const struct pipeline_config *config, char *const *paths, int count,
                         bool is_all, replay_fn *fn, void *context,
                         struct replay_totals *ret_totals, struct error *ret_error)
{
    struct replay *replay =
        replay_create(config, is_all, (uint64_t)clock_realtime_ms(), fn, context);
    if (!replay) {
        error_set(ret_error, EXIT_BUG, "out of memory");
        return STATUS_FATAL;
    }
    enum status status = input_read(paths, count, take, replay, ret_error);
    if (status == STATUS_OK && replay_finish(replay) != STATUS_OK) {
        error_set(ret_error, EXIT_BUG, "out of memory, or the output was closed");
        status = STATUS_FATAL;
    }
    *ret_totals = replay_totals(replay);
    replay_destroy(replay);
    return status;
}

static int replay(const struct pipeline_config *config, char *const *paths, int count, bool is_all,
                  struct error *ret_error)
{
    struct replay_totals totals;
    enum status status =
        replay_paths(config, paths, count, is_all, print_record, NULL, &totals, ret_error);
    if (status == STATUS_OK)
        fprintf(stderr, "%llu requests, %llu spans, %llu trajectories\n",
                (unsigned long long)totals.requests, (unsigned long long)totals.spans,
                (unsigned long long)totals.trajectories);
    return status == STATUS_OK ? EXIT_DONE : (int)ret_error->exit_code;
}

int command_replay(int argc, char **argv)
{
    const char *path = NULL, *second = NULL;
    bool is_all = false;
    const struct command_option options[] = {
        {"config", 'c', NULL, &path}, {"all", 0, &is_all, NULL}, {"diff", 0, NULL, &second}};
    int operand = options_parse(argc, argv, options, sizeof options / sizeof options[0]);
    if (operand < 0)
        return EXIT_USAGE;
    if (operand == argc) {
        fprintf(stderr,
                "flywheel replay: needs a PATH: a file, a folder, or - for standard input\n");
        return EXIT_USAGE;
    }
    int code = EXIT_DONE;
    struct error error = {0};
    struct pipeline_config *config = options_load_config(path, &code);
    if (!config)
        return code;
    char *const *paths = argv + operand;
    code = second ? diff_print(config, second, paths, argc - operand, &error)
                  : replay(config, paths, argc - operand, is_all, &error);
    if (fflush(stdout) != 0)
        error_set(&error, EXIT_STATE_IO, "standard output cannot be written");
    config_destroy(config);
    if (!error.is_set)
        return code;
    fprintf(stderr, "flywheel replay: %s\n", error.text);
    return (int)error.exit_code;
}
