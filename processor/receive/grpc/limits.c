/* One series for each limit; of a slow handshake and of frames the front holds the counter. */
#include "processor/receive/grpc/limits.h"

static const struct metric_family limit_family = {
    "flywheel_receiver_limit_hits_total", METRIC_COUNTER,
    "Connections and requests that a limit refused or cut, by limit."};
static const struct metric_family connections_family = {"flywheel_receiver_connections",
                                                        METRIC_GAUGE, "Open connections."};
static const struct metric_family handshakes_family = {
    "flywheel_receiver_tls_handshakes_total", METRIC_COUNTER,
    "TLS handshakes of clients, by how they ended; those that took too long count as refused."};

const char *const grpc_limit_names[GRPC_LIMITS] = {[GRPC_LIMIT_CONNECTIONS] = "connections",
                                                   [GRPC_LIMIT_DESCRIPTORS] = "descriptors",
                                                   [GRPC_LIMIT_HANDSHAKE] = "handshake",
                                                   [GRPC_LIMIT_MESSAGE] = "message",
                                                   [GRPC_LIMIT_ITEMS] = "items",
                                                   [GRPC_LIMIT_RECEIVE_TIME] = "receive_time",
                                                   [GRPC_LIMIT_RESETS] = "resets",
                                                   [GRPC_LIMIT_FRAMES] = "frames"};

static void add(struct metrics *metrics, const struct metric_family *family, const char *label,
                const char *value, const struct counter *counter)
{
    struct buffer labels = {0};
    metrics_append_label(&labels, "receiver", BYTES_LITERAL("otlp"));
    metrics_append_label(&labels, "transport", BYTES_LITERAL("grpc"));
    if (label)
        metrics_append_label(&labels, label, bytes_of_text(value));
    buffer_append_byte(&labels, 0);
    if (!labels.failed)
        metrics_add(metrics, family, (const char *)labels.data, counter, 1);
    buffer_finish(&labels);
}

void grpc_limits_register(const struct grpc_receiver_counters *limits, struct metrics *metrics)
{
    for (int i = 0; i < GRPC_LIMITS; i++)
        add(metrics, &limit_family, "limit", grpc_limit_names[i],
            i == GRPC_LIMIT_HANDSHAKE ? &limits->tls.refused_slowly
            : i == GRPC_LIMIT_FRAMES  ? &limits->tls.cut
                                      : &limits->limits[i]);
    add(metrics, &connections_family, NULL, NULL, &limits->connections);
    add(metrics, &handshakes_family, "result", "opened", &limits->tls.opened);
    add(metrics, &handshakes_family, "result", "refused", &limits->tls.refused);
    add(metrics, &handshakes_family, "result", "refused", &limits->tls.refused_slowly);
}
