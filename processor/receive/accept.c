/* A request that is submitted belongs to the pipeline: with OK, neither it nor the call that waits
 * for its commit is touched again. So what is counted afterwards is copied before. */
#include "processor/receive/accept.h"

#include "processor/base/clock.h"

bool accept_begin(struct accept *accept, struct request *request)
{
    *accept =
        (struct accept){.request = request, .gated = request->gated, .signal = request->signal};
    if (request->gated.span_count + request->gated.log_count == 0) {
        request_release(request);
        accept->request = NULL;
        return false;
    }
    request->received_ms = (uint64_t)clock_realtime_ms();
    request_account(request);
    return true;
}

void accept_end(struct accept *accept, enum status status, struct receiver_counters *counters)
{
    if (status != STATUS_OK) {
        if (accept->request)
            request_release(accept->request);
        return;
    }
    counter_add(&counters->accepted_spans, accept->gated.span_count);
    counter_add(&counters->accepted_logs, accept->gated.log_count);
    for (int i = 0; accept->signal == WIRE_GATE_TRACES && i < WIRE_GATE_REJECTS; i++)
        counter_add(&counters->refused_spans[i], accept->gated.rejected[i]);
}

enum accept_answer accept_call(const struct intake *intake, struct receiver_counters *counters,
                               struct request *request,
                               void (*on_durable)(struct request *request, enum status status),
                               void *call, int64_t *ret_retry_ms)
{
    struct accept accept;
    enum status status = STATUS_OK;
    bool is_answered_later = accept_waits(intake, request);
    if (accept_begin(&accept, request)) {
        request->source = intake->source;
        request->on_durable = is_answered_later ? on_durable : NULL;
        request->call = call;
        status = intake->submit(intake->context, request, ret_retry_ms);
    }
    accept_end(&accept, status, counters);
    if (status == STATUS_OK)
        return is_answered_later ? ACCEPT_LATER : ACCEPT_NOW;
    counter_add(&counters->refused_overload, accept.gated.span_count);
    return ACCEPT_BUSY;
}

const char *accept_first_reject(const struct gated_request *gated)
{
    for (int i = 0; i < WIRE_GATE_REJECTS; i++)
        if (gated->rejected[i])
            return wire_gate_reject_names[i];
    return NULL;
}

void accept_reject_text(struct buffer *to, const struct gated_request *gated)
{
    const char *separator = "rejected: ";
    for (int i = 0; i < WIRE_GATE_REJECTS; i++) {
        if (gated->rejected[i] == 0)
            continue;
        buffer_printf(to, "%s%u %s", separator, gated->rejected[i], wire_gate_reject_names[i]);
        separator = ", ";
    }
}
