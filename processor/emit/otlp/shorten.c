/* Messages are copied field by field, each level into a buffer that becomes a field of the one
 * above. What is a text is known by its place:
 *
 *   groups > groups > span [ name | attributes > value > string | events > attributes ... | status ] */
#include "processor/emit/otlp/shorten.h"

#include "processor/base/text/utf8.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/wire.h"

enum { TEXT_FIRST = 64 * 1024, TEXT_LEAST = 256, ROUNDS_MAX = 48 };

struct otlp_shortening {
    size_t text_max;
    uint32_t span_count, spans_max, at; /* `at`: of the span that comes next */
    bool is_broken;
};

typedef void copy_fn(struct otlp_shortening *work, struct bytes message, struct buffer *to);

static void copy_field(const struct wire_field *field, struct buffer *to)
{
    if (field->type == WIRE_BYTES)
        wire_put_bytes(to, field->number, field->bytes);
    else if (field->type == WIRE_VARINT)
        wire_put_number(to, field->number, field->value);
    else if (field->type == WIRE_FIXED64)
        wire_put_fixed64(to, field->number, field->value);
    else
        wire_put_fixed32(to, field->number, (uint32_t)field->value);
}

static void put_message(struct otlp_shortening *work, uint32_t number, struct bytes message,
                        copy_fn *copy, struct buffer *to)
{
    struct buffer copied = {0};
    copy(work, message, &copied);
    to->failed = to->failed || copied.failed;
    wire_put_bytes(to, number, buffer_bytes(&copied));
    buffer_finish(&copied);
}

/* Copies `message`; the texts of field `text` are cut, messages of field `nested` go through
 * `copy`, and so do those of field `also` through `copy_also`. */
struct shape {
    uint32_t text, nested, also;
    copy_fn *copy, *copy_also;
};

static void copy_message(struct otlp_shortening *work, struct bytes message,
                         const struct shape *shape, struct buffer *to)
{
    struct wire wire = wire_of(message);
    struct wire_field field;
    while (wire_next(&wire, &field)) {
        bool is_bytes = field.type == WIRE_BYTES;
        if (is_bytes && field.number == shape->text)
            wire_put_bytes(to, field.number, utf8_cut(field.bytes, work->text_max));
        else if (is_bytes && field.number == shape->nested)
            put_message(work, field.number, field.bytes, shape->copy, to);
        else if (is_bytes && shape->also && field.number == shape->also)
            put_message(work, field.number, field.bytes, shape->copy_also, to);
        else
            copy_field(&field, to);
    }
    work->is_broken = work->is_broken || wire.broken;
}

/* A list, a map or bytes that are too long are left out, as when they are written. */
static void copy_value(struct otlp_shortening *work, struct bytes message, struct buffer *to)
{
    struct wire wire = wire_of(message);
    struct wire_field field;
    while (wire_next(&wire, &field))
        if (field.type == WIRE_BYTES && field.number == ANY_STRING)
            wire_put_bytes(to, field.number, utf8_cut(field.bytes, work->text_max));
        else if (field.type != WIRE_BYTES || field.bytes.size <= work->text_max)
            copy_field(&field, to);
}

static void copy_attribute(struct otlp_shortening *work, struct bytes message, struct buffer *to)
{
    static const struct shape shape = {.nested = KEY_VALUE_VALUE, .copy = copy_value};
    copy_message(work, message, &shape, to);
}

static void copy_event(struct otlp_shortening *work, struct bytes message, struct buffer *to)
{
    static const struct shape shape = {
        .text = EVENT_NAME, .nested = EVENT_ATTRIBUTES, .copy = copy_attribute};
    copy_message(work, message, &shape, to);
}

static void copy_span(struct otlp_shortening *work, struct bytes message, struct buffer *to)
{
    static const struct shape shape = {.text = SPAN_NAME,
                                       .nested = SPAN_ATTRIBUTES,
                                       .copy = copy_attribute,
                                       .also = SPAN_EVENTS,
                                       .copy_also = copy_event};
    copy_message(work, message, &shape, to);
}

static bool has_verdict(struct bytes span)
{
    struct wire wire = wire_of(span);
    struct bytes attribute;
    while (wire_next_bytes(&wire, SPAN_ATTRIBUTES, &attribute))
        if (bytes_equal_text(wire_find_bytes(attribute, KEY_VALUE_KEY), "flywheel.verdict"))
            return true;
    return false;
}

static void copy_scope_group(struct otlp_shortening *work, struct bytes message, struct buffer *to)
{
    struct wire wire = wire_of(message);
    struct wire_field field;
    while (wire_next(&wire, &field)) {
        if (field.number != GROUP_ITEMS || field.type != WIRE_BYTES) {
            copy_field(&field, to);
            continue;
        }
        uint32_t front = work->spans_max - work->spans_max / 2, at = work->at++;
        if (at < front || at + work->spans_max / 2 >= work->span_count || has_verdict(field.bytes))
            put_message(work, GROUP_ITEMS, field.bytes, copy_span, to);
    }
    work->is_broken = work->is_broken || wire.broken;
}

static void copy_resource_group(struct otlp_shortening *work, struct bytes message,
                                struct buffer *to)
{
    static const struct shape shape = {.nested = GROUP_ITEMS, .copy = copy_scope_group};
    copy_message(work, message, &shape, to);
}

static void copy_request(struct otlp_shortening *work, struct bytes message, struct buffer *to)
{
    static const struct shape shape = {.nested = REQUEST_GROUPS, .copy = copy_resource_group};
    work->at = 0;
    copy_message(work, message, &shape, to);
}

static uint32_t count_spans(struct bytes request)
{
    uint32_t count = 0;
    struct bytes group, scope, span;
    for (struct wire groups = wire_of(request); wire_next_bytes(&groups, REQUEST_GROUPS, &group);)
        for (struct wire scopes = wire_of(group); wire_next_bytes(&scopes, GROUP_ITEMS, &scope);)
            for (struct wire spans = wire_of(scope); wire_next_bytes(&spans, GROUP_ITEMS, &span);)
                count++;
    return count;
}

enum status otlp_record_shorten(struct bytes spans, size_t bytes_max, struct buffer *to)
{
    uint32_t count = count_spans(spans);
    struct otlp_shortening work = {.text_max = TEXT_FIRST, .span_count = count, .spans_max = count};
    size_t start = to->size;
    for (int round = 0; round < ROUNDS_MAX && !work.is_broken; round++) {
        to->size = start;
        copy_request(&work, spans, to);
        if (to->failed)
            break;
        if (to->size - start <= bytes_max && !work.is_broken)
            return STATUS_OK;
        if (work.text_max > TEXT_LEAST)
            work.text_max /= 4;
        else if (work.spans_max > 0)
            work.spans_max /= 2;
        else
            break;
    }
    to->size = start;
    return to->failed ? STATUS_FATAL : STATUS_MALFORMED;
}
