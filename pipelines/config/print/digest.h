/* The digest of a ruleset, by which records, stored verdicts and reloads know it again. */
#pragma once
#include "pipelines/config/config.h"

MUST_CHECK bool config_digest(struct pipeline_config *config); /* false: out of memory */
