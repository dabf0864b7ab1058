/* Spans by hand, encoded as they would arrive. Any failure here is a broken test setup. */
#include <assert.h>

#include "processor/otlp/fields.h"
#include "processor/otlp/wire.h"
#include "tests/support/runs.h"

static const uint64_t second_ns = 1000000000;

static struct buffer *last_wire(struct run_builder *builder)
{
    assert(builder->count > 0);
    return &builder->wire[builder->count - 1];
}

/* Puts KeyValue {key, AnyValue} as `field` of `to`. */
static void put_key_value(struct buffer *to, uint32_t field, const char *key,
                          const struct buffer *any_value)
{
    struct buffer pair = {0};
    wire_put_bytes(&pair, 1, bytes_of_text(key));
    wire_put_bytes(&pair, 2, buffer_bytes(any_value));
    wire_put_bytes(to, field, buffer_bytes(&pair));
    buffer_finish(&pair);
}

static void put_text(struct buffer *to, uint32_t field, const char *key, const char *value)
{
    struct buffer any_value = {0};
    wire_put_bytes(&any_value, ANY_STRING, bytes_of_text(value));
    put_key_value(to, field, key, &any_value);
    buffer_finish(&any_value);
}

static void put_double(struct buffer *to, uint32_t field, const char *key, double value)
{
    struct buffer any_value = {0};
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    wire_put_fixed64(&any_value, ANY_DOUBLE, bits);
    put_key_value(to, field, key, &any_value);
    buffer_finish(&any_value);
}

void build_span(struct run_builder *builder, uint8_t id, uint8_t parent, const char *name,
                uint64_t start, uint64_t end)
{
    assert(builder->count < sizeof builder->spans / sizeof *builder->spans);
    struct span *span = &builder->spans[builder->count++];
    *span = (struct span){.start_ns = start * second_ns, .end_ns = end * second_ns};
    span->id[SPAN_ID_SIZE - 1] = id;
    span->parent_id[SPAN_ID_SIZE - 1] = parent;
    span->has_parent = parent != 0;
    wire_put_bytes(last_wire(builder), SPAN_SPAN_ID, bytes_of(span->id, SPAN_ID_SIZE));
    wire_put_bytes(last_wire(builder), SPAN_NAME, bytes_of_text(name));
}

void build_text(struct run_builder *builder, const char *key, const char *value)
{
    put_text(last_wire(builder), SPAN_ATTRIBUTES, key, value);
}

void build_int(struct run_builder *builder, const char *key, int64_t value)
{
    struct buffer any_value = {0};
    wire_put_number(&any_value, ANY_INT, (uint64_t)value);
    put_key_value(last_wire(builder), SPAN_ATTRIBUTES, key, &any_value);
    buffer_finish(&any_value);
}

void build_double(struct run_builder *builder, const char *key, double value)
{
    put_double(last_wire(builder), SPAN_ATTRIBUTES, key, value);
}

void build_bool(struct run_builder *builder, const char *key, bool value)
{
    struct buffer any_value = {0};
    wire_put_number(&any_value, ANY_BOOL, value);
    put_key_value(last_wire(builder), SPAN_ATTRIBUTES, key, &any_value);
    buffer_finish(&any_value);
}

void build_texts(struct run_builder *builder, const char *key, const char *const *values,
                 size_t count)
{
    struct buffer array = {0}, any_value = {0};
    for (size_t i = 0; i < count; i++) {
        struct buffer element = {0};
        wire_put_bytes(&element, ANY_STRING, bytes_of_text(values[i]));
        wire_put_bytes(&array, 1, buffer_bytes(&element));
        buffer_finish(&element);
    }
    wire_put_bytes(&any_value, ANY_ARRAY, buffer_bytes(&array));
    put_key_value(last_wire(builder), SPAN_ATTRIBUTES, key, &any_value);
    buffer_finish(&array);
    buffer_finish(&any_value);
}

void build_status(struct run_builder *builder, enum span_status status, const char *message)
{
    struct buffer encoded = {0};
    if (message)
        wire_put_bytes(&encoded, STATUS_MESSAGE, bytes_of_text(message));
    wire_put_number(&encoded, STATUS_CODE, (uint64_t)status);
    wire_put_bytes(last_wire(builder), SPAN_STATUS, buffer_bytes(&encoded));
    buffer_finish(&encoded);
    builder->spans[builder->count - 1].status = (uint8_t)status;
}

void build_trace_state(struct run_builder *builder, const char *state)
{
    wire_put_bytes(last_wire(builder), SPAN_TRACE_STATE, bytes_of_text(state));
}

void build_event(struct run_builder *builder, const char *name, uint64_t time, const char *key1,
                 const char *value1, const char *key2, const char *value2)
{
    struct buffer event = {0};
    wire_put_fixed64(&event, EVENT_TIME, time * second_ns);
    wire_put_bytes(&event, EVENT_NAME, bytes_of_text(name));
    if (key1)
        put_text(&event, EVENT_ATTRIBUTES, key1, value1);
    if (key2)
        put_text(&event, EVENT_ATTRIBUTES, key2, value2);
    wire_put_bytes(last_wire(builder), SPAN_EVENTS, buffer_bytes(&event));
    buffer_finish(&event);
}

void build_log(struct run_builder *builder, uint8_t span, const char *event_name,
               const char *const *keys_and_values, size_t count)
{
    assert(builder->log_count < sizeof builder->logs / sizeof *builder->logs);
    struct buffer *wire = &builder->logs_wire[builder->log_count];
    struct log_record *log = &builder->logs[builder->log_count++];
    *log = (struct log_record){.time_ns = builder->log_count * second_ns,
                               .event_name = bytes_of_text(event_name)};
    log->span_id[SPAN_ID_SIZE - 1] = span;
    for (size_t i = 0; i + 1 < count; i += 2)
        put_text(wire, LOG_ATTRIBUTES, keys_and_values[i], keys_and_values[i + 1]);
}

void build_log_double(struct run_builder *builder, const char *key, double value)
{
    assert(builder->log_count > 0);
    put_double(&builder->logs_wire[builder->log_count - 1], LOG_ATTRIBUTES, key, value);
}

void build_scope(struct run_builder *builder, const char *name)
{
    wire_put_bytes(&builder->scope, SCOPE_NAME, bytes_of_text(name));
}

void build_resource_text(struct run_builder *builder, const char *key, const char *value)
{
    put_text(&builder->resource, RESOURCE_ATTRIBUTES, key, value);
}

const struct trajectory *build_done(struct run_builder *builder, struct arena *arena)
{
    for (uint32_t i = 0; i < builder->count; i++)
        builder->spans[i].wire = buffer_bytes(&builder->wire[i]);
    for (uint32_t i = 0; i < builder->log_count; i++)
        builder->logs[i].wire = buffer_bytes(&builder->logs_wire[i]);
    builder->scope_bytes = buffer_bytes(&builder->scope);
    builder->resource_bytes = buffer_bytes(&builder->resource);
    struct span *spans = arena_zalloc(arena, builder->count + 1, sizeof *spans);
    assert(spans);
    memcpy(spans, builder->spans, builder->count * sizeof *spans);
    builder->trajectory = (struct trajectory){.spans = spans,
                                              .span_count = builder->count,
                                              .logs = builder->logs,
                                              .log_count = builder->log_count,
                                              .resources = &builder->resource_bytes,
                                              .resource_count = 1,
                                              .scopes = &builder->scope_bytes,
                                              .scope_count = 1};
    bool is_ordered = trajectory_order(&builder->trajectory, arena);
    assert(is_ordered);
    return &builder->trajectory;
}

void build_free(struct run_builder *builder)
{
    for (uint32_t i = 0; i < builder->count; i++)
        buffer_finish(&builder->wire[i]);
    for (uint32_t i = 0; i < builder->log_count; i++)
        buffer_finish(&builder->logs_wire[i]);
    buffer_finish(&builder->scope);
    buffer_finish(&builder->resource);
    *builder = (struct run_builder){0};
}
