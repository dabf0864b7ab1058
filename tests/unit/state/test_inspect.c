/* link: state base */
#include "state/cohorts/audit.h"
#include "state/cohorts/cohort.h"
#include "state/cohorts/delta.h"
#include "state/inspect.h"
#include "state/store/dictionary.h"
#include "state/tables/counters.h"
#include "state/tables/decided.h"
#include "state/tables/journal.h"
#include "state/tables/outbox.h"
#include "state/tables/retained.h"
#include "state/tables/source.h"
#include "state/tables/spill.h"
#include "tests/support/temp_store.h"

static const int64_t NOW_MS = 1763888400000;

/* Something in every table that is in use. */
static void fill(struct store *store, bool is_wrong)
{
    struct journal *journal;
    struct decided *decided;
    struct outbox *outbox;
    struct counters *counters;
    struct cohorts *cohorts;
    struct spill *spill;
    struct retained *retained;
    struct store_txn txn;
    struct source_row source;
    struct buffer encoded = {0};
    static uint8_t body[150000];
    struct bytes value = BYTES_LITERAL("refund");
    struct cohort_contribution c = {.event_ms = NOW_MS, .weight = 1, .group_count = 1};
    struct cohort_delta *delta = cohort_delta_create();
    ck_assert_int_eq(journal_open(store, &journal), STATUS_OK);
    ck_assert_int_eq(decided_open(store, &decided), STATUS_OK);
    ck_assert_int_eq(outbox_open(store, &outbox), STATUS_OK);
    ck_assert_int_eq(counters_open(store, &counters), STATUS_OK);
    ck_assert_int_eq(cohorts_open(store, 10, &cohorts), STATUS_OK);
    ck_assert_int_eq(spill_open(store, &spill), STATUS_OK);
    ck_assert_int_eq(retained_open(store, &retained), STATUS_OK);
    memset(body, 'S', sizeof body);
    store_begin(store, true, &txn);
    spill_append(spill, &txn, 1,
                 &(struct spill_header){.position_count = 1, .positions = {{7, 5, 9}}},
                 bytes_of(body, sizeof body));
    retained_append(retained, &txn, 1, NOW_MS, bytes_of(body, sizeof body));
    source_open(&txn, "otlp/grpc", &source);
    c.groups[0].grouping = dictionary_id(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("intent"));
    cohort_assign(cohorts, &txn, c.groups[0].grouping, &value, 1, NOW_MS, c.groups[0].hash);
    journal_append(journal, &txn, source.id, 7, &(struct journal_header){1, 2, NOW_MS},
                   bytes_of(body, sizeof body));
    outbox_append(outbox, &txn, 0, 1, NOW_MS, bytes_of(body, 10));
    outbox_file_write(&txn, 0, &(struct outbox_file){5, 6});
    counters_add(counters, &txn, counters_get(counters, "spans_decided"), 3);
    counters_write(counters, &txn);
    cohort_contribution_encode(&c, &encoded);
    struct decided_row row = {.decided_ms = NOW_MS, .contribution = buffer_bytes(&encoded)};
    uint64_t sequence = decided_append(decided, &txn, &row, 1);
    COMMIT(&txn);
    ck_assert(cohort_delta_add(delta, &c));
    if (is_wrong)
        ck_assert(cohort_delta_add(delta, &c));
    store_begin(store, true, &txn);
    cohort_delta_flush(delta, &txn, sequence, NOW_MS);
    COMMIT(&txn);
    cohort_delta_destroy(delta);
    retained_close(retained);
    spill_close(spill);
    cohorts_close(cohorts);
    counters_close(counters);
    outbox_close(outbox);
    decided_close(decided);
    journal_close(journal);
    buffer_finish(&encoded);
}

START_TEST(every_row_is_understood_and_said_without_its_payload)
{
    struct temp_store temp;
    struct store_txn txn;
    struct store_cursor cursor;
    struct buffer text = {0};
    int rows = 0;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    fill(temp.store, false);
    store_begin(temp.store, false, &txn);
    for (enum state_table table = 0; table < STATE_TABLES; table++) {
        struct inspection inspection = {0};
        store_cursor_begin(&txn, table, bytes_of("", 0), 0, &cursor);
        while (store_cursor_next(&cursor)) {
            struct json_writer writer;
            json_writer_init(&writer, &text);
            ck_assert_int_eq(inspect_row(&inspection, table, key_bytes(&cursor.key),
                                         store_cursor_value(&cursor), &writer),
                             STATUS_OK);
            buffer_append_byte(&text, '\n');
            rows++;
        }
        ck_assert_int_eq(inspect_end(&inspection), STATUS_OK);
        store_cursor_finish(&cursor);
    }
    COMMIT(&txn);
    buffer_append_byte(&text, 0);
    ck_assert_int_ge(rows, 23);
    ck_assert_ptr_null(strstr((char *)text.data, "SSSS"));
    ck_assert_ptr_nonnull(strstr((char *)text.data, "\"body_bytes\":150000"));
    ck_assert_ptr_nonnull(strstr((char *)text.data, "\"name\":\"spans_decided\",\"value\":3"));
    ck_assert_ptr_nonnull(strstr((char *)text.data, "{\"source\":7,\"first\":5,\"through\":9}"));
    ck_assert_ptr_nonnull(strstr((char *)text.data, "\"values\":[\"refund\"]"));
    buffer_finish(&text);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_missing_chunk_is_found)
{
    struct temp_store temp;
    struct store_txn txn;
    struct store_cursor cursor;
    struct inspection inspection = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    fill(temp.store, false);
    for (int missing = 0; missing < 3; missing++) {
        enum status status = STATUS_OK;
        int row = 0;
        inspection = (struct inspection){0};
        store_begin(temp.store, false, &txn);
        store_cursor_begin(&txn, TABLE_JOURNAL, bytes_of("", 0), 0, &cursor);
        while (store_cursor_next(&cursor))
            if (row++ != missing && status == STATUS_OK)
                status = inspect_row(&inspection, TABLE_JOURNAL, key_bytes(&cursor.key),
                                     store_cursor_value(&cursor), NULL);
        store_cursor_finish(&cursor);
        ck_assert_int_eq(row, 3);
        if (status == STATUS_OK)
            status = inspect_end(&inspection);
        ck_assert_int_eq(status, STATUS_MALFORMED);
        COMMIT(&txn);
    }
    temp_store_finish(&temp);
}
END_TEST

START_TEST(cohorts_are_compared_with_the_decided_rows)
{
    for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
        struct temp_store temp;
        struct store_txn txn;
        struct cohort_audit audit;
        temp_store_open(&temp, TEMP_MAP_BYTES);
        fill(temp.store, is_wrong);
        store_begin(temp.store, false, &txn);
        ck_assert_int_eq(cohort_audit(&txn, &audit), STATUS_OK);
        COMMIT(&txn);
        ck_assert(audit.is_whole);
        ck_assert_uint_eq(audit.cohorts, 1);
        ck_assert_uint_eq(audit.different, (unsigned)is_wrong);
        temp_store_finish(&temp);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inspect");
    TCase *cases = tcase_create("inspect");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, every_row_is_understood_and_said_without_its_payload);
    tcase_add_test(cases, a_missing_chunk_is_found);
    tcase_add_test(cases, cohorts_are_compared_with_the_decided_rows);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
