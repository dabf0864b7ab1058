/* link: otlp */
/* What the gate lets through whole, protobuf-c unpacks with the same count, and the iterators
 * reach every end. */
#include <assert.h>

#include "processor/otlp/attributes.h"
#include "processor/otlp/messages.h"
#include "processor/otlp/wire_gate.h"
#include "processor/otlp/wire_trim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_values(struct bytes message, enum attribute_owner owner, struct arena *arena)
{
    struct attributes attributes = attributes_of(message, owner);
    struct attribute attribute;
    while (attributes_next(&attributes, &attribute))
        (void)value_text(attribute.value, arena);
    assert(!attributes.wire.broken);
}

static void check(struct bytes request, enum wire_gate_signal signal, struct arena *arena)
{
    struct gated_request gated;
    uint32_t count = 0;
    if (wire_gate(request, signal, &wire_gate_limits_default, arena, &gated) != STATUS_OK)
        return;
    for (uint32_t i = 0; i < gated.span_count; i++)
        read_values(gated.spans[i].span.wire, OF_SPAN, arena);
    for (uint32_t i = 0; i < gated.log_count; i++)
        read_values(gated.logs[i].log.wire, OF_LOG_RECORD, arena);
    if (gated.rejected_count > 0)
        return;
    /* protobuf-c refuses some well-formed requests: it merges a repeated singular message instead
     * of taking the last one, and gives up where the two don't merge. What it reads must agree. */
    if (message_unpack_request(request, signal, (size_t)1 << 30, &count))
        assert(count == gated.span_count + gated.log_count);
}

/* What is trimmed passes under the ceilings, and nothing was refused but for its ids:
 * no limit costs a span. */
static void check_trim(struct bytes request, struct arena *arena)
{
    const struct wire_gate_limits tight = {2, 2, 2, 16, 64, 1000000};
    struct gated_request whole, trimmed;
    struct buffer to = {0};
    struct refused_parts parts = {0};
    uint32_t refused = 0;
    if (wire_gate(request, WIRE_GATE_TRACES, &wire_gate_ceilings, arena, &whole) == STATUS_OK &&
        wire_trim(request, WIRE_GATE_TRACES, &tight, &to, &parts, &refused) == STATUS_OK) {
        enum status status =
            wire_gate(buffer_bytes(&to), WIRE_GATE_TRACES, &wire_gate_ceilings, arena, &trimmed);
        assert(status == STATUS_OK && refused == 0);
        assert(trimmed.rejected_count ==
               trimmed.rejected[WIRE_GATE_BAD_TRACE_ID] + trimmed.rejected[WIRE_GATE_BAD_SPAN_ID]);
        assert(trimmed.span_count + trimmed.rejected_count ==
               whole.span_count + whole.rejected_count);
    }
    buffer_finish(&to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, 64 << 20);
    check(bytes_of(data, size), WIRE_GATE_TRACES, &arena);
    check(bytes_of(data, size), WIRE_GATE_LOGS, &arena);
    arena_reset(&arena);
    check_trim(bytes_of(data, size), &arena);
    arena_finish(&arena);
    return 0;
}
