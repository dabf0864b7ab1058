/* link: command otlp base */
/* Any bytes as an answer of a candidate: what is none is refused with a reason, what is one becomes an OTLP
 * request that is read without a part refused. */
#include <assert.h>

#include "processor/command/gate/candidate_span.h"
#include "processor/otlp/otlp_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t trace[CANDIDATE_TRACE_ID_SIZE] = {1};
    struct candidate_line line;
    const char *problem;
    struct arena arena;
    arena_init(&arena, 64u << 20);
    struct bytes text = bytes_of(size ? (const void *)data : "", size);
    enum status status = candidate_line_read(text, &arena, &line, &problem);
    assert((status == STATUS_MALFORMED) == (problem != NULL));
    if (status == STATUS_OK) {
        struct buffer json = {0}, wire = {0};
        struct refused_parts parts = {0};
        candidate_line_write(&line, BYTES_LITERAL("What is it?"), text, trace, 1700000000, &json);
        assert(!json.failed);
        status = otlp_json_to_wire(buffer_bytes(&json), WIRE_GATE_TRACES, &arena, &wire, &parts);
        assert(status == STATUS_OK || arena.failed);
        buffer_finish(&wire);
        buffer_finish(&json);
    }
    arena_finish(&arena);
    return 0;
}
