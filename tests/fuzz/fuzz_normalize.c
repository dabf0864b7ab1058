/* link: normalize otlp nouns base */
/* Bytes through the gate to trajectories, to facts and content, under a small arena: whatever
 * comes, it ends, and what it hands out is inside its lists. The first byte chooses how small the
 * arena is. */
#include <assert.h>
#include <stdlib.h>

#include "processor/normalize/content/content.h"
#include "processor/normalize/facts/dimensions.h"
#include "processor/normalize/facts/facts.h"
#include "processor/otlp/wire_gate.h"
#include "tests/support/runs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_run(const struct trajectory *trajectory, size_t limit)
{
    static const struct dimension dimensions[] = {
        {{(const uint8_t *)"intent", 6}, {{(const uint8_t *)"*", 1}}, 1},
        {{(const uint8_t *)"release", 7}, {{(const uint8_t *)"service.version", 15}}, 1},
    };
    struct arena arena;
    struct agent_run run;
    struct bytes values[2];
    arena_init(&arena, limit);
    facts_read(trajectory, &arena, &run);
    content_read(&run);
    dimensions_read(&run, dimensions, 2, NULL, NULL, values);
    assert(values[0].size > 0 && values[0].size <= DIMENSION_VALUE_MAX + 9);
    assert(run.input_span == NO_SPAN || run.input_span < trajectory->span_count);
    assert(run.output_span == NO_SPAN || run.output_span < trajectory->span_count);
    assert(run.tools_offered.count == run.tool_definitions.count);
    for (uint32_t i = 0; i < run.document_count; i++)
        assert(run.documents[i].span < trajectory->span_count);
    for (uint32_t i = 0; i < run.score_count; i++)
        assert(run.scores[i].span == NO_SPAN || run.scores[i].span < trajectory->span_count);
    assert(run.errors_recovered <= run.error_count);
    arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct gated_request request;
    struct trajectory *items = NULL;
    if (size < 2)
        return 0;
    size_t limit = data[0] % 4 == 0 ? (size_t)data[0] * 512 : 16u << 20;
    arena_init(&arena, 64 << 20);
    if (wire_gate(bytes_of(data + 1, size - 1), WIRE_GATE_TRACES, &wire_gate_limits_default, &arena,
                  &request) == STATUS_OK &&
        request.span_count <= 2000) {
        uint32_t count = trajectories_of(&request, 1, &arena, &items);
        for (uint32_t i = 0; i < count; i++)
            read_run(&items[i], limit);
    }
    arena_finish(&arena);
    return 0;
}
