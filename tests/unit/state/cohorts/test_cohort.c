/* link: state base */
#include "state/cohorts/delta.h"
#include "state/cohorts/query.h"
#include "state/store/dictionary.h"
#include "state/store/store_faults.h"
#include "state/tables/decided.h"
#include "tests/support/cohort_class.h"
#include "tests/support/temp_store.h"

static const int64_t NOW = 1763888400000; /* a whole hour */
enum { MINUTE = 60000, HOUR = 3600000, DAY = 86400000 };

static uint16_t grouping_of(struct store *store, const char *dimensions)
{
    struct store_txn txn;
    store_begin(store, true, &txn);
    uint16_t id = dictionary_id(&txn, DICTIONARY_GROUPING, bytes_of_text(dimensions));
    COMMIT(&txn);
    return id;
}

static struct cohort_contribution one(struct cohorts *cohorts, struct store *store,
                                      uint16_t grouping, const char *value, uint8_t verdict,
                                      int64_t event_ms)
{
    struct cohort_contribution contribution = {.event_ms = event_ms,
                                               .verdict = verdict,
                                               .class = judged_class(verdict),
                                               .weight = 1,
                                               .duration_ms = 1000,
                                               .tokens = 10,
                                               .cost_nano_usd = 5,
                                               .group_count = 1};
    struct bytes values[] = {bytes_of_text(value)};
    struct store_txn txn;
    contribution.groups[0].grouping = grouping;
    store_begin(store, true, &txn);
    cohort_assign(cohorts, &txn, grouping, values, 1, NOW, contribution.groups[0].hash);
    COMMIT(&txn);
    return contribution;
}

static void flush(struct cohort_delta *delta, struct store *store, uint64_t sequence,
                  int64_t now_ms)
{
    struct store_txn txn;
    store_begin(store, true, &txn);
    cohort_delta_flush(delta, &txn, sequence, now_ms);
    COMMIT(&txn);
}

static struct cohort_result query(struct store *store, const char *dimension, int64_t as_of_ms,
                                  int64_t window_ms)
{
    struct cohort_result result = {0};
    struct error error = {0};
    struct bytes dimensions[] = {bytes_of_text(dimension)};
    enum status status = cohort_query(store, dimensions, 1, as_of_ms, window_ms, &result, &error);
    ck_assert_msg(status == STATUS_OK, "%s", error.text);
    return result;
}

static int64_t total(struct store *store, int64_t as_of_ms, int64_t window_ms)
{
    struct cohort_result result = query(store, "intent", as_of_ms, window_ms);
    int64_t sum = 0;
    for (size_t i = 0; i < result.row_count; i++)
        sum += cohort_bucket_total(&result.rows[i].sums);
    cohort_result_finish(&result);
    return sum;
}

START_TEST(windows_resolve_to_the_buckets_of_one_ring)
{
    struct cohort_window window;
    int64_t as_of = NOW + 90 * 1000;
    ck_assert_int_eq(cohort_window_resolve(as_of, 60 * MINUTE, &window), STATUS_OK);
    ck_assert_int_eq(window.ring, RING_MINUTE);
    ck_assert_int_eq(window.to_ms, NOW + MINUTE);
    ck_assert_int_eq(window.from_ms, NOW + MINUTE - 59 * MINUTE);
    ck_assert_int_eq(cohort_window_resolve(as_of, 61 * MINUTE, &window), STATUS_OK);
    ck_assert_int_eq(window.ring, RING_HOUR);
    ck_assert_int_eq(window.to_ms - window.from_ms, HOUR);
    ck_assert_int_eq(cohort_window_resolve(as_of, 48ll * HOUR, &window), STATUS_OK);
    ck_assert_int_eq(window.ring, RING_HOUR);
    ck_assert_int_eq(cohort_window_resolve(as_of, 35ll * DAY, &window), STATUS_OK);
    ck_assert_int_eq(window.ring, RING_DAY);
    ck_assert_int_eq(cohort_window_resolve(as_of, 1, &window), STATUS_OK);
    ck_assert_int_eq(window.from_ms, window.to_ms);
    ck_assert_int_eq(cohort_window_resolve(as_of, 35ll * DAY + 1, &window), STATUS_MALFORMED);
    ck_assert_int_eq(cohort_window_resolve(as_of, -1, &window), STATUS_MALFORMED);
}
END_TEST

START_TEST(counts_are_by_event_time_in_each_ring)
{
    struct temp_store temp;
    struct cohorts *cohorts;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    uint16_t intent = grouping_of(temp.store, "intent");
    ck_assert_int_eq(cohorts_open(temp.store, 100, &cohorts), STATUS_OK);
    struct cohort_delta *delta = cohort_delta_create();
    const int64_t ages[] = {0, 30ll * MINUTE, 5ll * HOUR, 10ll * DAY, 100ll * DAY};
    for (size_t i = 0; i < 5; i++) {
        struct cohort_contribution c =
            one(cohorts, temp.store, intent, "refund", COHORT_FAIL, NOW - ages[i]);
        ck_assert(cohort_delta_add(delta, &c));
    }
    flush(delta, temp.store, 1, NOW);
    ck_assert_uint_eq(cohort_delta_buckets(delta), 0);
    ck_assert_int_eq(total(temp.store, NOW, 5 * MINUTE), 1);
    ck_assert_int_eq(total(temp.store, NOW, 60 * MINUTE), 2);
    ck_assert_int_eq(total(temp.store, NOW, 24ll * HOUR), 3);
    ck_assert_int_eq(total(temp.store, NOW, 35ll * DAY), 4);
    ck_assert_int_eq(total(temp.store, NOW, 0), 5); /* since start */
    ck_assert_int_eq(total(temp.store, NOW - 20 * MINUTE, 15 * MINUTE), 1);
    ck_assert_int_eq(total(temp.store, NOW - 2 * MINUTE, MINUTE), 0);
    cohort_delta_destroy(delta);
    cohorts_close(cohorts);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_reader_folds_what_is_not_flushed_yet_and_counts_nothing_twice)
{
    struct temp_store temp;
    struct cohorts *cohorts;
    struct decided *decided;
    struct store_txn txn;
    struct buffer encoded = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    uint16_t intent = grouping_of(temp.store, "intent");
    ck_assert_int_eq(cohorts_open(temp.store, 100, &cohorts), STATUS_OK);
    ck_assert_int_eq(decided_open(temp.store, &decided), STATUS_OK);
    struct cohort_delta *delta = cohort_delta_create();
    struct cohort_contribution c = one(cohorts, temp.store, intent, "a", COHORT_PASS, NOW);
    cohort_contribution_encode(&c, &encoded);
    struct decided_row row = {.contribution = buffer_bytes(&encoded)};
    for (int i = 1; i <= 3; i++) {
        store_begin(temp.store, true, &txn);
        uint64_t sequence = decided_append(decided, &txn, &row, 1);
        COMMIT(&txn);
        ck_assert_int_eq(total(temp.store, NOW, 60 * MINUTE), i);
        ck_assert_int_eq(cohort_delta_add_encoded(delta, row.contribution), STATUS_OK);
        if (i == 2)
            flush(delta, temp.store, sequence, NOW);
        ck_assert_int_eq(total(temp.store, NOW, 60 * MINUTE), i);
    }
    cohort_delta_destroy(delta); /* as a crash would */
    uint64_t last = 0;
    delta = cohort_delta_create();
    ck_assert_int_eq(cohort_delta_restore(delta, temp.store, &last), STATUS_OK);
    ck_assert_uint_eq(last, 3);
    flush(delta, temp.store, last, NOW);
    ck_assert_int_eq(total(temp.store, NOW, 60 * MINUTE), 3);
    cohort_delta_destroy(delta);
    decided_close(decided);
    cohorts_close(cohorts);
    buffer_finish(&encoded);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_failed_flush_is_kept_and_done_again)
{
    struct temp_store temp;
    struct cohorts *cohorts;
    struct store_txn txn;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    uint16_t intent = grouping_of(temp.store, "intent");
    ck_assert_int_eq(cohorts_open(temp.store, 100, &cohorts), STATUS_OK);
    struct cohort_delta *delta = cohort_delta_create();
    struct cohort_contribution c = one(cohorts, temp.store, intent, "a", COHORT_PASS, NOW);
    ck_assert(cohort_delta_add(delta, &c));
    struct store_faults faults = {.writes_until_failure = 3, .write_error = 28};
    store_set_faults(temp.store, &faults);
    store_begin(temp.store, true, &txn);
    cohort_delta_flush(delta, &txn, 1, NOW);
    ck_assert_int_eq(store_commit(&txn), STATUS_BUSY);
    ck_assert_uint_eq(cohort_delta_buckets(delta), 4);
    flush(delta, temp.store, 1, NOW);
    ck_assert_int_eq(total(temp.store, NOW, 60 * MINUTE), 1);
    cohort_delta_destroy(delta);
    cohorts_close(cohorts);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_correction_moves_the_verdict_and_leaves_the_first_ones)
{
    struct temp_store temp;
    struct cohorts *cohorts;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    uint16_t intent = grouping_of(temp.store, "intent");
    ck_assert_int_eq(cohorts_open(temp.store, 100, &cohorts), STATUS_OK);
    struct cohort_delta *delta = cohort_delta_create();
    struct cohort_contribution c = one(cohorts, temp.store, intent, "a", COHORT_PASS, NOW);
    ck_assert(cohort_delta_add(delta, &c));
    flush(delta, temp.store, 1, NOW);
    c.change = COHORT_CHANGE_REMOVE;
    ck_assert(cohort_delta_add(delta, &c));
    c.change = COHORT_CHANGE_AGAIN;
    c.verdict = COHORT_FAIL;
    c.class = judged_class(COHORT_FAIL);
    c.duration_ms = 4000;
    ck_assert(cohort_delta_add(delta, &c));
    flush(delta, temp.store, 2, NOW);
    struct cohort_result result = query(temp.store, "intent", NOW, 0);
    ck_assert_uint_eq(result.row_count, 1);
    struct cohort_bucket *sums = &result.rows[0].sums;
    ck_assert(bytes_equal_text(result.rows[0].values[0], "a"));
    ck_assert_int_eq(sums->verdicts[COHORT_PASS], 0);
    ck_assert_int_eq(sums->verdicts[COHORT_FAIL], 1);
    ck_assert_int_eq(sums->first[COHORT_PASS], 1);
    ck_assert_int_eq(sums->first[COHORT_FAIL], 0);
    ck_assert_int_eq(sums->tokens, 10);
    ck_assert_double_eq(judged_failed(sums).weight, 1);
    ck_assert_int_eq(all_scored(sums).n, 1);
    ck_assert_int_eq(sums->first_scored, 1);
    ck_assert_int_eq(cohort_bucket_unclassed(sums), 0);
    double value = 0;
    ck_assert(sketch_quantile(&sums->duration_ms, 0.5, &value));
    ck_assert_double_eq_tol(value, 4000, 40.1);
    cohort_result_finish(&result);
    cohort_delta_destroy(delta);
    cohorts_close(cohorts);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_duration_that_is_not_known_is_not_in_the_sketch)
{
    struct cohort_bucket sums = {0};
    struct cohort_contribution c = {.weight = 1, .duration_ms = -1, .tokens = -1};
    double value;
    ck_assert(cohort_bucket_add(&sums, &c));
    ck_assert(!sketch_quantile(&sums.duration_ms, 0.95, &value));
    c.duration_ms = 2000;
    ck_assert(cohort_bucket_add(&sums, &c));
    ck_assert(sketch_quantile(&sums.duration_ms, 0.05, &value));
    ck_assert_double_eq_tol(value, 2000, 20.1);
    c.change = COHORT_CHANGE_REMOVE;
    c.duration_ms = -1;
    ck_assert(cohort_bucket_add(&sums, &c));
    ck_assert(sketch_quantile(&sums.duration_ms, 0.95, &value));
    cohort_bucket_finish(&sums);
}
END_TEST

START_TEST(above_the_cap_new_cohorts_become_other_but_known_and_pinned_ones_do_not)
{
    struct temp_store temp;
    struct cohorts *cohorts;
    struct store_txn txn;
    uint8_t hash[COHORT_HASH_SIZE], other[COHORT_HASH_SIZE], again[COHORT_HASH_SIZE];
    struct bytes a = BYTES_LITERAL("a"), b = BYTES_LITERAL("b"), c = BYTES_LITERAL("c");
    struct bytes pinned = BYTES_LITERAL("pinned"), name = BYTES_LITERAL(COHORT_OTHER);
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(cohorts_open(temp.store, 2, &cohorts), STATUS_OK);
    cohorts_pin(cohorts, 1, &pinned, 1);
    cohort_hash(other, &name, 1);
    store_begin(temp.store, true, &txn);
    ck_assert(cohort_assign(cohorts, &txn, 1, &a, 1, NOW, hash));
    store_abort(&txn); /* not known after all */
    ck_assert_uint_eq(cohorts_known(cohorts, 1), 0);
    store_begin(temp.store, true, &txn);
    ck_assert(cohort_assign(cohorts, &txn, 1, &a, 1, NOW, hash));
    ck_assert(!cohort_assign(cohorts, &txn, 1, &a, 1, NOW, again));
    ck_assert_mem_eq(hash, again, sizeof hash);
    ck_assert(cohort_assign(cohorts, &txn, 1, &b, 1, NOW, hash));
    ck_assert(cohort_assign(cohorts, &txn, 1, &c, 1, NOW, hash));
    ck_assert_mem_eq(hash, other, sizeof hash);
    ck_assert(!cohort_assign(cohorts, &txn, 1, &c, 1, NOW, hash));
    ck_assert(cohort_assign(cohorts, &txn, 1, &pinned, 1, NOW, hash));
    ck_assert_mem_ne(hash, other, sizeof hash);
    ck_assert(cohort_assign(cohorts, &txn, 2, &c, 1, NOW, hash)); /* another grouping has room */
    ck_assert_mem_ne(hash, other, sizeof hash);
    COMMIT(&txn);
    ck_assert_uint_eq(cohorts_assigned(cohorts), 7);
    ck_assert_uint_eq(cohorts_overflowed(cohorts), 2);
    cohorts_close(cohorts);
    ck_assert_int_eq(cohorts_open(temp.store, 2, &cohorts), STATUS_OK);
    store_begin(temp.store, true, &txn);
    ck_assert(!cohort_assign(cohorts, &txn, 1, &b, 1, NOW, hash));
    ck_assert_mem_ne(hash, other, sizeof hash);
    ck_assert(!cohort_assign(cohorts, &txn, 1, &c, 1, NOW, hash));
    ck_assert_mem_eq(hash, other, sizeof hash);
    COMMIT(&txn);
    cohorts_close(cohorts);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_larger_grouping_answers_for_some_of_its_dimensions)
{
    struct temp_store temp;
    struct cohorts *cohorts;
    struct store_txn txn;
    struct cohort_result result;
    struct error error = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    uint16_t both = grouping_of(temp.store, "release,intent");
    ck_assert_int_eq(cohorts_open(temp.store, 100, &cohorts), STATUS_OK);
    struct cohort_delta *delta = cohort_delta_create();
    const char *releases[] = {"v1", "v2", "v2"}, *intents[] = {"a", "a", "b"};
    store_begin(temp.store, true, &txn);
    uint16_t rule = dictionary_id(&txn, DICTIONARY_RULE, BYTES_LITERAL("slow"));
    for (size_t i = 0; i < 3; i++) {
        struct cohort_contribution c = {.event_ms = NOW,
                                        .weight = 1,
                                        .tokens = -1,
                                        .cost_nano_usd = -1,
                                        .group_count = 1,
                                        .rule_count = 1};
        struct bytes values[] = {bytes_of_text(releases[i]), bytes_of_text(intents[i])};
        c.groups[0].grouping = both;
        c.rules[0].rule = rule;
        c.rules[0].outcome = 2;
        cohort_assign(cohorts, &txn, both, values, 2, NOW, c.groups[0].hash);
        ck_assert(cohort_delta_add(delta, &c));
    }
    cohort_delta_flush(delta, &txn, 1, NOW);
    COMMIT(&txn);
    result = query(temp.store, "intent", NOW, 60 * MINUTE);
    ck_assert_uint_eq(result.row_count, 2);
    ck_assert(bytes_equal_text(result.rows[0].values[0], "a"));
    ck_assert_int_eq(cohort_bucket_total(&result.rows[0].sums), 2);
    ck_assert_int_eq(result.rows[0].sums.rules[0].outcomes[2], 2);
    ck_assert(bytes_equal_text(cohort_result_rule_name(&result, rule), "slow"));
    cohort_result_finish(&result);
    struct bytes swapped[] = {BYTES_LITERAL("intent"), BYTES_LITERAL("release")};
    ck_assert_int_eq(cohort_query(temp.store, swapped, 2, NOW, HOUR, &result, &error), STATUS_OK);
    ck_assert_uint_eq(result.row_count, 3);
    ck_assert(bytes_equal_text(result.rows[1].values[0], "a"));
    ck_assert(bytes_equal_text(result.rows[1].values[1], "v2"));
    cohort_result_finish(&result);
    swapped[0] = BYTES_LITERAL("locale");
    ck_assert_int_eq(cohort_query(temp.store, swapped, 2, NOW, HOUR, &result, &error),
                     STATUS_NOT_FOUND);
    ck_assert_int_eq(error.exit_code, EXIT_USAGE);
    cohort_delta_destroy(delta);
    cohorts_close(cohorts);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(buckets_that_have_left_their_ring_are_deleted_in_time)
{
    struct temp_store temp;
    struct cohorts *cohorts;
    struct store_txn txn;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    uint16_t intent = grouping_of(temp.store, "intent");
    ck_assert_int_eq(cohorts_open(temp.store, 1000, &cohorts), STATUS_OK);
    struct cohort_delta *delta = cohort_delta_create();
    for (int i = 0; i < 300; i++) {
        char value[16];
        snprintf(value, sizeof value, "v%d", i % 100);
        struct cohort_contribution c =
            one(cohorts, temp.store, intent, value, COHORT_PASS, NOW - i * MINUTE / 10);
        ck_assert(cohort_delta_add(delta, &c));
    }
    flush(delta, temp.store, 1, NOW);
    for (int i = 0; i < 12; i++)
        flush(delta, temp.store, 1, NOW + 36ll * DAY);
    store_begin(temp.store, false, &txn);
    ck_assert_uint_eq(store_count(&txn, TABLE_COHORT), 100); /* the totals */
    COMMIT(&txn);
    ck_assert_int_eq(total(temp.store, NOW, 0), 300);
    cohort_delta_destroy(delta);
    cohorts_close(cohorts);
    temp_store_finish(&temp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cohort");
    TCase *cases = tcase_create("cohort");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, windows_resolve_to_the_buckets_of_one_ring);
    tcase_add_test(cases, counts_are_by_event_time_in_each_ring);
    tcase_add_test(cases, a_reader_folds_what_is_not_flushed_yet_and_counts_nothing_twice);
    tcase_add_test(cases, a_failed_flush_is_kept_and_done_again);
    tcase_add_test(cases, a_correction_moves_the_verdict_and_leaves_the_first_ones);
    tcase_add_test(cases, a_duration_that_is_not_known_is_not_in_the_sketch);
    tcase_add_test(cases, above_the_cap_new_cohorts_become_other_but_known_and_pinned_ones_do_not);
    tcase_add_test(cases, a_larger_grouping_answers_for_some_of_its_dimensions);
    tcase_add_test(cases, buckets_that_have_left_their_ring_are_deleted_in_time);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
