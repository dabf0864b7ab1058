/* flywheel review: the address of the review page, with a code that signs in once. The code is made from
 * the key of the data directory, so whoever may read that gets in, and the daemon is not asked. */
#include <stdio.h>
#include <string.h>

#include "pipelines/config/config.h"
#include "pipelines/config/value.h"
#include "pipelines/review/session.h"
#include "processor/base/clock.h"
#include "processor/command/api_client.h"
#include "processor/command/command.h"
#include "processor/command/local_api.h"
#include "processor/command/options.h"

static enum status show(const struct pipeline_config *config, struct error *ret_error)
{
    struct api_target target;
    char code[CODE_TEXT_SIZE];
    if (local_api_target(config, &target, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    const char *scheme = target.is_tls ? "https" : "http";
    bool is_v6 = strchr(target.host, ':') != NULL;
    if (config->review.reviewers_file) {
        printf("%s://%s%s%s:%s/\n", scheme, is_v6 ? "[" : "", target.host, is_v6 ? "]" : "",
               target.port);
        fputs("sign in there with the token that `flywheel reviewer add` printed\n", stderr);
        return STATUS_OK;
    }
    if (local_api_code(config, ROLE_REVIEWER, code, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    printf("%s://%s%s%s:%s/#code=%s\n", scheme, is_v6 ? "[" : "", target.host, is_v6 ? "]" : "",
           target.port, code);
    fputs("good once, within a minute\n", stderr);
    return STATUS_OK;
}

int command_review(int argc, char **argv)
{
    const char *path = NULL;
    const struct command_option options[] = {{"config", 'c', NULL, &path}};
    int exit_code = EXIT_DONE;
    struct error error = {0};
    if (!options_only(argc, argv, options, 1))
        return EXIT_USAGE;
    struct pipeline_config *config = options_load_config(path, &exit_code);
    if (!config)
        return exit_code;
    if (show(config, &error) != STATUS_OK) {
        fprintf(stderr, "flywheel review: %s\n", error.text);
        exit_code = (int)error.exit_code;
    }
    config_destroy(config);
    return exit_code;
}
