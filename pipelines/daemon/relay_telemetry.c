/* A relay has no state to report of, so its routes are few. It is ready while it can take requests
 * or hold what it has taken: with the brokers away it stays ready and refuses senders retryably, as
 * taking it out of a load balancer would only move them to the next relay of the same brokers. */
#include "pipelines/daemon/relay_telemetry.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "pipelines/daemon/telemetry_exporters.h"
#include "pipelines/daemon/telemetry_process.h"
#include "processor/base/clock.h"
#include "processor/base/json/writer.h"
#include "processor/base/log.h"
#include "processor/report/http_server.h"
#include "processor/report/metrics_page.h"

struct relay_telemetry {
    struct relay *relay;
    struct metrics *metrics;
    struct http_server *server;
    struct telemetry_exporters exporters;
    int64_t started_ms;
    _Atomic bool is_ready, has_reloaded_well;
};

static const struct metric_family reload_family = {
    "flywheel_config_last_reload_successful", METRIC_GAUGE,
    "1 when the last reading of the configuration succeeded."};

static void collect_reload(void *context, struct buffer *to)
{
    struct relay_telemetry *telemetry = context;
    metrics_write_family(to, &reload_family);
    metrics_write_sample(to, reload_family.name, "", atomic_load(&telemetry->has_reloaded_well));
}

static unsigned answer_health(void *context, const struct http_query *query,
                              struct http_answer *answer)
{
    struct relay_telemetry *telemetry = context;
    (void)query;
    bool is_alive = relay_state(telemetry->relay).is_alive;
    buffer_append_text(&answer->body, is_alive ? "ok\n" : "the relay's thread does not turn\n");
    return is_alive ? 200 : 503;
}

static unsigned answer_ready(void *context, const struct http_query *query,
                             struct http_answer *answer)
{
    struct relay_telemetry *telemetry = context;
    (void)query;
    bool is_ready = atomic_load(&telemetry->is_ready);
    buffer_append_text(&answer->body, is_ready ? "ready\n" : "starting\n");
    telemetry_exporters_degraded(&telemetry->exporters, &answer->body);
    return is_ready ? 200 : 503;
}

static unsigned answer_status(void *context, const struct http_query *query,
                              struct http_answer *answer)
{
    struct relay_telemetry *telemetry = context;
    struct relay_state state = relay_state(telemetry->relay);
    struct json_writer writer;
    (void)query;
    answer->content_type = "application/json";
    json_writer_init(&writer, &answer->body);
    json_object_begin(&writer);
    json_put_text(&writer, "version", FLYWHEEL_VERSION);
    json_put_text(&writer, "pipeline", "relay");
    json_put_bool(&writer, "ready", atomic_load(&telemetry->is_ready));
    json_put_uint(&writer, "uptime_s",
                  (uint64_t)(clock_monotonic_ms() - telemetry->started_ms) / 1000);
    json_put_bool(&writer, "refusing", state.is_refusing);
    json_key(&writer, "queue");
    json_object_begin(&writer);
    json_put_uint(&writer, "bytes", state.held_bytes);
    json_put_double(&writer, "age_s", state.age_s);
    json_object_end(&writer);
    json_object_end(&writer);
    buffer_append_byte(&answer->body, '\n');
    return 200;
}

static bool listen_http(struct relay_telemetry *telemetry, const struct pipeline_config *config,
                        struct error *ret_error)
{
    const struct http_route routes[] = {
        {"/metrics", true, metrics_page_answer, telemetry->metrics, NULL},
        {"/healthz", true, answer_health, telemetry, NULL},
        {"/readyz", true, answer_ready, telemetry, NULL},
        {"/api/v1/status", false, answer_status, telemetry, NULL},
    };
    struct http_server_config server = {
        .endpoint = config->telemetry_endpoint,
        .token_file = config->telemetry_token_file,
        .routes = routes,
        .route_count = sizeof(routes) / sizeof(routes[0]),
    };
    telemetry->server = http_server_create(&server, ret_error);
    if (telemetry->server)
        log_info("telemetry_started", "endpoint=%s port=%d", server.endpoint,
                 http_server_port(telemetry->server));
    return telemetry->server != NULL;
}

static const char *trouble_of_relay(const void *relay, uint32_t exporter)
{
    (void)exporter; /* it has one */
    return relay_state(relay).trouble;
}

struct relay_telemetry *relay_telemetry_create(const struct pipeline_config *config,
                                               struct relay *relay,
                                               const struct telemetry_receiver *receivers,
                                               uint32_t receiver_count, struct error *ret_error)
{
    struct relay_telemetry *telemetry = calloc(1, sizeof(*telemetry));
    if (!telemetry)
        return NULL;
    telemetry->relay = relay;
    telemetry->exporters = (struct telemetry_exporters){config, trouble_of_relay, relay};
    telemetry->started_ms = clock_monotonic_ms();
    atomic_store(&telemetry->has_reloaded_well, true);
    telemetry->metrics = metrics_create();
    if (telemetry->metrics) {
        telemetry_receivers_register(telemetry->metrics, receivers, receiver_count, true);
        telemetry_process_register(telemetry->metrics);
        relay_register_metrics(relay, telemetry->metrics);
        metrics_add_collector(telemetry->metrics, collect_reload, telemetry);
        metrics_add_collector(telemetry->metrics, telemetry_exporters_collect,
                              &telemetry->exporters);
    }
    if (telemetry->metrics && listen_http(telemetry, config, ret_error))
        return telemetry;
    relay_telemetry_destroy(telemetry);
    return NULL;
}

void relay_telemetry_destroy(struct relay_telemetry *telemetry)
{
    if (!telemetry)
        return;
    http_server_destroy(telemetry->server);
    if (telemetry->metrics)
        metrics_destroy(telemetry->metrics);
    free(telemetry);
}

struct metrics *relay_telemetry_metrics(struct relay_telemetry *telemetry)
{
    return telemetry->metrics;
}

void relay_telemetry_ready(struct relay_telemetry *telemetry)
{
    atomic_store(&telemetry->is_ready, true);
}

void relay_telemetry_reload_result(struct relay_telemetry *telemetry, bool is_good)
{
    struct error error = {0};
    atomic_store(&telemetry->has_reloaded_well, is_good);
    if (http_server_reload_token(telemetry->server, &error) != STATUS_OK)
        log_warn("token_not_reloaded", "reason=\"%s\"", error.text);
}
