/* The families are one each: a scrape shows both transports below one HELP. */
#include "processor/receive/limit_metrics.h"

static const struct metric_family limit_family = {
    "flywheel_receiver_limit_hits_total", METRIC_COUNTER,
    "Connections and requests that a limit refused or cut, by limit."};
static const struct metric_family connections_family = {"flywheel_receiver_connections",
                                                        METRIC_GAUGE, "Open connections."};
static const struct metric_family handshakes_family = {
    "flywheel_receiver_tls_handshakes_total", METRIC_COUNTER,
    "TLS handshakes of clients, by how they ended; those that took too long count as refused."};

void limit_metrics_add(struct metrics *metrics, const struct metric_family *family,
                       const char *transport, const char *label, const char *value,
                       const struct counter *counter)
{
    struct buffer labels = {0};
    metrics_append_label(&labels, "receiver", BYTES_LITERAL("otlp"));
    metrics_append_label(&labels, "transport", bytes_of_text(transport));
    if (label)
        metrics_append_label(&labels, label, bytes_of_text(value));
    buffer_append_byte(&labels, 0);
    if (!labels.failed)
        metrics_add(metrics, family, (const char *)labels.data, counter, 1);
    buffer_finish(&labels);
}

void limit_metrics_add_hits(struct metrics *metrics, const char *transport, const char *limit,
                            const struct counter *hits)
{
    limit_metrics_add(metrics, &limit_family, transport, "limit", limit, hits);
}

void limit_metrics_add_connections(struct metrics *metrics, const char *transport,
                                   const struct counter *connections,
                                   const struct tls_front_counters *tls)
{
    const struct {
        const char *result;
        const struct counter *count;
    } rows[] = {
        {"opened", &tls->opened}, {"refused", &tls->refused}, {"refused", &tls->refused_slowly}};
    limit_metrics_add(metrics, &connections_family, transport, NULL, NULL, connections);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        limit_metrics_add(metrics, &handshakes_family, transport, "result", rows[i].result,
                          rows[i].count);
}
