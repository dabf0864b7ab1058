/* Cohort 0 and 1 get worse, cohort 2 is quiet. Even cohorts have an alert, whose target leaves them
 * some room; odd ones are only pinned, so that their usual rate is learned. Every fourth is
 * sampled: its runs weigh 1 or 4, whatever their verdict. */
#include "tests/support/simulated_week.h"

#include <math.h>
#include <stdlib.h>

#include "pipelines/commit/budget.h"
#include "processor/base/arena.h"
#include "processor/base/statistics.h"
#include "state/cohorts/query.h"
#include "tests/support/cohort_feed.h"
#include "tests/support/cohort_class.h"

enum { MINUTE = 60000, HOUR = 60 * MINUTE, WEEK_MINUTES = 7 * 24 * 60, QUIET = 2, SCORED_MIN = 30 };
static const int64_t BEGIN = 1763942400000; /* 2025-11-24T00:00:00Z, a Monday */
static const double quiet_runs_a_week = 25, unscored_share = 0.05, borderline_share = 0.1;

struct pending { /* a run on its way to selection */
    int64_t event_ms;
    enum verdict verdict;
};

struct late_run { /* counted as unscored; what its score will say */
    struct bytes value;
    int64_t event_ms;
    enum verdict verdict;
    double weight;
};

struct truth {
    char name[8];
    struct bytes value;
    double fail_rate, share; /* of all runs */
    bool is_weighted;
    uint64_t scored, scored_at_onset;
};

struct week {
    struct week_plan plan;
    struct week_report *report;
    struct feed feed;
    struct review_budget *budget;
    const struct budget_view *view;
    struct truth cohorts[WEEK_COHORTS];
    uint64_t state;
    int64_t now;
    size_t read; /* of the records told */
    struct pending *pending;
    size_t pending_count, pending_capacity;
    struct late_run *late; /* of the tick before, and of this one */
    size_t late_count, late_capacity;
};

/* --- chance --- */

static double share_of(struct week *week) /* xorshift64* */
{
    week->state ^= week->state >> 12;
    week->state ^= week->state << 25;
    week->state ^= week->state >> 27;
    return (double)((week->state * 2685821657736338717u) >> 11) * 0x1p-53;
}

/* Poisson by Knuth's product, in parts small enough for a double. */
static uint32_t count_of(struct week *week, double mean)
{
    uint32_t count = 0;
    for (; mean > 0; mean -= 10) {
        double limit = exp(-fmin(mean, 10)), product = share_of(week);
        for (; product > limit; count++)
            product *= share_of(week);
    }
    return count;
}

/* --- the plan of the week --- */

static void plan_cohorts(struct week *week)
{
    double sum = 0;
    for (uint32_t i = 0; i < WEEK_COHORTS; i++) {
        struct truth *cohort = &week->cohorts[i];
        snprintf(cohort->name, sizeof cohort->name, "c%02u", i);
        cohort->value = bytes_of_text(cohort->name);
        cohort->fail_rate = 0.02 + 0.28 * (i * 7 % WEEK_COHORTS) / WEEK_COHORTS;
        cohort->share = 1.0 / (4 + i);
        cohort->is_weighted = i % 4 == 3;
        sum += i == QUIET ? 0 : cohort->share;
    }
    for (uint32_t i = 0; i < WEEK_COHORTS; i++)
        week->cohorts[i].share /= sum;
    week->cohorts[QUIET].share = quiet_runs_a_week / (double)week->plan.runs;
    week->cohorts[QUIET].fail_rate = 0.5;
    static const struct week_regression regressions[WEEK_REGRESSIONS] = {
        {.cohort = 0, .from = 0.05, .to = 0.12, .onset_ms = (int64_t)HOUR * 24 * 4},
        {.cohort = 1, .from = 0.10, .to = 0.20, .onset_ms = (int64_t)HOUR * (24 * 5 + 12)},
    };
    for (int i = 0; i < WEEK_REGRESSIONS; i++) {
        week->report->regressions[i] = regressions[i];
        week->report->regressions[i].onset_ms += BEGIN;
        week->cohorts[regressions[i].cohort].fail_rate = regressions[i].from;
    }
}

/* Targets leave a third more than the true rate, so that what fires does so without cause. The
 * quiet cohort misses its target by far, on too few runs to say so. */
static void write_yaml(const struct week *week, struct buffer *to)
{
    buffer_append_text(to, "rules: [{ name: r, measure: duration_ms, fail_above: 9 }]\n"
                           "selection: { budget: { per_hour: 500, per_signature_per_hour: 0 } }\n"
                           "cohorts:\n  group_by: [[intent]]\n  pinned:\n");
    for (uint32_t i = 1; i < WEEK_COHORTS; i += 2)
        buffer_printf(to, "    - { intent: %s }\n", week->cohorts[i].name);
    buffer_append_text(to, "  alerts:\n");
    for (uint32_t i = 0; i < WEEK_COHORTS; i += 2)
        buffer_printf(to, "    - { cohort: { intent: %s }, min_pass_rate: %.3f }\n",
                      week->cohorts[i].name,
                      i == QUIET ? 0.95 : 1 - 4.0 / 3 * week->cohorts[i].fail_rate);
    buffer_append_byte(to, 0);
}

/* --- one run --- */

static void id_of(struct week *week, uint8_t id[TRACE_ID_SIZE])
{
    for (int i = 0; i < TRACE_ID_SIZE; i++)
        id[i] = (uint8_t)(share_of(week) * 256);
}

/* Into the queue or not, and what the queue would say of its stratum. */
static void select_one(struct week *week, struct store_txn *txn, enum verdict verdict,
                       int64_t event_ms)
{
    static const enum verdict strata[WEEK_STRATA] = {VERDICT_FAIL, VERDICT_BORDERLINE,
                                                     VERDICT_PASS};
    struct closed closed = {
        .config = week->feed.config, .verdict = verdict, .event_ms = (uint64_t)event_ms};
    id_of(week, closed.trace_id);
    closed.selection.hour = budget_hour_of((uint64_t)event_ms, (uint64_t)event_ms);
    struct selection_limits limits =
        budget_view_limits(week->view, closed.selection.hour, verdict, 0);
    struct selection selection =
        select_within(&week->feed.config->selection, &limits, closed.trace_id, verdict);
    closed.selection.skipped = selection.skipped;
    if (selection.is_emitted)
        closed.selection.record.frame = BYTES_LITERAL("x");
    struct record_emission emission = budget_select(week->budget, txn, &closed, false);
    if (event_ms < BEGIN + HOUR) /* the first hour has no hour before it to plan from */
        return;
    for (int i = 0; i < WEEK_STRATA; i++) {
        struct week_stratum *stratum = &week->report->strata[i];
        if (strata[i] != verdict)
            continue;
        stratum->name = verdict_name(verdict);
        stratum->truth++;
        if (!emission.record)
            continue;
        double p = selection.probability;
        stratum->emitted++;
        stratum->estimate += 1 / p; /* Horvitz and Thompson 1952 */
        stratum->deviation += (1 - p) / (p * p);
    }
}

/* The transaction of the tick: what it selects, and the probabilities that the next one sees. */
static void select_all(struct week *week)
{
    struct store_txn txn;
    store_begin(week->feed.temp.store, true, &txn);
    for (size_t i = 0; i < week->pending_count; i++)
        select_one(week, &txn, week->pending[i].verdict, week->pending[i].event_ms);
    (void)budget_write(week->budget, &txn, week->now);
    COMMIT(&txn);
    budget_publish(week->budget, week->now);
    week->view = budget_take(week->budget, 0, week->view);
    week->pending_count = 0;
}

static void await_selection(struct week *week, enum verdict verdict, int64_t event_ms)
{
    if (week->pending_count == week->pending_capacity) {
        week->pending_capacity = week->pending_capacity ? 2 * week->pending_capacity : 1024;
        week->pending = realloc(week->pending, week->pending_capacity * sizeof *week->pending);
        ck_assert_ptr_nonnull(week->pending);
    }
    week->pending[week->pending_count++] = (struct pending){event_ms, verdict};
}

static void await_score(struct week *week, const struct late_run *run)
{
    if (week->late_count == week->late_capacity) {
        week->late_capacity = week->late_capacity ? 2 * week->late_capacity : 1024;
        week->late = realloc(week->late, week->late_capacity * sizeof *week->late);
        ck_assert_ptr_nonnull(week->late);
    }
    week->late[week->late_count++] = *run;
}

static void feed_one(struct week *week, const struct late_run *run, enum verdict verdict,
                     enum cohort_change change)
{
    feed_weighted(&week->feed, &run->value, (uint8_t)verdict, run->event_ms, run->weight, change);
    if (week->feed.contributions.size > 40000)
        feed_commit(&week->feed);
}

/* The scores of the tick before have come: each verdict is taken back and told anew. */
static void revise_late(struct week *week)
{
    for (size_t i = 0; i < week->late_count; i++) {
        const struct late_run *run = &week->late[i];
        feed_one(week, run, VERDICT_UNSCORED, COHORT_CHANGE_REMOVE);
        feed_one(week, run, run->verdict, COHORT_CHANGE_AGAIN);
        await_selection(week, run->verdict, run->event_ms);
    }
    week->report->revised += week->late_count;
    week->late_count = 0;
}

static void run_one(struct week *week, struct truth *cohort, int64_t event_ms)
{
    enum verdict verdict = VERDICT_PASS;
    if (share_of(week) < unscored_share)
        verdict = VERDICT_UNSCORED;
    else if (share_of(week) < cohort->fail_rate)
        verdict = VERDICT_FAIL;
    else if (share_of(week) < borderline_share)
        verdict = VERDICT_BORDERLINE;
    double weight = cohort->is_weighted && share_of(week) < 0.5 ? 4 : 1;
    cohort->scored += verdict != VERDICT_UNSCORED;
    week->report->runs++;
    week->report->scored += verdict != VERDICT_UNSCORED;
    const struct late_run run = {cohort->value, event_ms, verdict, weight};
    bool is_late = week->plan.late_share > 0 && verdict != VERDICT_UNSCORED &&
                   share_of(week) < week->plan.late_share;
    feed_one(week, &run, is_late ? VERDICT_UNSCORED : verdict, COHORT_CHANGE_FIRST);
    if (is_late)
        await_score(week, &run);
    else
        await_selection(week, verdict, event_ms);
}

/* --- what was told --- */

static bool number_of(struct bytes line, uint32_t *ret_cohort)
{
    static const char key[] = "{\"intent\":\"c";
    const uint8_t *at = memmem(line.data, line.size, key, sizeof key - 1);
    if (at)
        *ret_cohort = (uint32_t)(at[sizeof key - 1] - '0') * 10 + (uint32_t)(at[sizeof key] - '0');
    return at != NULL;
}

static bool holds(struct bytes line, const char *text)
{
    return memmem(line.data, line.size, text, strlen(text)) != NULL;
}

/* An alarm of a cohort whose rate has not changed, or that its target allows, has no cause. That a
 * cohort with a lax target does better than it is no false alarm: it does. */
static void judge_record(struct week *week, struct bytes line)
{
    uint32_t cohort;
    struct week_report *report = week->report;
    ck_assert(number_of(line, &cohort));
    report->records++;
    report->quiet_records += cohort == QUIET;
    if (!holds(line, "\"state\":\"firing\""))
        return;
    for (int kind = 0; kind < ALERT_KINDS; kind++) {
        char text[40];
        snprintf(text, sizeof text, "\"kind\":\"%s\"", alert_kind_names[kind]);
        if (!holds(line, text) || (kind == ALERT_BETTER && cohort % 2 == 0))
            continue;
        bool has_cause = false;
        for (int i = 0; i < WEEK_REGRESSIONS; i++) {
            struct week_regression *regression = &report->regressions[i];
            if (regression->cohort != cohort || week->now < regression->onset_ms)
                continue;
            has_cause = kind != ALERT_BETTER;
            if (kind == ALERT_WORSE && !regression->is_noticed) {
                regression->is_noticed = true;
                regression->delay_ms = week->now - regression->onset_ms;
                regression->delay_runs =
                    week->cohorts[cohort].scored - week->cohorts[cohort].scored_at_onset;
            }
        }
        report->false_alarms[kind] += !has_cause;
    }
}

static void read_records(struct week *week)
{
    const struct buffer *records = &week->feed.records;
    while (week->read < records->size) {
        const uint8_t *from = records->data + week->read;
        const uint8_t *end = memchr(from, '\n', records->size - week->read);
        judge_record(week, bytes_of(from, (size_t)(end - from)));
        week->read += (size_t)(end - from) + 1;
    }
}

/* --- the intervals of an hour --- */

static void judge_hour(struct week *week)
{
    struct bytes dimension = BYTES_LITERAL("intent");
    struct cohort_result result;
    struct error error = {0};
    double z = statistics_z(0.95);
    ck_assert(cohort_query(week->feed.temp.store, &dimension, 1, week->now - 1, HOUR, &result,
                           &error) == STATUS_OK);
    for (size_t i = 0; i < result.row_count; i++) {
        const struct cohort_bucket *sums = &result.rows[i].sums;
        const uint8_t *name = result.rows[i].values[0].data;
        const struct truth *cohort = &week->cohorts[(name[1] - '0') * 10 + (name[2] - '0')];
        if (cohort_bucket_total(sums) - sums->verdicts[COHORT_UNSCORED] < SCORED_MIN)
            continue;
        struct weighted_count all = all_scored(sums), bad = judged_failed(sums);
        struct fail_rate_share failed = fail_rate_share_of(&all, &bad, result.largest_weight);
        struct interval interval = statistics_wilson(failed.p, failed.n, z);
        bool is_covered = interval.low <= cohort->fail_rate && cohort->fail_rate <= interval.high;
        week->report->intervals++;
        week->report->covered += is_covered;
        week->report->weighted_intervals += cohort->is_weighted;
        week->report->weighted_covered += cohort->is_weighted && is_covered;
    }
    cohort_result_finish(&result);
}

static void begin_regressions(struct week *week)
{
    for (int i = 0; i < WEEK_REGRESSIONS; i++) {
        const struct week_regression *regression = &week->report->regressions[i];
        struct truth *cohort = &week->cohorts[regression->cohort];
        if (week->now != regression->onset_ms)
            continue;
        cohort->fail_rate = regression->to;
        cohort->scored_at_onset = cohort->scored;
    }
}

/* Runs come by day more than by night. */
static void run_tick(struct week *week)
{
    int64_t tick_ms = week->plan.tick_minutes * (int64_t)MINUTE;
    double day = (double)((week->now - BEGIN) % (24 * (int64_t)HOUR)) / (24 * (double)HOUR);
    double runs = (double)week->plan.runs * week->plan.tick_minutes / WEEK_MINUTES *
                  (1 - 0.6 * cos(2 * M_PI * day));
    revise_late(week);
    for (uint32_t i = 0; i < WEEK_COHORTS; i++)
        for (uint32_t left = count_of(week, runs * week->cohorts[i].share); left > 0; left--)
            run_one(week, &week->cohorts[i],
                    week->now + (int64_t)(share_of(week) * (double)tick_ms));
    feed_commit(&week->feed);
    select_all(week);
    week->now += tick_ms;
    feed_flush(&week->feed, week->now - 1);
}

void week_run(const struct week_plan *plan, struct week_report *ret_report)
{
    struct buffer yaml = {0};
    struct week *week = calloc(1, sizeof *week);
    ck_assert_ptr_nonnull(week);
    *ret_report = (struct week_report){.runs = 0};
    week->plan = *plan;
    week->report = ret_report;
    week->state = plan->seed * 2 + 1;
    week->now = BEGIN;
    plan_cohorts(week);
    write_yaml(week, &yaml);
    feed_open(&week->feed, (const char *)yaml.data, (size_t)2 << 30);
    ck_assert_int_eq(budget_open(week->feed.temp.store, week->feed.config, 1, &week->budget),
                     STATUS_OK);
    while (week->now < BEGIN + WEEK_MINUTES * (int64_t)MINUTE) {
        begin_regressions(week);
        run_tick(week);
        read_records(week);
        if ((week->now - BEGIN) % HOUR == 0)
            judge_hour(week);
    }
    for (int i = 0; i < WEEK_STRATA; i++)
        ret_report->strata[i].deviation = sqrt(ret_report->strata[i].deviation);
    ret_report->quiet_runs = ret_report->scored;
    for (int i = 0; i < WEEK_REGRESSIONS; i++) {
        const struct truth *cohort = &week->cohorts[ret_report->regressions[i].cohort];
        ret_report->quiet_runs -= cohort->scored - cohort->scored_at_onset;
    }
    budget_view_release(week->view);
    budget_close(week->budget);
    feed_close(&week->feed);
    buffer_finish(&yaml);
    free(week->pending);
    free(week->late);
    free(week);
}

void week_print(const struct week_report *report, FILE *to)
{
    fprintf(to, "%llu runs in 7 days, %llu of them scored, %d cohorts\n",
            (unsigned long long)report->runs, (unsigned long long)report->scored, WEEK_COHORTS);
    if (report->revised > 0)
        fprintf(to, "%llu verdicts revised by a late score\n", (unsigned long long)report->revised);
    fprintf(to, "95 %% intervals that hold the true rate, hourly, n >= %d: %.2f %% of %llu",
            SCORED_MIN, 100 * (double)report->covered / (double)report->intervals,
            (unsigned long long)report->intervals);
    fprintf(to, " (sampled cohorts, by effective n: %.2f %% of %llu)\n",
            100 * (double)report->weighted_covered / (double)report->weighted_intervals,
            (unsigned long long)report->weighted_intervals);
    for (int i = 0; i < WEEK_REGRESSIONS; i++) {
        const struct week_regression *regression = &report->regressions[i];
        fprintf(to, "regression %g to %g: ", regression->from, regression->to);
        if (regression->is_noticed)
            fprintf(to, "noticed after %llu runs, %.2f h\n",
                    (unsigned long long)regression->delay_runs,
                    (double)regression->delay_ms / HOUR);
        else
            fprintf(to, "not noticed\n");
    }
    fprintf(to, "fired without cause in %llu scored runs:", (unsigned long long)report->quiet_runs);
    for (int kind = 0; kind < ALERT_KINDS; kind++)
        fprintf(to, " %s %u", alert_kind_names[kind], report->false_alarms[kind]);
    fprintf(to, "; records of the quiet cohort: %u; all records: %u\n", report->quiet_records,
            report->records);
    for (int i = 0; i < WEEK_STRATA; i++) {
        const struct week_stratum *stratum = &report->strata[i];
        fprintf(
            to,
            "queue, %s: %llu records say %.0f runs, in truth %.0f (off by %+.2f sd, %+.2f %%)\n",
            stratum->name, (unsigned long long)stratum->emitted, stratum->estimate, stratum->truth,
            stratum->deviation > 0 ? (stratum->estimate - stratum->truth) / stratum->deviation : 0,
            100 * (stratum->estimate / stratum->truth - 1));
    }
}
