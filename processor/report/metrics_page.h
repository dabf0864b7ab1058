/* /metrics: everything that a process counts, in the text format of Prometheus. */
#pragma once
#include "processor/report/http_server.h"

/* A handler; `context` is the struct metrics. */
unsigned metrics_page_answer(void *context, const struct http_query *query,
                             struct http_answer *answer);
