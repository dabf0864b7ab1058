/* Do the arguments of tool calls fit the schema that the model was given?
 *
 *   valid = calls whose arguments fit / calls of offered tools whose schema and arguments are known
 *
 * Looked at are the first level of JSON Schema: `required`, `type` and `enum` of each property, and
 * `additionalProperties: false`. A property described otherwise (anyOf, $ref) fits whatever it
 * holds. Arguments that are no object (a plain text, a list) are positional: they fit when there
 * are as many as required. Arguments cut off by an attribute limit are not judged. */
#include <math.h>
#include <strings.h>

#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"
#include "processor/base/text/text.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"
#include "processor/score/measure/tool_calls.h"

/* A parsed text; the reader is needed to look into it. */
struct json_text {
    struct json_reader reader;
    struct json_value value;
};

/* What is wrong with one call, and where in its arguments. */
struct misfit {
    const char *problem; /* NULL: nothing */
    struct bytes key;
    size_t start, end;
};

enum fit { FIT_UNKNOWN, FIT_VALID, FIT_INVALID };

static bool find_schema_in(const struct json_text *holder, struct json_text *ret_schema)
{
    static const char *const names[] = {"parameters",  "input_schema",           "inputSchema",
                                        "args_schema", "parameters_json_schema", "json"};
    ret_schema->reader = holder->reader;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!json_member(&holder->reader, &holder->value, names[i], &ret_schema->value) ||
            ret_schema->value.type != JSON_OBJECT)
            continue;
        struct json_value inner; /* Bedrock: {"inputSchema": {"json": {...}}} */
        if (json_member(&holder->reader, &ret_schema->value, "json", &inner) &&
            inner.type == JSON_OBJECT)
            ret_schema->value = inner;
        return true;
    }
    return false;
}

/* The schema of a tool's parameters in its definition, wherever the vendor put it. */
static bool find_schema(struct bytes definition, struct arena *arena, struct json_text *ret_schema)
{
    static const char *const wrappers[] = {"function", "toolSpec"};
    struct json_text whole, inner;
    if (!json_parse(definition, arena, &whole.reader, &whole.value))
        return false;
    inner.reader = whole.reader;
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++)
        if (json_member(&whole.reader, &whole.value, wrappers[i], &inner.value) &&
            find_schema_in(&inner, ret_schema))
            return true;
    return find_schema_in(&whole, ret_schema);
}

static bool is_of_type(const struct json_value *value, struct bytes type)
{
    static const struct {
        const char *name;
        enum json_type type;
    } types[] = {{"string", JSON_STRING}, {"number", JSON_NUMBER}, {"integer", JSON_NUMBER},
                 {"boolean", JSON_BOOL},  {"array", JSON_ARRAY},   {"object", JSON_OBJECT},
                 {"null", JSON_NULL}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t size = strlen(types[i].name);
        /* Gemini writes types in capitals. */
        if (type.size != size || strncasecmp((const char *)type.data, types[i].name, size) != 0)
            continue;
        bool is_fraction = value->type == JSON_NUMBER && value->number != floor(value->number);
        return value->type == types[i].type && !(i == 2 && is_fraction);
    }
    return true; /* no type that we know */
}

static bool has_type(const struct json_text *property, const struct json_value *value)
{
    struct json_value type, element;
    if (value->type == JSON_NULL &&
        json_member(&property->reader, &property->value, "nullable", &element) && element.boolean)
        return true;
    if (!json_member(&property->reader, &property->value, "type", &type))
        return true;
    if (type.type == JSON_STRING)
        return is_of_type(value, type.text);
    if (type.type != JSON_ARRAY)
        return true;
    struct json_reader elements;
    json_children(&property->reader, &type, &elements);
    while (json_next(&elements, &element) == JSON_STRING)
        if (is_of_type(value, element.text))
            return true;
    return false;
}

static bool is_in_enum(const struct json_text *property, const struct json_value *value)
{
    struct json_value list, element;
    if (value->type != JSON_STRING ||
        !json_member(&property->reader, &property->value, "enum", &list) || list.type != JSON_ARRAY)
        return true;
    struct json_reader elements;
    json_children(&property->reader, &list, &elements);
    for (enum json_type type = json_next(&elements, &element);
         type != JSON_END && type != JSON_BROKEN; type = json_next(&elements, &element))
        if (type == JSON_STRING && bytes_equal(element.text, value->text))
            return true;
    return false;
}

/* json_member() by a name that is no C string. */
static bool find_member(const struct json_reader *reader, const struct json_value *object,
                        struct bytes name, struct json_value *ret_value)
{
    struct json_reader members;
    json_children(reader, object, &members);
    for (enum json_type type = json_next(&members, ret_value);
         type != JSON_END && type != JSON_BROKEN; type = json_next(&members, ret_value))
        if (bytes_equal(ret_value->key, name))
            return true;
    return false;
}

static struct misfit check_value(const struct json_text *schema, const struct json_value *value,
                                 struct bytes arguments)
{
    struct json_text property = {.reader = schema->reader};
    struct json_value properties, additional;
    struct misfit misfit = {.key = value->key, .end = arguments.size};
    if (value->raw.data >= arguments.data &&
        value->raw.data + value->raw.size <= arguments.data + arguments.size) {
        misfit.start = (size_t)(value->raw.data - arguments.data);
        misfit.end = misfit.start + value->raw.size;
    }
    bool has_properties = json_member(&schema->reader, &schema->value, "properties", &properties) &&
                          properties.type == JSON_OBJECT;
    if (!has_properties ||
        !find_member(&schema->reader, &properties, value->key, &property.value)) {
        bool is_closed =
            json_member(&schema->reader, &schema->value, "additionalProperties", &additional) &&
            additional.type == JSON_BOOL && !additional.boolean;
        misfit.problem = is_closed ? "does not take" : NULL;
    } else if (property.value.type == JSON_OBJECT && !has_type(&property, value))
        misfit.problem = "wants another type for";
    else if (property.value.type == JSON_OBJECT && !is_in_enum(&property, value))
        misfit.problem = "does not know that value of";
    return misfit;
}

static struct misfit check_object(const struct json_text *schema, const struct json_text *object,
                                  struct bytes arguments)
{
    struct json_value list, name, value;
    struct json_reader elements;
    if (json_member(&schema->reader, &schema->value, "required", &list) &&
        list.type == JSON_ARRAY) {
        json_children(&schema->reader, &list, &elements);
        while (json_next(&elements, &name) == JSON_STRING)
            if (!find_member(&object->reader, &object->value, name.text, &value))
                return (struct misfit){"lacks", name.text, 0, arguments.size};
    }
    json_children(&object->reader, &object->value, &elements);
    for (enum json_type type = json_next(&elements, &value);
         type != JSON_END && type != JSON_BROKEN; type = json_next(&elements, &value)) {
        struct misfit misfit = check_value(schema, &value, arguments);
        if (misfit.problem)
            return misfit;
    }
    return (struct misfit){0};
}

static uint32_t count_elements(const struct json_reader *reader, const struct json_value *list)
{
    struct json_reader elements;
    struct json_value element;
    uint32_t count = 0;
    json_children(reader, list, &elements);
    for (enum json_type type = json_next(&elements, &element);
         type != JSON_END && type != JSON_BROKEN; type = json_next(&elements, &element))
        count++;
    return count;
}

static enum fit check_call(const struct json_text *schema, struct bytes arguments,
                           struct arena *arena, struct misfit *ret_misfit)
{
    struct json_text parsed;
    struct json_value required;
    struct bytes text = text_trim(arguments);
    bool is_object = text.size > 0 && text.data[0] == '{';
    bool is_json = json_parse(text, arena, &parsed.reader, &parsed.value);
    if (is_json && parsed.reader.truncated)
        return FIT_UNKNOWN;
    if (!is_json && is_object)
        *ret_misfit = (struct misfit){"gets broken", BYTES_LITERAL("JSON"), 0, arguments.size};
    else if (is_json && parsed.value.type == JSON_OBJECT)
        *ret_misfit = check_object(schema, &parsed, arguments);
    else {
        uint32_t given = is_json && parsed.value.type == JSON_ARRAY
                             ? count_elements(&parsed.reader, &parsed.value)
                             : text.size > 0;
        bool has_required = json_member(&schema->reader, &schema->value, "required", &required) &&
                            required.type == JSON_ARRAY;
        if (has_required && count_elements(&schema->reader, &required) > given)
            *ret_misfit = (struct misfit){"lacks", BYTES_LITERAL("arguments"), 0, arguments.size};
    }
    return ret_misfit->problem ? FIT_INVALID : FIT_VALID;
}

static enum fit judge_call(const struct tool_call *call, const struct agent_run *run,
                           struct arena *arena, struct misfit *ret_misfit)
{
    struct json_text schema;
    if (!call->has_arguments)
        return FIT_UNKNOWN;
    for (uint32_t i = 0; i < run->tools_offered.count && i < run->tool_definitions.count; i++)
        if (bytes_equal(run->tools_offered.items[i], call->name))
            return find_schema(run->tool_definitions.items[i], arena, &schema)
                       ? check_call(&schema, call->arguments, arena, ret_misfit)
                       : FIT_UNKNOWN;
    return FIT_UNKNOWN;
}

void measure_tool_arguments(const struct measurement *self, struct score_context *context,
                            struct reading *ret_reading)
{
    (void)self;
    struct tool_calls calls = tool_calls_read(context);
    struct misfit first = {0};
    struct bytes first_tool = {0};
    uint32_t judged = 0, invalid = 0, with_arguments = 0;
    struct arena scratch;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, context->run->arena);
    for (uint32_t i = 0; i < calls.count; i++) {
        const struct tool_call *call = &calls.items[i];
        struct misfit misfit = {0};
        arena_reset(&scratch);
        enum fit fit = judge_call(call, context->run, &scratch, &misfit);
        with_arguments += call->has_arguments;
        judged += fit != FIT_UNKNOWN;
        if (fit != FIT_INVALID)
            continue;
        reading_point(ret_reading, context, call->span, call->field, misfit.start, misfit.end);
        if (invalid++ > 0)
            continue;
        first = misfit;
        first.key = arena_copy(context->arena, reading_shown(misfit.key));
        first_tool = call->name;
    }
    arena_finish(&scratch);
    if (judged == 0) {
        reading_na(ret_reading, calls.count == 0      ? "no_calls"
                                : with_arguments == 0 ? "no_content"
                                                      : "no_schema");
        return;
    }
    reading_number(ret_reading, (double)(judged - invalid) / judged);
    if (invalid == 0)
        reading_explain(ret_reading, context, "The arguments of %u tool calls fit their schemas",
                        judged);
    else
        reading_explain(ret_reading, context,
                        "%u of %u tool calls %s arguments that do not fit its schema: %.*s %s %.*s",
                        invalid, judged, invalid == 1 ? "has" : "have", SHOWN(first_tool),
                        first.problem, SHOWN(first.key));
}
