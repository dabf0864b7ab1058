/* A review as a result. Its id is made of the tool, of what it is made of there, and of what it says: read
 * again it is the same result, edited there it is another one, which replaces it here. */
#include "processor/review/reviews_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "processor/review/result_json.h"

enum { CHECKED_BYTES_MAX = 4 << 20, TEXTS_MAX = 256 };

static int by_time(const void *left, const void *right)
{
    const struct review_text *const *a = left, *const *b = right;
    return (*a)->at_ms != (*b)->at_ms ? ((*a)->at_ms > (*b)->at_ms) - ((*a)->at_ms < (*b)->at_ms)
                                      : bytes_compare((*a)->text, (*b)->text);
}

static void put_labels(struct json_writer *to, const char *key, const struct reviews *reviews,
                       const struct review *review)
{
    json_key(to, key);
    json_array_begin(to);
    for (uint32_t i = 0; i < reviews->labels->count; i++)
        if ((review->labels >> i & 1) != 0)
            json_string(to, reviews->labels->items[i].id);
    json_array_end(to);
}

/* Texts of a control, each a check of its own, in their order. */
static void put_checks(struct json_writer *to, const char *key, const struct review_text *last)
{
    struct bytes texts[SAID_TEXTS_MAX];
    uint32_t count = 0;
    for (; last && count < SAID_TEXTS_MAX; last = last->next)
        texts[count++] = last->text;
    if (count == 0)
        return;
    json_key(to, key);
    json_array_begin(to);
    while (count > 0) {
        json_array_begin(to);
        json_string(to, texts[--count]);
        json_array_end(to);
    }
    json_array_end(to);
}

static void put_comment(struct json_writer *to, const struct review_text *last)
{
    const struct review_text *texts[TEXTS_MAX];
    struct buffer comment = {0};
    uint32_t count = 0;
    for (; last && count < TEXTS_MAX; last = last->next)
        texts[count++] = last;
    if (count > 1)
        qsort(texts, count, sizeof texts[0], by_time);
    for (uint32_t i = 0; i < count; i++) {
        buffer_append_text(&comment, i == 0 ? "" : "\n");
        buffer_append_bytes(&comment, texts[i]->text);
    }
    if (count > 0)
        json_put_bytes(to, "comment", buffer_bytes(&comment));
    to->to->failed |= comment.failed;
    buffer_finish(&comment);
}

static void put_time(struct json_writer *to, const char *key, int64_t time_ms)
{
    char text[CLOCK_RFC3339_SIZE];
    if (time_ms <= 0)
        return;
    clock_format_rfc3339(text, (uint64_t)time_ms * 1000000);
    json_put_text(to, key, text);
}

static void put_judgement(struct json_writer *to, const struct reviews *reviews,
                          const struct review *review)
{
    const char *verdict = reviewer_verdict_names[review->verdict];
    json_put_text(to, "verdict", verdict);
    put_labels(to, "labels", reviews, review);
    if (review->is_blind) {
        json_put_text(to, "first_verdict", verdict);
        put_labels(to, "first_labels", reviews, review);
    }
    if (review->failure_mode >= 0)
        json_put_bytes(to, "failure_mode", reviews->labels->items[review->failure_mode].id);
    if (review->expected.size > 0)
        json_put_bytes(to, "expected_response", review->expected);
    put_checks(to, "must_include", review->checks[0]);
    put_checks(to, "must_not_include", review->checks[1]);
}

static void put_content(struct json_writer *to, const struct reviews *reviews,
                        const struct review *review)
{
    json_object_begin(to);
    json_put_text(to, "schema", "flywheel.result/v1");
    json_put_bytes(to, review->is_trajectory ? "trajectory_id" : "record_id", review->item);
    json_put_bytes(to, "reviewer", review->person);
    json_put_text(to, "status",
                  result_status_names[review->is_skipped ? RESULT_SKIPPED : RESULT_COMPLETED]);
    if (!review->is_skipped)
        put_judgement(to, reviews, review);
    else if (review->has_skip_cause)
        json_put_text(to, "skip_reason", skip_cause_names[review->skip_cause]);
    put_comment(to, review->comments);
    put_time(to, "started_at", review->started_ms);
    put_time(to, "completed_at", review->at_ms);
    json_object_end(to);
}

/* In one order, whatever that of the export is, each once. */
static void put_ids(struct reviews *reviews, const struct review *review, struct buffer *to)
{
    const struct review_text **ids;
    size_t count = 0;
    for (const struct review_text *id = review->ids; id; id = id->next)
        count++;
    ids = arena_zalloc(&reviews->element, count, sizeof *ids);
    to->failed |= count > 0 && !ids;
    if (count == 0 || !ids)
        return;
    count = 0;
    for (const struct review_text *id = review->ids; id; id = id->next)
        ids[count++] = id;
    qsort(ids, count, sizeof *ids, by_time);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && bytes_equal(ids[i]->text, ids[i - 1]->text))
            continue; /* pages of an export may overlap */
        buffer_append_bytes(to, ids[i]->text);
        buffer_append_byte(to, '/');
    }
    arena_reset(&reviews->element);
}

/* `{"result_id":"...",` before the rest. */
static void put_result(struct reviews *reviews, struct review *review, struct buffer *to)
{
    struct buffer content = {0}, name = {0};
    struct json_writer writer;
    char id[UUID_TEXT_SIZE];
    json_writer_init(&writer, &content);
    put_content(&writer, reviews, review);
    buffer_printf(&name, "flywheel:import/%s/", reviews->tool->name);
    put_ids(reviews, review, &name);
    buffer_append_bytes(&name, buffer_bytes(&content));
    digest_uuid_v5_url(id, buffer_bytes(&name));
    buffer_printf(to, "{\"result_id\":\"%s\",", id);
    if (content.size > 0)
        buffer_append(to, content.data + 1, content.size - 1);
    to->failed |= content.failed || name.failed;
    buffer_finish(&name);
    buffer_finish(&content);
}

/* Labels that imply one verdict are one. */
static void imply_verdict(const struct reviews *reviews, struct review *review)
{
    bool is_implied[LABEL_IMPLIES_FAIL + 1] = {false};
    for (uint32_t i = 0; i < reviews->labels->count; i++)
        if ((review->labels >> i & 1) != 0)
            is_implied[reviews->labels->items[i].implies] = true;
    if (is_implied[LABEL_IMPLIES_PASS] == is_implied[LABEL_IMPLIES_FAIL])
        return;
    review->has_verdict = true;
    review->verdict = is_implied[LABEL_IMPLIES_PASS] ? REVIEW_PASS : REVIEW_FAIL;
}

static void refuse(struct reviews *reviews, const struct review *review, const char *reason)
{
    reviews->counts.refused++;
    reviews->told(reviews->context, review->file, review->line, reason);
}

/* Would it be taken, as far as can be said without the item? */
static bool is_sound(struct reviews *reviews, const struct review *review, struct bytes json)
{
    struct arena arena;
    struct result result;
    struct result_refusal refusal;
    char reason[256];
    arena_init(&arena, CHECKED_BYTES_MAX);
    bool is = result_json_read(json, reviews->labels, (struct bytes){0}, &arena, &result, &refusal);
    arena_finish(&arena);
    if (!is) {
        snprintf(reason, sizeof reason, "%s%s%s", refusal.field, refusal.field[0] ? ": " : "",
                 refusal.reason);
        refuse(reviews, review, reason);
    }
    return is;
}

/* False: enough. */
static bool write_one(struct reviews *reviews, struct review *review, struct buffer *to,
                      reviews_result_fn *fn, void *context)
{
    if (review->fault.data) {
        char reason[256];
        snprintf(reason, sizeof reason, "%.*s", (int)review->fault.size,
                 (const char *)review->fault.data);
        refuse(reviews, review, reason);
        return true;
    }
    if (!review->is_skipped && !review->has_verdict)
        imply_verdict(reviews, review);
    if (!review->is_skipped && !review->is_whole && !review->is_more) {
        reviews->counts.notes++; /* a remark is no review */
        return true;
    }
    if (!review->is_skipped && !review->has_verdict) {
        refuse(reviews, review, "it has no verdict, and no label that implies one");
        return true;
    }
    buffer_clear(to);
    put_result(reviews, review, to);
    if (to->failed)
        return false;
    if (!is_sound(reviews, review, buffer_bytes(to)))
        return true;
    reviews->counts.results++;
    return fn(context, review->file, review->line, buffer_bytes(to));
}

enum status reviews_write(struct reviews *reviews, reviews_result_fn *fn, void *context)
{
    struct buffer result = {0};
    bool goes_on = true;
    for (uint32_t i = 0; i < reviews->count && goes_on; i++)
        goes_on = write_one(reviews, reviews->all[i], &result, fn, context);
    enum status status = result.failed ? STATUS_BUSY : STATUS_OK;
    buffer_finish(&result);
    return status;
}
