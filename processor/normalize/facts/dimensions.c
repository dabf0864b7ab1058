/* Wanted attribute names, expanded from the sources, are put into a small hash table; each span is
 * read once and every attribute that is in the table is offered to its dimensions. An offer has a
 * rank: the position of its source first, then where it was found (root 0, other spans 1, resource
 * 2); the lowest rank wins, and of equal ones the first span in order. So one pass decides, and it
 * ends early when every dimension was settled at the root by its first source. */
#include "processor/normalize/facts/dimensions.h"

#include "processor/base/digest.h"
#include "processor/base/json/json.h"
#include "processor/base/json/number.h"
#include "processor/base/text/text.h"
#include "processor/base/text/utf8.h"
#include "processor/normalize/semconv/semconv.h"

enum { WHERE_ROOT, WHERE_SPAN, WHERE_RESOURCE, WHERES };
enum { NAMES_OF_STAR = 8 };

/* How a wanted attribute holds the value. */
enum holder { HOLDER_VALUE, HOLDER_METADATA, HOLDER_TAGS };

struct wanted {
    struct bytes key; /* of the attribute */
    enum holder holder;
    uint16_t dimension;
    uint16_t position; /* of the source; the names that "*" stands for count on */
};

struct best {
    uint32_t rank;   /* UINT32_MAX: none yet */
    uint32_t source; /* index of the span or resource */
    struct bytes value;
};

struct reading {
    const struct agent_run *run;
    const struct dimension *dimensions;
    uint32_t count;
    struct wanted *wanted;
    uint32_t wanted_count;
    uint16_t *slots; /* wanted index plus one, by hash of the key; same keys follow each other */
    uint32_t slot_mask;
    struct best best[DIMENSIONS_MAX];
};

static struct bytes join(const char *prefix, struct bytes name, struct arena *arena)
{
    size_t size = strlen(prefix);
    uint8_t *key = arena_alloc(arena, size + name.size + 1);
    if (!key)
        return (struct bytes){0};
    memcpy(key, prefix, size);
    if (name.size > 0)
        memcpy(key + size, name.data, name.size);
    return bytes_of(key, size + name.size);
}

static void want(struct reading *reading, struct bytes key, enum holder holder, uint32_t dimension,
                 uint32_t position)
{
    if (!key.data)
        return;
    reading->wanted[reading->wanted_count] =
        (struct wanted){key, holder, (uint16_t)dimension, (uint16_t)position};
    uint32_t slot = semconv_hash(key) & reading->slot_mask;
    while (reading->slots[slot])
        slot = (slot + 1) & reading->slot_mask;
    reading->slots[slot] = (uint16_t)++reading->wanted_count;
}

static void want_star(struct reading *reading, uint32_t dimension, uint32_t position)
{
    static const char *const prefixes[] = {"",
                                           NULL,
                                           "traceloop.association.properties.",
                                           "ai.telemetry.metadata.",
                                           "langfuse.trace.metadata.",
                                           "langsmith.metadata.",
                                           "app."};
    struct bytes name = reading->dimensions[dimension].name;
    for (uint32_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (prefixes[i])
            want(reading, join(prefixes[i], name, reading->run->arena), HOLDER_VALUE, dimension,
                 position + i);
        else
            want(reading, BYTES_LITERAL("metadata"), HOLDER_METADATA, dimension, position + i);
    }
    want(reading, BYTES_LITERAL("tag.tags"), HOLDER_TAGS, dimension, position + NAMES_OF_STAR - 1);
}

static bool want_all(struct reading *reading)
{
    struct arena *arena = reading->run->arena;
    uint32_t names = 0, slots = 16;
    for (uint32_t i = 0; i < reading->count; i++)
        for (uint32_t j = 0; j < reading->dimensions[i].source_count; j++)
            names += bytes_equal_text(reading->dimensions[i].sources[j], "*") ? NAMES_OF_STAR : 1;
    while (slots < 2 * names)
        slots *= 2;
    reading->slot_mask = slots - 1;
    reading->wanted = arena_zalloc(arena, names + 1, sizeof *reading->wanted);
    reading->slots = arena_zalloc(arena, slots, sizeof *reading->slots);
    if (!reading->wanted || !reading->slots)
        return false;
    for (uint32_t i = 0; i < reading->count; i++) {
        const struct dimension *dimension = &reading->dimensions[i];
        uint32_t position = 0;
        reading->best[i].rank = UINT32_MAX;
        for (uint32_t j = 0; j < dimension->source_count; j++) {
            if (bytes_equal_text(dimension->sources[j], "*")) {
                want_star(reading, i, position);
                position += NAMES_OF_STAR;
            } else {
                want(reading, dimension->sources[j], HOLDER_VALUE, i, position++);
            }
        }
    }
    return true;
}

static struct bytes first_text(struct value value, struct arena *arena)
{
    if (value.type == VALUE_ARRAY) {
        struct value_elements elements = value_elements_of(value);
        if (!value_elements_next(&elements, &value))
            return (struct bytes){0};
    }
    if (value.type == VALUE_ARRAY || value.type == VALUE_KVLIST)
        return (struct bytes){0};
    return text_trim(value_text(value, arena));
}

static struct bytes metadata_text(struct value metadata, struct bytes name, struct arena *arena)
{
    struct json_reader reader, members;
    struct json_value object, member;
    struct bytes json =
        metadata.type == VALUE_KVLIST ? value_json(metadata, arena) : metadata.bytes;
    if ((metadata.type != VALUE_STRING && metadata.type != VALUE_KVLIST) || json.size == 0 ||
        json.data[0] != '{' || !memmem(json.data, json.size, name.data, name.size) ||
        !json_parse(json, arena, &reader, &object))
        return (struct bytes){0};
    json_children(&reader, &object, &members);
    for (enum json_type type = json_next(&members, &member);
         type != JSON_END && type != JSON_BROKEN; type = json_next(&members, &member)) {
        if (!bytes_equal(member.key, name))
            continue;
        if (type == JSON_ARRAY) {
            struct json_reader elements;
            json_children(&members, &member, &elements);
            type = json_next(&elements, &member);
        }
        if (type == JSON_STRING)
            return text_trim(member.text);
        if (type == JSON_BOOL)
            return member.boolean ? BYTES_LITERAL("true") : BYTES_LITERAL("false");
        char text[NUMBER_TEXT_SIZE];
        if (type != JSON_NUMBER)
            return (struct bytes){0};
        number_format(text, member.number);
        return arena_copy(arena, bytes_of_text(text));
    }
    return (struct bytes){0};
}

/* "intent:refund" of tag.tags. */
static struct bytes tag_text(struct value tags, struct bytes name)
{
    struct value_elements elements = value_elements_of(tags);
    struct value tag = tags;
    bool is_list = tags.type == VALUE_ARRAY;
    while (is_list ? value_elements_next(&elements, &tag) : tag.type == VALUE_STRING) {
        struct bytes text = tag.type == VALUE_STRING ? tag.bytes : (struct bytes){0};
        if (text.size > name.size && text.data[name.size] == ':' &&
            memcmp(text.data, name.data, name.size) == 0)
            return text_trim(bytes_of(text.data + name.size + 1, text.size - name.size - 1));
        if (!is_list)
            break;
    }
    return (struct bytes){0};
}

/* Of equal rank: on one span the last of repeated keys, of several spans of one start the lower
 * id. */
static bool precedes(const struct reading *reading, uint32_t where, uint32_t source,
                     const struct best *best)
{
    if (source == best->source)
        return true;
    if (where != WHERE_SPAN)
        return false;
    const struct span *a = &reading->run->trajectory->spans[source];
    const struct span *b = &reading->run->trajectory->spans[best->source];
    return a->start_ns == b->start_ns && memcmp(a->id, b->id, SPAN_ID_SIZE) < 0;
}

static void offer(struct reading *reading, const struct wanted *wanted, struct value value,
                  uint32_t where, uint32_t source)
{
    struct best *best = &reading->best[wanted->dimension];
    uint32_t rank = (uint32_t)wanted->position * WHERES + where;
    if (rank > best->rank || (rank == best->rank && !precedes(reading, where, source, best)))
        return;
    struct bytes name = reading->dimensions[wanted->dimension].name;
    struct arena *arena = reading->run->arena;
    struct bytes text = wanted->holder == HOLDER_METADATA ? metadata_text(value, name, arena)
                        : wanted->holder == HOLDER_TAGS   ? tag_text(value, name)
                                                          : first_text(value, arena);
    if (text.size == 0)
        return;
    *best = (struct best){rank, source, text};
}

static void read_message(struct reading *reading, struct bytes message, enum attribute_owner owner,
                         uint32_t where, uint32_t source)
{
    struct wire wire = wire_of(message);
    struct wire_field field;
    while (wire_next(&wire, &field)) {
        if (field.number != (uint32_t)owner || field.type != WIRE_BYTES)
            continue;
        struct bytes any_value, key = semconv_split(field.bytes, &any_value);
        uint32_t slot = semconv_hash(key) & reading->slot_mask;
        for (; reading->slots[slot]; slot = (slot + 1) & reading->slot_mask) {
            const struct wanted *wanted = &reading->wanted[reading->slots[slot] - 1];
            if (bytes_equal(key, wanted->key))
                offer(reading, wanted, value_read(any_value), where, source);
        }
    }
}

static bool is_settled(const struct reading *reading)
{
    for (uint32_t i = 0; i < reading->count; i++)
        if (reading->dimensions[i].source_count > 0 && reading->best[i].rank != WHERE_ROOT)
            return false;
    return true;
}

static void read_all(struct reading *reading)
{
    const struct trajectory *trajectory = reading->run->trajectory;
    uint32_t top = trajectory->top;
    if (top == NO_SPAN)
        return;
    read_message(reading, trajectory->spans[top].wire, OF_SPAN, WHERE_ROOT, top);
    for (uint32_t i = 0; i < trajectory->span_count && !is_settled(reading); i++)
        if (i != top)
            read_message(reading, trajectory->spans[i].wire, OF_SPAN, WHERE_SPAN, i);
    uint32_t resource = trajectory->spans[top].resource;
    if (is_settled(reading))
        return;
    if (resource < trajectory->resource_count)
        read_message(reading, trajectory->resources[resource], OF_RESOURCE, WHERE_RESOURCE,
                     resource);
    for (uint32_t i = 0; i < trajectory->span_count; i++) {
        uint32_t other = trajectory->spans[i].resource;
        bool is_new = other != resource && other < trajectory->resource_count &&
                      (i == 0 || other != trajectory->spans[i - 1].resource);
        if (is_new)
            read_message(reading, trajectory->resources[other], OF_RESOURCE, WHERE_RESOURCE, other);
    }
}

void dimensions_read(const struct agent_run *run, const struct dimension *dimensions,
                     uint32_t count, dimension_mask_fn *mask, void *mask_context,
                     struct bytes *ret_values)
{
    struct reading reading = {.run = run, .dimensions = dimensions};
    reading.count = count < DIMENSIONS_MAX ? count : DIMENSIONS_MAX;
    if (want_all(&reading))
        read_all(&reading);
    for (uint32_t i = 0; i < count; i++) {
        struct bytes value = i < DIMENSIONS_MAX ? reading.best[i].value : (struct bytes){0};
        if (bytes_equal_text(dimensions[i].name, "tool_path"))
            value = run->tool_path;
        if (bytes_equal_text(dimensions[i].name, "model_route"))
            value = run->model_route;
        if (bytes_equal_text(dimensions[i].name, "routing_policy") &&
            dimensions[i].source_count == 0)
            value = run->routing_policy;
        if (value.size > 0 && mask)
            value = mask(mask_context, value, run->arena);
        ret_values[i] =
            value.size > 0 ? dimension_cut(value, run->arena) : BYTES_LITERAL("unknown");
    }
}

struct bytes dimension_cut(struct bytes value, struct arena *arena)
{
    if (value.size <= DIMENSION_VALUE_MAX)
        return value;
    uint8_t sum[SHA256_SIZE];
    digest_sha256(sum, value);
    struct bytes head = utf8_cut(value, DIMENSION_VALUE_MAX);
    uint8_t *text = arena_alloc(arena, head.size + 9);
    if (!text)
        return BYTES_LITERAL("unknown");
    memcpy(text, head.data, head.size);
    text[head.size] = '~';
    hex_encode((char *)text + head.size + 1, sum, 4);
    return bytes_of(text, head.size + 9);
}
