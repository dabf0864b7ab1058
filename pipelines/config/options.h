/* The option table: every key of the pipeline file is one row of an options_*.c, in the order in
 * which the effective configuration and the reference page list them. Defaults are written as one
 * writes them in the file and read by the same code, so that the reference can't disagree with the
 * program. */
#pragma once
#include "pipelines/config/option.h"

extern const struct option_table config_options;
