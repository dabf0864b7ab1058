/* Encoding only; a failure here is a broken test. */
#include "tests/support/trace_builder.h"

#include <assert.h>

#include "processor/otlp/fields.h"
#include "processor/otlp/wire.h"

static const uint32_t spread = 2654435761u, gather = 244002641u; /* spread * gather = 1 mod 2^32 */

void trace_id_of(uint32_t trace, uint8_t to[TRACE_ID_SIZE])
{
    for (uint32_t i = 0; i < TRACE_ID_SIZE / 4; i++) {
        uint32_t word = trace ? trace * (spread + 2 * i) : 0;
        memcpy(to + 4 * i, &word, sizeof(word));
    }
}

uint32_t trace_of_id(const uint8_t id[TRACE_ID_SIZE])
{
    uint32_t word;
    memcpy(&word, id, sizeof(word));
    return word * gather;
}

void span_id_of(uint32_t span, uint8_t to[SPAN_ID_SIZE])
{
    for (int i = SPAN_ID_SIZE - 1; i >= 0; i--, span >>= 8)
        to[i] = (uint8_t)span;
}

static void put_value(struct buffer *to, uint32_t field, const char *key, struct buffer *value)
{
    struct buffer pair = {0};
    wire_put_bytes(&pair, KEY_VALUE_KEY, bytes_of_text(key));
    wire_put_bytes(&pair, KEY_VALUE_VALUE, buffer_bytes(value));
    wire_put_bytes(to, field, buffer_bytes(&pair));
    buffer_finish(&pair);
    buffer_clear(value);
}

static void put_text(struct buffer *to, uint32_t field, const char *key, const char *text)
{
    struct buffer value = {0};
    wire_put_bytes(&value, ANY_STRING, bytes_of_text(text));
    put_value(to, field, key, &value);
    buffer_finish(&value);
}

static void put_score(struct buffer *to, uint32_t field, const char *name, double score)
{
    struct buffer value = {0};
    uint64_t bits;
    memcpy(&bits, &score, sizeof(bits));
    put_text(to, field, "gen_ai.evaluation.name", name);
    wire_put_fixed64(&value, ANY_DOUBLE, bits);
    put_value(to, field, "gen_ai.evaluation.score.value", &value);
    buffer_finish(&value);
}

static void put_ids(struct buffer *to, uint32_t trace_field, uint32_t trace, uint32_t span_field,
                    uint32_t span)
{
    uint8_t trace_id[TRACE_ID_SIZE], span_id[SPAN_ID_SIZE];
    trace_id_of(trace, trace_id);
    span_id_of(span, span_id);
    if (trace)
        wire_put_bytes(to, trace_field, bytes_of(trace_id, sizeof(trace_id)));
    if (span)
        wire_put_bytes(to, span_field, bytes_of(span_id, sizeof(span_id)));
}

static void end_group(struct trace_builder *builder)
{
    struct buffer scope = {0}, group = {0};
    if (builder->items.size == 0)
        return;
    wire_put_bytes(&scope, GROUP_HEAD, BYTES_LITERAL("\x0a\x04test")); /* name = 1 */
    buffer_append_bytes(&scope, buffer_bytes(&builder->items));
    wire_put_bytes(&group, GROUP_HEAD, buffer_bytes(&builder->resource));
    wire_put_bytes(&group, GROUP_ITEMS, buffer_bytes(&scope));
    wire_put_bytes(&builder->request, REQUEST_GROUPS, buffer_bytes(&group));
    buffer_finish(&scope);
    buffer_finish(&group);
    buffer_clear(&builder->items);
}

void trace_resource(struct trace_builder *builder, const char *service)
{
    end_group(builder);
    buffer_clear(&builder->resource);
    put_text(&builder->resource, RESOURCE_ATTRIBUTES, "service.name", service);
}

void trace_span(struct trace_builder *builder, const struct span_spec *spec)
{
    struct buffer span = {0};
    uint8_t parent[SPAN_ID_SIZE];
    put_ids(&span, SPAN_TRACE_ID, spec->trace, SPAN_SPAN_ID, spec->id);
    span_id_of(spec->parent, parent);
    if (spec->parent)
        wire_put_bytes(&span, SPAN_PARENT_SPAN_ID, bytes_of(parent, sizeof(parent)));
    wire_put_bytes(&span, SPAN_NAME, bytes_of_text(spec->name ? spec->name : "step"));
    wire_put_fixed64(&span, SPAN_START_TIME, spec->start_ms * 1000000);
    if (spec->end_ms)
        wire_put_fixed64(&span, SPAN_END_TIME, spec->end_ms * 1000000);
    if (spec->text)
        put_text(&span, SPAN_ATTRIBUTES, spec->text_key ? spec->text_key : "note", spec->text);
    if (spec->score_name) {
        struct buffer event = {0};
        wire_put_bytes(&event, EVENT_NAME, BYTES_LITERAL("gen_ai.evaluation.result"));
        put_score(&event, EVENT_ATTRIBUTES, spec->score_name, spec->score);
        wire_put_bytes(&span, SPAN_EVENTS, buffer_bytes(&event));
        buffer_finish(&event);
    }
    if (spec->flags)
        wire_put_fixed32(&span, SPAN_FLAGS, spec->flags);
    wire_put_bytes(&builder->items, GROUP_ITEMS, buffer_bytes(&span));
    buffer_finish(&span);
}

void trace_log(struct trace_builder *builder, const struct log_spec *spec)
{
    struct buffer log = {0};
    wire_put_fixed64(&log, LOG_TIME, spec->time_ms * 1000000);
    if (spec->score_name)
        put_score(&log, LOG_ATTRIBUTES, spec->score_name, spec->score);
    put_ids(&log, LOG_TRACE_ID, spec->trace, LOG_SPAN_ID, spec->span);
    wire_put_bytes(&log, LOG_EVENT_NAME,
                   bytes_of_text(spec->event_name ? spec->event_name : "gen_ai.evaluation.result"));
    wire_put_bytes(&builder->items, GROUP_ITEMS, buffer_bytes(&log));
    buffer_finish(&log);
}

struct bytes trace_request(struct trace_builder *builder)
{
    end_group(builder);
    assert(!builder->request.failed);
    return buffer_bytes(&builder->request);
}

void trace_clear(struct trace_builder *builder)
{
    buffer_clear(&builder->request);
    buffer_clear(&builder->resource);
    buffer_clear(&builder->items);
}

void trace_finish(struct trace_builder *builder)
{
    buffer_finish(&builder->request);
    buffer_finish(&builder->resource);
    buffer_finish(&builder->items);
}
