/* link: otlp */
/* Whatever text is taken, becomes bytes that the gate can read. */
#include <assert.h>

#include "processor/otlp/otlp_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct bytes json, enum wire_gate_signal signal, struct arena *arena)
{
    struct buffer wire = {.limit = 16 << 20};
    struct gated_request gated;
    struct refused_parts parts = {0};
    if (otlp_json_to_wire(json, signal, arena, &wire, &parts) == STATUS_OK) {
        enum status status =
            wire_gate(buffer_bytes(&wire), signal, &wire_gate_limits_default, arena, &gated);
        assert(status == STATUS_OK);
    }
    buffer_finish(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, 64 << 20);
    check(bytes_of(data, size), WIRE_GATE_TRACES, &arena);
    check(bytes_of(data, size), WIRE_GATE_LOGS, &arena);
    arena_finish(&arena);
    return 0;
}
