/* The admin routes over a real runtime: before it is ready, while it runs, and what they say of
 * cohorts that an earlier run has left in the store. */
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <sys/socket.h>

#include "pipelines/cohorts/metrics.h"
#include "pipelines/config/load.h"
#include "pipelines/daemon/telemetry.h"
#include "pipelines/run/state.h"
#include "processor/base/clock.h"
#include "state/cohorts/cohort.h"
#include "state/cohorts/delta.h"
#include "state/store/dictionary.h"
#include "state/tables/journal.h"
#include "tests/support/cohort_class.h"
#include "tests/support/temp_store.h"

static const char yaml[] = "cohorts:\n"
                           "  dimensions: { intent: [\"*\"], service.version: [service.version] }\n"
                           "  group_by: [[intent], [service.version, intent]]\n"
                           "rules:\n"
                           "  - { name: slow, measure: duration_ms, fail_above: 1000 }\n"
                           "service: { telemetry: { http: { endpoint: \"127.0.0.1:0\" } } }\n";

static struct temp_store temp;
static struct pipeline_config *config;
static struct runtime *runtime;
static struct telemetry *telemetry;
static struct receiver_counters counters;
static char page[1 << 20];

static void fill_cohorts(void)
{
    struct cohorts *cohorts;
    struct store_txn txn;
    struct cohort_delta *delta = cohort_delta_create();
    ck_assert_int_eq(cohorts_open(temp.store, 100, &cohorts), STATUS_OK);
    struct cohort_contribution one = {.event_ms = clock_realtime_ms(),
                                      .weight = 1,
                                      .tokens = -1,
                                      .cost_nano_usd = -1,
                                      .group_count = 2};
    struct bytes values[] = {BYTES_LITERAL("1.0"), BYTES_LITERAL("say \"hi\"\\\n")};
    store_begin(temp.store, true, &txn);
    one.groups[0].grouping = dictionary_id(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("intent"));
    one.groups[1].grouping =
        dictionary_id(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("service.version,intent"));
    cohort_assign(cohorts, &txn, one.groups[0].grouping, values + 1, 1, 0, one.groups[0].hash);
    cohort_assign(cohorts, &txn, one.groups[1].grouping, values, 2, 0, one.groups[1].hash);
    for (int i = 0; i < 4; i++) {
        one.verdict = i == 0 ? COHORT_FAIL : COHORT_PASS;
        one.class = judged_class(one.verdict);
        ck_assert(cohort_delta_add(delta, &one));
    }
    cohort_delta_flush(delta, &txn, 0, one.event_ms);
    COMMIT(&txn);
    cohort_delta_destroy(delta);
    cohorts_close(cohorts);
}

static void setup(void)
{
    struct error error = {0};
    const struct runtime_source sources[] = {{"otlp/grpc", true}};
    const struct telemetry_receiver receivers[] = {{.name = "otlp", .counters = &counters}};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    fill_cohorts();
    struct buffer text = {0};
    buffer_append_text(&text, yaml);
    buffer_printf(&text, "exporters: { file/annotations: { path: %s/out.jsonl } }\n", temp.path);
    config = config_load_text("test.yaml", buffer_bytes(&text), &error);
    buffer_finish(&text);
    ck_assert_msg(config != NULL, "%s", error.text);
    runtime = runtime_create(config, temp.store, sources, 1, &error);
    ck_assert_msg(runtime != NULL, "%s", error.text);
    const struct telemetry_return_path none = {NULL, NULL};
    telemetry = telemetry_create(config, runtime, temp.store, receivers, 1, &none, &error);
    ck_assert_msg(telemetry != NULL, "%s", error.text);
}

static void start(void)
{
    struct error error = {0};
    ck_assert_msg(runtime_start(runtime, &error) == STATUS_OK, "%s", error.text);
}

static void teardown(void)
{
    runtime_stop(runtime, 1000);
    telemetry_destroy(telemetry);
    runtime_destroy(runtime);
    config_destroy(config);
    temp_store_finish(&temp);
}

/* The status; the whole answer is in `page`. */
static int ask(const char *target)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)telemetry_port(telemetry)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char text[512];
    int status = 0, fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    int size = snprintf(text, sizeof text,
                        "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", target);
    ck_assert_int_eq((int)send(fd, text, (size_t)size, MSG_NOSIGNAL), size);
    size_t got = 0;
    for (ssize_t n; (n = read(fd, page + got, sizeof page - 1 - got)) > 0;)
        got += (size_t)n;
    page[got] = 0;
    close(fd);
    return sscanf(page, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

#define SAYS(what) ck_assert_msg(strstr(page, what) != NULL, "%s is not in %s", what, page)

START_TEST(health_is_there_before_readiness)
{
    ck_assert_int_eq(ask("/healthz"), 200);
    ck_assert_int_eq(ask("/readyz"), 503);
    ck_assert_int_eq(ask("/metrics"), 200);
    start();
    ck_assert_int_eq(ask("/readyz"), 503); /* nobody could send anything yet */
    telemetry_listening(telemetry);
    ck_assert_int_eq(ask("/readyz"), 200);
    ck_assert_int_eq(ask("/healthz"), 200);
}
END_TEST

START_TEST(a_shard_that_is_long_at_one_thing_is_not_healthy_until_it_turns)
{
    _Atomic int64_t *turn_ms = &runtime->shards[0].turn_ms; /* not started: no thread moves it */
    atomic_store(turn_ms, clock_monotonic_ms() - SHARD_STALLED_MS / 2);
    ck_assert_int_eq(ask("/healthz"), 200);
    atomic_store(turn_ms, clock_monotonic_ms() - SHARD_STALLED_MS);
    ck_assert_int_eq(ask("/healthz"), 503);
    SAYS("shard 0 has not turned for ");
    atomic_store(turn_ms, 0); /* it waits for the writer, whose own heartbeat that is */
    ck_assert_int_eq(ask("/healthz"), 200);
    atomic_store(&runtime->writer_turn_ms, clock_monotonic_ms() - WRITER_STALLED_MS);
    ck_assert_int_eq(ask("/healthz"), 503);
    SAYS("the writer has not turned for ");
}
END_TEST

START_TEST(the_page_has_every_family_once)
{
    static const char *const families[] = {"flywheel_receiver_accepted_spans_total",
                                           "flywheel_receiver_accepted_logs_total",
                                           "flywheel_receiver_refused_spans_total",
                                           "flywheel_receiver_requests_total",
                                           "flywheel_spans_decided_total",
                                           "flywheel_spans_in_flight",
                                           "flywheel_spans_dropped_total",
                                           "flywheel_late_spans_total",
                                           "flywheel_trajectories_in_flight",
                                           "flywheel_in_flight_bytes",
                                           "flywheel_trajectories_total",
                                           "flywheel_verdicts_total",
                                           "flywheel_rule_outcomes_total",
                                           "flywheel_review_records_total",
                                           "flywheel_review_skipped_total",
                                           "flywheel_cohort_trajectories_total",
                                           "flywheel_cohort_fail_rate",
                                           "flywheel_cohort_known_fail_rate",
                                           "flywheel_cohort_scored_trajectories_total",
                                           "flywheel_cohort_last_seen_timestamp_seconds",
                                           "flywheel_verdict_seconds",
                                           "flywheel_commit_seconds",
                                           "flywheel_outbox_records",
                                           "flywheel_outbox_age_seconds",
                                           "flywheel_state_used_ratio",
                                           "flywheel_low_watermark_age_seconds",
                                           "flywheel_build_info",
                                           "flywheel_config_last_reload_successful",
                                           "process_start_time_seconds",
                                           "process_open_fds"};
    start();
    ck_assert_int_eq(ask("/metrics"), 200);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        char line[128];
        snprintf(line, sizeof line, "\n# TYPE %s ", families[i]);
        const char *first = strstr(page, line);
        ck_assert_msg(first != NULL, "%s is missing", families[i]);
        ck_assert_msg(strstr(first + 1, line) == NULL, "%s is there twice", families[i]);
    }
    SAYS("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
    SAYS("\nflywheel_receiver_requests_total{receiver=\"otlp\",code=\"OK\"} 0\n");
    SAYS("\nflywheel_config_last_reload_successful 1\n");
}
END_TEST

START_TEST(cohorts_are_series_with_their_dimensions)
{
    start();
    ck_assert_int_eq(ask("/metrics"), 200);
    SAYS("\nflywheel_cohort_trajectories_total{group=\"intent\",intent=\"say \\\"hi\\\"\\\\\\n\","
         "verdict=\"pass\"} 3\n");
    SAYS("\nflywheel_cohort_trajectories_total{group=\"service.version,intent\","
         "service_version=\"1.0\",intent=\"say \\\"hi\\\"\\\\\\n\",verdict=\"fail\"} 1\n");
    SAYS("\nflywheel_cohort_fail_rate{group=\"intent\",intent=\"say \\\"hi\\\"\\\\\\n\","
         "window=\"1h\"} 0.25\n");
    SAYS("window=\"24h\"} 0.25\n");
    SAYS("\nflywheel_cohort_overflow_ratio{group=\"intent\"} 0\n");
}
END_TEST

START_TEST(labels_are_names_that_prometheus_accepts)
{
    static const char *const names[][2] = {{"service.version", "service_version"},
                                           {"group", "dimension_group"},
                                           {"window", "dimension_window"},
                                           {"verdict", "dimension_verdict"},
                                           {"le", "dimension_le"},
                                           {"9lives", "dimension_9lives"},
                                           {"__name__", "dimension___name__"},
                                           {"a-b", "a_b"},
                                           {"", "dimension_"},
                                           {"intent", "intent"}};
    char label[COHORT_LABEL_SIZE], longest[300];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cohort_metrics_label_name(label, bytes_of_text(names[i][0]));
        ck_assert_str_eq(label, names[i][1]);
    }
    memset(longest, '9', sizeof longest);
    cohort_metrics_label_name(label, bytes_of(longest, sizeof longest));
    ck_assert_uint_lt(strlen(label), sizeof label);
}
END_TEST

START_TEST(a_refused_reload_is_seen)
{
    start();
    telemetry_reload_result(telemetry, NULL);
    ck_assert_int_eq(ask("/metrics"), 200);
    SAYS("\nflywheel_config_last_reload_successful 0\n");
}
END_TEST

START_TEST(the_status_tells_what_is_in_flight)
{
    start();
    telemetry_listening(telemetry);
    ck_assert_int_eq(ask("/api/v1/status"), 200);
    SAYS("Content-Type: application/json\r\n");
    SAYS("{\"version\":\"" FLYWHEEL_VERSION "\",\"instance\":\"");
    SAYS("\"ready\":true");
    SAYS("\"spans\":{\"accepted\":0,\"decided\":0,\"dropped\":0,\"in_flight\":0}");
    SAYS("\"outbox\":{\"records\":0");
    SAYS("{\"name\":\"otlp/grpc\",\"next_position\":");
}
END_TEST

START_TEST(cohorts_are_the_document_of_the_command)
{
    start();
    ck_assert_int_eq(ask("/api/v1/cohorts?window=1h&group_by=intent"), 200);
    SAYS("\"window\":\"1h\",\"group_by\":[\"intent\"],\"cohorts\":[{\"cohort\":{\"intent\":\"say "
         "\\\"hi\\\"\\\\\\n\"},\"total\":4,\"pass\":3,\"borderline\":0,\"fail\":1");
    ck_assert_int_eq(ask("/api/v1/cohorts"), 200);
    SAYS("\"group_by\":[\"intent\"]");
    ck_assert_int_eq(ask("/api/v1/cohorts?window=1h&as_of=2020-01-01T00:00:00Z"), 200);
    SAYS("\"as_of\":\"2020-01-01T00:00:00.000000000Z\"");
    SAYS("\"cohorts\":[]");
}
END_TEST

START_TEST(bad_parameters_are_400_with_a_sentence)
{
    static const char *const wrong[] = {"window=90d", "window=", "group_by=color",
                                        "group_by=", "as_of=noon"};
    start();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char target[100];
        snprintf(target, sizeof target, "/api/v1/cohorts?%s", wrong[i]);
        ck_assert_int_eq(ask(target), 400);
        SAYS("\r\n\r\n{\"error\":\"");
    }
}
END_TEST

START_TEST(a_parameter_that_a_route_does_not_know_is_400_by_name)
{
    static const struct {
        const char *target, *sentence;
    } wrong[] = {
        {"/api/v1/cohorts?windw=24h", "unknown parameter windw; known are window, group_by, as_of"},
        {"/api/v1/cohorts?window=1h&window=24h", "there twice: window"},
        {"/api/v1/cohorts?x%1b%5b2J=1", "unknown parameter x?[2J; "},
        {"/api/v1/cohorts?", NULL},
        {"/api/v1/status?pretty", "unknown parameter pretty; it takes none"},
        {"/metrics?name=up", "unknown parameter name; it takes none"},
        {"/healthz?t=1", "unknown parameter t; it takes none"},
        {"/readyz?t=1", "unknown parameter t; it takes none"},
        {"/?t=1", "unknown parameter t; it takes none"},
    };
    start();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_int_eq(ask(wrong[i].target), wrong[i].sentence ? 400 : 200);
        if (wrong[i].sentence)
            SAYS(wrong[i].sentence);
    }
}
END_TEST

START_TEST(the_gate_answers_over_http)
{
    start();
    ck_assert_int_eq(ask("/api/v1/gate?cohort=service.version%3D1.0&min_pass_rate=0.9"), 200);
    SAYS("Content-Type: application/json\r\n");
    SAYS("\r\n\r\n{\"outcome\":\"insufficient\"");
    SAYS("\"cohort\":{\"service.version\":\"1.0\"}");
    SAYS("\"window\":\"24h\"");
    SAYS("\"total\":4,\"pass\":3");
    ck_assert_int_eq(ask("/api/v1/gate?cohort=service.version%3D1.0&min_pass_rate=0.01&window=1h"
                         "&min_scored=0&strict=true&format=json"),
                     200);
    SAYS("\"window\":\"1h\"");
}
END_TEST

START_TEST(what_the_gate_cannot_be_asked_is_400_with_a_sentence)
{
    static const struct {
        const char *query, *sentence;
    } wrong[] = {
        {"", "needs cohort and min_pass_rate, such as"},
        {"cohort=intent%3Da", "needs cohort and min_pass_rate, such as"},
        {"cohort=intent%3Da&min_pass_rate=92%25", "min_pass_rate: takes a number from 0 to 1"},
        {"cohort=intent%3Da&min_pass_rate=", "min_pass_rate: takes a number from 0 to 1"},
        {"cohort=intent&min_pass_rate=0.9", "cohort: takes DIMENSION=VALUE"},
        {"cohort=shoe%3D44&min_pass_rate=0.9", "shoe"},
        {"cohort=intent%3Da&min_pass_rate=0.9&confidence=1", "confidence: takes a number between"},
        {"cohort=intent%3Da&min_pass_rate=0.9&window=90d", "window: takes a duration"},
        {"cohort=intent%3Da&min_pass_rate=0.9&max_mising=0",
         "unknown parameter max_mising; known are cohort, min_pass_rate, "},
        {"cohort=intent%3Da&min_pass_rate=0.9&min_pass_rate=0", "there twice: min_pass_rate"},
        {"cohort=intent%3Da&min_pass_rate=0.9&missing=no", "missing is insufficient or fail"},
        {"cohort=intent%3Da&min_pass_rate=0.9&strict=no", "strict is true or false"},
        {"cohort=intent%3Da&min_pass_rate=0.9&format=text", "format is json"},
        {"cohort=intent%3Da&min_pass_rate=0.9&require=nobody", "nobody"},
        {"cohort=intent%3Da&min_pass_rate=0.9&require=", "require: takes names of rules"},
        {"cohort=intent%3Da&min_pass_rate=0.9&repeated&window=1h", "repeated counts all runs"},
    };
    start();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char target[160];
        snprintf(target, sizeof target, "/api/v1/gate?%s", wrong[i].query);
        ck_assert_int_eq(ask(target), 400);
        SAYS("\r\n\r\n{\"error\":\"");
        SAYS(wrong[i].sentence);
    }
}
END_TEST

START_TEST(the_index_links_the_rest)
{
    ck_assert_int_eq(ask("/"), 200);
    SAYS("Content-Type: text/html; charset=utf-8\r\n");
    SAYS("href=\"/metrics\"");
}
END_TEST

START_TEST(the_journal_knows_when_a_position_came)
{
    struct temp_store other;
    struct journal *journal;
    struct store_txn txn;
    int64_t received_ms = 0;
    temp_store_open(&other, TEMP_MAP_BYTES);
    ck_assert_int_eq(journal_open(other.store, &journal), STATUS_OK);
    store_begin(other.store, true, &txn);
    for (uint64_t position = 3; position < 6; position++)
        journal_append(journal, &txn, 7, position,
                       &(struct journal_header){.received_ms = 1000 * (int64_t)position},
                       BYTES_LITERAL("body"));
    COMMIT(&txn);
    store_begin(other.store, false, &txn);
    ck_assert(journal_received_ms(&txn, 7, 0, &received_ms));
    ck_assert_int_eq(received_ms, 3000);
    ck_assert(journal_received_ms(&txn, 7, 5, &received_ms));
    ck_assert_int_eq(received_ms, 5000);
    ck_assert(!journal_received_ms(&txn, 7, 6, &received_ms));
    ck_assert(!journal_received_ms(&txn, 8, 0, &received_ms));
    ck_assert(!journal_received_ms(&txn, 6, 0, &received_ms));
    store_abort(&txn);
    journal_close(journal);
    temp_store_finish(&other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("telemetry");
    TCase *tests = tcase_create("routes"), *plain = tcase_create("plain");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, health_is_there_before_readiness);
    tcase_add_test(tests, a_shard_that_is_long_at_one_thing_is_not_healthy_until_it_turns);
    tcase_add_test(tests, the_page_has_every_family_once);
    tcase_add_test(tests, cohorts_are_series_with_their_dimensions);
    tcase_add_test(tests, a_refused_reload_is_seen);
    tcase_add_test(tests, the_status_tells_what_is_in_flight);
    tcase_add_test(tests, cohorts_are_the_document_of_the_command);
    tcase_add_test(tests, bad_parameters_are_400_with_a_sentence);
    tcase_add_test(tests, a_parameter_that_a_route_does_not_know_is_400_by_name);
    tcase_add_test(tests, the_gate_answers_over_http);
    tcase_add_test(tests, what_the_gate_cannot_be_asked_is_400_with_a_sentence);
    tcase_add_test(tests, the_index_links_the_rest);
    tcase_add_test(plain, labels_are_names_that_prometheus_accepts);
    tcase_add_test(plain, the_journal_knows_when_a_position_came);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, plain);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures != 0;
}
