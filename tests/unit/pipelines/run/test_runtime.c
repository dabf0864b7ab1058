/* The runtime with its real threads, over a store and a file exporter in a temporary directory. */
#include <errno.h>
#include <pthread.h>

#include "pipelines/config/load.h"
#include "pipelines/run/intake.h"
#include "pipelines/run/runtime.h"
#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "state/store/store_faults.h"
#include "tests/support/temp_store.h"
#include "tests/support/trace_builder.h"
#include "tests/support/waiting.h"

enum { CALLS_MAX = 4096 };

/* A call that waits for its commit. */
struct call {
    _Atomic uint32_t answers;
    _Atomic int status;
};

struct fixture {
    struct temp_store temp;
    struct pipeline_config *config;
    struct runtime *runtime;
    struct intake intakes[2];
    struct call calls[CALLS_MAX];
    _Atomic uint32_t call_count;
};

static struct pipeline_config *load(const char *directory, const char *settle, double fail_below,
                                    int shards)
{
    char text[1024];
    struct error error = {0};
    snprintf(text, sizeof(text),
             "rules: [{ name: quality, measure: score.Quality, fail_below: %g }]\n"
             "trajectory: { settle: %s, idle_timeout: 1h }\n"
             "selection: { fail: 1.0, pass: 0.0, control_per_day: 0 }\n"
             "redaction: { content: full }\n"
             "cohorts: { dimensions: { release: [service.name] }, group_by: [[release]] }\n"
             "exporters: { file/out: { path: %s/records.jsonl } }\n"
             "service: { shards: %d, pipelines: { traces: { receivers: [otlp], exporters: "
             "[file/out] } } }\n",
             fail_below, settle, directory, shards);
    struct pipeline_config *config = config_load_text("test.yaml", bytes_of_text(text), &error);
    ck_assert_msg(config != NULL, "%s", error.text);
    return config;
}

static void create_runtime(struct fixture *fixture, bool is_journaled)
{
    struct error error = {0};
    struct runtime_source sources[] = {{"otlp/grpc", is_journaled}, {"otlp/http", is_journaled}};
    fixture->runtime = runtime_create(fixture->config, fixture->temp.store, sources, 2, &error);
    ck_assert_msg(fixture->runtime != NULL, "%s", error.text);
    for (uint32_t i = 0; i < 2; i++)
        fixture->intakes[i] = intake_of_source(fixture->runtime, i);
}

static void begin(struct fixture *fixture, bool is_journaled)
{
    struct error error = {0};
    create_runtime(fixture, is_journaled);
    ck_assert_msg(runtime_start(fixture->runtime, &error) == STATUS_OK, "%s", error.text);
}

static struct fixture *fixture_create(const char *settle, int shards)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    ck_assert_ptr_nonnull(fixture);
    log_set_level(LOG_ERROR);
    temp_store_open(&fixture->temp, (size_t)256 << 20);
    fixture->config = load(fixture->temp.path, settle, 0.5, shards);
    return fixture;
}

static void end(struct fixture *fixture)
{
    runtime_stop(fixture->runtime, 5000);
    runtime_destroy(fixture->runtime);
    fixture->runtime = NULL;
}

static void fixture_destroy(struct fixture *fixture)
{
    config_destroy(fixture->config);
    temp_store_finish(&fixture->temp);
    free(fixture);
}

static void on_durable(struct request *request, enum status status)
{
    struct call *call = request->call;
    atomic_store(&call->status, (int)status);
    atomic_fetch_add(&call->answers, 1);
}

/* Submits until there is room. Returns the call, NULL when `is_once` and there was none. */
static struct call *submit(struct fixture *fixture, uint32_t source, struct bytes body,
                           bool is_once)
{
    const struct intake *intake = &fixture->intakes[source];
    struct call *call = &fixture->calls[atomic_fetch_add(&fixture->call_count, 1)];
    struct request *request = request_take(intake->pool);
    request->signal = WIRE_GATE_TRACES;
    request->received_ms = (uint64_t)clock_realtime_ms();
    buffer_append_bytes(&request->received, body);
    ck_assert_int_eq(wire_gate(request_body(request), WIRE_GATE_TRACES, &wire_gate_limits_default,
                               &request->arena, &request->gated),
                     STATUS_OK);
    request_account(request);
    request->call = call;
    request->on_durable = intake->ack_durable ? on_durable : NULL;
    int64_t retry_ms = 0;
    while (intake->submit(intake->context, request, &retry_ms) != STATUS_OK) {
        ck_assert_int_gt(retry_ms, 0);
        if (is_once) {
            request_release(request);
            return NULL;
        }
        pause_ms(1);
    }
    return call;
}

enum { CHILD = 1, ROOT = 2 };

/* Traces [from, to) in one request; every second one fails. */
static struct call *send(struct fixture *fixture, uint32_t source, uint32_t from, uint32_t to,
                         int parts, bool is_once)
{
    struct trace_builder builder = {0};
    uint64_t now_ms = (uint64_t)clock_realtime_ms();
    trace_resource(&builder, "bank");
    for (uint32_t trace = from; trace < to; trace++) {
        struct span_spec child = {.trace = trace,
                                  .id = 2,
                                  .parent = 1,
                                  .start_ms = now_ms - 10,
                                  .end_ms = now_ms,
                                  .score_name = "Quality",
                                  .score = trace % 2 ? 0.1 : 0.9};
        struct span_spec root = {
            .trace = trace, .id = 1, .start_ms = now_ms - 20, .end_ms = now_ms};
        if (parts & CHILD)
            trace_span(&builder, &child);
        if (parts & ROOT)
            trace_span(&builder, &root);
    }
    struct call *call = submit(fixture, source, trace_request(&builder), is_once);
    trace_finish(&builder);
    return call;
}

static struct span_account account_of(const struct fixture *fixture)
{
    return writer_account(runtime_writer(fixture->runtime));
}

static void wait_decided(const struct fixture *fixture, uint64_t spans)
{
    WAIT_UNTIL(account_of(fixture).decided >= spans);
    struct span_account account = account_of(fixture);
    ck_assert_uint_eq(account.decided, spans);
}

static void check_answers(const struct fixture *fixture)
{
    for (uint32_t i = 0; i < atomic_load(&fixture->call_count); i++)
        ck_assert_uint_eq(atomic_load(&fixture->calls[i].answers), 1);
}

static uint32_t lines_of(const struct fixture *fixture)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/records.jsonl", fixture->temp.path);
    FILE *file = fopen(path, "r");
    uint32_t lines = 0;
    for (int byte; file && (byte = getc(file)) != EOF;)
        lines += byte == '\n';
    if (file)
        fclose(file);
    return lines;
}

struct sender {
    struct fixture *fixture;
    pthread_t thread;
    uint32_t source, from, requests;
};

static void *send_all(void *context)
{
    const struct sender *sender = context;
    for (uint32_t i = 0; i < sender->requests; i++)
        (void)send(sender->fixture, sender->source, sender->from + i * 5, sender->from + i * 5 + 5,
                   CHILD | ROOT, false);
    return NULL;
}

static void start_senders(struct fixture *fixture, struct sender *senders, uint32_t requests)
{
    for (uint32_t i = 0; i < 2; i++) {
        senders[i] = (struct sender){fixture, 0, i, 1 + i * 100000, requests};
        ck_assert_int_eq(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
}

static void join_senders(struct sender *senders)
{
    for (uint32_t i = 0; i < 2; i++)
        pthread_join(senders[i].thread, NULL);
}

START_TEST(every_call_is_answered_once_and_every_failed_run_is_one_line)
{
    struct fixture *fixture = fixture_create("20ms", 3);
    struct sender senders[2];
    begin(fixture, true);
    start_senders(fixture, senders, 300);
    join_senders(senders);
    wait_decided(fixture, 2 * 300 * 5 * 2);
    end(fixture);
    check_answers(fixture);
    for (uint32_t i = 0; i < atomic_load(&fixture->call_count); i++)
        ck_assert_int_eq(atomic_load(&fixture->calls[i].status), STATUS_OK);
    ck_assert_uint_eq(lines_of(fixture), 2 * 300 * 5 / 2);
    begin(fixture, true); /* What was delivered has left the outbox and the journal. */
    ck_assert_uint_eq(writer_gauges(runtime_writer(fixture->runtime)).outbox_records, 0);
    ck_assert_uint_eq(writer_gauges(runtime_writer(fixture->runtime)).journal_bytes, 0);
    ck_assert_uint_eq(runtime_gauges(fixture->runtime).decided, 3000);
    end(fixture);
    ck_assert_uint_eq(lines_of(fixture), 2 * 300 * 5 / 2);
    fixture_destroy(fixture);
}
END_TEST

START_TEST(a_stop_answers_the_calls_that_wait)
{
    struct fixture *fixture = fixture_create("1h", 2);
    begin(fixture, true);
    for (uint32_t i = 0; i < 200; i++)
        (void)send(fixture, i % 2, 1 + i, 2 + i, CHILD | ROOT, false);
    end(fixture);
    check_answers(fixture);
    fixture_destroy(fixture);
}
END_TEST

START_TEST(before_the_start_and_after_the_stop_nothing_is_taken)
{
    struct fixture *fixture = fixture_create("1h", 2);
    create_runtime(fixture, true);
    ck_assert(!fixture->intakes[0].has_room(fixture->intakes[0].context, 10));
    ck_assert_ptr_null(send(fixture, 0, 1, 2, ROOT, true));
    struct error error = {0};
    ck_assert_int_eq(runtime_start(fixture->runtime, &error), STATUS_OK);
    ck_assert(fixture->intakes[0].has_room(fixture->intakes[0].context, 10));
    ck_assert(!fixture->intakes[0].has_room(fixture->intakes[0].context, (size_t)1 << 40));
    ck_assert_ptr_nonnull(send(fixture, 0, 1, 2, ROOT, true));
    runtime_stop(fixture->runtime, 1000);
    ck_assert(!runtime_is_ready(fixture->runtime));
    ck_assert_ptr_null(send(fixture, 0, 2, 3, ROOT, true));
    runtime_destroy(fixture->runtime);
    fixture_destroy(fixture);
}
END_TEST

/* The children come in one run of the process, the roots in another one with other shards. */
START_TEST(a_restart_goes_on_with_what_was_open)
{
    struct fixture *fixture = fixture_create("50ms", 1 + _i);
    const uint32_t traces = 500;
    begin(fixture, true);
    for (uint32_t i = 0; i < traces; i += 10)
        (void)send(fixture, i / 10 % 2, 1 + i, 11 + i, CHILD, false);
    end(fixture);
    ck_assert_uint_eq(lines_of(fixture), 0);
    config_destroy(fixture->config);
    fixture->config = load(fixture->temp.path, "50ms", 0.5, 3);
    for (int restart = 0; restart < 2; restart++) {
        begin(fixture, true);
        ck_assert_uint_eq(runtime_gauges(fixture->runtime).trajectories, traces);
        ck_assert_uint_eq(account_of(fixture).in_flight, traces);
        if (restart == 0)
            end(fixture);
    }
    for (uint32_t i = 0; i < traces; i += 10)
        (void)send(fixture, 1, 1 + i, 11 + i, ROOT, false);
    wait_decided(fixture, 2 * traces);
    end(fixture);
    check_answers(fixture);
    ck_assert_uint_eq(lines_of(fixture), traces / 2);
    fixture_destroy(fixture);
}
END_TEST

START_TEST(what_no_journal_holds_is_closed_by_the_stop)
{
    struct fixture *fixture = fixture_create("1h", 2);
    begin(fixture, false);
    for (uint32_t i = 0; i < 100; i++)
        (void)send(fixture, 0, 1 + i, 2 + i, CHILD | ROOT, false);
    end(fixture);
    ck_assert_uint_eq(lines_of(fixture), 50);
    begin(fixture, false);
    struct span_account account = account_of(fixture);
    ck_assert_uint_eq(account.decided, 200);
    ck_assert_uint_eq(account.in_flight, 0);
    end(fixture);
    fixture_destroy(fixture);
}
END_TEST

START_TEST(rules_change_under_load)
{
    struct fixture *fixture = fixture_create("5ms", 2);
    struct sender senders[2];
    begin(fixture, true);
    start_senders(fixture, senders, 200);
    for (int i = 0; i < 30; i++) {
        runtime_reload(fixture->runtime, load(fixture->temp.path, "5ms", 0.5, 2));
        pause_ms(3);
    }
    join_senders(senders);
    wait_decided(fixture, 2 * 200 * 5 * 2);
    runtime_reload(fixture->runtime, load(fixture->temp.path, "5ms", 0.95, 2));
    (void)send(fixture, 0, 500000, 500010, CHILD | ROOT, false); /* now all of them fail */
    wait_decided(fixture, 2 * 200 * 5 * 2 + 20);
    end(fixture);
    check_answers(fixture);
    ck_assert_uint_eq(lines_of(fixture), 2 * 200 * 5 / 2 + 10);
    fixture_destroy(fixture);
}
END_TEST

/* Runs in the writer's thread, before each commit. */
struct trouble {
    struct store_faults faults;
    int commits, at, error;
};

static void make_trouble(void *context)
{
    struct trouble *trouble = context;
    if (++trouble->commits % trouble->at == 0)
        trouble->faults.commit_error = trouble->error;
}

static struct trouble trouble_of(int at, int error)
{
    return (struct trouble){.faults = {.before_commit = make_trouble}, .at = at, .error = error};
}

START_TEST(a_full_disk_refuses_calls_and_loses_nothing)
{
    struct fixture *fixture = fixture_create("20ms", 2);
    struct trouble trouble = trouble_of(3, ENOSPC);
    struct sender senders[2];
    trouble.faults.context = &trouble;
    begin(fixture, true);
    runtime_stop(fixture->runtime, 1000); /* Faults are set while no thread runs. */
    runtime_destroy(fixture->runtime);
    store_set_faults(fixture->temp.store, &trouble.faults);
    begin(fixture, true);
    start_senders(fixture, senders, 60);
    join_senders(senders);
    wait_decided(fixture, 2 * 60 * 5 * 2);
    end(fixture);
    check_answers(fixture);
    ck_assert_uint_eq(lines_of(fixture), 2 * 60 * 5 / 2);
    ck_assert_int_gt(trouble.commits, trouble.at);
    fixture_destroy(fixture);
}
END_TEST

static void count_failure(void *context)
{
    atomic_fetch_add((_Atomic uint32_t *)context, 1);
}

START_TEST(a_broken_disk_stops_the_process_with_all_calls_answered)
{
    struct fixture *fixture = fixture_create("1h", 3);
    struct trouble trouble = trouble_of(12, EIO);
    _Atomic uint32_t failures = 0;
    trouble.faults.context = &trouble;
    log_set_level(LOG_ERROR);
    store_set_faults(fixture->temp.store, &trouble.faults);
    begin(fixture, true);
    runtime_on_failure(fixture->runtime, count_failure, &failures);
    for (uint32_t i = 0; runtime_failure(fixture->runtime) == EXIT_DONE && i < 2000; i++) {
        const struct call *call = send(fixture, 0, 1 + i, 2 + i, CHILD, true);
        for (int wait = 0; call && wait < 2 && !atomic_load(&call->answers); wait++)
            pause_ms(1);
    }
    ck_assert_int_eq(runtime_failure(fixture->runtime), EXIT_STATE_IO);
    runtime_stop(fixture->runtime, 1000); /* The thread that failed has ended, and told before. */
    ck_assert_uint_eq(atomic_load(&failures), 1);
    runtime_destroy(fixture->runtime);
    fixture_destroy(fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("runtime");
    TCase *cases = tcase_create("runtime");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, every_call_is_answered_once_and_every_failed_run_is_one_line);
    tcase_add_test(cases, a_stop_answers_the_calls_that_wait);
    tcase_add_test(cases, before_the_start_and_after_the_stop_nothing_is_taken);
    tcase_add_loop_test(cases, a_restart_goes_on_with_what_was_open, 0, 3);
    tcase_add_test(cases, what_no_journal_holds_is_closed_by_the_stop);
    tcase_add_test(cases, rules_change_under_load);
    tcase_add_test(cases, a_full_disk_refuses_calls_and_loses_nothing);
    tcase_add_test(cases, a_broken_disk_stops_the_process_with_all_calls_answered);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
