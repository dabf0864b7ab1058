/* What the store keeps of a trajectory: spilled or retained content, the summary of a verdict and
 * the frame of a record. Any bytes are refused, or they are what encodes again to the same thing.
 * The first byte chooses the decoder, the second one how small the arena is. */
#include <assert.h>
#include <stdlib.h>

#include "pipelines/decide/summary.h"
#include "pipelines/decide/trajectory_codec.h"
#include "processor/emit/outgoing_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES_MAX = 16 << 20 };

static bool is_answer(enum status status)
{
    assert(status == STATUS_OK || status == STATUS_MALFORMED || status == STATUS_BUSY ||
           status == STATUS_NOT_FOUND);
    return status == STATUS_OK;
}

/* Everything of one trace id, as a shard adds it. */
static void add(struct in_flight *table, struct open_trajectory *open, struct gated_request *spans,
                struct gated_request *logs)
{
    for (uint32_t at = spans->span_count ? 0 : UINT32_MAX; at != UINT32_MAX;) {
        memcpy(spans->spans[at].trace_id, open->id, TRACE_ID_SIZE);
        for (uint32_t i = at; i < spans->span_count; i++)
            memcpy(spans->spans[i].trace_id, open->id, TRACE_ID_SIZE);
        assert(in_flight_add_spans(table, open, spans, at, &at) == STATUS_OK);
    }
    for (uint32_t i = 0; i < logs->log_count; i++)
        if (logs->logs[i].is_known)
            assert(in_flight_add_log(table, open, logs, &logs->logs[i].log) == STATUS_OK);
}

static void fuzz_trajectory(struct bytes value, struct arena *arena)
{
    struct gated_request spans, logs, spans_again, logs_again;
    struct in_flight table;
    struct buffer encoded = {0};
    uint8_t id[TRACE_ID_SIZE] = {1};
    if (!is_answer(trajectory_decode(value, &wire_gate_limits_default, arena, &spans, &logs)) ||
        spans.span_count == 0)
        return;
    bool is_there = in_flight_init(&table, 0);
    assert(is_there);
    struct open_trajectory *open = in_flight_open(&table, id, 0);
    assert(open);
    add(&table, open, &spans, &logs);
    if (trajectory_encode(open, &encoded)) {
        struct arena second;
        arena_init(&second, ARENA_BYTES_MAX);
        assert(trajectory_decode(buffer_bytes(&encoded), &wire_gate_limits_default, &second,
                                 &spans_again, &logs_again) == STATUS_OK);
        assert(spans_again.span_count > 0 && spans_again.span_count <= spans.span_count);
        assert(logs_again.log_count <= logs.log_count);
        arena_finish(&second);
    }
    buffer_finish(&encoded);
    in_flight_finish(&table);
}

static void fuzz_summary(struct bytes value, struct arena *arena)
{
    struct summary summary, again;
    struct buffer encoded = {0};
    if (!is_answer(summary_decode(value, arena, &summary)))
        return;
    struct arena second;
    arena_init(&second, ARENA_BYTES_MAX);
    summary_encode(&summary, &encoded);
    assert(summary_decode(buffer_bytes(&encoded), &second, &again) == STATUS_OK);
    assert(!summary_differs(&summary, &again) && !summary_differs(&summary, &summary));
    assert(bytes_equal(summary.contribution, again.contribution));
    buffer_finish(&encoded);
    arena_finish(&second);
}

static void fuzz_frame(struct bytes value, struct arena *arena)
{
    struct outgoing record, again;
    struct buffer encoded = {0}, made = {0};
    (void)arena;
    if (is_answer(outgoing_decode(value, &record))) {
        outgoing_encode(&record, &encoded);
        assert(bytes_equal(value, buffer_bytes(&encoded)));
        for (int form = FORM_JSON; form <= FORM_OTLP; form++) {
            again = record;
            (void)is_answer(outgoing_form(&again, (enum record_form)form, &made));
            buffer_clear(&made);
        }
    }
    buffer_finish(&encoded);
    buffer_finish(&made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const decoders[])(struct bytes, struct arena *) = {fuzz_trajectory, fuzz_summary,
                                                                     fuzz_frame};
    if (size < 2)
        return 0;
    struct arena arena;
    arena_init(&arena, data[1] == 0 ? ARENA_BYTES_MAX : (size_t)data[1] * 64);
    decoders[data[0] % (sizeof decoders / sizeof *decoders)](bytes_of(data + 2, size - 2), &arena);
    arena_finish(&arena);
    return 0;
}
