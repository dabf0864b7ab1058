/* Results come in: one or an array in a body. The whole body is one call of the writer, so that one
 * commit answers for all of it.
 *
 *   body -> values -> runtime_review_call -> review_apply each, in the transaction -> durable -> answer */
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/daemon/review_api_state.h"
#include "processor/base/clock.h"
#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"
#include "state/tables/item.h"

enum { ARENA_BYTES = 4 << 20, BUSY_RETRY_S = 1 };

struct submission {
    struct review_call call; /* first: the call is the submission */
    struct http_api_call *http;
    struct http_caller caller;
    struct arena arena; /* of the values */
    bool is_array;
    uint32_t count;
    struct bytes *results; /* JSON each; in the body of the call */
    struct result_answer *answers;
};

static void destroy(struct submission *submission)
{
    arena_finish(&submission->arena);
    free(submission->results);
    free(submission->answers);
    free(submission);
}

/* --- in the transaction --- */

static void run(struct review_call *call, struct review *review, struct store_txn *txn,
                int64_t wall_ms)
{
    struct submission *submission = (struct submission *)call;
    struct principal principal = review_api_principal(&submission->caller);
    for (uint32_t i = 0; i < submission->count; i++)
        review_apply(review, txn, submission->results[i], &principal, wall_ms,
                     &submission->answers[i]);
}

/* --- the answer --- */

static void write_answer(struct json_writer *to, const struct result_answer *answer)
{
    unsigned status = review_outcome_status(answer->outcome);
    json_object_begin(to);
    if (status >= 400)
        json_put_text(to, "error",
                      answer->reason[0] ? answer->reason : review_outcome_names[answer->outcome]);
    if (answer->field[0])
        json_put_text(to, "field", answer->field);
    json_put_text(to, "outcome", review_outcome_names[answer->outcome]);
    if (answer->result_id[0])
        json_put_text(to, "result_id", answer->result_id);
    if (answer->item_id[0]) {
        json_put_text(to, "item_id", answer->item_id);
        json_put_text(to, "state", item_state_names[answer->item_state]);
        if (answer->decision > 0)
            json_put_uint(to, "decision", answer->decision);
    }
    if (answer->row_id[0])
        json_put_text(to, "row_id", answer->row_id);
    json_object_end(to);
}

static void done(struct review_call *call, enum status status)
{
    struct submission *submission = (struct submission *)call;
    struct http_api_call *http = submission->http;
    struct json_writer to;
    unsigned code = 200;
    if (status != STATUS_OK) {
        code = review_api_refuse_unstored(http);
    } else {
        json_writer_init(&to, http_api_body_to(http));
        if (submission->is_array)
            json_array_begin(&to);
        for (uint32_t i = 0; i < submission->count; i++)
            write_answer(&to, &submission->answers[i]);
        if (submission->is_array)
            json_array_end(&to);
        else
            code = review_outcome_status(submission->answers[0].outcome);
    }
    destroy(submission);
    http_api_answer(http, code);
}

/* --- the body --- */

static bool allocate(struct submission *submission)
{
    size_t most = submission->is_array ? RESULTS_PER_POST_MAX : 1;
    submission->results = calloc(most, sizeof *submission->results);
    submission->answers = calloc(most, sizeof *submission->answers);
    return submission->results && submission->answers;
}

/* NULL: read. Else what is wrong. */
static const char *read_body(struct submission *submission)
{
    struct json_reader reader, elements;
    struct json_value body, element;
    if (!json_parse(http_api_body(submission->http), &submission->arena, &reader, &body) ||
        reader.broken || reader.truncated || (body.type != JSON_OBJECT && body.type != JSON_ARRAY))
        return "the body is a result or an array of results";
    submission->is_array = body.type == JSON_ARRAY;
    if (!allocate(submission))
        return "no memory for the request now";
    if (!submission->is_array) {
        submission->results[submission->count++] = body.raw;
        return NULL;
    }
    json_children(&reader, &body, &elements);
    while (json_next(&elements, &element) != JSON_END && element.type != JSON_BROKEN) {
        if (submission->count == RESULTS_PER_POST_MAX)
            return "an array has at most 500 results";
        submission->results[submission->count++] = element.raw;
    }
    return elements.broken ? "the body is not JSON" : NULL;
}

unsigned review_api_submit(void *context, struct http_api_call *call)
{
    struct review_api *review = context;
    struct submission *submission = calloc(1, sizeof *submission);
    if (!submission)
        return review_api_refuse_memory(call);
    submission->http = call;
    submission->caller = *http_api_caller(call);
    submission->call = (struct review_call){run, done, http_api_body(call).size, NULL};
    arena_init(&submission->arena, ARENA_BYTES);
    const char *fault = read_body(submission);
    unsigned status = 0;
    if (fault)
        status = review_api_malformed(call, fault, NULL);
    else if (submission->is_array && submission->count == 0)
        buffer_append_text(http_api_body_to(call), "[]"), status = 200;
    else if (runtime_review_call(review->runtime, &submission->call) != STATUS_OK)
        status = http_api_refuse_busy(call, "too many results wait; send it again", BUSY_RETRY_S);
    if (status == 0)
        return HTTP_LATER;
    destroy(submission);
    return status;
}

/* --- a person's results are taken back --- */

struct withdrawal {
    struct review_call call; /* first */
    struct http_api_call *http;
    struct http_caller caller;
    char reviewer[REVIEWER_NAME_MAX * 2 + 32];
    int64_t since_ms;
    uint64_t count;
};

static void run_withdrawal(struct review_call *call, struct review *review, struct store_txn *txn,
                           int64_t wall_ms)
{
    struct withdrawal *withdrawal = (struct withdrawal *)call;
    struct principal by = review_api_principal(&withdrawal->caller);
    withdrawal->count = review_withdraw_all(review, txn, bytes_of_text(withdrawal->reviewer),
                                            withdrawal->since_ms, &by, wall_ms);
}

static void withdrawal_done(struct review_call *call, enum status status)
{
    struct withdrawal *withdrawal = (struct withdrawal *)call;
    struct http_api_call *http = withdrawal->http;
    struct json_writer to;
    unsigned code = 200;
    if (status != STATUS_OK) {
        code = review_api_refuse_unstored(http);
    } else {
        json_writer_init(&to, http_api_body_to(http));
        json_object_begin(&to);
        json_put_uint(&to, "withdrawn", withdrawal->count);
        json_object_end(&to);
    }
    free(withdrawal);
    http_api_answer(http, code);
}

unsigned review_api_withdraw(void *context, struct http_api_call *call)
{
    struct review_api *review = context;
    struct arena arena;
    struct json_reader reader;
    struct json_value body, reviewer = {0}, since;
    struct withdrawal *withdrawal = calloc(1, sizeof *withdrawal);
    unsigned status = 0;
    if (!withdrawal)
        return review_api_refuse_memory(call);
    arena_init(&arena, ARENA_BYTES);
    *withdrawal = (struct withdrawal){.call = {run_withdrawal, withdrawal_done, 0, NULL},
                                      .http = call,
                                      .caller = *http_api_caller(call)};
    if (!json_parse(http_api_body(call), &arena, &reader, &body) ||
        !json_member(&reader, &body, "reviewer", &reviewer) || reviewer.type != JSON_STRING ||
        reviewer.text.size == 0 || reviewer.text.size >= sizeof withdrawal->reviewer)
        status = review_api_malformed(call, "whose results?", "reviewer");
    else if (json_member(&reader, &body, "since", &since) &&
             (since.type != JSON_STRING ||
              clock_parse_rfc3339(since.text, &withdrawal->since_ms) != STATUS_OK))
        status = review_api_malformed(call, "a time of RFC 3339", "since");
    if (status == 0)
        memcpy(withdrawal->reviewer, reviewer.text.data, reviewer.text.size);
    arena_finish(&arena);
    if (status == 0 && runtime_review_call(review->runtime, &withdrawal->call) != STATUS_OK)
        status = http_api_refuse_busy(call, "too many results wait; send it again", BUSY_RETRY_S);
    if (status == 0)
        return HTTP_LATER;
    free(withdrawal);
    return status;
}
