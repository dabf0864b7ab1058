/* What single values can't say: endpoints against each other and the world, limits against the
 * store that holds them. */
#include "pipelines/config/sections/check.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "pipelines/config/value.h"

/* With one of the two it may start; what is weak about that is said by exposure.c. */
static void check_endpoint(struct config_loader *loader, const char *path, const char *endpoint)
{
    const struct otlp_receiver_config *otlp = &loader->config->otlp;
    if (config_value_is_loopback(endpoint) || otlp->allow_insecure || otlp->tls.cert_file ||
        otlp->bearer_token_file)
        return;
    config_loader_error(loader, config_loader_place(loader, path),
                        "this endpoint is off loopback with neither tls nor auth: listen on "
                        "127.0.0.1, or set receivers.otlp.tls (with client_ca_file, or with "
                        "receivers.otlp.auth), or receivers.otlp.allow_insecure: true");
}

static void check_tls(struct config_loader *loader)
{
    const struct tls_config *tls = &loader->config->otlp.tls;
    const struct config_node *place = config_loader_place(loader, "receivers.otlp.tls");
    if ((tls->cert_file != NULL) != (tls->key_file != NULL))
        config_loader_error(loader, place, "tls needs both cert_file and key_file");
    else if (!tls->cert_file && config_loader_is_given(loader, "receivers.otlp.tls"))
        config_loader_error(loader, place, "tls needs cert_file and key_file");
    if (!loader->config->otlp.bearer_token_file &&
        config_loader_is_given(loader, "receivers.otlp.auth"))
        config_loader_error(loader, config_loader_place(loader, "receivers.otlp.auth"),
                            "auth needs bearer_token_file");
}

static void check_endpoints(struct config_loader *loader)
{
    const struct pipeline_config *config = loader->config;
    const struct otlp_receiver_config *otlp = &config->otlp;
    const char *grpc = "receivers.otlp.protocols.grpc.endpoint";
    const char *http = "receivers.otlp.protocols.http.endpoint";
    const char *telemetry = "service.telemetry.http.endpoint";
    bool has_grpc = otlp->is_present && otlp->has_grpc;
    bool has_http = otlp->is_present && otlp->has_http;
    struct bytes host;
    uint32_t port = 0;
    if (has_grpc)
        check_endpoint(loader, grpc, otlp->grpc_endpoint);
    if (has_http)
        check_endpoint(loader, http, otlp->http_endpoint);
    if (has_grpc && has_http && strcmp(otlp->grpc_endpoint, otlp->http_endpoint) == 0 &&
        config_value_split_endpoint(otlp->http_endpoint, &host, &port) && port != 0)
        config_loader_error(loader, config_loader_place(loader, http),
                            "grpc listens there: use another port");
    if (has_grpc && strcmp(otlp->grpc_endpoint, config->telemetry_endpoint) == 0 &&
        config_value_split_endpoint(otlp->grpc_endpoint, &host, &port) && port != 0)
        config_loader_error(loader, config_loader_place(loader, telemetry),
                            "the OTLP receiver listens there: use another port");
    for (uint32_t i = 0; i < otlp->http_path_count; i++)
        if (otlp->http_paths[i][0] != '/' || strcmp(otlp->http_paths[i], "/v1/logs") == 0)
            config_loader_error(loader,
                                config_loader_place(loader, "receivers.otlp.protocols.http.paths"),
                                "a path starts with `/`, and /v1/logs is where logs are taken");
    check_tls(loader);
}

static void check_dead_letter(struct config_loader *loader, const char *path, const char *topic,
                              const char *directory)
{
    if (topic && directory)
        config_loader_error(loader, config_loader_place(loader, path),
                            "dead_letter takes a topic or a directory, not both");
}

/* What the file says of the map, or of the limits that are too large for it. */
static const struct config_node *map_place(const struct config_loader *loader)
{
    static const char *const paths[] = {"state.map_size", "limits.journal", "limits.outbox",
                                        "limits.late_bytes", "limits.review", "limits.dataset",
                                        "limits.audit"};
    size_t i = 0, last = sizeof paths / sizeof paths[0] - 1;
    while (i < last && !config_loader_is_given(loader, paths[i]))
        i++;
    return config_loader_place(loader, paths[i]);
}

/* People follow it: nothing but a page. */
static void check_trace_url(struct config_loader *loader)
{
    const char *url = loader->config->trace_url, *path = "service.trace_url";
    if (!url)
        return;
    if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
        config_loader_error(loader, config_loader_place(loader, path),
                            "trace_url must begin with https:// or http://");
    else if (!strstr(url, "{trace_id}"))
        config_loader_error(loader, config_loader_place(loader, path),
                            "trace_url must hold {trace_id}, where the id of the trace goes");
}

/* One less than cores, yet no more shards than there is memory for: each holds its share. */
static void resolve_shards(struct config_loader *loader)
{
    struct pipeline_config *config = loader->config;
    if (config->shards == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        size_t fits = config->limits.memory_bytes / config->assembly.max_bytes;
        config->shards = cores > 2 ? (uint32_t)(cores > 257 ? 256 : cores - 1) : 1;
        if (config->shards > fits)
            config->shards = fits > 0 ? (uint32_t)fits : 1;
    }
    config->assembly.memory_bytes = config->limits.memory_bytes / config->shards;
    if (config->assembly.max_bytes > config->assembly.memory_bytes)
        config_loader_error(
            loader, config_loader_place(loader, "trajectory.max_bytes"),
            "max_bytes must not be above limits.memory / service.shards: one trajectory "
            "would fill a shard");
}

static void check_map(struct config_loader *loader)
{
    const struct pipeline_config *config = loader->config;
    bool has_review = config->review.is_present;
    double kept = (double)config->limits.journal_bytes + (double)config->limits.outbox_bytes +
                  (double)config->limits.late_bytes;
    if (has_review)
        kept += (double)config->review.bytes_max + (double)config->dataset.bytes_max +
                (double)config->review.audit_bytes_max;
    if ((double)config->state.map_bytes >= 2.5 * kept)
        return;
    config_loader_error(loader, map_place(loader),
                        "map_size must be at least 2.5 times limits.journal, limits.outbox%s "
                        "together: set state.map_size to %lluMiB or lower the limits",
                        has_review ? ", limits.late_bytes, limits.review, limits.dataset and "
                                     "limits.audit"
                                   : " and limits.late_bytes",
                        (unsigned long long)ceil(2.5 * kept / (1024 * 1024)));
}

void config_check_limits(struct config_loader *loader)
{
    if (config_loader_failed(loader))
        return;
    struct pipeline_config *config = loader->config;
    check_endpoints(loader);
    check_dead_letter(loader, "receivers.otlp.dead_letter", config->otlp.dead_letter_topic,
                      config->otlp.dead_letter_directory);
    check_dead_letter(loader, "receivers.kafka.dead_letter", config->kafka.dead_letter_topic,
                      config->kafka.dead_letter_directory);
    check_map(loader);
    if (config->scope_is_conversation && config->reads_kafka && !config->single_instance)
        config_loader_error(loader, config_loader_place(loader, "trajectory.scope"),
                            "conversation scope over Kafka works with one instance only: set "
                            "trajectory.single_instance: true");
    check_trace_url(loader);
    resolve_shards(loader);
    if (config->otlp.grpc_max_message_bytes > config->limits.journal_bytes)
        config_loader_error(loader, config_loader_place(loader, "limits.journal"),
                            "journal must not be smaller than max_message: no request would fit");
}
