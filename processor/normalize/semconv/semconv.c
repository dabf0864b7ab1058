/* One walk over the fields of a Span: attributes go to slots, events and the few plain fields that
 * readers want are picked up on the way. */
#include "processor/normalize/semconv/semconv.h"

#include <math.h>

#include "processor/base/json/number.h"
#include "processor/normalize/semconv/kinds.h"
#include "processor/normalize/semconv/semconv_endings.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/value.h"

static bool starts_with(struct bytes text, const char *start)
{
    return bytes_starts_with(text, bytes_of_text(start));
}

/* Names that are no row because a part of them is free. */
static uint32_t seen_in_name(struct bytes name)
{
    if (name.size < 6)
        return 0;
    switch (name.data[0]) {
    case 'a':
        return starts_with(name, "annotations.") ? SEEN_SCORES : 0;
    case 'd':
        return starts_with(name, "document_annotations.") ? SEEN_SCORES : 0;
    case 'e':
        if (starts_with(name, "embedding.e"))
            return SEEN_EMBEDDINGS;
        if (starts_with(name, "eval.input") || starts_with(name, "eval.output"))
            return 0; /* traceAI before 1.0 puts them on every span */
        return starts_with(name, "eval.") || starts_with(name, "evaluations.") ? SEEN_SCORES : 0;
    case 'g':
        if (starts_with(name, "gen_ai.prompt.") || starts_with(name, "gen_ai.completion."))
            return SEEN_CONTENT;
        return starts_with(name, "gen_ai.input.") || starts_with(name, "gen_ai.output.")
                   ? SEEN_CONTENT
                   : 0;
    case 'l':
        if (starts_with(name, "llm.tools.") || starts_with(name, "llm.request.functions."))
            return SEEN_TOOL_SCHEMAS;
        if (starts_with(name, "langfuse.experiment."))
            return SEEN_JUDGE_RUN;
        return starts_with(name, "llm.input_messages.") || starts_with(name, "llm.output_messages.")
                   ? SEEN_CONTENT
                   : 0;
    case 'r':
        return starts_with(name, "retrieval.documents.") ||
                       starts_with(name, "reranker.output_documents.")
                   ? SEEN_DOCUMENTS
                   : 0;
    case 's':
        return starts_with(name, "session.annotations.") ||
                       starts_with(name, "session.evaluations.")
                   ? SEEN_SCORES
                   : 0;
    case 't':
        return starts_with(name, "trace.annotations.") || starts_with(name, "trace.evaluations.")
                   ? SEEN_SCORES
                   : 0;
    default:
        return 0;
    }
}

static void read_kind(struct semconv *ret, const struct semconv_row *row, struct value value)
{
    enum step_kind kind;
    if (value.type != VALUE_STRING)
        return;
    if (row->concept == SC_OPERATION) {
        if (kind_of_operation(value.bytes, &kind)) {
            ret->has_operation = true;
            ret->operation = (uint8_t)kind;
        }
        return;
    }
    if (ret->has_kind && ret->kind_precedence < row->precedence)
        return;
    if (kind_of_value(row->family, value.bytes, &kind)) {
        ret->has_kind = true;
        ret->kind = (uint8_t)kind;
        ret->kind_family = row->family;
        ret->kind_precedence = row->precedence;
    }
}

static bool is_said(struct value value)
{
    return value.type != VALUE_NONE && !(value.type == VALUE_STRING && value.bytes.size == 0);
}

/* A KeyValue as every SDK writes it: key then value, nothing else, a key below 128 bytes. Most of a
 * span is these, so they are split without the general walk. */
static bool split_common(struct bytes pair, struct bytes *ret_key, struct bytes *ret_value)
{
    enum {
        KEY_TAG = KEY_VALUE_KEY << 3 | WIRE_BYTES,
        VALUE_TAG = KEY_VALUE_VALUE << 3 | WIRE_BYTES
    };
    const uint8_t *at = pair.data, *end = pair.data + pair.size;
    if (pair.size < 4 || at[0] != KEY_TAG || at[1] >= 0x80 || (size_t)(end - at) < at[1] + 4u)
        return false;
    *ret_key = bytes_of(at + 2, at[1]);
    at += 2 + at[1];
    if (*at++ != VALUE_TAG)
        return false;
    uint32_t size = 0;
    for (int shift = 0; at < end && shift < 28; shift += 7) {
        uint8_t byte = *at++;
        size |= (uint32_t)(byte & 0x7f) << shift;
        if (byte >= 0x80)
            continue;
        *ret_value = bytes_of(at, size);
        return size == (size_t)(end - at);
    }
    return false;
}

struct bytes semconv_split(struct bytes pair, struct bytes *ret_value)
{
    struct bytes common;
    if (split_common(pair, &common, ret_value))
        return common;
    return value_read_member(pair, ret_value);
}

static void read_attribute(struct semconv *ret, struct bytes key_value)
{
    struct bytes any_value, key = semconv_split(key_value, &any_value);
    if (key.size == 0)
        return;
    const struct semconv_row *row = semconv_find(key);
    if (!row) {
        uint32_t seen = seen_in_name(key);
        ret->seen |= seen;
        row = seen ? NULL : semconv_find_ending(key);
        if (!row)
            return;
    }
    struct value value = value_read(any_value);
    if ((row->concept == SC_IN_ENDING || row->concept == SC_OUT_ENDING) &&
        value.type != VALUE_STRING)
        return;
    if (!is_said(value))
        return;
    enum semconv_concept concept = row->concept;
    ret->families |= UINT32_C(1) << row->family;
    if (concept == SC_KIND || concept == SC_OPERATION)
        read_kind(ret, row, value);
    if (semconv_has(ret, concept) && ret->precedence[concept] < row->precedence)
        return;
    ret->present[concept / 64] |= UINT64_C(1) << (concept % 64);
    ret->precedence[concept] = row->precedence;
    ret->family[concept] = row->family;
    ret->values[concept] = value;
    if (concept >= SC_OUT_FINAL && concept <= SC_OUT_ENDING)
        ret->seen |= SEEN_OUTPUT;
}

static void read_event(struct semconv *ret, struct bytes event)
{
    struct wire wire = wire_of(event);
    struct wire_field field;
    struct bytes name = {0};
    uint64_t time_ns = 0;
    while (wire_next(&wire, &field)) {
        if (field.number == EVENT_NAME && field.type == WIRE_BYTES)
            name = field.bytes;
        else if (field.number == EVENT_TIME && field.type == WIRE_FIXED64)
            time_ns = field.value;
    }
    if (name.size == 0)
        return;
    if (bytes_equal_text(name, "exception"))
        ret->exception = event;
    else if (starts_with(name, "gen_ai.evaluation."))
        ret->seen |= SEEN_SCORE_EVENTS;
    else if (starts_with(name, "gen_ai."))
        ret->seen |= SEEN_CONTENT;
    else if (bytes_equal_text(name, "langgraph.resume"))
        ret->seen |= SEEN_RESUMED;
    else if (bytes_equal_text(name, "langgraph.interrupt") || bytes_equal_text(name, "interrupt"))
        ret->seen |= SEEN_INTERRUPTED;
    else if (starts_with(name, "db.query.result"))
        ret->seen |= SEEN_DOCUMENTS;
    else if ((bytes_equal_text(name, "First Token Stream Event") ||
              bytes_equal_text(name, "ai.stream.firstChunk") ||
              bytes_equal_text(name, "llm.content.completion.chunk")) &&
             time_ns != 0 && (ret->first_token_ns == 0 || time_ns < ret->first_token_ns))
        ret->first_token_ns = time_ns;
}

static void semconv_clear(struct semconv *semconv)
{
    memset(semconv->present, 0, sizeof semconv->present);
    semconv->seen = semconv->families = 0;
    semconv->has_kind = semconv->has_operation = false;
    semconv->kind = semconv->operation = STEP_OTHER;
    semconv->kind_family = semconv->kind_precedence = 0;
    semconv->name = semconv->trace_state = semconv->status_message = semconv->exception =
        (struct bytes){0};
    semconv->first_token_ns = 0;
}

void semconv_read_span(const struct span *span, struct semconv *ret)
{
    semconv_clear(ret);
    ret->name = BYTES_LITERAL("");
    struct wire wire = wire_of(span->wire);
    struct wire_field field;
    while (wire_next(&wire, &field)) {
        if (field.type != WIRE_BYTES)
            continue;
        switch (field.number) {
        case SPAN_ATTRIBUTES:
            read_attribute(ret, field.bytes);
            break;
        case SPAN_EVENTS:
            read_event(ret, field.bytes);
            break;
        case SPAN_NAME:
            ret->name = field.bytes;
            break;
        case SPAN_TRACE_STATE:
            ret->trace_state = field.bytes;
            break;
        case SPAN_STATUS:
            ret->status_message = wire_find_bytes(field.bytes, STATUS_MESSAGE);
            break;
        default:
            break;
        }
    }
}

void semconv_read(struct bytes message, enum attribute_owner owner, struct semconv *ret)
{
    semconv_clear(ret);
    struct wire wire = wire_of(message);
    struct wire_field field;
    while (wire_next(&wire, &field))
        if (field.number == (uint32_t)owner && field.type == WIRE_BYTES)
            read_attribute(ret, field.bytes);
}

struct bytes semconv_text(const struct semconv *semconv, enum semconv_concept concept)
{
    const struct value *value = semconv_get(semconv, concept);
    if (!value)
        return (struct bytes){0};
    struct value first = *value;
    if (value->type == VALUE_ARRAY) {
        struct value_elements elements = value_elements_of(*value);
        if (!value_elements_next(&elements, &first))
            return (struct bytes){0};
    }
    if (first.type != VALUE_STRING || first.bytes.size == 0)
        return (struct bytes){0};
    struct bytes text = first.bytes;
    if (semconv->family[concept] == FAMILY_MLFLOW && text.size > 2 && text.data[0] == '"')
        text = bytes_of(text.data + 1, text.size - 2);
    return text;
}

/* The value itself, or the first element of an array: headers are arrays of texts. */
static struct value first_value(const struct value *value)
{
    struct value first = *value;
    if (value->type == VALUE_ARRAY) {
        struct value_elements elements = value_elements_of(*value);
        if (!value_elements_next(&elements, &first))
            first.type = VALUE_NONE;
    }
    return first;
}

bool semconv_number(const struct semconv *semconv, enum semconv_concept concept, double *ret_number)
{
    const struct value *found = semconv_get(semconv, concept);
    double number;
    if (!found)
        return false;
    struct value value = first_value(found);
    if (value.type == VALUE_INT || value.type == VALUE_DOUBLE)
        number = value.number;
    else if (value.type != VALUE_STRING || !number_parse(value.bytes, &number))
        return false;
    if (!isfinite(number) || number < 0)
        return false;
    *ret_number = number;
    return true;
}

/* Is a word in a text, ASCII case apart? Words end at anything but a letter. */
static bool has_word(struct bytes text, const char *word)
{
    size_t size = strlen(word);
    for (size_t at = 0; at + size <= text.size; at++) {
        bool starts = at == 0 || (uint8_t)((text.data[at - 1] | 0x20) - 'a') >= 26;
        bool ends = at + size == text.size || (uint8_t)((text.data[at + size] | 0x20) - 'a') >= 26;
        size_t same = 0;
        while (same < size && (text.data[at + same] | 0x20) == (uint8_t)word[same])
            same++;
        if (starts && ends && same == size)
            return true;
    }
    return false;
}

static bool text_is_true(struct bytes text)
{
    double number;
    if (number_parse(text, &number))
        return number > 0;
    if (text.size > 3 && text.data[text.size - 1] == ']') {
        const uint8_t *open = memrchr(text.data, '[', text.size);
        size_t start = open ? (size_t)(open - text.data) + 1 : text.size - 1;
        return number_parse(bytes_of(text.data + start, text.size - start - 1), &number) &&
               number > 0;
    }
    bool is_no = has_word(text, "miss") || has_word(text, "no") || has_word(text, "not");
    return !is_no && (has_word(text, "hit") || has_word(text, "true") || has_word(text, "yes"));
}

bool semconv_flag(const struct semconv *semconv, enum semconv_concept concept)
{
    const struct value *found = semconv_get(semconv, concept);
    if (!found)
        return false;
    struct value value = first_value(found);
    if (value.type == VALUE_STRING)
        return text_is_true(value.bytes);
    return value.type == VALUE_BOOL || value.type == VALUE_INT
               ? value.integer > 0
               : value.type == VALUE_DOUBLE && value.number > 0;
}

static const enum semconv_concept route_concepts[ROUTE_FACTS] = {
    [ROUTE_FALLBACK] = SC_FALLBACK,
    [ROUTE_CACHE_HIT] = SC_CACHE_HIT,
    [ROUTE_RETRIES] = SC_RETRIES,
    [ROUTE_POLICY] = SC_ROUTING_POLICY,
};

void semconv_read_route(const struct span *span, const struct route_sources *sources,
                        struct semconv *semconv)
{
    uint32_t best[ROUTE_FACTS];
    for (int fact = 0; fact < ROUTE_FACTS; fact++) {
        enum semconv_concept concept = route_concepts[fact];
        best[fact] = sources->of[fact].count;
        if (sources->of[fact].without_defaults)
            semconv->present[concept / 64] &= ~(UINT64_C(1) << (concept % 64));
    }
    struct attributes attributes = attributes_of(span->wire, OF_SPAN);
    struct attribute attribute;
    while (attributes_next(&attributes, &attribute))
        for (int fact = 0; fact < ROUTE_FACTS; fact++) {
            enum semconv_concept concept = route_concepts[fact];
            for (uint32_t i = 0; i < best[fact]; i++) {
                if (!bytes_equal(attribute.key, sources->of[fact].names[i]))
                    continue;
                best[fact] = i;
                semconv->present[concept / 64] |= UINT64_C(1) << (concept % 64);
                semconv->family[concept] = FAMILY_ANY;
                semconv->values[concept] = attribute.value;
            }
        }
}
