/* link: pipelines state */
/* Counts by release and row against a model that adds up what stands at the end: any order of verdicts
 * and revisions, transactions that fail in between, restarts. */
#include "pipelines/commit/regression_counts.h"
#include "pipelines/decide/met_rows.h"
#include "tests/support/temp_store.h"

enum { DAY_MS = 86400000, RUNS = 60, ROWS = 5, RELEASES = 3 };
static const int64_t now_ms = 1700000000000;

struct run {
    bool is_decided;
    enum verdict verdict;
    uint32_t release;
    struct met_rows met;
    struct buffer encoded;
};

static struct temp_store temp;
static struct regression_counts *counts;

static void setup(void)
{
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(regression_counts_open(temp.store, 100, &counts), STATUS_OK);
}

static void teardown(void)
{
    regression_counts_close(counts);
    temp_store_finish(&temp);
}

static void reopen(void)
{
    regression_counts_close(counts);
    ck_assert_int_eq(regression_counts_open(temp.store, 100, &counts), STATUS_OK);
}

static uint64_t state = 20261201;
static uint32_t any(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

static struct bytes name_of(uint32_t release)
{
    static char names[RELEASES][16];
    snprintf(names[release], sizeof names[release], "4.%u", release);
    return bytes_of_text(names[release]);
}

static void decide(struct run *run, struct run *ret_now)
{
    struct met_rows met = {.count = any(4)};
    *ret_now = (struct run){
        .is_decided = true, .verdict = (enum verdict)any(VERDICTS), .release = any(RELEASES)};
    regression_release_id(name_of(ret_now->release), met.release);
    uint32_t first = any(ROWS);
    for (uint32_t i = 0; i < met.count; i++) {
        met.rows[i].row_id[0] = (uint8_t)(1 + (first + i) % ROWS);
        met.rows[i].outcome = (enum outcome)any(3);
    }
    ret_now->met = met;
    met_rows_encode(&met, &ret_now->encoded);
    (void)run;
}

/* One verdict, of a run that may have one before. */
static void count(struct store_txn *txn, struct run *before, struct run *now)
{
    struct revision revision = {.verdict = before->verdict,
                                .contribution = BYTES_LITERAL("moves"),
                                .met = buffer_bytes(&before->encoded)};
    struct closed closed = {.verdict = now->verdict,
                            .event_ms = (uint64_t)now_ms,
                            .release = name_of(now->release),
                            .met = buffer_bytes(&now->encoded),
                            .revision = before->is_decided ? &revision : NULL};
    ck_assert_ptr_nonnull(regression_counts_add(counts, txn, &closed, now_ms));
}

static void check_releases(struct store_txn *txn, const struct run *runs)
{
    for (uint32_t r = 0; r < RELEASES; r++) {
        struct regression_release wanted = {.runs = {0}}, found = {.runs = {0}};
        for (uint32_t i = 0; i < RUNS; i++) {
            if (!runs[i].is_decided || runs[i].release != r)
                continue;
            enum outcome worst = met_rows_worst(&runs[i].met);
            wanted.runs[runs[i].verdict]++;
            wanted.hits[runs[i].verdict] += worst == OUTCOME_FAIL;
            wanted.near[runs[i].verdict] += worst == OUTCOME_BORDERLINE;
        }
        (void)regression_get_release(txn, name_of(r), &found);
        ck_assert_mem_eq(found.runs, wanted.runs, sizeof found.runs);
        ck_assert_mem_eq(found.hits, wanted.hits, sizeof found.hits);
        ck_assert_mem_eq(found.near, wanted.near, sizeof found.near);
    }
}

/* `release` RELEASES: all. */
static void check_rows(struct store_txn *txn, const struct run *runs, uint32_t release)
{
    uint8_t id[REGRESSION_ID_SIZE], row_id[REGRESSION_ID_SIZE] = {0};
    if (release < RELEASES)
        regression_release_id(name_of(release), id);
    for (uint8_t row = 1; row <= ROWS; row++) {
        struct regression_count found;
        int64_t by_outcome[3] = {0};
        for (uint32_t i = 0; i < RUNS; i++)
            for (uint32_t k = 0; k < runs[i].met.count; k++)
                if ((release == RELEASES || runs[i].release == release) &&
                    runs[i].met.rows[k].row_id[0] == row)
                    by_outcome[runs[i].met.rows[k].outcome]++;
        row_id[0] = row;
        (void)regression_get_count(txn, release < RELEASES ? id : NULL, row_id, &found);
        ck_assert_int_eq(found.passed, by_outcome[OUTCOME_PASS]);
        ck_assert_int_eq(found.failed, by_outcome[OUTCOME_FAIL]);
        ck_assert_int_eq(found.borderline, by_outcome[OUTCOME_BORDERLINE]);
    }
}

START_TEST(counts_are_those_of_the_last_verdicts)
{
    struct run runs[RUNS] = {{.is_decided = false}};
    for (int batch = 0; batch < 60; batch++) {
        struct store_txn txn;
        struct run now[8];
        uint32_t which[8], size = 1 + any(8), fails = any(4) == 0;
        store_begin(temp.store, true, &txn);
        for (uint32_t i = 0; i < size; i++) {
            which[i] = (any(RUNS / 8) * 8 + i) % RUNS; /* each once a batch */
            decide(&runs[which[i]], &now[i]);
            count(&txn, &runs[which[i]], &now[i]);
        }
        regression_counts_write(counts, &txn);
        if (fails)
            store_abort(&txn);
        else
            COMMIT(&txn);
        for (uint32_t i = 0; i < size; i++) {
            buffer_finish(fails ? &now[i].encoded : &runs[which[i]].encoded);
            if (!fails)
                runs[which[i]] = now[i];
        }
        if (any(10) == 0)
            reopen();
        store_begin(temp.store, false, &txn);
        check_releases(&txn, runs);
        for (uint32_t r = 0; r <= RELEASES; r++)
            check_rows(&txn, runs, r);
        COMMIT(&txn);
    }
    for (uint32_t i = 0; i < RUNS; i++)
        buffer_finish(&runs[i].encoded);
}
END_TEST

static const char *count_one(struct store_txn *txn, const char *release, int64_t event_ms,
                             int64_t wall_ms)
{
    struct met_rows met = {.count = 1, .rows = {{.row_id = {7}, .outcome = OUTCOME_FAIL}}};
    struct buffer encoded = {0};
    regression_release_id(bytes_of_text(release), met.release);
    met_rows_encode(&met, &encoded);
    struct closed closed = {.verdict = VERDICT_FAIL,
                            .event_ms = (uint64_t)event_ms,
                            .release = bytes_of_text(release),
                            .met = buffer_bytes(&encoded)};
    const char *counted_as = regression_counts_add(counts, txn, &closed, wall_ms);
    buffer_finish(&encoded);
    return counted_as;
}

START_TEST(too_many_releases_are_counted_as_one_until_old_ones_have_left)
{
    struct store_txn txn;
    struct regression_release release;
    struct regression_count row;
    char name[16];
    store_begin(temp.store, true, &txn);
    for (int i = 0; i < REGRESSION_RELEASES_MAX + 5; i++) {
        snprintf(name, sizeof name, "1.%d", i);
        const char *as = count_one(&txn, name, now_ms + i, now_ms);
        ck_assert_str_eq(as, i < REGRESSION_RELEASES_MAX ? name : REGRESSION_OTHER);
    }
    ck_assert_str_eq(
        count_one(&txn, "2.0", now_ms + 40 * (int64_t)DAY_MS, now_ms + 40 * (int64_t)DAY_MS),
        "2.0");
    regression_counts_write(counts, &txn);
    ck_assert(!regression_get_release(&txn, BYTES_LITERAL("1.0"), &release));
    ck_assert(regression_get_release(&txn, BYTES_LITERAL(REGRESSION_OTHER), &release));
    ck_assert_int_eq(release.hits[VERDICT_FAIL], 5);
    uint8_t row_id[REGRESSION_ID_SIZE] = {7};
    ck_assert(regression_get_count(&txn, NULL, row_id, &row));
    ck_assert_int_eq(row.failed, REGRESSION_RELEASES_MAX + 6);
    COMMIT(&txn);
}
END_TEST

START_TEST(a_revision_that_moves_nothing_counts_nothing)
{
    struct store_txn txn;
    struct revision revision = {.verdict = VERDICT_FAIL};
    struct closed closed = {
        .verdict = VERDICT_FAIL, .release = BYTES_LITERAL("1"), .revision = &revision};
    store_begin(temp.store, true, &txn);
    ck_assert_ptr_null(regression_counts_add(counts, &txn, &closed, now_ms));
    regression_counts_write(counts, &txn);
    ck_assert_uint_eq(store_count(&txn, TABLE_REGRESSION), 0);
    COMMIT(&txn);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regression_counts");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, counts_are_those_of_the_last_verdicts);
    tcase_add_test(all, too_many_releases_are_counted_as_one_until_old_ones_have_left);
    tcase_add_test(all, a_revision_that_moves_nothing_counts_nothing);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
