/* Sums over items against a model that knows only who said what last, and when. */
#include "pipelines/review/measures_items.h"
#include "tests/support/review_fixture.h"

enum { RUNS = 120, STEPS = 500, PERSONS = 2, INTENTS = 3, NOBODY = -1 };

static const char *const intents[INTENTS] = {"card", "loan", "payoff"};
static const char *const names[PERSONS] = {"asha", "lee"};
static struct review_fixture it;

static void set_up(void)
{
    review_fixture_set_up(&it);
    it.config->dimension_count = 1;
    it.config->dimension_names[0] = BYTES_LITERAL("intent");
    it.config->dataset.cluster_rows_max = 1000000;
    it.config->exporters[0].takes_rows = true;
    it.config->exporter_count = 1;
}

static void tear_down(void)
{
    review_fixture_tear_down(&it);
}

struct model_run {
    int64_t event_ms;
    const char *intent;
    bool has_passed;
    int said[PERSONS]; /* 0 pass, 1 fail; NOBODY */
    int64_t said_ms[PERSONS];
};

static struct measures_items read_items(const struct measures_span *span, struct bytes dimension)
{
    struct measures_items items;
    ck_assert_int_eq(
        measures_items_read(it.temp.store, it.config, span, dimension, NULL, NULL, &items),
        STATUS_OK);
    return items;
}

static bool is_within(const struct measures_span *span, int64_t ms)
{
    return ms >= span->from_ms && ms < span->to_ms;
}

/* `intent` NULL: of all. */
static void compare(const struct model_run *runs, uint32_t count, const struct measures_span *span,
                    const char *intent, const struct item_sums *sums, unsigned seed)
{
    uint64_t open = 0, agreed = 0, disputed_runs = 0, with_row = 0, results = 0, decisions = 0;
    uint64_t ages = 0, rows = 0, refused = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct model_run *run = &runs[i];
        if (intent && strcmp(run->intent, intent) != 0)
            continue;
        struct item_row item = review_fixture_item(&it, i + 1, 0);
        bool is_decided = item.decision.is_decided, is_young = is_within(span, run->event_ms);
        bool has_row = is_decided && item.decision.is_approved;
        bool differ =
            run->said[0] != NOBODY && run->said[1] != NOBODY && run->said[0] != run->said[1];
        bool contradicts = is_decided && (item.decision.verdict == REVIEW_PASS) != run->has_passed;
        bool is_disputed = differ || contradicts || item.state == ITEM_DISPUTED;
        open += is_young && item.state == ITEM_OPEN;
        agreed += is_young && item.state == ITEM_AGREED;
        ages += item.state == ITEM_OPEN || item.state == ITEM_WAITING;
        disputed_runs += is_young && run->has_passed && is_disputed;
        with_row += is_young && has_row && (!run->has_passed || is_disputed);
        for (int p = 0; p < PERSONS; p++)
            results += run->said[p] != NOBODY && is_within(span, run->said_ms[p]);
        bool is_new = is_decided && is_within(span, item.decision.decided_ms);
        decisions += is_new;
        rows += has_row && is_new;
        refused += !has_row && is_new;
    }
    ck_assert_msg(sums->states[ITEM_OPEN] == open && sums->states[ITEM_AGREED] == agreed,
                  "seed %u: states", seed);
    ck_assert_msg(sums->age_min.count == ages, "seed %u: ages", seed);
    ck_assert_msg(sums->disputed == disputed_runs, "seed %u: disputed", seed);
    ck_assert_msg(sums->with_row == with_row && sums->days.count == with_row, "seed %u: rows",
                  seed);
    ck_assert_msg(sums->results == results && sums->decisions == decisions, "seed %u: work", seed);
    ck_assert_msg(sums->promoted >= rows, "seed %u: promoted %llu of %llu", seed,
                  (unsigned long long)sums->promoted, (unsigned long long)rows);
    ck_assert_uint_eq(sums->acknowledged, 0); /* no exporter has taken any */
    uint64_t no_rows = 0;
    for (uint32_t i = 0; i < sums->no_row_count; i++)
        no_rows += sums->no_rows[i].count;
    ck_assert_msg(no_rows == refused, "seed %u: without a row", seed);
}

START_TEST(sums_are_those_of_a_model)
{
    static struct model_run runs[RUNS];
    unsigned seed = 7u + (unsigned)_i;
    uint32_t count = 0;
    for (int step = 0; step < STEPS; step++) {
        it.now_ms += rand_r(&seed) % HOUR_MS;
        if (count == 0 || (count < RUNS && rand_r(&seed) % 3 == 0)) {
            runs[count] = (struct model_run){.event_ms = it.now_ms,
                                             .intent = intents[rand_r(&seed) % INTENTS],
                                             .has_passed = rand_r(&seed) % 4 == 0,
                                             .said = {NOBODY, NOBODY}};
            review_fixture_add(&it, &(struct record_case){.run = count + 1,
                                                          .content = 1,
                                                          .intent = runs[count].intent,
                                                          .has_passed = runs[count].has_passed});
            count++;
            continue;
        }
        uint32_t run = (uint32_t)rand_r(&seed) % count;
        int person = rand_r(&seed) % PERSONS;
        struct principal who = review_fixture_person(names[person]);
        bool is_bad = rand_r(&seed) % 2, approves = rand_r(&seed) % 4 > 0;
        int64_t said_ms = it.now_ms;
        struct result_answer answer =
            review_fixture_say(&it, &who, run + 1, "\"result_id\":\"r%d\",%s,\"approve\":%s", step,
                               is_bad ? FAIL : PASS, approves ? "true" : "false");
        ck_assert_msg(answer.outcome == RESULT_WAS_ACCEPTED ||
                          answer.outcome == RESULT_WAS_REVISED ||
                          answer.outcome == RESULT_WAS_EXTRA,
                      "%s %s", review_outcome_names[answer.outcome], answer.reason);
        runs[run].said[person] = is_bad;
        runs[run].said_ms[person] = said_ms;
    }
    const struct measures_span span = {it.now_ms - 100LL * HOUR_MS, it.now_ms + 1};
    struct measures_items items = read_items(&span, BYTES_LITERAL("intent"));
    ck_assert_ptr_eq(measures_items_of(&items, (struct bytes){NULL, 0}), &items.groups[0].sums);
    compare(runs, count, &span, NULL, &items.groups[0].sums, seed);
    for (int i = 0; i < INTENTS; i++)
        compare(runs, count, &span, intents[i],
                measures_items_of(&items, bytes_of_text(intents[i])), seed);
    ck_assert_ptr_null(measures_items_of(&items, BYTES_LITERAL("nobody")));
    measures_items_finish(&items);
}
END_TEST

START_TEST(of_two_items_of_a_run_the_newest_says_what_the_machine_thinks)
{
    review_fixture_add(&it, &(struct record_case){.run = 1, .content = 1, .has_passed = true});
    it.now_ms += HOUR_MS;
    review_fixture_add(&it, &(struct record_case){.run = 1, .content = 1, .queue = "other"});
    struct principal asha = review_fixture_person("asha");
    (void)review_fixture_say(&it, &asha, 1, "%s,\"approve\":true", FAIL);
    const struct measures_span span = {REVIEW_T0_MS, it.now_ms + 1};
    struct measures_items items = read_items(&span, (struct bytes){NULL, 0});
    struct item_sums *sums = &items.groups[0].sums;
    ck_assert_uint_eq(items.group_count, 1);
    ck_assert_uint_eq(sums->disputed, 0); /* it failed, and counts so in the cohorts */
    ck_assert_uint_eq(sums->with_row, 1);
    ck_assert_uint_eq(sums->states[ITEM_OPEN] + sums->states[ITEM_AGREED], 2);
    ck_assert_uint_eq(sums->promoted, 1);
    measures_items_finish(&items);
}
END_TEST

START_TEST(ages_are_those_of_what_waits)
{
    for (uint32_t run = 1; run <= 20; run++) {
        review_fixture_add(&it, &(struct record_case){.run = run, .content = 1});
        it.now_ms += HOUR_MS;
    }
    it.now_ms += 10LL * HOUR_MS;
    const struct measures_span span = {it.now_ms - HOUR_MS, it.now_ms};
    struct measures_items items = read_items(&span, (struct bytes){NULL, 0});
    struct item_sums *sums = &items.groups[0].sums;
    ck_assert_uint_eq(sums->states[ITEM_OPEN], 0); /* of runs of the window */
    ck_assert_uint_eq(sums->age_min.count, 20);
    ck_assert_double_eq_tol(number_list_quantile(&sums->age_min, 0.95), 29 * 60, 1e-9);
    ck_assert_double_eq_tol(number_list_quantile(&sums->age_min, 0.5), 20 * 60, 1e-9);
    ck_assert_uint_eq(sums->over_due, 6); /* of more than 24 h */
    measures_items_finish(&items);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("measures_items");
    TCase *cases = tcase_create("all");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_set_timeout(cases, 240);
    tcase_add_loop_test(cases, sums_are_those_of_a_model, 0, 3);
    tcase_add_test(cases, of_two_items_of_a_run_the_newest_says_what_the_machine_thinks);
    tcase_add_test(cases, ages_are_those_of_what_waits);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
