/* Memory, LMDB and the disk fail at every place on the way from a request to its verdict in
 * the store. In a shard, no memory is FATAL, and nothing else is said. In the writer a batch
 * is committed as a whole or not at all; what is on disk is sound, and a start after it
 * counts everything once. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/cohorts/table.h"
#include "pipelines/commit/sources.h"
#include "pipelines/commit/state.h"
#include "pipelines/commit/writer.h"
#include "pipelines/config/load.h"
#include "pipelines/run/recovery.h"
#include "state/tables/journal.h"
#include "tests/support/check_state.h"
#include "tests/support/failing.h"
#include "tests/support/shard_fixture.h"
#include "tests/support/temp_store.h"

enum { SECOND = 1000, MAP_BYTES = 16 << 20, TRACES = 3, SPANS_A_TRACE = 2 };

static const char *const sources[FIXTURE_SOURCES] = {"otlp/grpc", "otlp/http", "kafka/x/0"};

static void report(const char *what, const struct failing_sweep *sweep)
{
    printf("%s: %ju failures\n", what, (uintmax_t)(sweep->runs - 1));
    ck_assert(!failing_works() || sweep->runs > 1);
}

/* --- a shard --- */

static struct request *request_of(struct shard_fixture *fixture, uint16_t source, uint32_t traces)
{
    for (uint32_t trace = 1; trace <= traces; trace++) {
        trace_resource(&fixture->builder, "agents");
        shard_fixture_build(fixture, trace, 0.3);
    }
    struct request *request = request_take(fixture->pool);
    ck_assert_ptr_nonnull(request);
    request->source = source;
    request->position = 1;
    request->received_ms = fixture->wall_ms;
    buffer_append_bytes(&request->received, trace_request(&fixture->builder));
    ck_assert_int_eq(wire_gate(request_body(request), WIRE_GATE_TRACES, &wire_gate_limits_default,
                               &request->arena, &request->gated),
                     STATUS_OK);
    request_chain_shards(request, 1);
    trace_clear(&fixture->builder);
    return request;
}

static struct shard_time time_of(const struct shard_fixture *fixture, int64_t ms)
{
    return (struct shard_time){.now_ms = fixture->now_ms + ms,
                               .wall_ms = fixture->wall_ms + (uint64_t)ms,
                               .spill_bytes = SIZE_MAX};
}

/* Create, take in, close, judge: all of a shard's own. */
static enum status run_shard(const struct shard_fixture *fixture, const struct request *request,
                             const struct request *other, bool is_scored, uint32_t *ret_closed)
{
    enum status status = STATUS_FATAL;
    struct shard *shard = shard_create(0, 1, FIXTURE_SOURCES, fixture->config, fixture->now_ms);
    struct effects *effects = effects_create(0);
    struct shard_event events[] = {{.kind = SHARD_REQUEST, .request = request},
                                   {.kind = SHARD_REQUEST, .request = other ? other : request},
                                   {.kind = SHARD_TICK, .next_positions = fixture->next}};
    if (shard && effects) {
        status = STATUS_OK;
        for (int i = other ? 0 : 1; i < 3 && status == STATUS_OK; i++) {
            struct shard_time time = time_of(fixture, i == 2 ? 3600 * SECOND : 0);
            status = shard_step(shard, &events[i], &time, effects);
        }
        *ret_closed = effects->closed_count;
        for (const struct closed *one = effects->first; one && status == STATUS_OK; one = one->next)
            if (one->verdict == VERDICT_UNSCORED && is_scored)
                status = STATUS_MALFORMED;
    }
    shard_destroy(shard);
    effects_destroy(effects);
    return status;
}

/* `path` NULL: the fixture's own configuration. */
static void sweep_shard(const char *what, const char *path, bool has_two_sources)
{
    struct shard_fixture fixture;
    struct error error = {0};
    shard_fixture_begin(&fixture, 1, "");
    struct pipeline_config *own = fixture.config;
    if (path)
        fixture.config = config_load(path, &error);
    ck_assert_msg(fixture.config != NULL, "%s", error.text);
    struct request *request = request_of(&fixture, 0, TRACES), *other = NULL;
    if (has_two_sources)
        other = request_of(&fixture, 1, TRACES);
    for (int source = 0; source < FIXTURE_SOURCES; source++)
        fixture.next[source] = 2;
    uint32_t closed = 0;
    struct failing_sweep sweep = failing_sweep(FAILING_MEMORY, 1);
    while (failing_next(&sweep)) {
        failing_on();
        enum status status = run_shard(&fixture, request, other, !path, &closed);
        failing_off();
        /* Least of all a verdict that more memory would have changed. */
        ck_assert_msg(status == STATUS_OK || (status == STATUS_FATAL && failing_hit()),
                      "status %d at %ju", (int)status, (uintmax_t)sweep.n);
    }
    ck_assert_uint_eq(closed, TRACES);
    report(what, &sweep);
    request_release(request);
    if (other)
        request_release(other);
    if (path)
        config_destroy(fixture.config);
    fixture.config = own;
    shard_fixture_end(&fixture);
}

START_TEST(a_shard_without_memory_says_fatal)
{
    sweep_shard("shard", NULL, false);
}
END_TEST

START_TEST(a_judgement_of_everything_without_memory_says_fatal)
{
    sweep_shard("shard, banking-support.yaml", SOURCE_ROOT "/pipelines/banking-support.yaml",
                false);
}
END_TEST

/* in_flight_touch(): a trajectory whose second source can't be noted must not go on, because that
 * source's floor would run ahead of it. */
START_TEST(a_second_source_without_memory_stops_the_process)
{
    if (!failing_works())
        raise(SIGABRT);
    sweep_shard("shard, two sources", NULL, true);
}
END_TEST

/* --- the writer over a store --- */

struct case_of_store {
    struct temp_store temp;
    struct shard_fixture shards;
    struct request *requests[TRACES];
    struct writer *writer;
};

static void begin(struct case_of_store *all)
{
    temp_store_open(&all->temp, MAP_BYTES);
    shard_fixture_begin(&all->shards, 1, "");
    for (uint32_t trace = 1; trace <= TRACES; trace++) {
        trace_resource(&all->shards.builder, "agents");
        shard_fixture_build(&all->shards, trace, 0.3);
        (void)shard_fixture_give(&all->shards, 0, WIRE_GATE_TRACES, &all->requests[trace - 1]);
    }
    shard_fixture_tick(&all->shards, 7 * SECOND);
}

static void end(struct case_of_store *all)
{
    writer_destroy(all->writer);
    for (uint32_t i = 0; i < TRACES; i++)
        request_release(all->requests[i]);
    shard_fixture_end(&all->shards);
    temp_store_finish(&all->temp);
}

static bool keep_one(void *context, uint64_t position, const struct journal_header *header,
                     struct bytes body)
{
    (void)position, (void)header;
    *(uint64_t *)context += body.size;
    return true;
}

/* Opens the writer, commits the batch, folds the cohorts and reads back. */
static enum status commit_batch(struct case_of_store *all)
{
    struct error error = {0};
    struct shard_fixture *shards = &all->shards;
    uint64_t read = 0;
    all->writer =
        writer_create(all->temp.store, shards->config, 1, sources, FIXTURE_SOURCES, &error);
    if (!all->writer)
        return STATUS_FATAL;
    if (sources_row(all->writer, 0)->next_position > 1)
        return STATUS_OK; /* committed before */
    writer_begin(all->writer);
    for (uint32_t i = 0; i < TRACES; i++)
        writer_add_request(all->writer, all->requests[i], true);
    writer_add_effects(all->writer, shards->effects[0], (int64_t)shards->wall_ms);
    enum status status = writer_commit(all->writer, shards->now_ms, (int64_t)shards->wall_ms);
    if (status == STATUS_OK)
        status = journal_read(all->temp.store, 0, 0, keep_one, &read);
    return status;
}

static void check_whole(struct case_of_store *all)
{
    struct span_account account = writer_account(all->writer);
    ck_assert_uint_eq(account.accepted, TRACES * SPANS_A_TRACE);
    ck_assert_uint_eq(account.decided, TRACES * SPANS_A_TRACE);
    ck_assert_uint_eq(writer_gauges(all->writer).outbox_records, TRACES);
    check_state(all->temp.store);
}

static void sweep_store(const char *what, unsigned kinds, uint64_t stride, bool is_repeated)
{
    struct failing_sweep sweep = failing_sweep(kinds, stride);
    sweep.is_repeated = is_repeated;
    while (failing_next(&sweep)) {
        struct case_of_store all = {0};
        begin(&all);
        failing_on();
        enum status status = commit_batch(&all);
        failing_off();
        ck_assert_msg(status == STATUS_OK || failing_hit(), "status %d at %ju", (int)status,
                      (uintmax_t)sweep.n);
        ck_assert(status != STATUS_MALFORMED);
        writer_destroy(all.writer);
        /* The process ends here, or goes on after BUSY; a new one begins. */
        temp_store_reopen(&all.temp, MAP_BYTES);
        check_state(all.temp.store);
        status = commit_batch(&all);
        ck_assert_msg(status == STATUS_OK, "after %ju: status %d, %s", (uintmax_t)sweep.n,
                      (int)status, all.writer ? writer_reason(all.writer) : "no writer");
        check_whole(&all);
        end(&all);
    }
    report(what, &sweep);
}

START_TEST(a_batch_without_memory_is_all_or_nothing)
{
    sweep_store("writer, memory", FAILING_MEMORY, 1, false);
}
END_TEST

START_TEST(a_batch_without_memory_in_lmdb_is_all_or_nothing)
{
    sweep_store("writer, libraries' memory", FAILING_LIBRARIES, 1, false);
}
END_TEST

START_TEST(a_batch_over_a_failing_disk_is_all_or_nothing)
{
    sweep_store("writer, calls", FAILING_CALLS, 1, false);
    sweep_store("writer, calls from then on", FAILING_CALLS, 1, true);
}
END_TEST

/* --- start, restore, report --- */

static enum status open_and_read(const char *path, struct shard_fixture *shards,
                                 struct writer **ret_writer, struct store **ret_store)
{
    struct error error = {0};
    struct restored restored = {0};
    uint64_t read = 0;
    enum status status = store_open(path, MAP_BYTES, STORE_OWNER, ret_store, &error);
    if (status != STATUS_OK)
        return error.is_set ? status : STATUS_MALFORMED;
    *ret_writer = writer_create(*ret_store, shards->config, 1, sources, FIXTURE_SOURCES, &error);
    if (!*ret_writer)
        return STATUS_FATAL;
    struct recovery_target target = {
        .writer = *ret_writer,
        .shards = shards->shards,
        .shard_count = 1,
        .limits = &wire_gate_limits_default,
        .time = time_of(shards, 0),
    };
    status = recovery_restore_spilled(*ret_store, &target, &restored);
    return status == STATUS_OK ? journal_read(*ret_store, 0, 0, keep_one, &read) : status;
}

static enum status ask(struct store *store, const struct pipeline_config *config, int64_t now_ms,
                       struct buffer *to)
{
    struct error error = {0};
    struct cohort_report_request request;
    struct cohort_result result;
    enum status status = cohort_report_parse(BYTES_LITERAL("1h"), BYTES_LITERAL("release"),
                                             (struct bytes){0}, config, now_ms, &request, &error);
    if (status == STATUS_OK)
        status = cohort_report_query(store, config, &request, &result, &error);
    if (status != STATUS_OK)
        return error.is_set ? status : STATUS_MALFORMED;
    cohort_report_json(&request, &result, to);
    cohort_table_write(&request, &result, to);
    cohort_result_finish(&result);
    return to->failed ? STATUS_FATAL : STATUS_OK;
}

static void sweep_start(const char *what, unsigned kinds, uint64_t stride)
{
    struct case_of_store all = {0};
    begin(&all);
    ck_assert_int_eq(commit_batch(&all), STATUS_OK);
    writer_destroy(all.writer);
    all.writer = NULL;
    store_close(all.temp.store);
    struct failing_sweep sweep = failing_sweep(kinds, stride);
    while (failing_next(&sweep)) {
        struct store *store = NULL;
        struct writer *writer = NULL;
        shard_fixture_restart(&all.shards, 1);
        failing_on();
        enum status status = open_and_read(all.temp.path, &all.shards, &writer, &store);
        failing_off();
        ck_assert_int_eq(status, failing_hit() && status != STATUS_OK ? STATUS_FATAL : STATUS_OK);
        writer_destroy(writer);
        store_close(store);
    }
    report(what, &sweep);
    all.temp.store = NULL;
    temp_store_reopen(&all.temp, MAP_BYTES);
    ck_assert_int_eq(commit_batch(&all), STATUS_OK);
    check_whole(&all);
    end(&all);
}

START_TEST(a_start_that_fails_leaves_the_state_as_it_was)
{
    sweep_start("start, memory", FAILING_LIBRARIES, 1);
    sweep_start("start, calls", FAILING_CALLS, 1);
}
END_TEST

START_TEST(a_cohort_report_is_whole_or_an_error)
{
    struct case_of_store all = {0};
    begin(&all);
    ck_assert_int_eq(commit_batch(&all), STATUS_OK);
    struct failing_sweep sweep = failing_sweep(FAILING_LIBRARIES, 1);
    while (failing_next(&sweep)) {
        struct buffer text = {0};
        failing_on();
        enum status status =
            ask(all.temp.store, all.shards.config, (int64_t)all.shards.wall_ms, &text);
        failing_off();
        ck_assert_msg(status == STATUS_OK || (status == STATUS_FATAL && failing_hit()),
                      "status %d at %ju", (int)status, (uintmax_t)sweep.n);
        buffer_finish(&text);
    }
    report("cohort report", &sweep);
    end(&all);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sweep_pipeline");
    TCase *cases = tcase_create("failures");
    tcase_set_timeout(cases, 280);
    tcase_add_test(cases, a_shard_without_memory_says_fatal);
    tcase_add_test(cases, a_judgement_of_everything_without_memory_says_fatal);
    tcase_add_test_raise_signal(cases, a_second_source_without_memory_stops_the_process, SIGABRT);
    tcase_add_test(cases, a_batch_without_memory_is_all_or_nothing);
    tcase_add_test(cases, a_batch_without_memory_in_lmdb_is_all_or_nothing);
    tcase_add_test(cases, a_batch_over_a_failing_disk_is_all_or_nothing);
    tcase_add_test(cases, a_start_that_fails_leaves_the_state_as_it_was);
    tcase_add_test(cases, a_cohort_report_is_whole_or_an_error);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
