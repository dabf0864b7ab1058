/* The measures as documents: those of `flywheel measures --format json`. */
#include "pipelines/daemon/review_api_state.h"
#include "pipelines/review/measures_json.h"
#include "processor/base/clock.h"
#include "processor/base/json/writer.h"

static unsigned answer(struct http_answer *answer, enum status status, const struct error *error)
{
    struct json_writer to;
    if (status == STATUS_OK)
        return 200;
    buffer_clear(&answer->body);
    json_writer_init(&to, &answer->body);
    json_object_begin(&to);
    json_put_text(&to, "error", error->text);
    json_object_end(&to);
    return status == STATUS_FATAL ? 500 : 400;
}

unsigned review_api_write_measures(void *context, const struct http_query *query,
                                   struct http_answer *to)
{
    struct review_api *review = context;
    struct measures_request request;
    struct measures measures;
    struct error error = {0};
    to->content_type = "application/json";
    enum status status = measures_parse(
        http_query_get(query, "window"), http_query_get(query, "group_by"),
        http_query_get(query, "baseline"), review->config, clock_realtime_ms(), &request, &error);
    if (status == STATUS_OK)
        status = measures_read(review->store, review->config, &request, &measures, &error);
    if (status == STATUS_OK) {
        measures_json(&request, &measures, &to->body);
        measures_finish(&measures);
    }
    return answer(to, status, &error);
}

unsigned review_api_write_coverage(void *context, const struct http_query *query,
                                   struct http_answer *to)
{
    struct review_api *review = context;
    struct error error = {0};
    to->content_type = "application/json";
    enum status status =
        measures_coverage_write(review->store, review->config, http_query_get(query, "window"),
                                clock_realtime_ms(), &to->body, &error);
    return answer(to, status, &error);
}
