/* Every model call repeats the definitions byte for byte, so a value is parsed only once.
 *   gen_ai.tool.definitions, mlflow.chat.tools, llm.tools   a JSON array, or a structured value
 *   ai.prompt.tools                                         an array of JSON strings
 *   llm.tools.N.tool.json_schema                            one JSON object each
 *   llm.request.functions.N.name                            the name alone
 *   llm.invocation_parameters                               among them, where nothing else is */
#include "processor/normalize/facts/tools.h"

#include "processor/base/json/json.h"

enum { OFFERS_MAX = 512 };

static bool is_known(struct tool_offers *offers, struct bytes source)
{
    if (text_list_holds(&offers->sources, source))
        return true;
    if (offers->sources.count < OFFERS_MAX)
        text_list_add(&offers->sources, source, offers->arena);
    return false;
}

static void add_named(struct tool_offers *offers, struct bytes name, struct bytes definition)
{
    if (name.size == 0 || offers->names.count >= OFFERS_MAX ||
        text_list_holds(&offers->names, name))
        return;
    text_list_add(&offers->names, name, offers->arena);
    text_list_add(&offers->definitions, definition, offers->arena);
    if (offers->definitions.count < offers->names.count)
        offers->names.count = offers->definitions.count;
}

/* {"name": ...}, {"function": {"name": ...}} or {"toolSpec": {"name": ...}}. */
static void add_definition(struct tool_offers *offers, const struct json_reader *reader,
                           const struct json_value *definition)
{
    struct json_value name, inner;
    bool has_name = json_member(reader, definition, "name", &name) ||
                    ((json_member(reader, definition, "function", &inner) ||
                      json_member(reader, definition, "toolSpec", &inner)) &&
                     json_member(reader, &inner, "name", &name));
    if (has_name && name.type == JSON_STRING)
        add_named(offers, name.text, definition->raw);
}

static void add_json(struct tool_offers *offers, struct bytes text)
{
    struct json_reader reader, elements;
    struct json_value value, element;
    if (!json_parse(text, offers->arena, &reader, &value))
        return;
    if (value.type == JSON_OBJECT)
        add_definition(offers, &reader, &value);
    if (value.type != JSON_ARRAY)
        return;
    json_children(&reader, &value, &elements);
    for (enum json_type type = json_next(&elements, &element);
         type != JSON_END && type != JSON_BROKEN; type = json_next(&elements, &element))
        if (type == JSON_OBJECT)
            add_definition(offers, &elements, &element);
}

static void add_value(struct tool_offers *offers, struct value value)
{
    if (value.type != VALUE_STRING && value.type != VALUE_ARRAY)
        return;
    if (is_known(offers, value.bytes))
        return;
    if (value.type == VALUE_STRING) {
        add_json(offers, value.bytes);
        return;
    }
    struct value_elements elements = value_elements_of(value);
    struct value element;
    bool has_strings = false;
    while (value_elements_next(&elements, &element)) {
        if (element.type != VALUE_STRING)
            continue;
        has_strings = true;
        add_json(offers, element.bytes);
    }
    if (!has_strings)
        add_json(offers, value_json(value, offers->arena));
}

/* LangChain's parameters of the call hold the tools. */
static void add_invocation(struct tool_offers *offers, struct bytes parameters)
{
    static const char member[] = "\"tools\"";
    struct json_reader reader;
    struct json_value object, tools;
    if (memmem(parameters.data, parameters.size, member, sizeof member - 1) &&
        !is_known(offers, parameters) && json_parse(parameters, offers->arena, &reader, &object) &&
        json_member(&reader, &object, "tools", &tools) && tools.type == JSON_ARRAY)
        add_json(offers, tools.raw);
}

static bool has_edges(struct bytes text, const char *start, const char *end)
{
    size_t start_size = strlen(start), end_size = strlen(end);
    return text.size > start_size + end_size && memcmp(text.data, start, start_size) == 0 &&
           memcmp(text.data + text.size - end_size, end, end_size) == 0;
}

void tools_of_span(struct tool_offers *offers, const struct span *span,
                   const struct semconv *semconv)
{
    const struct value *definitions = semconv_get(semconv, SC_TOOL_DEFINITIONS);
    if (definitions)
        add_value(offers, *definitions);
    if (!(semconv->seen & SEEN_TOOL_SCHEMAS)) {
        const struct value *parameters = semconv_get(semconv, SC_INVOCATION);
        if (!definitions && parameters && parameters->type == VALUE_STRING)
            add_invocation(offers, parameters->bytes);
        return;
    }
    struct attributes attributes = attributes_of(span->wire, OF_SPAN);
    struct attribute attribute;
    while (attributes_next(&attributes, &attribute)) {
        if (attribute.value.type != VALUE_STRING)
            continue;
        if (has_edges(attribute.key, "llm.tools.", ".json_schema"))
            add_value(offers, attribute.value);
        else if (has_edges(attribute.key, "llm.request.functions.", ".name"))
            add_named(offers, attribute.value.bytes, attribute.value.bytes);
    }
}
