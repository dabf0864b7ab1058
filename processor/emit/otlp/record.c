/* Groups are runs of spans with one Resource and one scope, in an order sorted by both. Messages
 * are written from the inside: each level has a buffer, whose content becomes a field of the one
 * above. A message that comes out too large is written again with shorter texts, then with fewer
 * spans: the first and the last, as in the record. */
#include "processor/emit/otlp/record.h"

#include <stdio.h>
#include <stdlib.h>

#include "processor/emit/otlp/attributes.h"
#include "processor/otlp/attributes.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/span_fields.h"
#include "processor/otlp/wire.h"

enum { TEXT_FIRST = 64 * 1024, TEXT_LEAST = 256, TRACE_STATE_MAX = 512, ROUNDS_MAX = 32 };

struct place {
    uint32_t resource, scope, span;
};

struct otlp_writer {
    struct attribute_writer attributes; /* first: policy, arena and limits */
    const struct review_input *input;
    const struct review_record *record;
    struct buffer span, scope_group, resource_group;
    uint32_t spans_max;
};

static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->resource != y->resource)
        return x->resource < y->resource ? -1 : 1;
    if (x->scope != y->scope)
        return x->scope < y->scope ? -1 : 1;
    return x->span < y->span ? -1 : x->span > y->span;
}

/* ---- One span ---- */

static void put_labels(struct otlp_writer *writer)
{
    const struct bytes_list *labels = &writer->input->report->labels;
    struct buffer list = {0}, any = {0}, pair = {0};
    for (uint32_t i = 0; i < labels->count; i++) {
        struct buffer item = {0};
        wire_put_bytes(&item, ANY_STRING, labels->items[i]);
        wire_put_bytes(&list, LIST_VALUES, buffer_bytes(&item));
        buffer_finish(&item);
    }
    wire_put_bytes(&any, ANY_ARRAY, buffer_bytes(&list));
    wire_put_bytes(&pair, KEY_VALUE_KEY, BYTES_LITERAL("flywheel.labels"));
    wire_put_bytes(&pair, KEY_VALUE_VALUE, buffer_bytes(&any));
    wire_put_bytes(&writer->span, SPAN_ATTRIBUTES, buffer_bytes(&pair));
    buffer_finish(&list);
    buffer_finish(&any);
    buffer_finish(&pair);
}

static void put_verdict(struct otlp_writer *writer)
{
    const struct review_input *input = writer->input;
    struct attribute_writer *to = &writer->attributes;
    struct buffer *span = &writer->span;
    char ruleset[2 * 32];
    hex_encode(ruleset, input->ruleset_sha256, 32);
    attribute_put_text(to, span, "flywheel.verdict",
                       bytes_of_text(verdict_name(input->report->verdict)));
    put_labels(writer);
    attribute_put_text(to, span, "flywheel.record_id", bytes_of_text(writer->record->record_id));
    attribute_put_text(to, span, "flywheel.queue", writer->record->queue);
    attribute_put_integer(to, span, "flywheel.revision", input->revision);
    attribute_put_text(to, span, "flywheel.ruleset.sha256", bytes_of(ruleset, sizeof ruleset));
    attribute_put_text(to, span, "flywheel.selection.reason",
                       bytes_of_text(selection_reason_names[input->reason]));
    attribute_put_real(to, span, "flywheel.selection.inclusion_probability",
                       input->inclusion_probability);
    for (uint32_t i = 0; i < input->dimension_count; i++) {
        char key[160];
        snprintf(key, sizeof key, "flywheel.cohort.%.*s", (int)input->dimensions[i].name.size,
                 (const char *)input->dimensions[i].name.data);
        attribute_put_name(to, span, key, input->dimension_values[i]);
    }
}

static void put_step(struct otlp_writer *writer, const struct step *step)
{
    struct attribute_writer *to = &writer->attributes;
    struct buffer *span = &writer->span;
    attribute_put_text(to, span, "flywheel.step.kind", bytes_of_text(step_kind_names[step->kind]));
    attribute_put_name(to, span, "gen_ai.agent.name", step->agent);
    attribute_put_name(to, span, "gen_ai.request.model", step->model);
    attribute_put_name(to, span, "gen_ai.tool.name", step->tool);
    if (step->tokens_input >= 0)
        attribute_put_integer(to, span, "gen_ai.usage.input_tokens", step->tokens_input);
    if (step->tokens_output >= 0)
        attribute_put_integer(to, span, "gen_ai.usage.output_tokens", step->tokens_output);
    attribute_put_content(to, span, "input.value",
                          step->input.data ? step->input : step->arguments);
    attribute_put_content(to, span, "output.value", step->output);
}

static void put_events(struct otlp_writer *writer, const struct span *span)
{
    struct span_events events = span_events_of(span);
    struct span_event event;
    while (span_events_next(&events, &event)) {
        struct buffer message = {0};
        wire_put_fixed64(&message, EVENT_TIME, event.time_ns);
        wire_put_bytes(&message, EVENT_NAME, attribute_name(&writer->attributes, event.name));
        attribute_put_allowed(&writer->attributes, &message, EVENT_ATTRIBUTES, event.wire,
                              OF_EVENT);
        wire_put_bytes(&writer->span, SPAN_EVENTS, buffer_bytes(&message));
        buffer_finish(&message);
    }
}

static void put_links(struct otlp_writer *writer, const struct span *span)
{
    struct span_links links = span_links_of(span);
    struct span_link link;
    while (span_links_next(&links, &link)) {
        struct buffer message = {0};
        wire_put_bytes(&message, LINK_TRACE_ID, bytes_of(link.trace_id, sizeof link.trace_id));
        wire_put_bytes(&message, LINK_SPAN_ID, bytes_of(link.span_id, sizeof link.span_id));
        wire_put_bytes(&writer->span, SPAN_LINKS, buffer_bytes(&message));
        buffer_finish(&message);
    }
}

static void put_status(struct otlp_writer *writer, const struct span *span)
{
    struct buffer message = {0};
    struct bytes text = attribute_content(&writer->attributes, span_status_message(span));
    if (text.size > 0)
        wire_put_bytes(&message, STATUS_MESSAGE, text);
    if (span->status != SPAN_STATUS_UNSET)
        wire_put_number(&message, STATUS_CODE, span->status);
    if (message.size > 0)
        wire_put_bytes(&writer->span, SPAN_STATUS, buffer_bytes(&message));
    buffer_finish(&message);
}

/* Of a conversation each span has the trace id of its turn. */
static struct bytes trace_id_of(const struct otlp_writer *writer, const struct span *span)
{
    struct bytes id = wire_find_bytes(span->wire, SPAN_TRACE_ID);
    return id.size == TRACE_ID_SIZE ? id
                                    : bytes_of(writer->input->run->trajectory->id, TRACE_ID_SIZE);
}

static void write_span(struct otlp_writer *writer, uint32_t index)
{
    const struct agent_run *run = writer->input->run;
    const struct span *span = &run->trajectory->spans[index];
    struct buffer *to = &writer->span;
    struct bytes state = span_trace_state(span);
    buffer_clear(to);
    wire_put_bytes(to, SPAN_TRACE_ID, trace_id_of(writer, span));
    wire_put_bytes(to, SPAN_SPAN_ID, bytes_of(span->id, SPAN_ID_SIZE));
    if (state.size > 0 && state.size <= TRACE_STATE_MAX)
        wire_put_bytes(to, SPAN_TRACE_STATE, attribute_name(&writer->attributes, state));
    if (span_knows_parent(span))
        wire_put_bytes(to, SPAN_PARENT_SPAN_ID, bytes_of(span->parent_id, SPAN_ID_SIZE));
    wire_put_bytes(to, SPAN_NAME, attribute_name(&writer->attributes, span_name(span)));
    if (span->kind)
        wire_put_number(to, SPAN_KIND, span->kind);
    wire_put_fixed64(to, SPAN_START_TIME, span->start_ns);
    wire_put_fixed64(to, SPAN_END_TIME, span->end_ns);
    if (index < run->step_count)
        put_step(writer, &run->steps[index]);
    if (index == run->trajectory->top)
        put_verdict(writer);
    attribute_put_allowed(&writer->attributes, to, SPAN_ATTRIBUTES, span->wire, OF_SPAN);
    if (span->dropped_attributes)
        wire_put_number(to, SPAN_DROPPED_ATTRIBUTES, span->dropped_attributes);
    put_events(writer, span);
    put_links(writer, span);
    put_status(writer, span);
    if (span->flags)
        wire_put_fixed32(to, SPAN_FLAGS, span->flags);
    wire_put_bytes(&writer->scope_group, GROUP_ITEMS, buffer_bytes(to));
}

/* ---- Groups ---- */

static void put_resource(struct otlp_writer *writer, struct bytes resource)
{
    struct buffer message = {0};
    attribute_put_allowed(&writer->attributes, &message, RESOURCE_ATTRIBUTES, resource,
                          OF_RESOURCE);
    wire_put_bytes(&writer->resource_group, GROUP_HEAD, buffer_bytes(&message));
    buffer_finish(&message);
}

/* Name and version of an instrumentation library say nothing of anybody. */
static void put_scope(struct otlp_writer *writer, struct bytes scope)
{
    struct buffer message = {0};
    const uint32_t fields[] = {SCOPE_NAME, SCOPE_VERSION};
    for (int i = 0; i < 2; i++) {
        struct bytes text = wire_find_bytes(scope, fields[i]);
        if (text.size > 0)
            wire_put_bytes(&message, fields[i], attribute_name(&writer->attributes, text));
    }
    wire_put_bytes(&writer->scope_group, GROUP_HEAD, buffer_bytes(&message));
    buffer_finish(&message);
}

static void write_groups(struct otlp_writer *writer, const struct place *places, uint32_t count,
                         struct buffer *to)
{
    const struct trajectory *trajectory = writer->input->run->trajectory;
    for (uint32_t i = 0; i < count;) {
        uint32_t resource = places[i].resource;
        buffer_clear(&writer->resource_group);
        put_resource(writer, trajectory->resources[resource]);
        while (i < count && places[i].resource == resource) {
            uint32_t scope = places[i].scope;
            buffer_clear(&writer->scope_group);
            put_scope(writer, trajectory->scopes[scope]);
            for (; i < count && places[i].resource == resource && places[i].scope == scope; i++)
                write_span(writer, places[i].span);
            wire_put_bytes(&writer->resource_group, GROUP_ITEMS,
                           buffer_bytes(&writer->scope_group));
        }
        wire_put_bytes(to, REQUEST_GROUPS, buffer_bytes(&writer->resource_group));
    }
}

/* The spans that are written, sorted by group. The one with the verdict is always among them. */
static uint32_t choose_spans(const struct otlp_writer *writer, struct place *places)
{
    const struct trajectory *trajectory = writer->input->run->trajectory;
    uint32_t count = trajectory->span_count, kept = 0;
    uint32_t most = writer->spans_max < count ? writer->spans_max : count;
    uint32_t front = most - most / 2;
    for (uint32_t i = 0; i < count; i++) {
        const struct span *span = &trajectory->spans[i];
        if (i < front || i >= count - (most - front) || i == trajectory->top)
            places[kept++] = (struct place){span->resource, span->scope, i};
    }
    if (kept > 0)
        qsort(places, kept, sizeof *places, by_place);
    return kept;
}

enum status otlp_record_write(const struct review_input *input, const struct review_record *record,
                              struct buffer *to)
{
    uint32_t span_count = input->run->trajectory->span_count;
    struct place *places = arena_alloc(input->arena, (span_count + 1) * sizeof *places);
    struct otlp_writer writer = {
        .attributes = {.policy = input->redaction,
                       .scratch = input->scratch,
                       .arena = input->arena,
                       .text_max = TEXT_FIRST},
        .input = input,
        .record = record,
        .spans_max = span_count,
    };
    size_t start = to->size;
    size_t bytes_max = input->bytes_max ? input->bytes_max : OTLP_RECORD_MAX;
    bool fits = false;
    for (int round = 0; places && round < ROUNDS_MAX && !fits; round++) {
        to->size = start;
        write_groups(&writer, places, choose_spans(&writer, places), to);
        fits = to->size - start <= bytes_max;
        if (writer.attributes.text_max > TEXT_LEAST)
            writer.attributes.text_max /= 4;
        else
            writer.spans_max /= 2;
    }
    fits = to->size - start <= OTLP_RECORD_MAX; /* a topic's limit may be below what can be cut */
    bool failed = !places || !fits || to->failed || writer.span.failed ||
                  writer.scope_group.failed || writer.resource_group.failed;
    buffer_finish(&writer.span);
    buffer_finish(&writer.scope_group);
    buffer_finish(&writer.resource_group);
    return failed ? STATUS_FATAL : STATUS_OK;
}
