/* The whole core without threads, under virtual time, with a seeded scheduler:
 *
 *   client --request--> writer queue ----------------------> commit -> acknowledged
 *               \-----> shard queues -> effects -> writer queue ^   \-> decisions, checked
 *
 * Each step of each part happens when the dice say so, in the orders that the runtime allows. A
 * commit may find the disk full; a crash drops all memory and recovers from the store, perhaps with
 * another number of shards, perhaps crashing again while it catches up. The client sends again what
 * was not acknowledged, and now and then what was.
 *
 * A trace shows its score before its root, and its root only when all else is acknowledged; so its
 * verdict is known beforehand, whatever happens in between. Then late spans come, and late scores,
 * one after the other: the last one is the verdict in the end, each record names the one before it,
 * and cohorts are what a table of verdicts says. */
#include "pipelines/commit/state.h"
#include "state/cohorts/query.h"
#include "tests/support/simulation.h"

enum {
    ROUNDS = 4,
    EVENTS = 60000, /* SIMULATION_EVENTS of the environment says otherwise */
};

static const char *const config_text =
    "rules: [{ name: quality, measure: score.Quality, fail_below: 0.5, borderline_below: 0.8 }]\n"
    "trajectory: { settle: 6s, idle_timeout: 2m, max_spans: 20, late: { window: 10m } }\n"
    "selection: { fail: 1.0, borderline: 1.0, unscored: 0.0, pass: 0.0, control_per_day: 0 }\n"
    "redaction: { content: full }\n"
    "state: { spill_after: 20s }\n"
    "cohorts: { dimensions: { release: [service.name] }, group_by: [[release]] }\n";

static int compare_records(const void *a, const void *b)
{
    return strcmp(((const struct record *)a)->id, ((const struct record *)b)->id);
}

static void event(struct simulation *sim)
{
    uint32_t dice = simulation_below(sim, 1000), shard = simulation_below(sim, sim->shard_count);
    sim->now_ms += dice == 0 ? 5000 : simulation_below(sim, 60);
    sim->wall_ms = 1700000000000 + sim->now_ms;
    bool has_room = sim->queue_count + 64 < QUEUE && sim->again_count + 64 < QUEUE;
    /* A crash while catching up is likely: deadlines begin again with each, so that crashes may not
     * be too many in all. */
    if (sim->is_catching_up ? dice < 40 : dice == 1 && simulation_below(sim, 2) == 0)
        simulation_crash(sim);
    else if (sim->is_catching_up && dice < 100)
        simulation_end_catching_up(sim);
    else if (dice < 300 && !sim->is_catching_up && has_room)
        simulation_send_spans(sim);
    else if (dice < 330 && !sim->is_catching_up && has_room)
        simulation_send_log(sim);
    else if (dice < 360 && !sim->is_catching_up && has_room)
        simulation_send_late_score(sim);
    else if (dice < 430 && !sim->is_catching_up && has_room)
        simulation_send_again(sim);
    else if (dice < 820)
        simulation_run_shard(sim, shard, 1 + simulation_below(sim, 8));
    else if (dice < 950 && has_room)
        simulation_send_effects(sim, shard);
    else if (dice < 995 || !has_room)
        simulation_commit(sim, simulation_below(sim, 50));
    else if (sim->attempted == 0)
        simulation_export(sim);
}

/* Everything arrives, time passes, everything is committed. */
static void drain(struct simulation *sim)
{
    if (sim->is_catching_up)
        simulation_end_catching_up(sim);
    while (sim->active_count > 0 || sim->again_count > 0) {
        for (uint32_t i = 0; i < 20; i++)
            simulation_send_again(sim);
        for (uint32_t slot = sim->active_count; slot-- > 0;) {
            struct sending *sending = simulation_begin_sending(WIRE_GATE_TRACES);
            struct trace_builder builder = {0};
            simulation_send_some(sim, &builder, slot, sending);
            simulation_end_sending(sim, sending, &builder);
        }
        simulation_send_log(sim);
        for (uint32_t i = 0; i < sim->shard_count; i++)
            simulation_run_shard(sim, i, QUEUE);
        while (sim->queue_count > 0)
            simulation_commit(sim, QUEUE);
    }
    for (int round = 0; round < 40; round++) {
        sim->now_ms += round == 0 ? 200000 : 10000;
        sim->wall_ms = 1700000000000 + sim->now_ms;
        for (uint32_t i = 0; i < sim->shard_count; i++) {
            simulation_run_shard(sim, i, QUEUE);
            simulation_send_effects(sim, i);
        }
        while (sim->queue_count > 0)
            simulation_commit(sim, QUEUE);
    }
}

static void check_cohorts(struct simulation *sim)
{
    struct bytes release = BYTES_LITERAL("release");
    struct cohort_result result;
    struct error error = {0};
    ck_assert_msg(cohort_query(sim->temp.store, &release, 1, sim->wall_ms, 0, &result, &error) ==
                      STATUS_OK,
                  "%s", error.text);
    ck_assert_uint_eq(result.row_count, SERVICES);
    for (size_t i = 0; i < result.row_count; i++) {
        const struct cohort_result_row *row = &result.rows[i];
        int service = row->values[0].data[row->values[0].size - 1] - '0';
        for (int verdict = 0; verdict < VERDICTS; verdict++) {
            ck_assert_int_eq(row->sums.verdicts[verdict], (int64_t)sim->decided[service][verdict]);
            ck_assert_int_eq(row->sums.first[verdict], (int64_t)sim->first[service][verdict]);
        }
    }
    cohort_result_finish(&result);
}

static void check_end(struct simulation *sim)
{
    for (uint32_t at = 0; at < sim->trace_count; at++) {
        const struct trace *trace = &sim->traces[at];
        int score = trace->late_score ? trace->late_score : trace->score;
        enum verdict wanted = score ? simulation_verdicts[score - 1] : VERDICT_UNSCORED;
        ck_assert_msg(trace->decisions > 0, "trace %u was not decided", at);
        ck_assert_msg(trace->verdict == wanted || trace->is_exhausted, "trace %u: %s not %s", at,
                      verdict_name(trace->verdict), verdict_name(wanted));
    }
    struct span_account account = writer_account(sim->writer);
    ck_assert_uint_eq(account.in_flight, 0);
    ck_assert_uint_eq(counter_get(persistent_counter_value(sim->writer->counted.late)), sim->late);
    simulation_export(sim);
    simulation_export(sim); /* Twice: now the trims of the first are done as well. */
    ck_assert_uint_eq(journal_requests(sim->writer->journal), 0);
    ck_assert_uint_eq(spill_items(sim->writer->spill), 0);
    for (uint32_t at = 0; at < sim->trace_count; at++)
        ck_assert_msg(!sim->traces[at].revision ||
                          sim->traces[at].record_verdict == sim->traces[at].verdict,
                      "trace %u", at);
    qsort(sim->found, sim->found_count, sizeof(*sim->found), compare_records);
    ck_assert_uint_eq(sim->found_count, sim->records);
    for (size_t i = 1; i < sim->found_count; i++)
        ck_assert_str_ne(sim->found[i - 1].id, sim->found[i].id);
    check_cohorts(sim);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

START_TEST(every_trace_is_decided_once_whatever_happens)
{
    struct simulation *sim = calloc(1, sizeof(*sim));
    struct error error = {0};
    uint64_t seed = number_of("SEED", 20261123) + (uint64_t)_i;
    uint64_t events = number_of("SIMULATION_EVENTS", EVENTS) / ROUNDS;
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    sim->random = seed * 2654435761u + 1;
    sim->now_ms = 1000000;
    sim->config = config_load_text("simulation.yaml", bytes_of_text(config_text), &error);
    ck_assert_msg(sim->config != NULL, "%s", error.text);
    sim->pool = request_pool_create(64);
    /* In memory where there is such a file system: a commit waits for the disk. */
    snprintf(sim->temp.path, sizeof(sim->temp.path), "%s/flywheel-simulation-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(sim->temp.path));
    temp_store_reopen(&sim->temp, (size_t)256 << 20);
    store_set_faults(sim->temp.store, &sim->faults);
    simulation_start(sim);
    for (uint64_t i = 0; i < events; i++)
        event(sim);
    drain(sim);
    check_end(sim);
    printf("traces %u records %zu late %llu lost %llu crashes %llu restored %llu full %llu\n"
           "revisions %llu corrections %llu refused %llu\n",
           sim->trace_count, sim->found_count, (unsigned long long)sim->late,
           (unsigned long long)sim->lost_spans, (unsigned long long)sim->crashes,
           (unsigned long long)sim->restored, (unsigned long long)sim->busy,
           (unsigned long long)sim->revisions, (unsigned long long)sim->corrections,
           (unsigned long long)sim->refused_late);
    fflush(stdout);
    simulation_stop(sim);
    temp_store_finish(&sim->temp);
    request_pool_destroy(sim->pool);
    config_destroy(sim->config);
    free(sim->traces);
    free(sim->found);
    free(sim);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("simulation");
    TCase *cases = tcase_create("simulation");
    tcase_set_timeout(cases, 0);
    tcase_add_loop_test(cases, every_trace_is_decided_once_whatever_happens, 0, ROUNDS);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
