/* flywheel replay: recorded requests in, records out, one JSON object a line. With --diff what a
 * second pipeline file would add, remove and change. With --dataset the runs are held against its
 * regression rows. No state is touched. */
#include <stdio.h>

#include "processor/command/command.h"
#include "processor/command/options.h"
#include "processor/command/replay/dataset_file.h"
#include "processor/command/replay/diff.h"
#include "processor/command/replay/replay_run.h"

static bool print_record(void *context, const struct closed *closed, struct bytes json)
{
    (void)context;
    (void)closed;
    if (json.size == 0)
        return true;
    return fwrite(json.data, 1, json.size, stdout) == json.size && putchar('\n') != EOF;
}

static int replay(const struct pipeline_config *config, const struct regression_set *regressions,
                  char *const *paths, int count, bool is_all, enum progress_mode mode,
                  struct error *ret_error)
{
    struct replay_side side = {
        .config = config, .is_all = is_all, .regressions = regressions, .fn = print_record};
    if (replay_run(&side, 1, paths, count, mode, ret_error) != STATUS_OK)
        return (int)ret_error->exit_code;
    fprintf(stderr, "%llu requests, %llu spans, %llu trajectories\n",
            (unsigned long long)side.totals.requests, (unsigned long long)side.totals.spans,
            (unsigned long long)side.totals.trajectories);
    return EXIT_DONE;
}

int command_replay(int argc, char **argv)
{
    const char *path = NULL, *second = NULL, *dataset = NULL;
    bool is_all = false, shows_progress = false;
    const struct command_option options[] = {{"config", 'c', NULL, &path},
                                             {"all", 0, &is_all, NULL},
                                             {"diff", 0, NULL, &second},
                                             {"dataset", 0, NULL, &dataset},
                                             {"progress", 0, &shows_progress, NULL}};
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
    enum progress_mode mode = shows_progress ? PROGRESS_ALWAYS : PROGRESS_TERMINAL;
    struct regression_set *regressions =
        dataset ? dataset_file_read(dataset, config, &error) : NULL;
    if (error.is_set)
        code = (int)error.exit_code;
    else if (second)
        code = diff_print(config, second, regressions, paths, argc - operand, mode, &error);
    else
        code = replay(config, regressions, paths, argc - operand, is_all, mode, &error);
    regression_set_release(regressions);
    config_destroy(config);
    return options_finish("replay", NULL, &error, code);
}
