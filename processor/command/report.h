/* A command that reads what the store holds, beside a running daemon, and says it as a table or as JSON:
 * its own options, then --config and --format, which all of them have. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/command/options.h"

enum { REPORT_OPTIONS_MAX = 8 };

/* Appends the report. OK, or any other status with `ret_error`. */
typedef enum status report_fn(const void *arguments, const struct pipeline_config *config,
                              bool is_json, struct buffer *to, struct error *ret_error);
/* The exit code. `options` fill `arguments` in, which is handed to `write`. */
int report_run(const char *command, int argc, char **argv, const struct command_option *options,
               size_t count, report_fn *write, const void *arguments);
