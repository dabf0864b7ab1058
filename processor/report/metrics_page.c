/* The same page for every kind of pipeline: what differs is what was registered. */
#include "processor/report/metrics_page.h"

#include "processor/base/metrics.h"

unsigned metrics_page_answer(void *context, const struct http_query *query,
                             struct http_answer *answer)
{
    struct metrics *metrics = context;
    (void)query;
    answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_render(metrics, &answer->body);
    return 200;
}
