/* What users say of a run after its verdict: one in a body, matched to the run in the writer's next
 * transaction. */
#include <stdlib.h>

#include "pipelines/daemon/review_api_state.h"
#include "pipelines/review/feedback_intake.h"
#include "processor/base/clock.h"
#include "processor/base/json/writer.h"

enum { ARENA_BYTES = 64 << 10, BUSY_RETRY_S = 1 };

struct posted {
    struct review_call call; /* first */
    struct http_api_call *http;
    struct feedback_limits limits;
    struct feedback_note note;
    enum feedback_fate fate;
};

static void run(struct review_call *call, struct review *review, struct store_txn *txn,
                int64_t wall_ms)
{
    struct posted *posted = (struct posted *)call;
    posted->fate =
        feedback_intake_note(txn, review_counters(review), &posted->limits, &posted->note, wall_ms);
}

static void done(struct review_call *call, enum status status)
{
    struct posted *posted = (struct posted *)call;
    struct http_api_call *http = posted->http;
    struct json_writer to;
    unsigned code = posted->fate == FEEDBACK_WAITS ? 202 : 200;
    if (status != STATUS_OK) {
        code = review_api_refuse_unstored(http);
    } else {
        json_writer_init(&to, http_api_body_to(http));
        json_object_begin(&to);
        json_put_text(&to, "outcome", feedback_fate_names[posted->fate]);
        json_put_text(&to, "kind", feedback_kind_names[posted->note.kind]);
        json_object_end(&to);
    }
    free(posted);
    http_api_answer(http, code);
}

unsigned review_api_feedback(void *context, struct http_api_call *call)
{
    struct review_api *review = context;
    struct arena arena;
    const char *field = NULL, *reason = NULL;
    unsigned status = 0;
    const struct pipeline_config *config = review_api_config(review);
    if (!config->feedback.is_present)
        return http_api_refuse(call, 404, "the pipeline file has no section `feedback`", NULL);
    struct posted *posted = calloc(1, sizeof *posted);
    if (!posted)
        return review_api_refuse_memory(call);
    *posted = (struct posted){.call = {run, done, sizeof *posted, NULL},
                              .http = call,
                              .limits = feedback_intake_limits(config)};
    arena_init(&arena, ARENA_BYTES);
    if (!feedback_read(&config->feedback, http_api_body(call), &arena, clock_realtime_ms(),
                       &posted->note, &field, &reason))
        status = review_api_malformed(call, reason, field);
    arena_finish(&arena);
    if (status == 0 && runtime_review_call(review->runtime, &posted->call) != STATUS_OK)
        status = http_api_refuse_busy(call, "too much waits; send it again", BUSY_RETRY_S);
    if (status == 0)
        return HTTP_LATER;
    free(posted);
    return status;
}
