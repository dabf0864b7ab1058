/* Days of traffic with known counts through the writer's side of selection and a naive model of it
 * beside: probabilities, budgets, their pace, unbiased estimates, restarts. */
#include <check.h>
#include <math.h>

#include "pipelines/commit/budget.h"
#include "tests/support/temp_store.h"

enum { HOUR_MS = 3600000, FIRST_HOUR = 400000, RUNS_AT_ONCE = 50, MAP_BYTES = 256 << 20 };

static const double floors[VERDICTS] = {0.1, 0.2, 0.7, 0};
static const enum verdict turns[VERDICTS] = {VERDICT_FAIL, VERDICT_BORDERLINE, VERDICT_PASS,
                                             VERDICT_UNSCORED};

struct world {
    struct temp_store temp;
    struct pipeline_config config;
    struct review_budget *budget;
    const struct budget_view *view; /* of the only shard */
    struct store_txn txn;
    uint32_t in_batch;
    bool is_open;
    int64_t now_ms, wall_ms;
    uint64_t serial;        /* of trajectories; their ids are its hash */
    uint64_t failing_every; /* every n-th batch is tried again; 0: none */
    uint64_t batches;
    struct closed batch[RUNS_AT_ONCE];
    uint64_t decided, records, skipped[SKIP_REASONS];
    uint64_t choices; /* hash of all that was chosen, in order */
};

static void start(struct world *world)
{
    enum status status = budget_open(world->temp.store, &world->config, 1, &world->budget);
    ck_assert_int_eq(status, STATUS_OK);
    budget_publish(world->budget, world->now_ms);
    world->view = budget_take(world->budget, 0, world->view);
}

static void stop(struct world *world)
{
    budget_view_release(world->view);
    world->view = NULL;
    budget_close(world->budget);
}

static struct world *begin(uint32_t per_hour, uint32_t per_signature)
{
    struct world *world = calloc(1, sizeof(*world));
    ck_assert_ptr_nonnull(world);
    world->config.selection = (struct selection_policy){
        .share = {[VERDICT_PASS] = 0.1, [VERDICT_BORDERLINE] = 1, [VERDICT_FAIL] = 1}};
    world->config.budget.is_present = per_hour > 0 || per_signature > 0;
    world->config.budget.per_hour = per_hour;
    world->config.budget.per_signature_per_hour = per_signature;
    world->config.budget.instances = 1;
    temp_store_open(&world->temp, MAP_BYTES);
    start(world);
    return world;
}

static void end(struct world *world)
{
    stop(world);
    temp_store_finish(&world->temp);
    free(world);
}

/* What the shard does: it selects, by the view that it has. */
static struct closed decide(struct world *world, int64_t hour, enum verdict verdict,
                            uint64_t signature)
{
    struct closed closed = {.config = &world->config, .verdict = verdict};
    uint64_t serial = ++world->serial * 0x9e3779b97f4a7c15;
    memcpy(closed.trace_id, &serial, sizeof(serial));
    struct selection_limits limits = budget_view_limits(world->view, hour, verdict, signature);
    struct selection selection =
        select_within(&world->config.selection, &limits, closed.trace_id, verdict);
    closed.selection = (struct record_selection){
        .skipped = selection.skipped, .hour = hour, .signature = signature};
    if (selection.is_emitted)
        closed.selection.record.frame = BYTES_LITERAL("x");
    closed.weight = 1 / selection.probability;
    return closed;
}

static void admit_batch(struct world *world)
{
    store_begin(world->temp.store, true, &world->txn);
    for (uint32_t i = 0; i < world->in_batch; i++)
        world->batch[i].emission =
            budget_select(world->budget, &world->txn, &world->batch[i], false);
    budget_write(world->budget, &world->txn, world->wall_ms);
}

static void commit(struct world *world)
{
    if (world->in_batch == 0)
        return;
    if (world->failing_every > 0 && ++world->batches % world->failing_every == 0) {
        admit_batch(world);
        store_abort(&world->txn);
    }
    admit_batch(world);
    COMMIT(&world->txn);
    for (uint32_t i = 0; i < world->in_batch; i++) {
        const struct closed *closed = &world->batch[i];
        world->decided++;
        world->records += (closed->emission.record != NULL);
        world->skipped[closed->emission.skipped]++;
        world->choices = world->choices * 31 + closed->emission.skipped;
        ck_assert((closed->emission.record != NULL) == (closed->emission.skipped == SKIP_NONE));
    }
    world->in_batch = 0;
    world->now_ms += 1000;
    budget_publish(world->budget, world->now_ms);
    world->view = budget_take(world->budget, 0, world->view);
}

/* --- the naive model: one hour after the other, in order --- */

struct day_tally {
    uint64_t runs[VERDICTS], records[VERDICTS];
    double expected[VERDICTS], weights[VERDICTS], variance[VERDICTS];
};

static void naive_probabilities(const struct world *world, const struct day_tally *before,
                                double ret_p[VERDICTS])
{
    double budget = world->config.budget.per_hour, left = budget, part[VERDICTS];
    for (int i = 0; i < VERDICTS; i++) {
        double asked = world->config.selection.share[i] * (double)before->runs[i];
        part[i] = fmin(asked, floors[i] * budget);
        left -= part[i];
    }
    for (int i = 0; i < VERDICTS; i++) {
        enum verdict verdict = turns[i];
        double asked = world->config.selection.share[verdict] * (double)before->runs[verdict];
        double more = fmin(left, asked - part[verdict]);
        part[verdict] += more;
        left -= more;
    }
    for (int i = 0; i < VERDICTS; i++) {
        ret_p[i] = world->config.selection.share[i];
        if (before->runs[i] > 0)
            ret_p[i] = fmin(ret_p[i], part[i] / (double)before->runs[i]);
    }
}

/* An hour of shuffled runs; the tally is of what was admitted. */
static void run_hour(struct world *world, int64_t hour, const uint64_t runs[VERDICTS],
                     uint64_t signatures, struct day_tally *ret_tally)
{
    uint64_t left[VERDICTS], total = 0, state = (uint64_t)hour * 2654435761u + 1;
    memcpy(left, runs, sizeof(left));
    *ret_tally = (struct day_tally){0};
    for (int i = 0; i < VERDICTS; i++)
        total += runs[i];
    const uint64_t whole = total;
    for (; total > 0; total--) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t pick = (state >> 16) % total;
        int verdict = 0;
        while (pick >= left[verdict])
            pick -= left[verdict++];
        left[verdict]--;
        uint32_t at = world->in_batch++;
        world->batch[at] =
            decide(world, hour, (enum verdict)verdict, signatures > 0 ? state % signatures : 0);
        ret_tally->runs[verdict]++;
        double p = 1 / world->batch[at].weight;
        ret_tally->expected[verdict] += p;
        ret_tally->variance[verdict] += p > 0 ? (1 - p) / p : 0;
        if (world->in_batch < RUNS_AT_ONCE && total > 1)
            continue;
        uint32_t count = world->in_batch;
        world->wall_ms = hour * HOUR_MS + (int64_t)(whole - total) * HOUR_MS / (int64_t)whole;
        commit(world);
        for (uint32_t i = 0; i < count; i++) {
            const struct closed *closed = &world->batch[i];
            ret_tally->records[closed->verdict] += (closed->emission.record != NULL);
            ret_tally->weights[closed->verdict] +=
                (closed->emission.record != NULL) ? closed->weight : 0;
        }
    }
}

static const uint64_t steady[VERDICTS] = {2400, 150, 400, 50};

START_TEST(a_day_keeps_its_budget_and_its_estimates_are_unbiased)
{
    struct world *world = begin(200, 0);
    struct day_tally before = {0}, all = {0};
    for (int64_t hour = 0; hour < 24; hour++) {
        struct day_tally tally;
        uint64_t runs[VERDICTS], total = 0;
        double naive[VERDICTS], expected = 0;
        for (int i = 0; i < VERDICTS; i++)
            runs[i] = (uint64_t)((double)steady[i] * (1 + 0.2 * sin((double)hour / 4)));
        naive_probabilities(world, &before, naive);
        struct selection_limits limits;
        for (int i = 0; i < VERDICTS; i++) {
            limits = budget_view_limits(world->view, FIRST_HOUR + hour, (enum verdict)i, 0);
            double p = fmin(limits.stratum, world->config.selection.share[i]);
            ck_assert_double_eq_tol(p, naive[i], 1e-9);
        }
        run_hour(world, FIRST_HOUR + hour, runs, 0, &tally);
        for (int i = 0; i < VERDICTS; i++) {
            total += tally.records[i];
            expected += tally.expected[i];
        }
        /* The first has no hour before it: its pace alone keeps it near its budget. */
        ck_assert_double_le((double)total, expected + 4.5 * sqrt(expected));
        ck_assert_double_le(expected, 200 * (hour > 0 ? 1.25 : 1.6));
        ck_assert_double_ge(expected, 200 * 0.7);
        for (int i = 0; i < VERDICTS; i++) {
            all.runs[i] += tally.runs[i];
            all.weights[i] += tally.weights[i];
            all.variance[i] += tally.variance[i];
        }
        before = tally;
    }
    for (int i = 0; i < VERDICTS - 1; i++) { /* unscored has no share */
        double z = (all.weights[i] - (double)all.runs[i]) / sqrt(all.variance[i]);
        printf("%s: %llu runs, estimated %.0f, z = %.2f\n", verdict_name(i),
               (unsigned long long)all.runs[i], all.weights[i], z);
        ck_assert_msg(fabs(z) < 4, "verdict %d: z = %f", i, z);
    }
    uint64_t skipped = 0;
    for (int i = SKIP_NONE + 1; i < SKIP_REASONS; i++)
        skipped += world->skipped[i];
    ck_assert_uint_eq(world->records + skipped, world->decided);
    ck_assert_uint_gt(world->skipped[SKIP_BUDGET], 0);
    end(world);
}
END_TEST

/* Against a flood 300 times as large as usual each stratum has an eighth of its budget for each
 * halving that it takes. */
START_TEST(a_flood_is_paced_estimated_right_and_leaves_the_others_their_part)
{
    struct world *world = begin(100, 0);
    struct day_tally tally;
    const uint64_t usual[VERDICTS] = {1000, 100, 60, 0}, flood[VERDICTS] = {1000, 100, 20000, 0};
    run_hour(world, FIRST_HOUR, usual, 0, &tally);
    run_hour(world, FIRST_HOUR + 1, flood, 0, &tally);
    ck_assert_double_le((double)tally.records[VERDICT_FAIL], 70 * (1 + 11 / 8.0) + RUNS_AT_ONCE);
    ck_assert_uint_ge(tally.records[VERDICT_BORDERLINE], 12);
    ck_assert_uint_ge(tally.records[VERDICT_PASS], 3);
    double z = (tally.weights[VERDICT_FAIL] - 20000) / sqrt(tally.variance[VERDICT_FAIL]);
    ck_assert_msg(fabs(z) < 4, "z = %f", z);
    run_hour(world, FIRST_HOUR + 2, flood, 0, &tally);
    uint64_t total = tally.records[0] + tally.records[1] + tally.records[2] + tally.records[3];
    ck_assert_double_le((double)total, 100 + 4.5 * 10);
    ck_assert_double_ge((double)total, 100 - 5.5 * 10);
    end(world);
}
END_TEST

START_TEST(a_flood_of_one_signature_does_not_starve_the_others)
{
    struct world *world = begin(200, 20);
    uint64_t others[3] = {0}, flooded[3] = {0};
    for (int64_t hour = 0; hour < 3; hour++) {
        for (uint32_t i = 0; i < 8000; i++) {
            bool is_other = i % 80 == 0;
            world->batch[world->in_batch++] =
                decide(world, FIRST_HOUR + hour, VERDICT_FAIL, is_other ? 1000 + i % 50 : 7);
            if (world->in_batch < RUNS_AT_ONCE)
                continue;
            uint32_t count = world->in_batch;
            world->wall_ms = (FIRST_HOUR + hour) * HOUR_MS + (int64_t)i * HOUR_MS / 8000;
            commit(world);
            for (uint32_t k = 0; k < count; k++)
                *(world->batch[k].selection.signature == 7 ? &flooded[hour] : &others[hour]) +=
                    world->batch[k].emission.record != NULL;
        }
    }
    ck_assert_uint_le(flooded[0], 20 * (1 + 11 / 8) + 2 * RUNS_AT_ONCE); /* a new kind */
    ck_assert_double_le((double)flooded[1], 20 + 4.5 * sqrt(20));
    ck_assert_uint_ge(flooded[1], 3);
    for (int hour = 0; hour < 3;
         hour++) /* five kinds of 20 runs each, but for a burst before them */
        ck_assert_uint_ge(others[hour], 40);
    ck_assert_uint_gt(world->skipped[SKIP_SIGNATURE_BUDGET], 0);
    end(world);
}
END_TEST

/* The same traffic with and without restarts and failed transactions, in the middle of hours. */
static uint64_t choices_of(uint64_t restart_every, uint64_t failing_every)
{
    struct world *world = begin(150, 10);
    world->failing_every = failing_every;
    for (uint32_t i = 0; i < 30000; i++) {
        enum verdict verdict = i % 10 < 6   ? VERDICT_PASS
                               : i % 10 < 7 ? VERDICT_BORDERLINE
                                            : VERDICT_FAIL;
        /* Hours overlap at their ends, as they do when runs are long. */
        int64_t hour = FIRST_HOUR + (i + (i % 7) * 30) / 6000;
        world->batch[world->in_batch++] = decide(world, hour, verdict, i % 3 ? i % 40 : 5);
        world->wall_ms = FIRST_HOUR * (int64_t)HOUR_MS + (int64_t)i * HOUR_MS / 6000;
        if (world->in_batch == RUNS_AT_ONCE)
            commit(world);
        if (restart_every > 0 && i % restart_every == restart_every - 1) {
            commit(world);
            stop(world);
            temp_store_reopen(&world->temp, MAP_BYTES);
            start(world);
        }
    }
    commit(world);
    uint64_t choices = world->choices;
    ck_assert_uint_gt(world->skipped[SKIP_SIGNATURE_BUDGET] + world->skipped[SKIP_BUDGET], 100);
    end(world);
    return choices;
}

START_TEST(a_restart_or_a_failed_transaction_changes_no_choice)
{
    uint64_t plain = choices_of(0, 0);
    ck_assert_uint_eq(choices_of(RUNS_AT_ONCE, 0), plain);
    ck_assert_uint_eq(choices_of(11 * RUNS_AT_ONCE, 0), plain);
    ck_assert_uint_eq(choices_of(0, 3), plain);
    ck_assert_uint_eq(choices_of(5 * RUNS_AT_ONCE, 2), plain);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("budget");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_day_keeps_its_budget_and_its_estimates_are_unbiased);
    tcase_add_test(tests, a_flood_is_paced_estimated_right_and_leaves_the_others_their_part);
    tcase_add_test(tests, a_flood_of_one_signature_does_not_starve_the_others);
    tcase_add_test(tests, a_restart_or_a_failed_transaction_changes_no_choice);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
