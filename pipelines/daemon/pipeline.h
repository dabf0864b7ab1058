/* The daemon: the wiring of state, runtime, receivers and telemetry in data-path order, and its
 * signals. */
#pragma once
#include "pipelines/config/config.h"

/* Runs until TERM or INT. `path` (NULL: the embedded default) is read again on HUP. Takes
 * ownership of `config`. Returns the exit code; what went wrong at the start is in `ret_error`. */
enum exit_code pipeline_run(const char *path, struct pipeline_config *config,
                            struct error *ret_error);
