/* The routes for people and monitors, and the gauges that belong to no module of their own. */
#include "pipelines/daemon/telemetry.h"

#include <stdlib.h>

#include "pipelines/cohorts/metrics.h"
#include "pipelines/daemon/api.h"
#include "pipelines/daemon/review_api.h"
#include "pipelines/daemon/telemetry_exporters.h"
#include "pipelines/daemon/telemetry_process.h"
#include "pipelines/daemon/telemetry_sources.h"
#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/report/http_server.h"
#include "processor/report/metrics_page.h"
#include "processor/report/page.h"

struct telemetry {
    const struct pipeline_config *config;
    struct runtime *runtime;
    struct metrics *metrics;
    struct http_server *server;
    struct cohort_metrics *cohorts;
    struct telemetry_sources sources;
    struct telemetry_exporters exporters;
    struct telemetry_receiver receivers[TELEMETRY_RECEIVERS_MAX];
    uint32_t receiver_count;
    struct api api;
};

/* --- gauges --- */

static void collect_gauges(void *context, struct buffer *to)
{
    struct telemetry *telemetry = context;
    struct runtime_gauges runtime = runtime_gauges(telemetry->runtime);
    struct writer_gauges writer = writer_gauges(runtime_writer(telemetry->runtime));
    const struct {
        const char *name;
        double value;
        const char *help;
    } gauges[] = {
        {"flywheel_trajectories_in_flight", (double)runtime.trajectories,
         "Trajectories that are not closed yet."},
        {"flywheel_in_flight_bytes", (double)runtime.in_flight_bytes,
         "Memory of the trajectories that are not closed yet."},
        {"flywheel_decided_ids", (double)runtime.decided,
         "Trace ids that are known as decided, for the late window."},
        {"flywheel_outbox_records", (double)writer.outbox_records,
         "Review records that no exporter has delivered yet."},
        {"flywheel_outbox_bytes", (double)writer.outbox_bytes, "Their size."},
        {"flywheel_outbox_age_seconds", api_outbox_age_s(&writer),
         "Age of the oldest of them; 0 when there is none."},
        {"flywheel_journal_bytes", (double)writer.journal_bytes,
         "Requests kept because an open trajectory needs them."},
        {"flywheel_state_used_ratio", writer.used_ratio > 0 ? writer.used_ratio : 0,
         "Share of the LMDB map in use."},
        {"flywheel_config_last_reload_successful",
         atomic_load(&telemetry->api.has_reloaded_well) ? 1 : 0,
         "1 when the last reading of the configuration succeeded."},
        {"flywheel_config_last_reload_timestamp_seconds",
         (double)atomic_load(&telemetry->api.reloaded_ms) / 1000, "When that was."},
    };
    for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
        const struct metric_family family = {gauges[i].name, METRIC_GAUGE, gauges[i].help};
        metrics_write_family(to, &family);
        metrics_write_sample(to, family.name, "", gauges[i].value);
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
    metrics_add_collector(telemetry->metrics, telemetry_exporters_collect, &telemetry->exporters);
    telemetry_process_register(telemetry->metrics);
}

/* --- routes --- */

static unsigned answer_health(void *context, const struct http_query *query,
                              struct http_answer *answer)
{
    struct telemetry *telemetry = context;
    (void)query;
    struct runtime_gauges gauges = runtime_gauges(telemetry->runtime);
    if (runtime_failure(telemetry->runtime) != EXIT_DONE) {
        buffer_append_text(&answer->body, "stopping: a thread has failed\n");
        return 503;
    }
    if (gauges.writer_age_ms >= WRITER_STALLED_MS)
        buffer_printf(&answer->body, "the writer has not turned for %lld ms\n",
                      (long long)gauges.writer_age_ms);
    if (gauges.shard_age_ms >= SHARD_STALLED_MS)
        buffer_printf(&answer->body, "shard %u has not turned for %lld ms\n", gauges.oldest_shard,
                      (long long)gauges.shard_age_ms);
    if (answer->body.size > 0)
        return 503;
    buffer_append_text(&answer->body, "ok\n");
    return 200;
}

static unsigned answer_ready(void *context, const struct http_query *query,
                             struct http_answer *answer)
{
    struct telemetry *telemetry = context;
    (void)query;
    bool is_ready = api_is_ready(&telemetry->api, &answer->body);
    bool is_refusing = runtime_gauges(telemetry->runtime).is_refusing;
    if (is_ready)
        buffer_append_text(&answer->body,
                           is_refusing ? "refusing new spans: the state is full\n" : "ready\n");
    telemetry_exporters_degraded(&telemetry->exporters, &answer->body);
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

/* --- life --- */

static const char *trouble_of_exporter(const void *context, uint32_t exporter)
{
    return runtime_exporter_trouble(context, exporter);
}

static bool listen_http(struct telemetry *telemetry, struct error *ret_error)
{
    const struct http_route own[] = {
        {"/", false, answer_page, telemetry, NULL},
        {"/metrics", true, metrics_page_answer, telemetry->metrics, NULL},
        {"/healthz", true, answer_health, telemetry, NULL},
        {"/readyz", true, answer_ready, telemetry, NULL},
    };
    enum { OWN = sizeof(own) / sizeof(own[0]) };
    struct http_route routes[OWN + API_ROUTES_MAX];
    memcpy(routes, own, sizeof(own));
    struct http_server_config config = {
        .endpoint = telemetry->config->telemetry_endpoint,
        .token_file = telemetry->config->telemetry_token_file,
        .routes = routes,
        .route_count = OWN + api_routes(&telemetry->api, routes + OWN),
    };
    telemetry->server = http_server_create(&config, ret_error);
    if (telemetry->server)
        log_info("telemetry_started", "endpoint=%s port=%d", config.endpoint,
                 http_server_port(telemetry->server));
    return telemetry->server != NULL;
}

struct telemetry *telemetry_create(const struct pipeline_config *config, struct runtime *runtime,
                                   struct store *store, const struct telemetry_receiver *receivers,
                                   uint32_t receiver_count,
                                   const struct telemetry_return_path *back,
                                   struct error *ret_error)
{
    struct telemetry *telemetry = calloc(1, sizeof(*telemetry));
    if (!telemetry)
        return NULL;
    telemetry->config = config;
    telemetry->runtime = runtime;
    telemetry->cohorts = cohort_metrics_create(config, store);
    telemetry->sources.store = store;
    telemetry->exporters = (struct telemetry_exporters){config, trouble_of_exporter, runtime};
    telemetry->receiver_count = receiver_count;
    memcpy(telemetry->receivers, receivers, receiver_count * sizeof(*receivers));
    telemetry->api.config = config;
    telemetry->api.runtime = runtime;
    telemetry->api.store = store;
    telemetry->api.sources = &telemetry->sources;
    telemetry->api.receivers = telemetry->receivers;
    telemetry->api.receiver_count = receiver_count;
    telemetry->api.started_ms = clock_monotonic_ms();
    telemetry->metrics = metrics_create();
    telemetry_reload_result(telemetry, config);
    if (telemetry->metrics) {
        register_all(telemetry);
        if (back->topic)
            results_topic_register_metrics(back->topic, telemetry->metrics);
        if (back->review)
            review_api_register(back->review, telemetry->metrics);
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

const struct api *telemetry_api(const struct telemetry *telemetry)
{
    return &telemetry->api;
}

void telemetry_listening(struct telemetry *telemetry)
{
    atomic_store(&telemetry->api.is_listening, true);
}

void telemetry_reload_result(struct telemetry *telemetry, const struct pipeline_config *config)
{
    struct error error = {0};
    atomic_store(&telemetry->api.has_reloaded_well, config != NULL);
    atomic_store(&telemetry->api.reloaded_ms, clock_realtime_ms());
    if (config)
        atomic_store(&telemetry->api.ruleset_head, get_be64(config->ruleset.sha256));
    if (telemetry->server && http_server_reload_token(telemetry->server, &error) != STATUS_OK)
        log_warn("token_not_reloaded", "reason=\"%s\"", error.text);
}

int telemetry_port(const struct telemetry *telemetry)
{
    return http_server_port(telemetry->server);
}
