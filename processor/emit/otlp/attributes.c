/* Fails closed: a key that no list names stays here, and so does a value whose form the masks can't
 * look into. Keys that the record states anyway (service.name and its like) need no list. */
#include "processor/emit/otlp/attributes.h"

#include "processor/base/text/utf8.h"
#include "processor/otlp/fields.h"

/* Written from what was normalized, or said by the record in any case. */
static const char *const own_keys[] = {
    "gen_ai.agent.name",
    "gen_ai.request.model",
    "gen_ai.tool.name",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "input.value",
    "output.value",
};
static const char *const plain_keys[] = {
    "service.name",
    "service.version",
    "deployment.environment",
    "deployment.environment.name",
};

static bool is_one_of(struct bytes key, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_text(key, keys[i]))
            return true;
    return false;
}

static struct bytes cut(const struct attribute_writer *writer, struct bytes text)
{
    return text.size > writer->text_max ? utf8_cut(text, writer->text_max) : text;
}

/* --- one attribute --- */

static void put_pair(struct buffer *to, uint32_t field, struct bytes key, struct bytes any)
{
    struct buffer pair = {0};
    wire_put_bytes(&pair, KEY_VALUE_KEY, key);
    wire_put_bytes(&pair, KEY_VALUE_VALUE, any);
    wire_put_bytes(to, field, buffer_bytes(&pair));
    buffer_finish(&pair);
}

static void put_string(struct buffer *to, uint32_t field, struct bytes key, struct bytes text)
{
    struct buffer any = {0};
    wire_put_bytes(&any, ANY_STRING, text);
    put_pair(to, field, key, buffer_bytes(&any));
    buffer_finish(&any);
}

static void put_scalar(struct buffer *to, uint32_t field, struct bytes key, uint32_t kind,
                       uint64_t bits)
{
    struct buffer any = {0};
    if (kind == ANY_DOUBLE)
        wire_put_fixed64(&any, kind, bits);
    else
        wire_put_number(&any, kind, bits);
    put_pair(to, field, key, buffer_bytes(&any));
    buffer_finish(&any);
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

void attribute_put_text(struct attribute_writer *writer, struct buffer *span, const char *key,
                        struct bytes text)
{
    put_string(span, SPAN_ATTRIBUTES, bytes_of_text(key), cut(writer, text));
}

void attribute_put_integer(struct attribute_writer *writer, struct buffer *span, const char *key,
                           int64_t value)
{
    (void)writer;
    put_scalar(span, SPAN_ATTRIBUTES, bytes_of_text(key), ANY_INT, (uint64_t)value);
}

void attribute_put_real(struct attribute_writer *writer, struct buffer *span, const char *key,
                        double value)
{
    (void)writer;
    put_scalar(span, SPAN_ATTRIBUTES, bytes_of_text(key), ANY_DOUBLE, bits_of(value));
}

struct bytes attribute_name(struct attribute_writer *writer, struct bytes name)
{
    struct redaction_counts counts = {0};
    struct bytes masked =
        redact_name(writer->policy, writer->scratch, name, writer->arena, &counts);
    return masked.data ? cut(writer, masked) : BYTES_LITERAL("");
}

struct bytes attribute_content(struct attribute_writer *writer, struct bytes text)
{
    struct redaction_counts counts = {0};
    struct bytes masked =
        redact_text(writer->policy, writer->scratch, text, writer->arena, &counts).text;
    return masked.data ? cut(writer, masked) : masked;
}

void attribute_put_name(struct attribute_writer *writer, struct buffer *span, const char *key,
                        struct bytes name)
{
    if (name.size > 0)
        put_string(span, SPAN_ATTRIBUTES, bytes_of_text(key), attribute_name(writer, name));
}

void attribute_put_content(struct attribute_writer *writer, struct buffer *span, const char *key,
                           struct bytes text)
{
    struct bytes masked = attribute_content(writer, text);
    if (masked.size > 0)
        put_string(span, SPAN_ATTRIBUTES, bytes_of_text(key), masked);
}

/* --- what was received --- */

/* An identifier is hashed and what the masks know is masked in a number too; that leaves a text. */
static bool put_as_text(struct attribute_writer *writer, struct buffer *to, uint32_t field,
                        struct bytes key, const struct value *value)
{
    struct redaction_counts counts = {0};
    struct bytes text = value_text(*value, writer->arena);
    struct bytes hashed = redact_identifier(writer->policy, key, text, writer->arena, &counts);
    struct bytes masked = counts.hashed_fields ? hashed : attribute_name(writer, text);
    if (value->type != VALUE_STRING && bytes_equal(masked, text))
        return false;
    put_string(to, field, key, masked);
    return true;
}

static void put_value(struct attribute_writer *writer, struct buffer *to, uint32_t field,
                      struct bytes key, const struct value *value)
{
    bool is_structured =
        value->type == VALUE_ARRAY || value->type == VALUE_KVLIST || value->type == VALUE_BYTES;
    if (is_structured) {
        struct buffer any = {0};
        uint32_t kind = value->type == VALUE_ARRAY    ? ANY_ARRAY
                        : value->type == VALUE_KVLIST ? ANY_KVLIST
                                                      : ANY_BYTES;
        wire_put_bytes(&any, kind, value->bytes);
        if (writer->policy->content == REDACT_FULL && value->bytes.size <= writer->text_max)
            put_pair(to, field, key, buffer_bytes(&any));
        buffer_finish(&any);
    } else if (value->type != VALUE_NONE && !put_as_text(writer, to, field, key, value)) {
        bool is_real = value->type == VALUE_DOUBLE;
        put_scalar(to, field, key,
                   is_real                     ? ANY_DOUBLE
                   : value->type == VALUE_BOOL ? ANY_BOOL
                                               : ANY_INT,
                   is_real ? bits_of(value->number) : (uint64_t)value->integer);
    }
}

void attribute_put_allowed(struct attribute_writer *writer, struct buffer *to, uint32_t field,
                           struct bytes message, enum attribute_owner owner)
{
    struct attributes attributes = attributes_of(message, owner);
    struct attribute attribute;
    while (attributes_next(&attributes, &attribute)) {
        bool is_own = owner == OF_SPAN &&
                      is_one_of(attribute.key, own_keys, sizeof own_keys / sizeof *own_keys);
        bool is_plain = owner == OF_RESOURCE && is_one_of(attribute.key, plain_keys,
                                                          sizeof plain_keys / sizeof *plain_keys);
        if (!is_own && !bytes_starts_with(attribute.key, BYTES_LITERAL("flywheel.")) &&
            (is_plain || redact_allows_key(writer->policy, attribute.key)))
            put_value(writer, to, field, attribute.key, &attribute.value);
    }
}
