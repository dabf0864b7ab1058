/* One series for each limit; of a slow handshake the TLS front holds the counter. */
#include "processor/receive/http/limits.h"

static const struct metric_family limit_family = {
    "flywheel_receiver_limit_hits_total", METRIC_COUNTER,
    "Connections and requests that a limit refused or cut, by limit."};
static const struct metric_family connections_family = {"flywheel_receiver_connections",
                                                        METRIC_GAUGE, "Open connections."};
static const struct metric_family receiving_family = {
    "flywheel_receiver_receiving_bytes", METRIC_GAUGE,
    "Bytes of request bodies that are still arriving."};
static const struct metric_family handshakes_family = {
    "flywheel_receiver_tls_handshakes_total", METRIC_COUNTER,
    "TLS handshakes of clients, by how they ended; those that took too long count as refused."};

const char *const http_limit_names[HTTP_LIMITS] = {
    [HTTP_LIMIT_CONNECTIONS] = "connections",
    [HTTP_LIMIT_DESCRIPTORS] = "descriptors",
    [HTTP_LIMIT_REQUESTS] = "requests",
    [HTTP_LIMIT_MESSAGE] = "message",
    [HTTP_LIMIT_ITEMS] = "items",
    [HTTP_LIMIT_RECEIVING] = "receiving",
    [HTTP_LIMIT_HANDSHAKE] = "handshake",
    [HTTP_LIMIT_IDLE] = "idle_time",
    [HTTP_LIMIT_REQUEST] = "request_time",
    [HTTP_LIMIT_COMMIT] = "commit_time",
};

static void add(struct metrics *metrics, const struct metric_family *family, const char *label,
                const char *value, const struct counter *counter)
{
    struct buffer labels = {0};
    metrics_append_label(&labels, "receiver", BYTES_LITERAL("otlp"));
    metrics_append_label(&labels, "transport", BYTES_LITERAL("http"));
    if (label)
        metrics_append_label(&labels, label, bytes_of_text(value));
    buffer_append_byte(&labels, 0);
    if (!labels.failed)
        metrics_add(metrics, family, (const char *)labels.data, counter, 1);
    buffer_finish(&labels);
}

void http_limits_register(const struct http_receiver_counters *limits, struct metrics *metrics)
{
    for (int i = 0; i < HTTP_LIMITS; i++)
        add(metrics, &limit_family, "limit", http_limit_names[i],
            i == HTTP_LIMIT_HANDSHAKE ? &limits->tls.refused_slowly : &limits->limits[i]);
    add(metrics, &connections_family, NULL, NULL, &limits->connections);
    add(metrics, &receiving_family, NULL, NULL, &limits->receiving_bytes);
    add(metrics, &handshakes_family, "result", "opened", &limits->tls.opened);
    add(metrics, &handshakes_family, "result", "refused", &limits->tls.refused);
    add(metrics, &handshakes_family, "result", "refused", &limits->tls.refused_slowly);
}
