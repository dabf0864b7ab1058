/* Only bad ids refuse a span for good; for all other reasons the trim keeps what can be kept. A
 * span without an id of its own is noted in another span of its trace, which the trim does too. */
#include "processor/receive/admission.h"

#include "processor/otlp/wire_trim.h"

static bool needs_trim(const struct gated_request *gated)
{
    return gated->rejected_count > gated->rejected[WIRE_GATE_BAD_TRACE_ID];
}

/* A trimmed request is smaller than the one that came, apart from the notes. */
static enum status trim(struct request *request, const struct wire_gate_limits *limits,
                        uint32_t *ret_refused)
{
    struct buffer trimmed = {0};
    enum status status = wire_trim(request_body(request), request->signal, limits, &trimmed,
                                   &request->parts, ret_refused);
    if (status == STATUS_OK && trimmed.failed) {
        request->arena.no_memory = true;
        status = STATUS_BUSY;
    }
    if (status != STATUS_OK) {
        buffer_finish(&trimmed);
        return status;
    }
    buffer_finish(&request->received);
    buffer_clear(&request->inflated);
    request->received = trimmed;
    request->encoding = REQUEST_IDENTITY;
    arena_reset(&request->arena);
    return STATUS_OK;
}

/* The first fault that was met counts: a bad value of JSON, else what was left out, else what was
 * refused. */
static void take_place(struct refused_parts *parts, const struct refused_parts *gate)
{
    if (parts->has_place || !gate->has_place)
        return;
    parts->has_place = true;
    parts->offset = gate->offset;
    memcpy(parts->place, gate->place, sizeof parts->place);
}

enum status admission_gate(struct request *request, const struct wire_gate_limits *limits)
{
    struct gated_request *gated = &request->gated;
    enum status status =
        wire_gate(request_body(request), request->signal, limits, &request->arena, gated);
    if (status != STATUS_OK)
        return status;
    struct refused_parts first = gated->parts;
    if (needs_trim(gated)) {
        uint32_t refused = 0;
        status = trim(request, limits, &refused);
        if (status == STATUS_OK)
            status = wire_gate(request_body(request), request->signal, &wire_gate_ceilings,
                               &request->arena, gated);
        if (status != STATUS_OK)
            return status;
        gated->rejected[WIRE_GATE_TOO_LARGE] += refused;
        gated->rejected_count += refused;
    }
    take_place(&request->parts, &first);
    request->parts.unrecognized += first.unrecognized;
    gated->parts = request->parts;
    return STATUS_OK;
}

enum status admission_gate_again(struct request *request)
{
    return wire_gate(request_body(request), request->signal, &wire_gate_ceilings, &request->arena,
                     &request->gated);
}
