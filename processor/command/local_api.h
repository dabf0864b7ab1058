/* The review listener of the daemon beside us, as the pipeline file and the data directory know it. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/review/session.h"
#include "processor/command/api_client.h"
#include "processor/review/reviewers.h"

/* Where it listens. FATAL with `ret_error`: there is no results pipeline, or its port is not known. */
MUST_CHECK enum status local_api_target(const struct pipeline_config *config,
                                        struct api_target *ret_target, struct error *ret_error);
/* A one-time code for that role, by the key of the data directory. */
MUST_CHECK enum status local_api_code(const struct pipeline_config *config, enum reviewer_role role,
                                      char ret_code[CODE_TEXT_SIZE], struct error *ret_error);
/* Where a command writes to: `endpoint` and `token_file` as they were given (NULL: not), else the daemon
 * beside us, signed in for that role. BUSY: none answers there. FATAL with `ret_error`. */
MUST_CHECK enum status local_api_connect(const struct pipeline_config *config, const char *endpoint,
                                         const char *token_file, enum reviewer_role role,
                                         struct api_target *ret_target, struct error *ret_error);
