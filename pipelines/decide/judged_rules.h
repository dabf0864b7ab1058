/* The rules by which a closed trajectory was judged: those of its file, and behind them the built-in one
 * where there was a regression set. */
#pragma once
#include "pipelines/decide/effects.h"

/* Of `closed->outcomes`. */
uint32_t judged_rules_count(const struct closed *closed);
struct bytes judged_rules_name(const struct pipeline_config *config, uint32_t rule);
