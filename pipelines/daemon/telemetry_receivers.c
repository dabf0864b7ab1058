/* One row a counter, under the name of its receiver. */
#include "pipelines/daemon/telemetry_receivers.h"

#include "processor/otlp/rpc_code.h"

static const struct metric_family refused_family = {"flywheel_receiver_refused_spans_total",
                                                    METRIC_COUNTER,
                                                    "Spans that were not taken in, by reason."};
static const struct metric_family accepted_spans_family = {"flywheel_receiver_accepted_spans_total",
                                                           METRIC_COUNTER, "Spans taken in."};
static const struct metric_family accepted_logs_family = {"flywheel_receiver_accepted_logs_total",
                                                          METRIC_COUNTER, "Log records taken in."};
static const struct metric_family requests_family = {
    "flywheel_receiver_requests_total", METRIC_COUNTER, "Export requests by gRPC status."};

static const struct metric_family left_out_family = {
    "flywheel_parts_left_out_total", METRIC_COUNTER,
    "Attributes, events, links and fields that were left out of spans and log records taken in, by "
    "reason."};
static const struct metric_family stubs_family = {
    "flywheel_spans_stubbed_total", METRIC_COUNTER,
    "Spans taken in of which ids, times and status alone were kept."};
static const struct metric_family unrecognized_family = {
    "flywheel_requests_unrecognized_total", METRIC_COUNTER,
    "Requests that were not empty and held nothing that is known."};

static void add_labeled(struct metrics *metrics, const struct metric_family *family,
                        const char *receiver, const char *label, const char *value,
                        const struct counter *counter)
{
    struct buffer labels = {0};
    metrics_append_label(&labels, "receiver", bytes_of_text(receiver));
    metrics_append_label(&labels, label, bytes_of_text(value));
    buffer_append_byte(&labels, 0);
    if (!labels.failed)
        metrics_add(metrics, family, (const char *)labels.data, counter, 1);
    buffer_finish(&labels);
}

static void add_receiver(struct metrics *metrics, const struct telemetry_receiver *receiver)
{
    for (int i = 0; i < WIRE_GATE_REJECTS; i++)
        add_labeled(metrics, &refused_family, receiver->name, "reason", wire_gate_reject_names[i],
                    &receiver->counters->refused_spans[i]);
    add_labeled(metrics, &refused_family, receiver->name, "reason", "overload",
                &receiver->counters->refused_overload);
    for (int i = 0; i < WIRE_GATE_REJECTS; i++)
        add_labeled(metrics, &left_out_family, receiver->name, "reason", wire_gate_reject_names[i],
                    &receiver->counters->left_out[i]);
    for (int i = 0; i < RPC_CODES; i++)
        add_labeled(metrics, &requests_family, receiver->name, "code", rpc_code_name(i),
                    &receiver->counters->requests[i]);
}

static void add_plain(struct metrics *metrics, const struct metric_family *family,
                      const struct telemetry_receiver *receiver, const struct counter *counter)
{
    struct buffer labels = {0};
    metrics_append_label(&labels, "receiver", bytes_of_text(receiver->name));
    buffer_append_byte(&labels, 0);
    if (!labels.failed)
        metrics_add(metrics, family, (const char *)labels.data, counter, 1);
    buffer_finish(&labels);
}

static void add_accepted(struct metrics *metrics, const struct telemetry_receiver *receiver)
{
    add_plain(metrics, &accepted_spans_family, receiver, &receiver->counters->accepted_spans);
    add_plain(metrics, &accepted_logs_family, receiver, &receiver->counters->accepted_logs);
}

void telemetry_receivers_register(struct metrics *metrics,
                                  const struct telemetry_receiver *receivers,
                                  uint32_t receiver_count, bool counts_accepted)
{
    for (uint32_t i = 0; i < receiver_count; i++) {
        add_receiver(metrics, &receivers[i]);
        add_plain(metrics, &stubs_family, &receivers[i], &receivers[i].counters->stubs);
        add_plain(metrics, &unrecognized_family, &receivers[i],
                  &receivers[i].counters->unrecognized);
        if (receivers[i].register_metrics)
            receivers[i].register_metrics(receivers[i].context, metrics);
    }
    for (uint32_t i = 0; counts_accepted && i < receiver_count; i++)
        add_accepted(metrics, &receivers[i]);
}

bool telemetry_receivers_read(const struct telemetry_receiver *receivers, uint32_t receiver_count,
                              struct buffer *to)
{
    bool is_all = true;
    for (uint32_t i = 0; i < receiver_count; i++) {
        struct buffer why = {0};
        if (receivers[i].why_unread && receivers[i].why_unread(receivers[i].context, &why)) {
            is_all = false;
            buffer_printf(to, "%s: %.*s\n", receivers[i].name, (int)why.size,
                          (const char *)buffer_bytes(&why).data);
        }
        buffer_finish(&why);
    }
    return is_all;
}
