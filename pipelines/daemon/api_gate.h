/* /api/v1/gate: the document of `flywheel gate --format json`, its options as parameters. */
#pragma once
#include "pipelines/daemon/api.h"

/* 200 whatever the answer is, for the document says it; 400 for a question that cannot be asked.
 * `context` is a struct api. */
unsigned api_gate_answer(void *context, const struct http_query *query, struct http_answer *answer);
