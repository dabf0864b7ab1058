/* A request that is submitted belongs to the pipeline: with OK, neither it nor the call that waits
 * for its commit is touched again. So what is counted afterwards is copied before. */
#include "processor/receive/accept.h"

#include <inttypes.h>

#include "processor/base/clock.h"
#include "processor/base/condition.h"
#include "processor/base/log.h"

enum { REFUSAL_QUIET_MS = 10000 };

void accept_log_refusal(const char *receiver, enum rpc_code code, const char *reason)
{
    static _Thread_local struct condition busy; /* of this I/O thread */
    static _Thread_local int64_t last_ms;
    if (code != RPC_UNAVAILABLE) {
        log_warn("request_refused", "receiver=%s code=%d reason=\"%s\"", receiver, (int)code,
                 reason ? reason : "");
        return;
    }
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms - last_ms > REFUSAL_QUIET_MS)
        condition_log_over(&busy, "requests_taken", "receiver=%s", receiver);
    last_ms = now_ms;
    condition_log_met(&busy, LOG_WARN, "requests_put_off", "receiver=%s reason=\"%s\"", receiver,
                      reason ? reason : "");
}

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
    const struct refused_parts *parts = &accept->gated.parts;
    for (int i = 0; i < WIRE_GATE_REJECTS; i++) {
        counter_add(&counters->left_out[i], parts->left_out[i]);
        if (accept->signal == WIRE_GATE_TRACES)
            counter_add(&counters->refused_spans[i], accept->gated.rejected[i]);
    }
    counter_add(&counters->stubs, parts->stubs);
    counter_add(&counters->unrecognized, wire_gate_is_unrecognized(&accept->gated));
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
    if (status != STATUS_OK)
        return ACCEPT_BUSY;
    accept_end(&accept, status, counters);
    return is_answered_later ? ACCEPT_LATER : ACCEPT_NOW;
}

void accept_refuse(struct receiver_counters *counters, struct request *request)
{
    counter_add(&counters->refused_overload, request->gated.span_count);
    request_release(request);
}

bool accept_may_wait(const struct intake *intake, int64_t since_ms, int64_t now_ms)
{
    return intake->may_wait && now_ms - since_ms < intake->wait_ms &&
           intake->may_wait(intake->context);
}

const char *accept_first_reject(const struct gated_request *gated)
{
    for (int i = 0; i < WIRE_GATE_REJECTS; i++)
        if (gated->rejected[i])
            return wire_gate_reject_names[i];
    return NULL;
}

/* Nothing when all counts are 0. */
static void counts_text(struct buffer *to, const char *title,
                        const uint32_t counts[WIRE_GATE_REJECTS])
{
    bool is_first = true;
    for (int i = 0; i < WIRE_GATE_REJECTS; i++) {
        if (counts[i] == 0)
            continue;
        buffer_printf(to, "%s%u %s", !is_first ? ", " : title, counts[i],
                      wire_gate_reject_names[i]);
        is_first = false;
    }
}

void accept_reject_text(struct buffer *to, const struct gated_request *gated)
{
    const struct refused_parts *parts = &gated->parts;
    if (wire_gate_is_unrecognized(gated)) {
        buffer_append_text(to,
                           "nothing in the request was recognized: no span or log record stands "
                           "where OTLP has them");
        if (parts->has_place)
            buffer_printf(to, "; first unknown: %s, byte %" PRIu64, parts->place, parts->offset);
        return;
    }
    counts_text(to, "rejected: ", gated->rejected);
    counts_text(to, to->size > 0 ? "; left out: " : "left out: ", parts->left_out);
    if (parts->stubs > 0)
        buffer_printf(to, "%s%u spans kept as ids, times and status alone",
                      to->size > 0 ? "; " : "", parts->stubs);
    if (to->size > 0 && parts->has_place)
        buffer_printf(to, "; first at %s, byte %" PRIu64 "%s", parts->place, parts->offset,
                      parts->is_converted ? " of the request as protobuf" : "");
}

const char *accept_letter_reason(const struct gated_request *gated)
{
    return wire_gate_is_unrecognized(gated) ? "unrecognized" : accept_first_reject(gated);
}
