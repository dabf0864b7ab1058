/* Decided items for tests of the dataset: a review record with the question, answer and conversation
 * that are asked for, and a store with everything that a row goes to. */
#pragma once
#include "pipelines/review/dataset.h"
#include "pipelines/review/dataset_changes.h"
#include "tests/support/temp_store.h"

struct rows_fixture {
    struct temp_store temp;
    struct audit *audit;
    struct outbox *outbox;
    struct dataset *dataset;
    struct label_set labels;
    struct dataset_settings settings;
    struct audit_entry actor;
};

static inline void rows_open(struct rows_fixture *it)
{
    ck_assert_int_eq(audit_open(it->temp.store, &it->audit), STATUS_OK);
    ck_assert_int_eq(outbox_open(it->temp.store, &it->outbox), STATUS_OK);
    ck_assert_int_eq(dataset_open(it->temp.store, it->audit, it->outbox, &it->dataset), STATUS_OK);
}

static inline void rows_close(struct rows_fixture *it)
{
    dataset_close(it->dataset);
    outbox_close(it->outbox);
    audit_close(it->audit);
}

static inline void rows_set_up(struct rows_fixture *it)
{
    *it = (struct rows_fixture){
        .settings = {.name = BYTES_LITERAL("flywheel"),
                     .require_reviews = 1,
                     .cluster_similarity = 0.75,
                     .cluster_rows_max = 5,
                     .exporters = 1},
        .actor = {.actor = BYTES_LITERAL("0011223344556677"), .role = BYTES_LITERAL("reviewer")},
    };
    label_set_default(&it->labels);
    temp_store_open(&it->temp, TEMP_MAP_BYTES);
    rows_open(it);
}

static inline void rows_tear_down(struct rows_fixture *it)
{
    rows_close(it);
    temp_store_finish(&it->temp);
}

struct decided_case {
    uint32_t number; /* of the run: trajectory and digest follow from it */
    const char *input, *output, *conversation, *expected, *must_include, *must_not_include;
    enum reviewer_verdict verdict;
    bool is_rejected; /* not approved */
    bool is_undecided, is_critical, has_no_record;
    int32_t failure_mode; /* 0: unsupported_claim; -1: none */
};

static inline void rows_record(const struct decided_case *one, struct buffer *to)
{
    buffer_printf(to,
                  "{\"schema\":\"flywheel.review/v1\",\"record_id\":"
                  "\"6ba7b810-9dad-51d1-80b4-00c04fd4%04x\",\"revision\":1,\"queue\":\"review\","
                  "\"priority\":1,\"source\":{\"trace_id\":\"%032x\",",
                  one->number, one->number);
    if (one->conversation)
        buffer_printf(to, "\"conversation_id\":\"%s\",", one->conversation);
    buffer_printf(to,
                  "\"links\":[]},\"trajectory_id\":\"%032x\",\"time\":{\"start\":"
                  "\"2026-11-23T08:56:00.123456789Z\"},\"agent\":{\"models\":[\"m\"],"
                  "\"providers\":[],\"tools\":[]},\"cohort\":{\"intent\":\"payoff\"},",
                  one->number);
    if (one->input)
        buffer_printf(to, "\"input\":\"%s\",", one->input);
    buffer_printf(to,
                  "\"output\":\"%s\",\"contexts\":[{\"id\":\"d1\",\"text\":\"a fee of 250 is "
                  "due\",\"span_id\":\"0000000000000001\"}],\"steps\":[{\"span_id\":"
                  "\"0000000000000002\",\"kind\":\"tool\",\"name\":\"payoff\",\"status\":\"ok\","
                  "\"output\":\"{\\\"total\\\": 12345.67}\"}],\"verdict\":\"fail\","
                  "\"evaluations\":[{\"rule\":\"ungrounded\",\"measurement\":\"groundedness\","
                  "\"outcome\":\"fail\",\"value\":0.2,\"direction\":\"below\"}],\"selection\":{"
                  "\"reason\":\"rule\",\"stratum\":\"fail\",\"inclusion_probability\":0.5,"
                  "\"signature\":\"00112233445566ff\"},\"ruleset\":{\"sha256\":\"%064x\"},"
                  "\"signals\":{\"refusal\":false,\"fallback\":false,\"cache_hit\":false},"
                  "\"redaction\":{\"policy\":\"full\",\"counts\":{}},\"truncation\":[]}",
                  one->output ? one->output : "no prepayment fee applies", 7u);
}

/* Decides it, in a transaction of the caller. */
static inline struct dataset_change rows_decide_in(struct rows_fixture *it, struct store_txn *txn,
                                                   const struct decided_case *one)
{
    uint8_t trajectory[16] = {0}, digest[32] = {0}, item_id[16] = {0};
    struct buffer record = {0};
    struct result texts = {.failure_mode = one->failure_mode};
    struct dataset_change change;
    put_be32(trajectory + 12, one->number);
    put_be32(digest + 28, one->number);
    put_be32(item_id + 12, one->number);
    rows_record(one, &record);
    texts.expected_response = bytes_of_text(one->expected);
    if (one->must_include) {
        texts.must_include.count = texts.must_include.items[0].count = 1;
        texts.must_include.items[0].alternatives[0] = bytes_of_text(one->must_include);
    }
    if (one->must_not_include) {
        texts.must_not_include.count = texts.must_not_include.items[0].count = 1;
        texts.must_not_include.items[0].alternatives[0] = bytes_of_text(one->must_not_include);
    }
    const struct decided_item item = {
        .item_id = item_id,
        .trajectory_id = trajectory,
        .content_digest = digest,
        .record_id = BYTES_LITERAL("6ba7b810-9dad-51d1-80b4-00c04fd430c8"),
        .record = one->has_no_record ? (struct bytes){0} : buffer_bytes(&record)};
    const struct decision decision = {.number = 1,
                                      .is_decided = !one->is_undecided,
                                      .verdict = one->verdict,
                                      .texts = &texts,
                                      .failure_mode = one->failure_mode,
                                      .approve = !one->is_rejected,
                                      .reviewers = 1,
                                      .agreeing = 1,
                                      .has_critical_right = one->is_critical,
                                      .decided_ms = 1700000000000};
    dataset_decide(it->dataset, txn, &it->settings, &it->labels, &item, &decision, &it->actor,
                   1700000000000, &change);
    buffer_finish(&record);
    return change;
}

static inline struct dataset_change rows_decide(struct rows_fixture *it,
                                                const struct decided_case *one)
{
    struct store_txn txn;
    store_begin(it->temp.store, true, &txn);
    struct dataset_change change = rows_decide_in(it, &txn, one);
    COMMIT(&txn);
    return change;
}
