/* link: state base */
/* The rings against a list of everything that was ever counted. Random decisions at random event
 * times, corrections, flushes, failed flushes, crashes (the delta is lost and restored from the
 * decided rows) and expiry of decided rows; in between, queries over random windows must say what
 * the list says. */
#include <errno.h>

#include "state/cohorts/delta.h"
#include "state/cohorts/query.h"
#include "state/store/dictionary.h"
#include "state/store/store_faults.h"
#include "state/tables/decided.h"
#include "tests/support/temp_store.h"

enum { ROUNDS = 6, STEPS = 400, COUNTED_MAX = 4000, VALUES = 7, RULES = 3, GROUPINGS = 2 };
static const int64_t MINUTE_MS = 60000;

struct counted {
    struct cohort_contribution contribution;
    uint8_t value; /* of its dimension: one letter */
};

struct model {
    struct temp_store temp;
    struct decided *decided;
    struct cohorts *cohorts;
    struct cohort_delta *delta;
    struct store_faults faults;
    struct counted items[COUNTED_MAX];
    size_t count;
    uint64_t last_sequence;
    int64_t now_ms;
    uint16_t groupings[GROUPINGS], rules[RULES];
    uint64_t random;
};

/* xorshift64*: the seed alone decides the whole run. */
static uint32_t below(struct model *model, uint32_t limit)
{
    model->random ^= model->random >> 12;
    model->random ^= model->random << 25;
    model->random ^= model->random >> 27;
    return (uint32_t)((model->random * 0x2545f4914f6cdd1dull) >> 33) % limit;
}

static void restart(struct model *model)
{
    cohort_delta_destroy(model->delta);
    decided_close(model->decided);
    cohorts_close(model->cohorts);
    temp_store_reopen(&model->temp, TEMP_MAP_BYTES);
    store_set_faults(model->temp.store, &model->faults);
    ck_assert_int_eq(decided_open(model->temp.store, &model->decided), STATUS_OK);
    ck_assert_int_eq(cohorts_open(model->temp.store, 1000, &model->cohorts), STATUS_OK);
    model->delta = cohort_delta_create();
    ck_assert_int_eq(cohort_delta_restore(model->delta, model->temp.store, &model->last_sequence),
                     STATUS_OK);
}

static void start(struct model *model, uint64_t seed)
{
    struct store_txn txn;
    const char *rules[] = {"slow", "ungrounded", "loop"};
    *model = (struct model){.random = seed, .now_ms = 1763888412345};
    temp_store_open(&model->temp, TEMP_MAP_BYTES);
    store_begin(model->temp.store, true, &txn);
    model->groupings[0] = dictionary_id(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("intent"));
    model->groupings[1] = dictionary_id(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("locale"));
    for (size_t i = 0; i < RULES; i++)
        model->rules[i] = dictionary_id(&txn, DICTIONARY_RULE, bytes_of_text(rules[i]));
    COMMIT(&txn);
    restart(model);
}

static void finish(struct model *model)
{
    cohort_delta_destroy(model->delta);
    decided_close(model->decided);
    cohorts_close(model->cohorts);
    temp_store_finish(&model->temp);
}

static void invent(struct model *model, struct store_txn *txn, struct counted *item)
{
    static const int64_t spans_ms[] = {60000, 3600000, 86400000ll * 2, 86400000ll * 50};
    struct cohort_contribution *to = &item->contribution;
    int64_t span_ms = spans_ms[below(model, 4)];
    struct bytes value = bytes_of(&item->value, 1);
    item->value = (uint8_t)('a' + below(model, VALUES));
    *to = (struct cohort_contribution){
        .event_ms = model->now_ms - (int64_t)below(model, 1 << 20) * span_ms / (1 << 20),
        .verdict = (uint8_t)below(model, COHORT_VERDICTS),
        .class = {.condemned = (uint8_t)below(model, COHORT_CONDEMNED),
                  .judged = (uint8_t)below(model, COHORT_JUDGED),
                  .is_known = below(model, 8) > 0},
        .weight = 0.5 * (1 + below(model, 4)),
        .duration_ms = below(model, 60) * 250,
        .tokens = (int64_t)below(model, 3000) - 1000,
        .cost_nano_usd = (int64_t)below(model, 3000) - 1000,
        .group_count = GROUPINGS,
        .rule_count = below(model, RULES + 1),
    };
    to->class.is_missing = to->class.is_known && below(model, 4) == 0;
    if (!to->class.is_known)
        to->class = (struct cohort_class){0};
    if (to->tokens < 0)
        to->tokens = -1;
    if (to->cost_nano_usd < 0)
        to->cost_nano_usd = -1;
    for (uint32_t i = 0; i < to->rule_count; i++) {
        to->rules[i].rule = model->rules[i];
        to->rules[i].outcome =
            (uint8_t)below(model, to->class.is_known ? COHORT_RULE_SUMS : COHORT_OUTCOMES);
    }
    for (uint32_t i = 0; i < GROUPINGS; i++) {
        to->groups[i].grouping = model->groupings[i];
        cohort_assign(model->cohorts, txn, model->groupings[i], &value, 1, model->now_ms,
                      to->groups[i].hash);
    }
}

/* One commit of new verdicts and corrections. The delta learns of them only when it is durable. */
static void decide(struct model *model)
{
    enum { BATCH = 4 };
    struct counted fresh[BATCH];
    struct decided_row rows[BATCH];
    struct buffer encoded[BATCH] = {0};
    size_t places[BATCH], count = 1 + below(model, BATCH), places_used = model->count;
    struct store_txn txn;
    if (model->count + BATCH > COUNTED_MAX)
        return;
    store_begin(model->temp.store, true, &txn);
    for (size_t i = 0; i < count; i++) {
        bool is_correction = model->count > 0 && i == 0 && below(model, 3) == 0;
        invent(model, &txn, &fresh[i]);
        places[i] = is_correction ? below(model, (uint32_t)model->count) : places_used++;
        if (is_correction) {
            struct cohort_contribution old = model->items[places[i]].contribution;
            old.change = COHORT_CHANGE_REMOVE;
            cohort_contribution_encode(&old, &encoded[i]);
            fresh[i].contribution.change = COHORT_CHANGE_AGAIN;
        }
        cohort_contribution_encode(&fresh[i].contribution, &encoded[i]);
        rows[i] = (struct decided_row){.decided_ms = model->now_ms,
                                       .contribution = buffer_bytes(&encoded[i])};
    }
    bool fails = below(model, 8) == 0;
    model->faults.commit_error = fails ? ENOSPC : 0;
    uint64_t sequence = decided_append(model->decided, &txn, rows, count);
    ck_assert_int_eq(store_commit(&txn), fails ? STATUS_BUSY : STATUS_OK);
    for (size_t i = 0; i < count && !fails; i++) {
        ck_assert_int_eq(cohort_delta_add_encoded(model->delta, rows[i].contribution), STATUS_OK);
        model->items[places[i]] = fresh[i];
        model->last_sequence = sequence;
    }
    model->count = fails ? model->count : places_used;
    for (size_t i = 0; i < count; i++)
        buffer_finish(&encoded[i]);
}

static void flush(struct model *model)
{
    struct store_txn txn;
    model->faults.writes_until_failure = below(model, 4) == 0 ? 1 + below(model, 9) : 0;
    model->faults.write_error = ENOSPC;
    store_begin(model->temp.store, true, &txn);
    cohort_delta_flush(model->delta, &txn, model->last_sequence, model->now_ms);
    decided_expire(model->decided, &txn, model->now_ms - 5 * MINUTE_MS, 20, NULL, NULL);
    enum status status = store_commit(&txn);
    ck_assert(status == STATUS_OK || status == STATUS_BUSY);
    model->faults.writes_until_failure = 0;
}

static void expected_sums(const struct model *model, uint8_t value,
                          const struct cohort_window *window, struct cohort_bucket *ret_sums)
{
    for (size_t i = 0; i < model->count; i++) {
        const struct cohort_contribution *c = &model->items[i].contribution;
        int64_t start_ms = cohort_bucket_start(window->ring, c->event_ms);
        if (model->items[i].value == value && start_ms >= window->from_ms &&
            start_ms <= window->to_ms)
            ck_assert(cohort_bucket_add(ret_sums, c));
    }
}

/* Halves add up exactly, so what was taken back has left exactly; what is gone is 0. */
static void compare_classes(const struct cohort_classes *found,
                            const struct cohort_classes *expected)
{
    for (int c = 0; c < COHORT_CONDEMNED; c++)
        for (int j = 0; j < COHORT_JUDGED; j++) {
            const struct weighted_count *a = &found->cells[c][j], *b = &expected->cells[c][j];
            ck_assert_int_eq(a->n, b->n);
            ck_assert_int_eq(a->heavy, b->heavy);
            ck_assert_double_eq(a->weight, b->weight);
            ck_assert_double_eq(a->weight_squared, b->weight_squared);
        }
}

static void compare(const struct cohort_bucket *found, const struct cohort_bucket *expected)
{
    ck_assert_mem_eq(found->verdicts, expected->verdicts, sizeof found->verdicts);
    compare_classes(&found->classes, &expected->classes);
    compare_classes(&found->missing, &expected->missing);
    ck_assert_int_eq(cohort_bucket_unclassed(found), cohort_bucket_unclassed(expected));
    ck_assert_int_eq(found->tokens, expected->tokens);
    ck_assert_int_eq(found->with_tokens, expected->with_tokens);
    ck_assert_int_eq(found->cost_nano_usd, expected->cost_nano_usd);
    ck_assert_int_eq(found->with_cost, expected->with_cost);
    ck_assert_uint_eq(found->duration_ms.bin_count, expected->duration_ms.bin_count);
    for (size_t i = 0; i < expected->duration_ms.bin_count; i++) {
        ck_assert_int_eq(found->duration_ms.bins[i].index, expected->duration_ms.bins[i].index);
        ck_assert_int_eq(found->duration_ms.bins[i].count, expected->duration_ms.bins[i].count);
    }
    ck_assert_int_eq(found->duration_ms.zero_count, expected->duration_ms.zero_count);
    for (uint32_t i = 0; i < expected->rule_count; i++)
        for (uint32_t k = 0; k < found->rule_count; k++)
            if (found->rules[k].rule == expected->rules[i].rule)
                ck_assert_mem_eq(found->rules[k].outcomes, expected->rules[i].outcomes,
                                 sizeof found->rules[k].outcomes);
}

static void check(struct model *model)
{
    static const int64_t minutes[] = {0, 1, 7, 60, 61, 300, 48 * 60, 49 * 60, 35 * 24 * 60};
    int64_t window_ms = minutes[below(model, 9)] * MINUTE_MS;
    struct bytes dimension = below(model, 2) ? BYTES_LITERAL("intent") : BYTES_LITERAL("locale");
    struct cohort_result result;
    struct error error = {0};
    size_t rows = 0;
    enum status status =
        cohort_query(model->temp.store, &dimension, 1, model->now_ms, window_ms, &result, &error);
    ck_assert_msg(status == STATUS_OK, "%s", error.text);
    for (uint8_t value = 'a'; value < 'a' + VALUES; value++) {
        struct cohort_bucket expected = {0};
        expected_sums(model, value, &result.window, &expected);
        for (size_t i = 0; i < result.row_count; i++)
            if (bytes_equal(result.rows[i].values[0], bytes_of(&value, 1)))
                compare(&result.rows[i].sums, &expected);
        rows += cohort_bucket_total(&expected) > 0;
        cohort_bucket_finish(&expected);
    }
    ck_assert_uint_eq(rows, result.row_count);
    cohort_result_finish(&result);
}

START_TEST(windows_say_what_the_list_of_everything_says)
{
    static struct model model;
    const char *text = getenv("SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 20261123u;
    seed += (unsigned)_i;
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    start(&model, seed * 2654435761u + 1);
    for (int step = 0; step < STEPS; step++) {
        uint32_t kind = below(&model, 20);
        if (kind < 12)
            decide(&model);
        else if (kind < 15)
            flush(&model);
        else if (kind < 16)
            restart(&model);
        else if (kind < 17)
            model.now_ms += below(&model, 2) ? below(&model, 90000) : below(&model, 4) * 3600000;
        else
            check(&model);
    }
    check(&model);
    finish(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cohort");
    TCase *cases = tcase_create("cohort");
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, windows_say_what_the_list_of_everything_says, 0, ROUNDS);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
