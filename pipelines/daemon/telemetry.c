/* The table of routes, and the series that belong to no module of their own. */
#include "pipelines/daemon/telemetry.h"

#include <stdlib.h>

#include "pipelines/cohorts/metrics.h"
#include "pipelines/cohorts/report.h"
#include "pipelines/daemon/telemetry_process.h"
#include "pipelines/daemon/telemetry_sources.h"
#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "processor/base/json/writer.h"
#include "processor/base/log.h"
#include "processor/report/http_server.h"
#include "processor/report/page.h"

enum { WRITER_STALLED_MS = 5000 };

struct telemetry {
    const struct pipeline_config *config;
    struct runtime *runtime;
    struct store *store;
    struct metrics *metrics;
    struct http_server *server;
    struct cohort_metrics *cohorts;
    struct telemetry_sources sources;
    struct telemetry_receiver receivers[TELEMETRY_RECEIVERS_MAX];
    uint32_t receiver_count;
    int64_t started_ms;
    _Atomic bool is_listening; /* the receivers */
    _Atomic bool has_reloaded_well;
    _Atomic int64_t reloaded_ms;   /* wall clock */
    _Atomic uint64_t ruleset_head; /* first eight bytes of the digest in force */
};

/* --- series --- */

static const struct metric_family gauge_families[] = {
    {"flywheel_trajectories_in_flight", METRIC_GAUGE, "Trajectories that are not closed yet."},
    {"flywheel_in_flight_bytes", METRIC_GAUGE,
     "Memory of the trajectories that are not closed yet."},
    {"flywheel_decided_ids", METRIC_GAUGE,
     "Trace ids that are known as decided, for the late window."},
    {"flywheel_outbox_records", METRIC_GAUGE, "Review records that no exporter has delivered yet."},
    {"flywheel_outbox_bytes", METRIC_GAUGE, "Their size."},
    {"flywheel_outbox_age_seconds", METRIC_GAUGE,
     "Age of the oldest of them; 0 when there is none."},
    {"flywheel_journal_bytes", METRIC_GAUGE,
     "Requests kept because an open trajectory needs them."},
    {"flywheel_state_used_ratio", METRIC_GAUGE, "Share of the LMDB map in use."},
    {"flywheel_config_last_reload_successful", METRIC_GAUGE,
     "1 when the last reading of the configuration succeeded."},
    {"flywheel_config_last_reload_timestamp_seconds", METRIC_GAUGE, "When that was."},
};

static double age_seconds(int64_t since_ms)
{
    int64_t age_ms = clock_realtime_ms() - since_ms;
    return since_ms > 0 && age_ms > 0 ? (double)age_ms / 1000 : 0;
}

static void collect_gauges(void *context, struct buffer *to)
{
    struct telemetry *telemetry = context;
    struct runtime_gauges runtime = runtime_gauges(telemetry->runtime);
    struct writer_gauges writer = writer_gauges(runtime_writer(telemetry->runtime));
    const double values[] = {
        (double)runtime.trajectories,
        (double)runtime.in_flight_bytes,
        (double)runtime.decided,
        (double)writer.outbox_records,
        (double)writer.outbox_bytes,
        writer.outbox_records > 0 ? age_seconds(writer.outbox_oldest_ms) : 0,
        (double)writer.journal_bytes,
        writer.used_ratio > 0 ? writer.used_ratio : 0,
        atomic_load(&telemetry->has_reloaded_well) ? 1 : 0,
        (double)atomic_load(&telemetry->reloaded_ms) / 1000,
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        metrics_write_family(to, &gauge_families[i]);
        metrics_write_sample(to, gauge_families[i].name, "", values[i]);
    }
}

static void register_all(struct telemetry *telemetry)
{
    telemetry_receivers_register(telemetry->metrics, telemetry->receivers,
                                 telemetry->receiver_count, false);
    runtime_register_metrics(telemetry->runtime, telemetry->metrics);
    metrics_add_collector(telemetry->metrics, writer_collect_metrics,
                          runtime_writer(telemetry->runtime));
    metrics_add_collector(telemetry->metrics, collect_gauges, telemetry);
    metrics_add_collector(telemetry->metrics, cohort_metrics_collect, telemetry->cohorts);
    metrics_add_collector(telemetry->metrics, telemetry_sources_collect, &telemetry->sources);
    telemetry_process_register(telemetry->metrics);
}

/* --- routes --- */

static unsigned answer_metrics(void *context, const struct http_query *query,
                               struct http_answer *answer)
{
    struct telemetry *telemetry = context;
    (void)query;
    answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_render(telemetry->metrics, &answer->body);
    return 200;
}

static unsigned answer_health(void *context, const struct http_query *query,
                              struct http_answer *answer)
{
    struct telemetry *telemetry = context;
    (void)query;
    int64_t age_ms = runtime_gauges(telemetry->runtime).writer_age_ms;
    if (runtime_failure(telemetry->runtime) != EXIT_DONE) {
        buffer_append_text(&answer->body, "stopping: a thread has failed\n");
        return 503;
    }
    if (age_ms < WRITER_STALLED_MS) {
        buffer_append_text(&answer->body, "ok\n");
        return 200;
    }
    buffer_printf(&answer->body, "the writer has not turned for %lld ms\n", (long long)age_ms);
    return 503;
}

static unsigned answer_ready(void *context, const struct http_query *query,
                             struct http_answer *answer)
{
    struct telemetry *telemetry = context;
    (void)query;
    bool is_ready = runtime_is_ready(telemetry->runtime) && atomic_load(&telemetry->is_listening);
    bool is_refusing = runtime_gauges(telemetry->runtime).is_refusing;
    buffer_append_text(&answer->body, !is_ready     ? "catching up\n"
                                      : is_refusing ? "refusing new spans: the state is full\n"
                                                    : "ready\n");
    return is_ready && !is_refusing ? 200 : 503;
}

static unsigned answer_page(void *context, const struct http_query *query,
                            struct http_answer *answer)
{
    (void)context;
    (void)query;
    answer->content_type = "text/html; charset=utf-8";
    buffer_append_text(&answer->body, page_html);
    return 200;
}

static void write_number(struct json_writer *writer, const char *key, uint64_t value)
{
    json_key(writer, key);
    json_uint(writer, value);
}

static void write_flow(struct telemetry *telemetry, struct json_writer *writer)
{
    struct runtime_gauges runtime = runtime_gauges(telemetry->runtime);
    struct span_account account = writer_account(runtime_writer(telemetry->runtime));
    json_key(writer, "spans");
    json_object_begin(writer);
    write_number(writer, "accepted", account.accepted);
    write_number(writer, "decided", account.decided);
    write_number(writer, "dropped", account.dropped);
    write_number(writer, "in_flight", account.in_flight);
    json_object_end(writer);
    json_key(writer, "in_flight");
    json_object_begin(writer);
    write_number(writer, "trajectories", runtime.trajectories);
    write_number(writer, "bytes", runtime.in_flight_bytes);
    write_number(writer, "decided_ids", runtime.decided);
    json_object_end(writer);
}

static void write_state(struct telemetry *telemetry, struct json_writer *writer)
{
    struct writer_gauges gauges = writer_gauges(runtime_writer(telemetry->runtime));
    json_key(writer, "state");
    json_object_begin(writer);
    json_key(writer, "directory");
    json_text(writer, telemetry->config->state.directory);
    json_key(writer, "used_ratio");
    json_double(writer, gauges.used_ratio);
    write_number(writer, "journal_bytes", gauges.journal_bytes);
    json_object_end(writer);
    json_key(writer, "outbox");
    json_object_begin(writer);
    write_number(writer, "records", gauges.outbox_records);
    write_number(writer, "bytes", gauges.outbox_bytes);
    json_key(writer, "age_s");
    json_double(writer, gauges.outbox_records > 0 ? age_seconds(gauges.outbox_oldest_ms) : 0);
    json_object_end(writer);
}

/* 8-4-4-4-12 */
static void write_instance(struct json_writer *writer, const struct schema_instance *instance)
{
    char hex[2 * INSTANCE_UUID_SIZE], text[UUID_TEXT_SIZE - 1];
    hex_encode(hex, instance->uuid, INSTANCE_UUID_SIZE);
    for (size_t i = 0, at = 0; i < sizeof(hex); i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            text[at++] = '-';
        text[at++] = hex[i];
    }
    json_key(writer, "instance");
    json_string(writer, bytes_of(text, sizeof(text)));
}

static unsigned answer_status(void *context, const struct http_query *query,
                              struct http_answer *answer)
{
    struct telemetry *telemetry = context;
    struct json_writer writer;
    char digest[17];
    uint8_t head[8];
    (void)query;
    put_be64(head, atomic_load(&telemetry->ruleset_head));
    hex_encode(digest, head, sizeof(head));
    digest[16] = 0;
    answer->content_type = "application/json";
    json_writer_init(&writer, &answer->body);
    json_object_begin(&writer);
    json_key(&writer, "version");
    json_text(&writer, FLYWHEEL_VERSION);
    write_instance(&writer, store_instance(telemetry->store));
    json_key(&writer, "ready");
    json_bool(&writer,
              runtime_is_ready(telemetry->runtime) && atomic_load(&telemetry->is_listening));
    write_number(&writer, "uptime_s",
                 (uint64_t)(clock_monotonic_ms() - telemetry->started_ms) / 1000);
    write_number(&writer, "shards", telemetry->config->shards);
    json_key(&writer, "ruleset");
    json_text(&writer, digest);
    json_key(&writer, "reload_successful");
    json_bool(&writer, atomic_load(&telemetry->has_reloaded_well));
    write_flow(telemetry, &writer);
    write_state(telemetry, &writer);
    json_key(&writer, "sources");
    telemetry_sources_json(&telemetry->sources, &writer);
    json_object_end(&writer);
    buffer_append_byte(&answer->body, '\n');
    return 200;
}

static unsigned answer_error(struct http_answer *answer, unsigned status, const char *text)
{
    struct json_writer writer;
    buffer_clear(&answer->body);
    json_writer_init(&writer, &answer->body);
    json_object_begin(&writer);
    json_key(&writer, "error");
    json_text(&writer, text);
    json_object_end(&writer);
    buffer_append_byte(&answer->body, '\n');
    return status;
}

static unsigned answer_cohorts(void *context, const struct http_query *query,
                               struct http_answer *answer)
{
    struct telemetry *telemetry = context;
    struct cohort_report_request request;
    struct cohort_result result;
    struct error error = {0};
    answer->content_type = "application/json";
    enum status status = cohort_report_parse(
        http_query_get(query, "window"), http_query_get(query, "group_by"),
        http_query_get(query, "as_of"), telemetry->config, clock_realtime_ms(), &request, &error);
    if (status == STATUS_OK)
        status =
            cohort_report_query(telemetry->store, telemetry->config, &request, &result, &error);
    if (status != STATUS_OK)
        return answer_error(answer, status == STATUS_FATAL ? 500 : 400, error.text);
    cohort_report_json(&request, &result, &answer->body);
    cohort_result_finish(&result);
    return 200;
}

/* --- life --- */

static bool listen_http(struct telemetry *telemetry, struct error *ret_error)
{
    const struct http_route routes[] = {
        {"/", false, answer_page, telemetry},
        {"/metrics", true, answer_metrics, telemetry},
        {"/healthz", true, answer_health, telemetry},
        {"/readyz", true, answer_ready, telemetry},
        {"/api/v1/status", false, answer_status, telemetry},
        {"/api/v1/cohorts", false, answer_cohorts, telemetry},
    };
    struct http_server_config config = {
        .endpoint = telemetry->config->telemetry_endpoint,
        .token_file = telemetry->config->telemetry_token_file,
        .routes = routes,
        .route_count = sizeof(routes) / sizeof(routes[0]),
    };
    telemetry->server = http_server_create(&config, ret_error);
    if (telemetry->server)
        log_info("telemetry_started", "endpoint=%s port=%d", config.endpoint,
                 http_server_port(telemetry->server));
    return telemetry->server != NULL;
}

struct telemetry *telemetry_create(const struct pipeline_config *config, struct runtime *runtime,
                                   struct store *store, const struct telemetry_receiver *receivers,
                                   uint32_t receiver_count, struct error *ret_error)
{
    struct telemetry *telemetry = calloc(1, sizeof(*telemetry));
    if (!telemetry)
        return NULL;
    telemetry->config = config;
    telemetry->runtime = runtime;
    telemetry->store = store;
    telemetry->cohorts = cohort_metrics_create(config, store);
    telemetry->sources.store = store;
    telemetry->receiver_count = receiver_count;
    memcpy(telemetry->receivers, receivers, receiver_count * sizeof(*receivers));
    telemetry->started_ms = clock_monotonic_ms();
    telemetry->metrics = metrics_create();
    telemetry_reload_result(telemetry, config);
    if (telemetry->metrics) {
        register_all(telemetry);
        if (listen_http(telemetry, ret_error))
            return telemetry;
    }
    telemetry_destroy(telemetry);
    return NULL;
}

void telemetry_destroy(struct telemetry *telemetry)
{
    if (!telemetry)
        return;
    http_server_destroy(telemetry->server);
    if (telemetry->metrics)
        metrics_destroy(telemetry->metrics);
    cohort_metrics_destroy(telemetry->cohorts);
    free(telemetry);
}

void telemetry_listening(struct telemetry *telemetry)
{
    atomic_store(&telemetry->is_listening, true);
}

void telemetry_reload_result(struct telemetry *telemetry, const struct pipeline_config *config)
{
    struct error error = {0};
    atomic_store(&telemetry->has_reloaded_well, config != NULL);
    atomic_store(&telemetry->reloaded_ms, clock_realtime_ms());
    if (config)
        atomic_store(&telemetry->ruleset_head, get_be64(config->ruleset.sha256));
    if (telemetry->server && http_server_reload_token(telemetry->server, &error) != STATUS_OK)
        log_warn("token_not_reloaded", "reason=\"%s\"", error.text);
}

int telemetry_port(const struct telemetry *telemetry)
{
    return http_server_port(telemetry->server);
}
