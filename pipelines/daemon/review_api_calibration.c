/* The document of `flywheel calibrate --format json`. The thread of the documents. */
#include "pipelines/daemon/review_api_state.h"
#include "pipelines/review/calibration_document.h"
#include "processor/base/clock.h"
#include "processor/base/json/writer.h"

unsigned review_api_write_calibration(void *context, const struct http_query *query,
                                      struct http_answer *answer)
{
    struct review_api *review = context;
    struct error error = {0};
    struct json_writer to;
    struct bytes curve = http_query_get(query, "curve");
    struct calibration_words words = {.window = http_query_get(query, "window"),
                                      .rule = http_query_get(query, "rule"),
                                      .cohort = http_query_get(query, "cohort"),
                                      .min_recall = http_query_get(query, "min_recall")};
    answer->content_type = "application/json";
    enum status status = STATUS_MALFORMED;
    if (curve.data && !http_query_read_flag(curve, &words.has_curve))
        error_set(&error, EXIT_USAGE, "curve is true or false");
    else
        status = calibration_write(review->store, review->config, &words, clock_realtime_ms(), true,
                                   &answer->body, &error);
    if (status == STATUS_OK)
        return 200;
    buffer_clear(&answer->body);
    json_writer_init(&to, &answer->body);
    json_object_begin(&to);
    json_put_text(&to, "error", error.text);
    json_object_end(&to);
    return status == STATUS_MALFORMED || status == STATUS_NOT_FOUND ? 400 : 500;
}
