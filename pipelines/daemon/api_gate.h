/* /api/v1/gate: the document of `flywheel gate --format json`, its options as parameters. */
#pragma once
#include "pipelines/config/config.h"
#include "processor/report/http_server.h"
#include "state/store/store.h"

extern const char *const api_gate_parameters[]; /* ends with NULL */

/* OK whatever the gate says, for the document says it. MALFORMED: a question
 * that cannot be asked. */
MUST_CHECK enum status api_gate_write(struct store *store, const struct pipeline_config *config,
                                      const struct http_query *query, struct buffer *to,
                                      struct error *ret_error);
