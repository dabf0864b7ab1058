/* link: score otlp nouns base */
/* Bytes through the gate to trajectories, and every measurement of the table over each: whatever an
 * answer, a document, a schema or arguments hold, it ends, a number of a share lies between 0 and
 * 1, and evidence points into the text that it names. The first byte chooses how small the arena
 * is. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "processor/normalize/facts/facts.h"
#include "processor/otlp/wire_gate.h"
#include "processor/score/measure/reading.h"
#include "processor/score/measurements.h"
#include "processor/score/memo.h"
#include "tests/support/runs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes names[] = {{(const uint8_t *)"find_flight", 11}, {(const uint8_t *)"quote", 5}};
static struct tool_expectation expected = {{(const uint8_t *)"*", 1}, {names, 2}};
static struct ruleset ruleset = {.measurements = {.required = &expected,
                                                  .required_count = 1,
                                                  .steps_max = 3,
                                                  .output_contract = {.is_present = true,
                                                                      .is_json = true,
                                                                      .required_keys = names,
                                                                      .required_key_count = 2,
                                                                      .max_length = 100}}};

static size_t size_of_field(const struct agent_run *run, const struct evidence *place)
{
    bool is_step = place->span != NO_SPAN && place->field != FIELD_CONTEXT;
    const struct step *step = is_step ? &run->steps[place->span] : NULL;
    switch (place->field) {
    case FIELD_OUTPUT:
        return run->output.size;
    case FIELD_INPUT:
        return run->input.size;
    case FIELD_STEP_INPUT:
        return step ? step->input.size : 0;
    case FIELD_STEP_OUTPUT:
        return step ? step->output.size : 0;
    case FIELD_ARGUMENTS:
        return step ? step->arguments.size : 0;
    case FIELD_NAME:
        return step ? step->name.size : 0;
    case FIELD_CONTEXT:
        return run->documents[place->span].text.size;
    default:
        return SIZE_MAX;
    }
}

static void check(const struct measurement *row, const struct reading *reading,
                  const struct agent_run *run)
{
    assert(reading->has_value || reading->text.data || reading->na_reason);
    assert(!reading->has_value || isfinite(reading->value));
    if (reading->has_value && strcmp(row->unit, "share") == 0)
        assert(reading->value >= -1e-9 && reading->value <= 1 + 1e-9);
    assert(reading->evidence_count <= EVIDENCE_MAX);
    for (uint32_t i = 0; i < reading->evidence_count; i++) {
        const struct evidence *place = &reading->evidence[i];
        uint32_t count = place->field == FIELD_CONTEXT ? run->document_count : run->step_count;
        assert(place->span < count || (place->span == NO_SPAN && place->field <= FIELD_INPUT));
        assert(place->start <= place->end && place->end <= size_of_field(run, place));
    }
}

static void read_run(const struct trajectory *trajectory, size_t limit)
{
    struct arena arena;
    struct agent_run run;
    struct regex_scratch *scratch = regex_scratch_create();
    arena_init(&arena, limit);
    facts_read(trajectory, &arena, &run);
    struct score_context context = {
        .run = &run, .ruleset = &ruleset, .arena = &arena, .scratch = scratch};
    for (uint32_t i = 0; i < measurement_count; i++) {
        const struct measure measure = {.measurement = &measurements[i], .slot = i + 1};
        check(&measurements[i], memo_read(&measure, &context), &run);
    }
    arena_finish(&arena);
    regex_scratch_destroy(scratch);
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
        request.span_count <= 500) {
        uint32_t count = trajectories_of(&request, 1, &arena, &items);
        for (uint32_t i = 0; i < count; i++)
            read_run(&items[i], limit);
    }
    arena_finish(&arena);
    return 0;
}
