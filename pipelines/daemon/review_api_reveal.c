/* The reviewer has decided: what was judged first is stored, once, and then what the machine says is
 * shown. In that order, so that nobody sees the second without having said the first. */
#include <stdlib.h>

#include "pipelines/daemon/review_api_state.h"
#include "pipelines/daemon/review_item.h"
#include "processor/base/json/json.h"

enum { ARENA_BYTES = 64 * 1024 };

struct reveal {
    struct review_call call; /* first: the call is the reveal */
    struct http_api_call *http;
    struct http_caller caller;
    uint8_t item_id[ITEM_ID_BYTES];
    enum reviewer_verdict verdict;
    uint16_t labels[RESULT_LABELS_MAX];
    uint32_t label_count;
    bool is_kept;
};

static void run(struct review_call *call, struct review *review, struct store_txn *txn,
                int64_t wall_ms)
{
    struct reveal *reveal = (struct reveal *)call;
    struct principal principal = review_api_principal(&reveal->caller);
    reveal->is_kept = review_reveal(review, txn, reveal->item_id, &principal, reveal->verdict,
                                    reveal->labels, reveal->label_count, wall_ms);
}

static void done(struct review_call *call, enum status status)
{
    struct reveal *reveal = (struct reveal *)call;
    struct http_api_call *http = reveal->http;
    unsigned code = 200;
    if (status != STATUS_OK)
        code = review_api_refuse_unstored(http);
    else if (!reveal->is_kept)
        code = http_api_refuse(http, 404, "there is no such item that could be judged", NULL);
    free(reveal);
    http_api_answer(http, code);
}

/* --- the body --- */

/* NULL: read. Else the member that is wrong. */
static const char *read_labels(struct reveal *reveal, const struct label_set *set,
                               const struct json_reader *reader, const struct json_value *labels)
{
    bool is_there[REVIEW_LABELS_MAX] = {false};
    struct json_reader elements;
    struct json_value element;
    if (labels->type != JSON_ARRAY)
        return "labels";
    json_children(reader, labels, &elements);
    while (json_next(&elements, &element) != JSON_END) {
        int32_t label = element.type == JSON_STRING ? label_set_find(set, element.text) : -1;
        if (label < 0)
            return "labels";
        enum label_implies implies = set->items[label].implies;
        if ((implies == LABEL_IMPLIES_PASS && reveal->verdict == REVIEW_FAIL) ||
            (implies == LABEL_IMPLIES_FAIL && reveal->verdict == REVIEW_PASS))
            return "labels";
        is_there[label] = true;
    }
    for (uint32_t i = 0; i < set->count; i++)
        if (is_there[i])
            reveal->labels[reveal->label_count++] = (uint16_t)i;
    return NULL;
}

static const char *read_body(struct reveal *reveal, const struct label_set *set,
                             const struct json_reader *reader, const struct json_value *body)
{
    struct json_value verdict, labels;
    int found = REVIEWER_VERDICTS;
    if (!json_member(reader, body, "verdict", &verdict) || verdict.type != JSON_STRING)
        return "verdict";
    for (int i = 0; i < REVIEWER_VERDICTS; i++)
        found = bytes_equal_text(verdict.text, reviewer_verdict_names[i]) ? i : found;
    if (found == REVIEWER_VERDICTS)
        return "verdict";
    reveal->verdict = (enum reviewer_verdict)found;
    if (!json_member(reader, body, "labels", &labels))
        return NULL;
    return read_labels(reveal, set, reader, &labels);
}

/* What the answer will say is written before the call: then the writer's thread has nothing to read. */
static unsigned prepare(struct review_api *review, struct http_api_call *call,
                        struct reveal *reveal)
{
    const struct label_set *set = &review_api_config(review)->review.labels;
    struct arena arena;
    struct json_reader reader;
    struct json_value body;
    struct review_item item;
    const char *fault = "";
    if (!review_item_id(http_api_id(call), reveal->item_id))
        return http_api_refuse(call, 404, "there is no such item", NULL);
    arena_init(&arena, ARENA_BYTES);
    if (json_parse(http_api_body(call), &arena, &reader, &body) && !reader.broken &&
        !reader.truncated)
        fault = read_body(reveal, set, &reader, &body);
    arena_finish(&arena);
    if (fault)
        return review_api_malformed(call, "a verdict, and labels that agree with it", fault);
    if (!review_item_open(review, reveal->item_id, &reveal->caller, &item))
        return http_api_refuse(call, 404, "there is no such item", NULL);
    review_item_write_machine(&item, http_api_body_to(call));
    review_item_finish(&item);
    return 0;
}

unsigned review_api_reveal(void *context, struct http_api_call *call)
{
    struct review_api *review = context;
    struct reveal *reveal = calloc(1, sizeof *reveal);
    if (!reveal)
        return review_api_refuse_memory(call);
    *reveal = (struct reveal){
        .call = {run, done, sizeof *reveal, NULL}, .http = call, .caller = *http_api_caller(call)};
    unsigned status = prepare(review, call, reveal);
    if (status == 0 && runtime_review_call(review->runtime, &reveal->call) != STATUS_OK)
        status = http_api_refuse_busy(call, "too much waits; send it again", 1);
    if (status == 0)
        return HTTP_LATER;
    free(reveal);
    return status;
}
