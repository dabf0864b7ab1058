/* A walk down fixed levels of nesting, looking for fixed64 fields:
 *   traces: resource_spans(1) scope_spans(2) span(2): start(7) end(8), event(11): time(1)
 *   logs:   resource_logs(1) scope_logs(2) log_record(2): time(1) observed_time(11)
 * Depth is that of the table, whatever the bytes say. */
#include "processor/command/send/shift.h"

#include <assert.h>

#include "processor/otlp/wire.h"

enum { LEVELS = 5 }; /* request, resource, scope, item, event */

/* At each level: the field that leads down, and the fields that are times. 0: none. */
struct level {
    uint32_t down;
    uint32_t times[2];
    uint32_t ends[2]; /* those of them that say when it ended */
};

static const struct level levels_of_traces[LEVELS] = {{.down = 1},
                                                      {.down = 2},
                                                      {.down = 2},
                                                      {.down = 11, .times = {7, 8}, .ends = {8}},
                                                      {.times = {1}}};
static const struct level levels_of_logs[LEVELS] = {
    {.down = 1}, {.down = 2}, {.down = 2}, {.times = {1, 11}, .ends = {1, 11}}, {0}};

typedef void time_fn(void *context, const uint8_t *at, uint64_t ns, bool is_end);

static void visit_times(struct bytes request, enum wire_gate_signal signal, time_fn *visit,
                        void *context)
{
    const struct level *levels = signal == WIRE_GATE_TRACES ? levels_of_traces : levels_of_logs;
    struct wire stack[LEVELS];
    int depth = 0;
    stack[0] = wire_of(request);
    while (depth >= 0) {
        const struct level *level = &levels[depth];
        struct wire_field field;
        if (!wire_next(&stack[depth], &field)) {
            depth--;
            continue;
        }
        if (field.type == WIRE_BYTES && field.number == level->down) {
            assert(depth + 1 < LEVELS);
            stack[depth + 1] = wire_of(field.bytes);
            depth++;
        } else if (field.type == WIRE_FIXED64 &&
                   (field.number == level->times[0] || field.number == level->times[1])) {
            visit(context, stack[depth].at - 8, field.value,
                  field.number == level->ends[0] || field.number == level->ends[1]);
        }
    }
}

static void keep_latest(void *context, const uint8_t *at, uint64_t ns, bool is_end)
{
    (void)at;
    uint64_t *latest = context;
    if (is_end && ns > *latest)
        *latest = ns;
}

uint64_t shift_latest_ns(struct bytes request, enum wire_gate_signal signal)
{
    uint64_t latest = 0;
    visit_times(request, signal, keep_latest, &latest);
    return latest;
}

struct patch {
    struct buffer *request;
    int64_t by_ns;
};

static void patch_time(void *context, const uint8_t *at, uint64_t ns, bool is_end)
{
    (void)is_end;
    const struct patch *patch = context;
    if (ns == 0)
        return;
    uint64_t moved = ns + (uint64_t)patch->by_ns;
    uint8_t *to = patch->request->data + (at - patch->request->data);
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(moved >> (8 * i));
}

void shift_times(struct buffer *request, enum wire_gate_signal signal, int64_t by_ns)
{
    struct patch patch = {.request = request, .by_ns = by_ns};
    visit_times(buffer_bytes(request), signal, patch_time, &patch);
}
