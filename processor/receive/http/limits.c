/* One series for each limit; of a slow handshake the TLS front holds the counter. */
#include "processor/receive/http/limits.h"

#include "processor/receive/limit_metrics.h"

static const struct metric_family receiving_family = {
    "flywheel_receiver_receiving_bytes", METRIC_GAUGE,
    "Bytes of request bodies that are still arriving."};

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

void http_limits_register(const struct http_receiver_counters *limits, struct metrics *metrics)
{
    for (int i = 0; i < HTTP_LIMITS; i++)
        limit_metrics_add_hits(metrics, "http", http_limit_names[i],
                               i == HTTP_LIMIT_HANDSHAKE ? &limits->tls.refused_slowly
                                                         : &limits->limits[i]);
    limit_metrics_add_connections(metrics, "http", &limits->connections, &limits->tls);
    limit_metrics_add(metrics, &receiving_family, "http", NULL, NULL, &limits->receiving_bytes);
}
