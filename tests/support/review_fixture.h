/* A store with the return path over it: records go out, results come in, time passes. Each step is a
 * transaction of its own. */
#pragma once
#include <stdarg.h>

#include "pipelines/review/dataset.h"
#include "pipelines/review/leases.h"
#include "pipelines/review/review.h"
#include "pipelines/review/review_items.h"
#include "processor/base/inflate.h"
#include "state/tables/counters.h"
#include "tests/support/review_rows.h"

enum { HOUR_MS = 60 * 60 * 1000 };
static const int64_t REVIEW_T0_MS = 1764500000000;

struct review_fixture {
    struct temp_store temp;
    struct pipeline_config *config;
    struct outbox *outbox;
    struct counters *counters;
    struct review *review;
    struct arena arena;
    int64_t now_ms;
};

static inline void review_fixture_open(struct review_fixture *it)
{
    ck_assert_int_eq(outbox_open(it->temp.store, &it->outbox), STATUS_OK);
    ck_assert_int_eq(counters_open(it->temp.store, &it->counters), STATUS_OK);
    ck_assert_int_eq(review_open(it->temp.store, it->outbox, it->counters, it->config, &it->review),
                     STATUS_OK);
    review_set_people(it->review, 100);
}

static inline void review_fixture_close(struct review_fixture *it)
{
    review_close(it->review);
    counters_close(it->counters);
    outbox_close(it->outbox);
}

static inline void review_fixture_reopen(struct review_fixture *it)
{
    review_fixture_close(it);
    temp_store_reopen(&it->temp, TEMP_MAP_BYTES);
    review_fixture_open(it);
}

/* One queue for all; tests change it->config->review before records come. */
static inline void review_fixture_set_up(struct review_fixture *it)
{
    *it = (struct review_fixture){.now_ms = REVIEW_T0_MS, .config = calloc(1, sizeof *it->config)};
    ck_assert_ptr_nonnull(it->config);
    struct review_settings *review = &it->config->review;
    review->is_present = true;
    label_set_default(&review->labels);
    review->queues[0] = (struct review_queue_settings){.name = BYTES_LITERAL("*"),
                                                       .reviewers = 1,
                                                       .lease_ms = 15 * 60 * 1000,
                                                       .expire_ms = 720LL * HOUR_MS,
                                                       .due_ms = 24 * HOUR_MS,
                                                       .require = REQUIRE_VERDICT};
    review->queue_count = 1;
    review->retain_ms = 9600LL * HOUR_MS;
    review->bytes_max = 1 << 30;
    review->items_max = 1000000;
    review->pending_max = 1000;
    review->audit_bytes_max = 1 << 30;
    review->mix = 0.1;
    it->config->budget.instances = 1;
    it->config->redaction.content = REDACT_REDACTED;
    for (int i = 0; i < MASK_KINDS; i++)
        it->config->redaction.builtin[i] = true;
    it->config->dataset = (struct dataset_settings){.name = BYTES_LITERAL("flywheel"),
                                                    .require_reviews = 1,
                                                    .cluster_similarity = 0.75,
                                                    .cluster_rows_max = 5,
                                                    .exporters = 1};
    arena_init(&it->arena, 64 << 20);
    temp_store_open(&it->temp, TEMP_MAP_BYTES);
    review_fixture_open(it);
}

static inline void review_fixture_tear_down(struct review_fixture *it)
{
    review_fixture_close(it);
    temp_store_finish(&it->temp);
    arena_finish(&it->arena);
    free(it->config);
}

static inline void review_fixture_begin(struct review_fixture *it, struct store_txn *txn)
{
    store_begin(it->temp.store, true, txn);
    review_begin(it->review);
}

static inline void review_fixture_commit(struct review_fixture *it, struct store_txn *txn)
{
    review_apply_arrived(it->review, txn, it->now_ms);
    counters_write(it->counters, txn);
    COMMIT(txn);
}

/* --- records --- */

struct record_case {
    uint32_t run;      /* its trajectory */
    uint32_t revision; /* from 1; 0: 1 */
    uint8_t content;   /* its digest */
    const char *queue; /* NULL: "review" */
    uint8_t priority;  /* 0: 5 */
    uint64_t signature, conversation;
    double probability;
    const char *intent; /* where the configuration has one dimension; NULL: "unknown" */
    bool has_passed;
};

/* "6ba7b810-9dad-51d1-RRRR-0000NNNNNNNN" */
static inline void review_fixture_record_id(uint32_t run, uint32_t revision, char to[37])
{
    (void)snprintf(to, 37, "6ba7b810-9dad-51d1-%04x-0000%08x", (revision ? revision : 1) & 0xffff,
                   run);
}

static inline void review_fixture_add_in(struct review_fixture *it, struct store_txn *txn,
                                         const struct record_case *one)
{
    struct buffer json = {0}, deflated = {0};
    rows_record(&(struct decided_case){.number = one->run, .input = "payoff?"}, &json);
    ck_assert_int_eq(deflate_gzip(buffer_bytes(&json), &deflated), STATUS_OK);
    struct selected_record record = {
        .queue = bytes_of_text(one->queue ? one->queue : "review"),
        .priority = one->priority ? one->priority : 5,
        .reason = SELECT_RULE,
        .probability = one->probability > 0 ? one->probability : 1,
        .conversation = one->conversation,
        .content = buffer_bytes(&deflated),
    };
    review_fixture_record_id(one->run, one->revision, record.id);
    memset(record.content_digest, one->content, sizeof record.content_digest);
    struct bytes intent = bytes_of_text(one->intent ? one->intent : "unknown");
    struct closed closed = {.config = it->config,
                            .verdict = one->has_passed ? VERDICT_PASS : VERDICT_FAIL,
                            .dimension_values = &intent,
                            .event_ms = (uint64_t)it->now_ms,
                            .summary = BYTES_LITERAL("summary"),
                            .selection.signature = one->signature,
                            .emission.record = &record};
    put_be32(closed.trace_id + 12, one->run);
    review_add_record(it->review, txn, &closed, it->now_ms);
    buffer_finish(&deflated);
    buffer_finish(&json);
}

static inline void review_fixture_add(struct review_fixture *it, const struct record_case *one)
{
    struct store_txn txn;
    review_fixture_begin(it, &txn);
    review_fixture_add_in(it, &txn, one);
    review_fixture_commit(it, &txn);
}

/* --- results --- */

static inline struct principal review_fixture_person(const char *name)
{
    return (struct principal){.name = bytes_of_text(name),
                              .principal = bytes_of_text(name),
                              .trust = TRUST_AUTHENTICATED,
                              .may_adjudicate = true};
}

/* Members of a result of the run, behind its schema and record. */
PRINTF_LIKE(4, 5)
static inline struct result_answer review_fixture_say(struct review_fixture *it,
                                                      const struct principal *who, uint32_t run,
                                                      const char *format, ...)
{
    char id[37], members[4096], json[8192];
    struct store_txn txn;
    struct result_answer answer;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(members, sizeof members, format, arguments);
    va_end(arguments);
    review_fixture_record_id(run, 1, id);
    bool has_record = strstr(members, "record_id") || strstr(members, "trajectory_id");
    (void)snprintf(json, sizeof json, "{\"schema\":\"flywheel.result/v1\",%s%s%s%s}",
                   has_record ? "" : "\"record_id\":\"", has_record ? "" : id,
                   has_record ? "" : "\",", members);
    review_fixture_begin(it, &txn);
    review_apply(it->review, &txn, bytes_of_text(json), who, it->now_ms, &answer);
    review_fixture_commit(it, &txn);
    it->now_ms++;
    return answer;
}

#define COMPLETED "\"status\":\"completed\","
#define PASS COMPLETED "\"verdict\":\"pass\""
#define FAIL COMPLETED "\"verdict\":\"fail\",\"labels\":[\"unsupported_claim\"]"
#define UNSURE COMPLETED "\"verdict\":\"unsure\""

static inline void review_fixture_turn(struct review_fixture *it)
{
    struct store_txn txn;
    review_fixture_begin(it, &txn);
    review_turn(it->review, &txn, it->now_ms);
    review_fixture_commit(it, &txn);
}

/* --- what there is --- */

/* The item of that run, whose content has this digest; the newest with 0. */
static inline struct item_row review_fixture_item(struct review_fixture *it, uint32_t run,
                                                  uint8_t content)
{
    struct store_txn txn;
    struct item_row row = {.sequence = 0};
    uint8_t id[16] = {0};
    put_be32(id + 12, run);
    store_begin(it->temp.store, false, &txn);
    uint64_t at = UINT64_MAX;
    do
        at = item_of_trajectory(&txn, id, at);
    while (item_read(&txn, at, &it->arena, &row) && content && row.content_digest[0] != content);
    store_abort(&txn);
    ck_assert_uint_ne(at, 0);
    return row;
}

static inline uint64_t review_fixture_count(struct review_fixture *it, const char *counter)
{
    return counter_get(persistent_counter_value(counters_get(it->counters, counter)));
}
