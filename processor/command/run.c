/* flywheel run: the daemon. */
#include <stdio.h>

#include "pipelines/daemon/pipeline.h"
#include "processor/command/command.h"
#include "processor/command/options.h"

int command_run(int argc, char **argv)
{
    const char *path = NULL;
    const struct command_option options[] = {{"config", 'c', NULL, &path}};
    struct error error = {0};
    int code = EXIT_DONE;
    if (!options_only(argc, argv, options, 1))
        return EXIT_USAGE;
    struct pipeline_config *config = options_load_config(path, &code);
    if (!config)
        return code;
    code = (int)pipeline_run(path, config, &error);
    if (error.is_set)
        fprintf(stderr, "flywheel: %s\n", error.text);
    return code;
}
