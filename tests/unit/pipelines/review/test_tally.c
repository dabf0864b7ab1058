/* The tables of agreement hold what the items and results that there are say, however they came about:
 * against a count of everything anew, and against a plain model of what counts. */
#include "pipelines/review/dataset_changes.h"
#include "pipelines/review/tally.h"
#include "pipelines/review/tally_check.h"
#include "state/tables/agreement.h"
#include "tests/support/check_state.h"
#include "tests/support/review_fixture.h"

static struct review_fixture it;
static const char *const names[] = {"asha", "lee", "mia", "kim", "joe"};
enum { NAMES = 5, DAY_MS = 24 * HOUR_MS };

static void set_up_queue(struct review_fixture *fixture)
{
    struct review_queue_settings *queue = &fixture->config->review.queues[0];
    queue->reviewers = 2;
    queue->overlap = 0.5;
    fixture->config->review.reviewers_max = 64;
    review_fixture_turn(fixture);
}

static void set_up(void)
{
    review_fixture_set_up(&it);
    set_up_queue(&it);
}

static void tear_down(void)
{
    check_state(it.temp.store);
    review_fixture_tear_down(&it);
}

/* --- what the tables say --- */

/* Rows of both as they are, one behind the other; actors' rows left out. */
static void dump(struct store_txn *txn, struct buffer *to)
{
    static const enum state_table tables[] = {TABLE_AGREEMENT, TABLE_PAIR};
    buffer_clear(to);
    for (int i = 0; i < 2; i++) {
        struct store_cursor cursor;
        store_cursor_begin(txn, tables[i], bytes_of("", 0), 0, &cursor);
        while (store_cursor_next(&cursor)) {
            if (cursor.key.data[0] == 'a')
                continue;
            buffer_append_bytes(to, key_bytes(&cursor.key));
            buffer_append_bytes(to, store_cursor_value(&cursor));
        }
        store_cursor_finish(&cursor);
    }
}

static void delete_counts(struct store_txn *txn, enum state_table table, const char *kind)
{
    struct store_cursor cursor;
    store_cursor_begin(txn, table, bytes_of(kind, 1), 1, &cursor);
    while (store_cursor_next(&cursor))
        store_cursor_delete(&cursor);
    store_cursor_finish(&cursor);
}

/* Counts everything anew, compares, and leaves the store as it was. */
static void check_recount(struct review_fixture *fixture)
{
    struct buffer before = {0}, after = {0};
    struct store_txn txn;
    store_begin(fixture->temp.store, true, &txn);
    ck_assert(tally_is_whole(&txn, TALLY_AGREEMENT));
    dump(&txn, &before);
    for (int i = 0; i < 2; i++)
        for (int kind = 0; kind < 2; kind++)
            delete_counts(&txn, i ? TABLE_PAIR : TABLE_AGREEMENT, kind ? "d" : "t");
    store_put_number(&txn, "agreement_next", 1);
    while (!tally_is_whole(&txn, TALLY_AGREEMENT))
        tally_turn(&fixture->config->review, &txn, fixture->now_ms);
    dump(&txn, &after);
    store_abort(&txn);
    ck_assert_msg(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)), "%zu bytes, anew %zu",
                  before.size, after.size);
    buffer_finish(&before);
    buffer_finish(&after);
}

/* --- the model --- */

enum { COUNTS_MAX = 10 };
struct model {
    int64_t verdict[COUNTS_MAX][COUNTS_MAX][COUNTS_MAX];
    int64_t label[COUNTS_MAX][COUNTS_MAX]; /* unsupported_claim */
};

static void take(void *context, const struct agreement_row *row)
{
    struct model *model = context;
    ck_assert_int_gt(row->count, 0);
    if (row->subject == AGREEMENT_VERDICT)
        model->verdict[row->counts[0]][row->counts[1]][row->counts[2]] += row->count;
    else if (row->subject == AGREEMENT_LABEL && bytes_equal_text(row->id, "unsupported_claim"))
        model->label[row->counts[0]][row->counts[1]] += row->count;
}

static void read_table(struct review_fixture *fixture, int64_t from, struct model *ret_model)
{
    struct store_txn txn;
    memset(ret_model, 0, sizeof *ret_model);
    store_begin(fixture->temp.store, false, &txn);
    agreement_scan(&txn, from, tally_day(fixture->now_ms), take, ret_model);
    ck_assert_int_eq(store_commit(&txn), STATUS_OK);
}

/* Of the results of one item: those of reviewers who had a place. */
static void model_item(struct review_fixture *fixture, const struct item_row *item,
                       struct model *model)
{
    struct result_row *rows;
    uint32_t count =
        review_item_results(fixture->temp.store, item->sequence, &fixture->arena, &rows);
    uint8_t verdicts[REVIEWER_VERDICTS] = {0}, given = 0, all = 0;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = i + 1; j < count; j++)
            if (rows[j].received_ms < rows[i].received_ms) {
                struct result_row swapped = rows[i];
                rows[i] = rows[j];
                rows[j] = swapped;
            }
    for (uint32_t i = 0; i < count && all < item->wanted; i++) {
        bool has_label = false;
        if (!rows[i].is_given || rows[i].status != RESULT_COMPLETED ||
            rows[i].role != RESULT_REVIEWER || rows[i].is_extra || rows[i].is_chosen)
            continue;
        for (uint32_t j = 0; j < rows[i].first_label_count; j++)
            has_label |= bytes_equal_text(rows[i].first_labels[j], "unsupported_claim");
        verdicts[rows[i].first_verdict]++;
        given += has_label;
        all++;
    }
    model->verdict[verdicts[0]][verdicts[1]][verdicts[2]] += all > 0;
    model->label[given][all - given] += given > 0;
}

static void check_model(struct review_fixture *fixture, uint64_t items)
{
    static struct model wanted, found;
    memset(&wanted, 0, sizeof wanted);
    for (uint64_t sequence = 1; sequence <= items; sequence++) {
        struct store_txn txn;
        struct item_row item;
        arena_reset(&fixture->arena);
        store_begin(fixture->temp.store, false, &txn);
        bool is_there = item_read(&txn, sequence, &fixture->arena, &item);
        store_abort(&txn);
        if (is_there)
            model_item(fixture, &item, &wanted);
    }
    read_table(fixture, AGREEMENT_TOTAL, &found);
    ck_assert_mem_eq(&wanted, &found, sizeof wanted);
}

static uint64_t newest_item(struct review_fixture *fixture)
{
    struct store_txn txn;
    struct state_key key;
    store_begin(fixture->temp.store, false, &txn);
    uint64_t newest =
        store_last_key(&txn, TABLE_ITEM, bytes_of("", 0), &key) ? get_be64(key.data) : 0;
    store_abort(&txn);
    return newest;
}

/* Reads alone, as `flywheel state check` does. */
static void check_by_reading(struct review_fixture *fixture)
{
    struct store_txn txn;
    struct tally_check found;
    store_begin(fixture->temp.store, false, &txn);
    ck_assert_int_eq(tally_check(&txn, &found), STATUS_OK);
    ck_assert(found.is_comparable);
    ck_assert_uint_eq(found.different, 0);
    store_abort(&txn);
}

static void check(struct review_fixture *fixture)
{
    check_by_reading(fixture);
    check_recount(fixture);
    check_model(fixture, newest_item(fixture));
}

/* --- what happens --- */

static uint64_t seed;

static uint32_t below(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

static const char *verdict_of(uint32_t n)
{
    static const char *const verdicts[] = {PASS, FAIL, UNSURE,
                                           COMPLETED
                                           "\"verdict\":\"fail\",\"labels\":[\"wrong_tool\","
                                           "\"unsupported_claim\"]"};
    return verdicts[n % 4];
}

static void see(struct review_fixture *fixture, uint32_t run, const struct principal *who,
                bool is_chosen, bool is_revealed)
{
    struct store_txn txn;
    struct item_row item = review_fixture_item(fixture, run, 0);
    static const uint16_t labels[] = {0};
    review_fixture_begin(fixture, &txn);
    ck_assert(review_served(fixture->review, &txn, item.item_id, who, is_chosen, fixture->now_ms));
    if (is_revealed)
        ck_assert(review_reveal(fixture->review, &txn, item.item_id, who,
                                below(2) ? REVIEW_PASS : REVIEW_FAIL, labels, below(2),
                                fixture->now_ms));
    review_fixture_commit(fixture, &txn);
}

static void say_something(struct review_fixture *fixture, uint32_t run, const struct principal *who)
{
    static const char *const refusals[] = {
        "\"status\":\"skipped\",\"skip_reason\":\"not_me\"", "\"status\":\"withdrawn\"",
        "\"status\":\"skipped\",\"skip_reason\":\"out_of_scope\",\"role\":\"adjudicator\""};
    uint32_t what = below(12);
    if (what < 3)
        (void)review_fixture_say(fixture, who, run, "%s", refusals[what]);
    else if (what == 3)
        (void)review_fixture_say(fixture, who, run, "\"role\":\"adjudicator\",%s",
                                 verdict_of(below(4)));
    else if (what == 4)
        (void)review_fixture_say(fixture, who, run, "\"result_id\":\"r%u\",%s", below(20),
                                 verdict_of(below(4)));
    else if (what == 5)
        (void)review_fixture_say(fixture, who, run, "\"first_verdict\":\"pass\",%s",
                                 verdict_of(below(4)));
    else
        (void)review_fixture_say(fixture, who, run, "%s", verdict_of(below(4)));
}

static void happen(struct review_fixture *fixture, uint32_t runs, uint32_t *added)
{
    struct principal who = review_fixture_person(names[below(NAMES)]);
    struct store_txn txn;
    uint32_t what = below(40), run = *added > 0 ? 1 + below(*added) : 0;
    if (what == 0) { /* a tool says what somebody has judged */
        who.is_service = true;
        who.name = BYTES_LITERAL("tool");
        if (run)
            (void)review_fixture_say(fixture, &who, run, "\"reviewer\":\"%s\",%s",
                                     names[below(NAMES)], verdict_of(below(4)));
    } else if (what < 8 && *added < runs) {
        review_fixture_add(fixture,
                           &(struct record_case){.run = ++*added, .content = 1, .signature = 7});
    } else if (what == 8 && run) { /* the same texts again, or others */
        review_fixture_add(
            fixture,
            &(struct record_case){.run = run, .revision = 2, .content = (uint8_t)(1 + below(2))});
    } else if (what == 9) {
        review_fixture_begin(fixture, &txn);
        (void)review_withdraw_all(fixture->review, &txn, who.name, fixture->now_ms - HOUR_MS, &who,
                                  fixture->now_ms);
        review_fixture_commit(fixture, &txn);
    } else if (what == 10) {
        fixture->now_ms += below(3) * DAY_MS;
        review_fixture_turn(fixture);
    } else if (what == 11) { /* people leave and come */
        review_set_people(fixture->review, 1 + below(4));
        fixture->now_ms += below(2) * DAY_MS;
        review_fixture_turn(fixture);
    } else if (what < 14 && run) {
        see(fixture, run, &who, below(3) == 0, below(2));
    } else if (run) {
        say_something(fixture, run, &who);
    }
}

START_TEST(whatever_happens_the_tables_are_what_a_count_anew_says)
{
    uint32_t added = 0;
    seed = 1000 + (uint64_t)_i;
    it.config->review.queues[0].expire_ms = 5 * DAY_MS;
    for (int i = 0; i < 400; i++) {
        happen(&it, 25, &added);
        if (i % 40 == 39)
            check(&it);
        if (i % 200 == 199) {
            review_fixture_reopen(&it);
            check(&it);
        }
    }
}
END_TEST

static void judge(uint32_t run, const char *name, const char *members)
{
    struct principal who = review_fixture_person(name);
    (void)review_fixture_say(&it, &who, run, "%s", members);
}

START_TEST(an_erased_reviewer_goes_on_counting_as_the_same_nobody)
{
    struct store_txn txn;
    struct dataset_answer answer;
    struct principal topic = {.trust = TRUST_IMPORTED};
    struct buffer before = {0}, after = {0};
    const struct audit_entry nobody = {.actor = BYTES_LITERAL(""), .role = BYTES_LITERAL("")};
    for (uint32_t run = 1; run <= 3; run++) {
        review_fixture_add(&it, &(struct record_case){.run = run, .content = 1});
        (void)review_fixture_say(&it, &topic, run, "\"reviewer\":\"asha\"," FAIL);
        judge(run, run == 1 ? "asha" : "lee", FAIL);
    }
    store_begin(it.temp.store, true, &txn);
    dump(&txn, &before);
    dataset_erase(review_dataset(it.review), &txn, &it.config->dataset, ERASE_REVIEWER,
                  BYTES_LITERAL("asha"), &nobody, it.now_ms, &answer);
    dump(&txn, &after);
    COMMIT(&txn);
    ck_assert_int_eq(answer.fate, DATASET_DONE);
    ck_assert(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    buffer_finish(&before);
    buffer_finish(&after);
    check(&it);
    judge(2, "lee", "\"status\":\"withdrawn\"");
    judge(3, "asha", FAIL); /* somebody new, beyond those who are wanted */
    check(&it);
}
END_TEST

START_TEST(a_row_that_says_something_else_is_found)
{
    struct store_txn txn;
    struct tally_check found;
    review_fixture_add(&it, &(struct record_case){.run = 1, .content = 1});
    judge(1, "asha", FAIL);
    check(&it);
    store_begin(it.temp.store, true, &txn);
    agreement_add(&txn, &(struct agreement_row){.day = AGREEMENT_TOTAL,
                                                .queue = 1,
                                                .subject = AGREEMENT_VERDICT,
                                                .counts = {1},
                                                .count = 1});
    ck_assert_int_eq(tally_check(&txn, &found), STATUS_OK);
    ck_assert_uint_eq(found.different, 1);
    store_abort(&txn);
}
END_TEST

START_TEST(two_instances_sum_to_one_that_saw_all)
{
    static struct model one, two, sum;
    struct review_fixture other;
    review_fixture_set_up(&other);
    set_up_queue(&other);
    memset(&sum, 0, sizeof sum);
    for (int part = 0; part < 3; part++) { /* even runs, odd runs; then all */
        struct review_fixture *fixture = part == 1 ? &other : &it;
        if (part == 2) {
            review_fixture_tear_down(&it);
            review_fixture_set_up(&it);
            set_up_queue(&it);
        }
        for (uint32_t run = 1; run <= 40; run++) {
            if (part < 2 && run % 2 != (uint32_t)part)
                continue;
            review_fixture_add(fixture, &(struct record_case){.run = run, .content = 1});
            for (uint32_t i = 0; i < 2; i++) {
                struct principal who = review_fixture_person(names[(run + i) % NAMES]);
                (void)review_fixture_say(fixture, &who, run, "%s",
                                         verdict_of(run * 7 + i * (run % 3)));
            }
        }
        read_table(fixture, AGREEMENT_TOTAL, part == 0 ? &one : &two);
        for (size_t i = 0; part < 2 && i < sizeof sum / sizeof(int64_t); i++)
            ((int64_t *)&sum)[i] += ((int64_t *)(part == 0 ? &one : &two))[i];
    }
    ck_assert_mem_eq(&sum, &two, sizeof sum);
    review_fixture_tear_down(&other);
}
END_TEST

/* --- what counts --- */

static int64_t pattern(uint8_t passed, uint8_t failed, uint8_t unsure)
{
    static struct model model;
    read_table(&it, AGREEMENT_TOTAL, &model);
    return model.verdict[passed][failed][unsure];
}

START_TEST(the_first_judgement_in_planned_places_counts_and_no_other)
{
    it.config->review.queues[0].overlap = 0;
    review_fixture_add(&it, &(struct record_case){.run = 1, .content = 1});
    judge(1, "asha", "\"first_verdict\":\"pass\"," FAIL);
    ck_assert_int_eq(pattern(1, 0, 0), 1);
    judge(1, "lee", FAIL);
    ck_assert_int_eq(pattern(1, 1, 0), 1);
    judge(1, "mia", PASS);                             /* extra */
    judge(1, "kim", "\"role\":\"adjudicator\"," PASS); /* adjudicates */
    ck_assert_int_eq(pattern(1, 1, 0), 1);
    judge(1, "lee", PASS); /* keeps the place, and what came first */
    ck_assert_int_eq(pattern(1, 1, 0), 1);
    judge(1, "lee", "\"status\":\"withdrawn\"");
    ck_assert_int_eq(pattern(1, 0, 0), 1);
    ck_assert_int_eq(pattern(1, 1, 0), 0);
    check(&it);
}
END_TEST

START_TEST(who_opens_an_item_by_its_id_is_left_out)
{
    review_fixture_add(&it, &(struct record_case){.run = 1, .content = 1});
    struct principal asha = review_fixture_person("asha");
    see(&it, 1, &asha, true, false);
    judge(1, "asha", FAIL);
    ck_assert_int_eq(pattern(0, 1, 0), 0);
    judge(1, "lee", FAIL);
    ck_assert_int_eq(pattern(0, 1, 0), 1);
    check(&it);
}
END_TEST

START_TEST(what_leaves_by_age_stays_in_the_total_and_its_day_leaves_after_35)
{
    static struct model model;
    it.config->review.retain_ms = 60LL * DAY_MS;
    review_fixture_add(&it, &(struct record_case){.run = 1, .content = 1});
    judge(1, "asha", FAIL);
    judge(1, "lee", FAIL);
    read_table(&it, tally_day(it.now_ms), &model);
    ck_assert_int_eq(model.verdict[0][2][0], 1);
    it.now_ms += 34LL * DAY_MS;
    review_fixture_turn(&it);
    read_table(&it, 0, &model);
    ck_assert_int_eq(model.verdict[0][2][0], 1);
    it.now_ms += 1LL * DAY_MS;
    review_fixture_turn(&it);
    read_table(&it, 0, &model);
    ck_assert_int_eq(model.verdict[0][2][0], 0);
    ck_assert_int_eq(pattern(0, 2, 0), 1);
    judge(1, "lee", "\"status\":\"withdrawn\""); /* of a day that has left */
    ck_assert_int_eq(pattern(0, 1, 0), 1);
    check(&it);
    judge(1, "lee", "\"result_id\":\"again\"," FAIL);
    it.now_ms += 61LL * DAY_MS;
    review_fixture_turn(&it);
    ck_assert_uint_eq(newest_item(&it), 0);
    ck_assert_int_eq(pattern(0, 2, 0), 1);
    it.config->review.calibration.fingerprint = 77; /* other rules: no matter of agreement */
    review_fixture_turn(&it);
    ck_assert_int_eq(pattern(0, 2, 0), 1);
}
END_TEST

START_TEST(a_directory_of_before_is_counted_in_pieces_and_meanwhile_too)
{
    struct store_txn txn;
    for (uint32_t run = 1; run <= 1500; run++) {
        review_fixture_begin(&it, &txn);
        review_fixture_add_in(&it, &txn, &(struct record_case){.run = run, .content = 1});
        review_fixture_commit(&it, &txn);
        if (run % 100 == 0)
            judge(run, "asha", FAIL);
    }
    store_begin(it.temp.store, true, &txn);
    store_put_number(&txn, "agreement_version", 0); /* as another version left it */
    COMMIT(&txn);
    judge(1500, "lee", FAIL);
    review_fixture_turn(&it);
    store_begin(it.temp.store, false, &txn);
    ck_assert(!tally_is_whole(&txn, TALLY_AGREEMENT));
    store_abort(&txn);
    judge(1400, "lee", FAIL); /* not counted yet */
    judge(100, "lee", FAIL);  /* counted */
    review_fixture_reopen(&it);
    review_fixture_turn(&it);
    ck_assert_int_eq(pattern(0, 1, 0), 12);
    ck_assert_int_eq(pattern(0, 2, 0), 3);
    check(&it);
}
END_TEST

struct pairs {
    uint32_t machine, other, persons;
};

static void take_pair(void *context, const struct agreement_pair *pair)
{
    struct pairs *pairs = context;
    if (pair->subject != AGREEMENT_VERDICT)
        return;
    if (memcmp(pair->actors[0], agreement_machine, AGREEMENT_ACTOR_SIZE) == 0)
        pairs->machine += (uint32_t)pair->count;
    else if (memcmp(pair->actors[1], agreement_other, AGREEMENT_ACTOR_SIZE) == 0)
        pairs->other += (uint32_t)pair->count;
    else
        pairs->persons += (uint32_t)pair->count;
}

static struct pairs read_pairs(void)
{
    struct pairs pairs = {0};
    struct store_txn txn;
    store_begin(it.temp.store, false, &txn);
    agreement_scan_pairs(&txn, AGREEMENT_TOTAL, 0, take_pair, &pairs);
    ck_assert_int_eq(store_commit(&txn), STATUS_OK);
    return pairs;
}

START_TEST(beyond_the_limit_of_reviewers_pairs_are_with_another)
{
    it.config->review.reviewers_max = 2;
    it.config->review.queues[0].overlap = 0;
    review_fixture_turn(&it);
    for (uint32_t run = 1; run <= 3; run++) {
        review_fixture_add(&it, &(struct record_case){.run = run, .content = 1});
        judge(run, names[run - 1], FAIL);
        judge(run, names[run], FAIL);
    }
    struct pairs pairs = read_pairs();
    ck_assert_uint_eq(pairs.persons, 1);
    ck_assert_uint_eq(pairs.other, 2); /* lee and mia, mia and kim */
    ck_assert_uint_eq(pairs.machine, 6);
    check(&it);
    judge(3, "mia", "\"status\":\"withdrawn\"");
    pairs = read_pairs();
    ck_assert_uint_eq(pairs.other, 1);
    ck_assert_uint_eq(pairs.machine, 5);
    it.config->review.reviewers_max = 64; /* of another limit all is counted anew */
    review_fixture_turn(&it);
    pairs = read_pairs();
    ck_assert_uint_eq(pairs.persons, 2);
    ck_assert_uint_eq(pairs.other, 0);
    ck_assert_uint_eq(pairs.machine, 5);
    check(&it);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tally");
    TCase *cases = tcase_create("tally");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, whatever_happens_the_tables_are_what_a_count_anew_says, 0, 6);
    tcase_add_test(cases, an_erased_reviewer_goes_on_counting_as_the_same_nobody);
    tcase_add_test(cases, a_row_that_says_something_else_is_found);
    tcase_add_test(cases, two_instances_sum_to_one_that_saw_all);
    tcase_add_test(cases, the_first_judgement_in_planned_places_counts_and_no_other);
    tcase_add_test(cases, who_opens_an_item_by_its_id_is_left_out);
    tcase_add_test(cases, what_leaves_by_age_stays_in_the_total_and_its_day_leaves_after_35);
    tcase_add_test(cases, a_directory_of_before_is_counted_in_pieces_and_meanwhile_too);
    tcase_add_test(cases, beyond_the_limit_of_reviewers_pairs_are_with_another);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
