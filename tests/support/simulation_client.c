/* A trace shows its score before its root, and its root only when all else is acknowledged; then
 * come late spans, and late scores, one after the other. */
#include <stdio.h>

#include "tests/support/simulation.h"

const double simulation_scores[3] = {0.2, 0.6, 0.9};
const enum verdict simulation_verdicts[3] = {VERDICT_FAIL, VERDICT_BORDERLINE, VERDICT_PASS};

static uint32_t new_trace(struct simulation *sim)
{
    if (sim->trace_count == sim->trace_capacity) {
        sim->trace_capacity = sim->trace_capacity ? sim->trace_capacity * 2 : 1024;
        sim->traces = realloc(sim->traces, sim->trace_capacity * sizeof(*sim->traces));
        ck_assert_ptr_nonnull(sim->traces);
    }
    struct trace *trace = &sim->traces[sim->trace_count++];
    *trace = (struct trace){.span_count = 1 + simulation_below(sim, 6),
                            .score = (int)simulation_below(sim, 4)};
    uint32_t dice = simulation_below(sim, 100);
    if (dice < 8)
        trace->kind = TRACE_WITHOUT_ROOT;
    else if (dice < 11)
        trace->kind = TRACE_TOO_LARGE;
    else
        trace->has_log = trace->score > 0 && simulation_below(sim, 4) == 0;
    if (trace->kind == TRACE_TOO_LARGE) {
        trace->span_count = MAX_SPANS + 1 + simulation_below(sim, 10);
        trace->score = 0;
    }
    return sim->trace_count - 1;
}

/* Numbers of traces and spans are from 1 in ids. The last span is the root, unless there is
 * none. */
static void write_span(struct simulation *sim, struct trace_builder *builder, uint32_t at,
                       uint32_t index)
{
    const struct trace *trace = &sim->traces[at];
    bool is_last = index + 1 == trace->span_count;
    bool is_root = is_last && trace->kind != TRACE_WITHOUT_ROOT;
    uint64_t start_ms = 1700000000000u + at * 10u;
    char service[16];
    snprintf(service, sizeof(service), "service-%u", at % SERVICES);
    trace_resource(builder, service);
    trace_span(builder,
               &(struct span_spec){
                   .trace = at + 1,
                   .id = index + 1,
                   .parent = is_root ? 0 : trace->span_count,
                   .start_ms = start_ms + (is_root ? 0 : index + 1),
                   .end_ms = start_ms + 5000,
                   .score_name = is_last && trace->score && !trace->has_log ? "Quality" : NULL,
                   .score = trace->score ? simulation_scores[trace->score - 1] : 0,
               });
}

static void submit(struct simulation *sim, struct sending *sending)
{
    struct request *request = request_take(sim->pool);
    request->source = (uint16_t)simulation_below(sim, SOURCES);
    request->position = sim->next[request->source]++;
    request->signal = sending->signal;
    request->received_ms = (uint64_t)sim->wall_ms;
    buffer_append_bytes(&request->received, buffer_bytes(&sending->body));
    simulation_gate(request);
    ck_assert_uint_lt(sim->queue_count, QUEUE);
    sim->queue[sim->queue_count++] =
        (struct item){.kind = ITEM_OF_REQUEST, .request = request, .sending = sending};
    simulation_push_events(sim, request);
}

struct sending *simulation_begin_sending(enum wire_gate_signal signal)
{
    struct sending *sending = calloc(1, sizeof(*sending));
    ck_assert_ptr_nonnull(sending);
    sending->signal = signal;
    return sending;
}

void simulation_end_sending(struct simulation *sim, struct sending *sending,
                            struct trace_builder *builder)
{
    buffer_append_bytes(&sending->body, trace_request(builder));
    trace_finish(builder);
    for (uint32_t i = 0; i < sending->trace_count; i++)
        sim->traces[sending->traces[i]].unacknowledged++;
    sending->is_waiting = true;
    submit(sim, sending);
}

static void finish_trace(struct simulation *sim, uint32_t slot)
{
    uint32_t at = sim->active[slot];
    sim->traces[at].finished_ms = sim->now_ms;
    sim->active[slot] = sim->active[--sim->active_count];
    sim->recent[sim->recent_count++ % RECENT] = at;
}

/* The next spans of one trace into the request. */
void simulation_send_some(struct simulation *sim, struct trace_builder *builder, uint32_t slot,
                          struct sending *sending)
{
    uint32_t at = sim->active[slot];
    struct trace *trace = &sim->traces[at];
    bool has_sent = false;
    uint32_t most = 1 + simulation_below(sim, 12);
    while (trace->sent < trace->span_count && most-- > 0) {
        bool is_last = trace->sent + 1 == trace->span_count;
        if (is_last &&
            (trace->unacknowledged > 0 || has_sent || trace->has_log != trace->is_log_sent))
            break;
        write_span(sim, builder, at, trace->sent++);
        has_sent = true;
    }
    if (has_sent)
        sending->traces[sending->trace_count++] = at;
    if (trace->sent == trace->span_count)
        finish_trace(sim, slot);
}

void simulation_send_spans(struct simulation *sim)
{
    struct sending *sending = simulation_begin_sending(WIRE_GATE_TRACES);
    struct trace_builder builder = {0};
    while (sim->active_count < ACTIVE)
        sim->active[sim->active_count++] = new_trace(sim);
    /* Distinct slots: a trace twice in one request would be fine, but its count of waits is not. */
    uint32_t slot = simulation_below(sim, ACTIVE),
             count = 1 + simulation_below(sim, TRACES_OF_REQUEST);
    for (uint32_t i = 0; i < count && slot < sim->active_count; i++, slot++)
        simulation_send_some(sim, &builder, slot, sending);
    if (simulation_below(sim, 3) == 0 && sim->recent_count > 0 &&
        sending->trace_count < TRACES_OF_REQUEST) {
        uint32_t known = sim->recent_count < RECENT ? sim->recent_count : RECENT;
        uint32_t at = sim->recent[simulation_below(sim, known)];
        struct trace *trace = &sim->traces[at];
        if (sim->now_ms - trace->finished_ms < 60000) {
            write_span(sim, &builder, at, simulation_below(sim, trace->span_count)); /* a retry */
            if (simulation_below(sim, 4) == 0 && trace->kind == TRACE_WITH_ROOT)
                trace_span(&builder, &(struct span_spec){.trace = at + 1,
                                                         .id = 1000 + ++trace->extra,
                                                         .parent = trace->span_count,
                                                         .start_ms = 1700000000000u,
                                                         .end_ms = 1700000000001u});
        }
    }
    simulation_end_sending(sim, sending, &builder);
}

void simulation_send_log(struct simulation *sim)
{
    struct sending *sending = simulation_begin_sending(WIRE_GATE_LOGS);
    struct trace_builder builder = {0};
    for (uint32_t slot = 0; slot < sim->active_count; slot++) {
        uint32_t at = sim->active[slot];
        struct trace *trace = &sim->traces[at];
        if (!trace->has_log || trace->is_log_sent || sending->trace_count == TRACES_OF_REQUEST)
            continue;
        trace_log(&builder, &(struct log_spec){.trace = at + 1,
                                               .time_ms = 1700000000000u,
                                               .score_name = "Quality",
                                               .score = simulation_scores[trace->score - 1]});
        trace->is_log_sent = true;
        sending->traces[sending->trace_count++] = at;
    }
    if (simulation_below(sim, 2))
        trace_log(&builder, &(struct log_spec){.event_name = "something.else"});
    simulation_end_sending(sim, sending, &builder);
}

/* Another judge, or the same one again; not where the root itself has a score, which counts most.
 * The next one waits for the acknowledgement of the last, so that the last one wins. */
void simulation_send_late_score(struct simulation *sim)
{
    if (sim->recent_count == 0)
        return;
    uint32_t known = sim->recent_count < RECENT ? sim->recent_count : RECENT;
    uint32_t at = sim->recent[simulation_below(sim, known)];
    struct trace *trace = &sim->traces[at];
    bool is_on_root = trace->score > 0 && !trace->has_log;
    if (is_on_root || trace->unacknowledged > 0 || trace->late_scores == 4 ||
        sim->now_ms - trace->finished_ms > 60000)
        return;
    struct sending *sending = simulation_begin_sending(WIRE_GATE_LOGS);
    struct trace_builder builder = {0};
    trace->late_score = 1 + (int)simulation_below(sim, 3);
    trace_log(&builder, &(struct log_spec){.trace = at + 1,
                                           .time_ms = 1700000000001u + trace->late_scores++,
                                           .score_name = "Quality",
                                           .score = simulation_scores[trace->late_score - 1]});
    sending->traces[sending->trace_count++] = at;
    simulation_end_sending(sim, sending, &builder);
}

void simulation_send_again(struct simulation *sim)
{
    if (sim->again_count == 0)
        return;
    size_t at = simulation_below(sim, (uint32_t)sim->again_count);
    struct sending *sending = sim->again[at];
    sim->again[at] = sim->again[--sim->again_count];
    submit(sim, sending);
}
