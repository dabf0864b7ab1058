/* One write transaction for each commit and each flush, as the writer has them. */
#include "tests/support/cohort_feed.h"

#include "pipelines/config/groupings.h"
#include "pipelines/config/load.h"
#include "processor/emit/outgoing.h"
#include "state/store/dictionary.h"
#include "tests/support/cohort_class.h"

static void open_state(struct feed *feed)
{
    struct store_txn txn;
    struct buffer text = {0};
    ck_assert_int_eq(cohorts_open(feed->temp.store, 100000, &feed->cohorts), STATUS_OK);
    ck_assert_int_eq(decided_open(feed->temp.store, &feed->decided), STATUS_OK);
    feed->delta = cohort_delta_create();
    ck_assert_int_eq(cohort_delta_restore(feed->delta, feed->temp.store, &feed->sequence),
                     STATUS_OK);
    store_begin(feed->temp.store, true, &txn);
    for (uint32_t i = 0; i < feed->config->grouping_count; i++) {
        buffer_clear(&text);
        config_groupings_text(feed->config, i, &text);
        feed->groupings[i] = dictionary_id(&txn, DICTIONARY_GROUPING, buffer_bytes(&text));
    }
    COMMIT(&txn);
    buffer_finish(&text);
    ck_assert_int_eq(alerts_open(feed->temp.store, feed->config, &feed->alerts), STATUS_OK);
}

static void close_state(struct feed *feed)
{
    alerts_close(feed->alerts);
    cohort_delta_destroy(feed->delta);
    decided_close(feed->decided);
    cohorts_close(feed->cohorts);
    buffer_clear(&feed->contributions);
}

static struct pipeline_config *load(const char *yaml)
{
    struct error error = {0};
    struct pipeline_config *config = config_load_text("test.yaml", bytes_of_text(yaml), &error);
    ck_assert_msg(config != NULL, "%s", error.text);
    return config;
}

void feed_open(struct feed *feed, const char *yaml, size_t map_bytes)
{
    *feed = (struct feed){.config = load(yaml), .named = {.key_size = COHORT_HASH_SIZE}};
    temp_store_open(&feed->temp, map_bytes);
    open_state(feed);
}

void feed_close(struct feed *feed)
{
    close_state(feed);
    temp_store_finish(&feed->temp);
    config_destroy(feed->config);
    buffer_finish(&feed->contributions);
    buffer_finish(&feed->records);
    key_index_finish(&feed->named);
}

void feed_crash(struct feed *feed)
{
    close_state(feed);
    open_state(feed);
}

void feed_reopen(struct feed *feed, const char *yaml)
{
    close_state(feed);
    config_destroy(feed->config);
    feed->config = load(yaml);
    open_state(feed);
}

static void name_cohort(struct feed *feed, const struct bytes *values, uint32_t count,
                        const uint8_t hash[COHORT_HASH_SIZE])
{
    struct store_txn txn;
    uint8_t assigned[COHORT_HASH_SIZE];
    if (key_index_find(&feed->named, hash) != KEY_INDEX_NONE)
        return;
    store_begin(feed->temp.store, true, &txn);
    (void)cohort_assign(feed->cohorts, &txn, feed->groupings[0], values, count, 0, assigned);
    COMMIT(&txn);
    ck_assert_mem_eq(assigned, hash, COHORT_HASH_SIZE);
    ck_assert_uint_ne(key_index_add(&feed->named, hash), KEY_INDEX_NONE);
}

void feed_weighted(struct feed *feed, const struct bytes *values, uint8_t verdict, int64_t event_ms,
                   double weight, enum cohort_change change)
{
    uint32_t count = feed->config->groupings[0].count;
    struct cohort_contribution one = {.change = change,
                                      .event_ms = event_ms,
                                      .verdict = verdict,
                                      .class = judged_class(verdict),
                                      .weight = weight,
                                      .tokens = -1,
                                      .cost_nano_usd = -1,
                                      .group_count = 1};
    one.groups[0].grouping = feed->groupings[0];
    cohort_hash(one.groups[0].hash, values, count);
    name_cohort(feed, values, count, one.groups[0].hash);
    cohort_contribution_encode(&one, &feed->contributions);
    feed->runs++;
}

void feed_run(struct feed *feed, const struct bytes *values, uint8_t verdict, int64_t event_ms)
{
    feed_weighted(feed, values, verdict, event_ms, 1, COHORT_CHANGE_FIRST);
}

void feed_commit(struct feed *feed)
{
    struct store_txn txn;
    struct decided_row row = {.contribution = buffer_bytes(&feed->contributions)};
    put_be64(row.trace_id, feed->runs);
    if (feed->contributions.size == 0)
        return;
    ck_assert_uint_lt(feed->contributions.size, DECIDED_ROW_BYTES_MAX - 1000);
    store_begin(feed->temp.store, true, &txn);
    feed->sequence = decided_append(feed->decided, &txn, &row, 1);
    COMMIT(&txn);
    ck_assert_int_eq(cohort_delta_add_encoded(feed->delta, row.contribution), STATUS_OK);
    ck_assert_int_eq(alerts_observe(feed->alerts, row.contribution), STATUS_OK);
    buffer_clear(&feed->contributions);
}

static void tell(void *context, struct bytes frame)
{
    struct feed *feed = context;
    struct outgoing record;
    ck_assert_int_eq(outgoing_decode(frame, &record), STATUS_OK);
    buffer_append_bytes(&feed->records, record.payload);
    buffer_append_byte(&feed->records, '\n');
    feed->record_count++;
}

static void flush(struct feed *feed, struct store_txn *txn, int64_t wall_ms)
{
    store_begin(feed->temp.store, true, txn);
    cohort_delta_flush(feed->delta, txn, feed->sequence, wall_ms);
    alerts_flush(feed->alerts, txn, wall_ms, tell, feed);
}

void feed_flush(struct feed *feed, int64_t wall_ms)
{
    struct store_txn txn;
    flush(feed, &txn, wall_ms);
    COMMIT(&txn);
}

void feed_flush_in_vain(struct feed *feed, int64_t wall_ms)
{
    struct store_txn txn;
    size_t size = feed->records.size;
    uint32_t count = feed->record_count;
    flush(feed, &txn, wall_ms);
    store_abort(&txn);
    feed->records.size = size;
    feed->record_count = count;
}
