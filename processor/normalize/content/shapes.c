/* Members tell the shapes apart; none of these looks deeper than one level. */
#include "processor/normalize/content/shapes.h"

enum { MEMBERS_MAX = 100 };

/* What SDKs write around a tool's result: a member that only they have, and where the result is. */
static const struct {
    const char *marker, *content;
} result_envelopes[] = {
    {"tool_call_id", "content"}, {"tool_call_id", "output"},  {"tool_use_id", "content"},
    {"toolUseId", "content"},    {"toolCallId", "result"},    {"toolCallId", "output"},
    {"toolCallId", "content"},   {"call_id", "output"},       {"call_id", "content"},
    {"raw_input", "blocks"},     {"raw_input", "raw_output"}, /* LlamaIndex */
    {"kwargs", "output"},                                     /* OpenLLMetry */
    {"goto", "update"},                                       /* LangGraph's Command */
};

uint32_t shape_member_count(const struct json_reader *reader, const struct json_value *object)
{
    struct json_reader members;
    struct json_value member;
    uint32_t count = 0;
    json_children(reader, object, &members);
    for (enum json_type type = json_next(&members, &member);
         type != JSON_END && type != JSON_BROKEN && count < MEMBERS_MAX;
         type = json_next(&members, &member))
        count++;
    return count;
}

/* {"content": [..], "isError"?, "structuredContent"?, "_meta"?} */
bool shape_is_mcp_envelope(const struct json_reader *reader, const struct json_value *object)
{
    static const char *const names[] = {"content",           "isError", "is_error",
                                        "structuredContent", "_meta",   "meta",
                                        "structured_content"};
    struct json_value member;
    uint32_t known = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        known += json_member(reader, object, names[i], &member);
    return known == shape_member_count(reader, object);
}

struct bytes shape_only_string(const struct json_reader *reader, const struct json_value *object)
{
    struct json_reader members;
    struct json_value first, second;
    json_children(reader, object, &members);
    if (json_next(&members, &first) != JSON_STRING || json_next(&members, &second) != JSON_END)
        return (struct bytes){0};
    return bytes_starts_with(first.key, BYTES_LITERAL("__")) ? (struct bytes){0} : first.text;
}

/* {"name": .., "args": {..}}: a tool call is nothing that was said. */
bool shape_is_tool_call(const struct json_reader *reader, const struct json_value *object)
{
    struct json_value member;
    return json_member(reader, object, "name", &member) && member.type == JSON_STRING &&
           (json_member(reader, object, "args", &member) ||
            json_member(reader, object, "arguments", &member));
}

/* Of members that nobody knows the longest text that reads like one: with a space in it. */
struct bytes shape_longest_text(const struct json_reader *reader, const struct json_value *object)
{
    struct json_reader members;
    struct json_value member;
    struct bytes longest = {0};
    json_children(reader, object, &members);
    for (int i = 0; i < MEMBERS_MAX; i++) {
        enum json_type type = json_next(&members, &member);
        if (type == JSON_END || type == JSON_BROKEN)
            break;
        if (type == JSON_STRING && member.text.size > longest.size &&
            memchr(member.text.data, ' ', member.text.size))
            longest = member.text;
    }
    return longest;
}

/* LangWatch types its values: {"type": "chat_messages", "value": [..]}. */
bool shape_typed_value(const struct json_reader *reader, const struct json_value *object,
                       struct json_value *ret_value)
{
    static const char *const types[] = {"text", "chat_messages", "json", "list", "raw"};
    struct json_value type;
    if (!json_member(reader, object, "type", &type) || type.type != JSON_STRING ||
        !json_member(reader, object, "value", ret_value) || shape_member_count(reader, object) != 2)
        return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (bytes_equal_text(type.text, types[i]))
            return true;
    return false;
}

/* {"type"?, "text"}: a block of a result. With anything else it is a tool's own record. */
bool shape_is_pure_part(const struct json_reader *reader, const struct json_value *object)
{
    static const char *const known[] = {"type", "text", "annotations", "_meta"};
    struct json_reader members;
    struct json_value member;
    json_children(reader, object, &members);
    for (enum json_type type = json_next(&members, &member);
         type != JSON_END && type != JSON_BROKEN; type = json_next(&members, &member)) {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            is_known |= bytes_equal_text(member.key, known[i]);
        if (!is_known)
            return false;
    }
    return true;
}

bool shape_has_any(const struct json_reader *reader, const struct json_value *object,
                   const char *const *names)
{
    struct json_value member;
    for (; *names; names++)
        if (json_member(reader, object, *names, &member))
            return true;
    return false;
}

bool shape_result(const struct json_reader *reader, const struct json_value *object,
                  struct json_value *ret_result)
{
    struct json_value marker;
    for (size_t i = 0; i < sizeof result_envelopes / sizeof *result_envelopes; i++)
        if (json_member(reader, object, result_envelopes[i].marker, &marker) &&
            json_member(reader, object, result_envelopes[i].content, ret_result) &&
            ret_result->type != JSON_NULL)
            return true;
    return false;
}
